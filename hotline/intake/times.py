"""Reads the times of foreign systems: text forms, Excel serials, epoch seconds and milliseconds."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo

from hotline.intake.normalise import cell_text, is_blank

#: Forms a profile may name beside strptime patterns.
NAMED_FORMS = ("iso", "excel", "epoch_s", "epoch_ms")

_DIRECTIVES = {
    "%Y": r"(?P<Y>\d{4})",
    "%y": r"(?P<y>\d{2})",
    "%m": r"(?P<m>\d{1,2})",
    "%d": r"(?P<d>\d{1,2})",
    "%H": r"(?P<H>\d{1,2})",
    "%I": r"(?P<I>\d{1,2})",
    "%M": r"(?P<M>\d{1,2})",
    "%S": r"(?P<S>\d{1,2})",
    "%f": r"(?P<f>\d{1,6})",
    "%p": r"(?P<p>[AaPp][Mm]|上午|下午|晚上|中午|凌晨|早上)",
    "%z": r"(?P<z>Z|[+-]\d{2}:?\d{2})",
    "%%": "%",
}
_EXCEL_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 - a serial carries no zone; the profile's is put on it
_FIRST_YEAR, _LAST_YEAR = 1980, 2099


class TimeFormError(ValueError):
    """A time form of a profile uses a directive that is not known."""


class UnreadableTime(ValueError):
    """A value is no time in any of the profile's forms."""


@dataclass(frozen=True, slots=True)
class TimeReader:
    """Reads one line's times; ``zone`` holds where the value names none."""

    zone: tzinfo
    forms: tuple[Callable[[object, str, tzinfo], datetime | None], ...]

    def read(self, value: object) -> datetime | None:
        """``value`` in aware UTC; None for a blank cell.

        Raises UnreadableTime for everything else that is no time between 1980 and 2099.
        """
        if is_blank(value):
            return None
        if isinstance(value, datetime):
            return self._utc(value)
        if isinstance(value, date):
            return self._utc(datetime(value.year, value.month, value.day))  # noqa: DTZ001 - zone follows
        text = cell_text(value)
        if not text.isascii():
            text = unicodedata.normalize("NFKC", text)
        text = " ".join(text.split()).strip("'\"")
        for form in self.forms:
            try:
                moment = form(value, text, self.zone)
                if moment is not None:
                    return self._utc(moment)
            except (ValueError, OverflowError):
                continue
        raise UnreadableTime(text)

    def _utc(self, moment: datetime) -> datetime:
        aware = moment if moment.tzinfo else moment.replace(tzinfo=self.zone)
        if not _FIRST_YEAR <= aware.year <= _LAST_YEAR:
            raise UnreadableTime(moment.isoformat(sep=" "))
        return aware.astimezone(UTC)


def time_reader(forms: Sequence[str], zone: tzinfo) -> TimeReader:
    """A reader trying ``forms`` in order: named ones (NAMED_FORMS) or strptime patterns.

    Digits may be full-width and months, days and hours may lack their leading
    zero, except where a pattern has no separators (``%Y%m%d%H%M%S``).
    Raises TimeFormError naming the form.
    """
    named = {"iso": _iso, "excel": _excel, "epoch_s": _epoch_s, "epoch_ms": _epoch_ms}
    return TimeReader(zone, tuple(named[form] if form in named else _pattern(form) for form in forms))


def _pattern(form: str) -> Callable[[object, str, tzinfo], datetime | None]:
    parts = re.split(r"(%.)", unicodedata.normalize("NFKC", form))
    out = []
    for index, part in enumerate(parts):
        if part.startswith("%"):
            if part not in _DIRECTIVES:
                raise TimeFormError(f"{form!r}: {part}")
            directive = _DIRECTIVES[part]
            # Without a separator digits must come in pairs, or nothing says where one part ends.
            touches = any(
                parts[gap] == "" and parts[beyond : beyond + 1] and parts[beyond] not in {"%p", "%z", "%%"}
                for gap, beyond in ((index - 1, index - 2), (index + 1, index + 2))
                if 0 < gap < len(parts) - 1
            )
            out.append(directive.replace(r"\d{1,2}", r"\d{2}") if touches else directive)
        else:
            out.append(re.escape(part).replace(r"\ ", r"\s*"))
    if "%Y" not in form and "%y" not in form:
        raise TimeFormError(f"{form!r}: %Y")
    try:
        compiled = re.compile("".join(out), re.ASCII)
    except re.error as error:
        raise TimeFormError(f"{form!r}: {error}") from error

    def read(_value: object, text: str, _zone: tzinfo) -> datetime | None:
        match = compiled.fullmatch(text)
        return None if match is None else _from_groups(match.groupdict())

    return read


def _from_groups(got: dict[str, str]) -> datetime:
    year = int(got["Y"]) if "Y" in got else 2000 + int(got["y"])
    hour = int(got.get("H") or got.get("I") or 0)
    half = got.get("p", "").lower()
    if half in {"pm", "下午", "晚上", "中午"} and hour < 12 and not (half == "中午" and hour == 11):
        hour += 12
    elif half in {"am", "上午", "凌晨", "早上"} and hour == 12:
        hour = 0
    moment = datetime(  # noqa: DTZ001 - the zone follows below or from the profile
        year,
        int(got.get("m", 1)),
        int(got.get("d", 1)),
        hour,
        int(got.get("M", 0)),
        int(got.get("S", 0)),
        int(got.get("f", "0").ljust(6, "0")),
    )
    return moment.replace(tzinfo=_offset(got["z"])) if "z" in got else moment


def _offset(text: str) -> tzinfo:
    if text == "Z":
        return UTC
    digits = text[1:].replace(":", "")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-offset if text[0] == "-" else offset)


def _iso(_value: object, text: str, _zone: tzinfo) -> datetime | None:
    if len(text) < 10 or text[4:5] != "-":
        return None
    return datetime.fromisoformat(text)


def _excel(value: object, text: str, _zone: tzinfo) -> datetime | None:
    # 20000 is 1954, 80000 is 2119: no compact date (20261012) and no epoch falls between.
    serial = _number(value, text)
    if serial is None or not 20000 <= serial < 80000:
        return None
    return _EXCEL_EPOCH + timedelta(seconds=round(serial * 86400))


def _epoch_s(value: object, text: str, _zone: tzinfo) -> datetime | None:
    number = _number(value, text)
    return datetime.fromtimestamp(number, UTC) if number is not None and 1e8 <= number < 1e10 else None


def _epoch_ms(value: object, text: str, _zone: tzinfo) -> datetime | None:
    number = _number(value, text)
    if number is None or not 1e11 <= number < 1e13:
        return None
    return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=number)


def _number(value: object, text: str) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return float(value) if math.isfinite(value) else None
    return float(text) if re.fullmatch(r"\d{1,14}(?:\.\d{1,12})?", text, re.ASCII) else None
