"""Makes values of many systems comparable, without touching what callers said.

Short fields (numbers, names, headings) are folded; the caller's own words only
lose white space at their ends, so that offsets keep pointing into the original.
"""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

import phonenumbers

#: What operators type where a caller withholds the number.
WITHHELD = frozenset(
    [
        "未知",
        "未知号码",
        "不详",
        "匿名",
        "匿名来电",
        "保密",
        "号码保密",
        "隐藏",
        "隐藏号码",
        "无",
        "无号码",
        "未显示",
        "无主叫",
        "拒绝提供",
        "不愿透露",
        "null",
        "none",
        "nan",
        "n/a",
        "na",
        "unknown",
        "anonymous",
        "private",
        "withheld",
        "restricted",
        "unavailable",
    ]
)

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060\ufeff]")
#: Printing ASCII and common Chinese characters: nothing in it would be folded.
_SETTLED = re.compile("[\x21-\x7e\u4e00-\u9fff]*")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_MOBILE = re.compile(r"(?:\+?86|0086)?0?(1[3-9]\d{9})", re.ASCII)
_SCIENTIFIC = re.compile(r"(\d(?:\.\d+)?)[eE]\+?(\d{1,2})")
_EXTENSION = re.compile(r"(?:-{2,}|ext\.?|x|#|转|分机)[:：]?\d{1,6}$|(?<=\d{7})-\d{1,5}$", re.IGNORECASE)
_SEPARATORS = re.compile(r"[\s\-‐-―_.()（）·]+")
_ALTERNATIVES = re.compile(r"[/,;、|]|(?<=\d{7})\s*(?:或|和|及)\s*(?=\d)")


def storable(text: str) -> str:
    """``text`` with what PostgreSQL cannot hold (NUL, lone surrogates) as U+FFFD; same length."""
    return _UNSTORABLE.sub("\ufffd", text)


def spoken(text: str) -> str:
    """The caller's words: only white space (and byte order marks) at the ends goes."""
    return storable(text).strip().strip("\ufeff\u200b").strip()


def short(value: object) -> str:
    """A short field (name, address, unit, number): width folded, control characters gone, blanks single."""
    if isinstance(value, str) and _SETTLED.fullmatch(value):
        return value
    text = _CONTROL.sub("", unicodedata.normalize("NFKC", storable(cell_text(value))))
    return " ".join(text.split())


def heading(value: object) -> str:
    """A column heading for comparing: folded, without blanks, brackets' content, stars and colons."""
    text = unicodedata.normalize("NFKC", cell_text(value)).casefold()
    text = re.sub(r"\([^)]*\)|\[[^\]]*\]|【[^】]*】", "", text) or text
    return re.sub(r"[\s*:_\-]+", "", _CONTROL.sub("", text))


def cell_text(value: object) -> str:
    """A cell as the text a person sees: whole floats without ``.0``, times in ISO form."""
    if isinstance(value, str):
        return value
    match value:
        case None:
            return ""
        case bool():
            return "是" if value else "否"
        case float():
            if not math.isfinite(value):
                return ""
            return str(int(value)) if value.is_integer() and abs(value) < 1e18 else repr(value)
        case datetime():
            return value.isoformat(sep=" ")
        case date() | time():
            return value.isoformat()
        case _:
            return str(value)


def is_blank(value: object) -> bool:
    """Whether a cell holds nothing a person would see."""
    if value is None:
        return True
    if isinstance(value, str):
        stripped = value.strip()
        return not stripped or (not stripped[0].isalnum() and not _CONTROL.sub("", stripped).strip())
    if isinstance(value, float):
        return math.isnan(value)
    return isinstance(value, (list, dict, tuple)) and not value


#: Levels of objects and lists within one record; real exports have three or four.
NESTING_LIMIT = 32


def too_deep(value: object) -> bool:
    """Whether ``value`` nests deeper than NESTING_LIMIT; looked at level by level, so that depth costs no stack."""
    level = [value]
    for _ in range(NESTING_LIMIT + 1):
        level = [
            child
            for parent in level
            if isinstance(parent, (dict, list))
            for child in (parent.values() if isinstance(parent, dict) else parent)
            if isinstance(child, (dict, list))
        ]
        if not level:
            return False
    return True


def json_value(value: object) -> Any:
    """``value`` as plain JSON that PostgreSQL can hold; the original of a row is kept this way."""
    if isinstance(value, str):
        return storable(value)
    match value:
        case None | bool() | int():
            return value
        case float():
            return value if math.isfinite(value) else None
        case dict():
            return {storable(str(key)): json_value(item) for key, item in value.items()}
        case list() | tuple():
            return [json_value(item) for item in value]
        case _:
            return cell_text(value)


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """A caller's number: ``e164`` where one can be read, ``raw`` as it was written."""

    e164: str | None
    raw: str
    withheld: bool


def phone(value: object, *, area_code: str = "", withheld: frozenset[str] = frozenset()) -> PhoneNumber:
    """Read a caller's number (China by default).

    Understands full-width digits, blanks and dashes, +86 and 0086, numbers
    turned into floats or scientific notation by Excel, land lines with area
    code (``area_code`` such as ``0731`` is put before those without),
    extensions, and several numbers in one cell (the first counts). Empty
    cells, zeros and words such as 匿名 are withheld numbers. Anything else that
    is no number of the public network (110, 12345, typing errors) has
    ``e164`` None and is not withheld. Never raises.
    """
    raw = storable(cell_text(value)).strip()
    if mobile := _MOBILE.fullmatch(raw):
        return PhoneNumber(f"+86{mobile[1]}", raw, withheld=False)
    text = _CONTROL.sub("", unicodedata.normalize("NFKC", raw)).strip().strip("'\"“”‘’")
    folded = text.casefold()
    if not folded.strip("0-+. ") or folded in WITHHELD or folded in withheld:
        return PhoneNumber(None, raw, withheld=True)
    text = _ALTERNATIVES.split(text)[0].strip()
    if exponent := _SCIENTIFIC.fullmatch(text):
        digits = exponent[1].replace(".", "")
        # Fewer digits than the exponent says: Excel rounded the rest away, and a wrong number is worse than none.
        text = digits if len(digits) == int(exponent[2]) + 1 else ""
    elif re.fullmatch(r"\d+\.0+", text):
        text = text.partition(".")[0]
    text = re.sub(r"^(?:tel|电话|手机)[:：]?", "", text, flags=re.IGNORECASE)
    compact = _SEPARATORS.sub("", text)
    if mobile := _MOBILE.fullmatch(compact):
        return PhoneNumber(f"+86{mobile[1]}", raw, withheld=False)
    return PhoneNumber(_public_number(_EXTENSION.sub("", text), area_code), raw, withheld=False)


def _public_number(text: str, area_code: str) -> str | None:
    digits = _SEPARATORS.sub("", text)
    if not re.fullmatch(r"\+?\d{6,18}", digits):
        return None
    if mobile := _MOBILE.fullmatch(digits):
        return f"+86{mobile[1]}"
    if digits.startswith("00"):
        digits = f"+{digits[2:]}"
    elif area_code and re.fullmatch(r"[2-8]\d{6,7}", digits):
        digits = area_code + digits
    try:
        parsed = phonenumbers.parse(digits, "CN")
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(parsed):
        return None
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))
