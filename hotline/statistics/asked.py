"""What a page or a request asks of the statistics: period, filters, period to compare with; read from an address.

The same words stand in the address of a page, of the API and of the list of
calls behind a figure, so that one leads to the other: ``from``, ``to``, and a
parameter for each key (repeatable; ``-`` for calls that have none).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, Literal, Protocol, cast, get_args
from urllib.parse import urlencode

from routing.errors import InvalidRequest
from routing.policy.facts import LOCAL_ZONE
from routing.statistics.behind.service import Behind
from routing.statistics.counts import COUNTS, KEYS
from routing.statistics.groups import JOIN

Comparison = Literal["none", "before", "week", "year", "period"]
#: What a period is compared with: nothing, the days right before it, the same weekdays before it, a year earlier, or
#: any period one names (``compare_from``, ``compare_to``).
COMPARISONS: dict[Comparison, str] = {
    "none": "不比较",
    "before": "上一时段",
    "week": "同样星期的前一时段",
    "year": "去年同期",
    "period": "自选时段",
}
#: In an address: calls that have no value for the key.
NONE = "-"
#: A period of other years is a slip of the hand, and the period before it could not be reckoned.
YEARS = range(2000, 2201)
FILTERS: tuple[str, ...] = tuple(key for key in KEYS if key != "day")
_NUMBERS = {"hour": (0, 23), "weekday": (1, 7)}


class Words(Protocol):
    """Parameters of an address: a request's query, or :class:`Pairs`."""

    def get(self, name: str, /) -> str | None:
        """The first value."""

    def getall(self, name: str, default: list[str], /) -> list[str]:
        """All values."""

    def __contains__(self, name: object, /) -> bool:
        """Whether there is one."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Parameters that come from elsewhere than a request."""

    pairs: Sequence[tuple[str, str]]

    def get(self, name: str, /) -> str | None:
        """The first value."""
        return next(iter(self.getall(name, [])), None)

    def getall(self, name: str, default: list[str], /) -> list[str]:
        """All values."""
        return [value for key, value in self.pairs if key == name] or default

    def __contains__(self, name: object, /) -> bool:
        return any(key == name for key, _ in self.pairs)


@dataclass(frozen=True, slots=True)
class Asked:
    """A period with filters."""

    from_at: datetime
    to_at: datetime
    """Aware; inclusive and exclusive."""
    where: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    compare: Comparison = "none"
    compare_span: tuple[datetime, datetime] | None = None
    """The period named to compare with; of ``compare`` ``period`` only."""

    def before(self) -> tuple[datetime, datetime] | None:
        """The period to compare with; None: nothing."""
        length = self.to_at - self.from_at
        if self.compare in ("none", "period"):
            return self.compare_span
        if self.compare == "before":
            return self.from_at - length, self.from_at
        if self.compare == "week":
            # whole weeks, as many as the period needs, so that a Monday stands beside a Monday
            back = timedelta(weeks=-(-length // timedelta(weeks=1)))
            return self.from_at - back, self.to_at - back
        return _year_before(self.from_at), _year_before(self.to_at)

    def at(self, span: tuple[datetime, datetime]) -> Asked:
        """The same of another period, without comparison."""
        return Asked(*span, self.where)

    def words(self) -> list[tuple[str, str]]:
        """Period and filters as parameters of an address."""
        pairs = [("from", _day_or_time(self.from_at)), ("to", _day_or_time(self.to_at))]
        return pairs + [
            (key, NONE if value == "" else str(value)) for key in FILTERS for value in self.where.get(key, ())
        ]

    def comparison_words(self) -> list[tuple[str, str]]:
        """What it is compared with as parameters of an address; nothing without."""
        span = self.compare_span
        named = zip(("compare_from", "compare_to"), map(_day_or_time, span), strict=True) if span else ()
        return [] if self.compare == "none" else [("compare", self.compare), *named]

    def link(self, *counted: str, uncounted: tuple[str, ...] = (), **where: Any) -> str:
        """Address of the list of calls behind a figure: those that count so, with further filters."""
        more = [(key, NONE if value == "" else str(value)) for key, value in where.items()]
        names = [("counted", name) for name in (counted or ("calls",))] + [("uncounted", name) for name in uncounted]
        return "/calls?" + urlencode([*(pair for pair in self.words() if pair[0] not in where), *more, *names])


def asked(query: Words, *, default_days: int = 1) -> Asked:
    """Read an address; the last ``default_days`` days, today included, without a period. Raises InvalidRequest."""
    today = datetime.now(LOCAL_ZONE).date()
    from_at = _moment(query.get("from"), "from") or _midnight(today - timedelta(days=default_days - 1))
    to_at = _moment(query.get("to"), "to") or _midnight(today + timedelta(days=1))
    if to_at <= from_at:
        raise InvalidRequest("to：结束时间要晚于开始时间（from）。")
    compare = query.get("compare") or "none"
    if compare not in get_args(Comparison):
        raise InvalidRequest(f"compare：只能是 {'、'.join(get_args(Comparison))}。")
    span = _named_span(query) if compare == "period" else None
    where = {key: tuple(_value(key, text) for text in query.getall(key, [])) for key in FILTERS if key in query}
    # a field of a form that was left open is no filter
    where = {key: values for key, values in where.items() if values != (None,)}
    if "org" in where:
        # small groups are shown as one, and so asked for as one
        where["org"] = tuple(one for value in where["org"] for one in (str(value).split(JOIN)))
    return Asked(from_at, to_at, where, cast(Comparison, compare), span)


def _named_span(query: Words) -> tuple[datetime, datetime]:
    begin, end = (_moment(query.get(name), name) for name in ("compare_from", "compare_to"))
    if begin is None or end is None or end <= begin:
        raise InvalidRequest("compare_from、compare_to：请填对比时段的起止，结束晚于开始。")
    return begin, end


def behind(query: Words) -> Behind | None:
    """Which calls an address of the list of calls wants by figures; None: it names no figure. Raises InvalidRequest."""
    counted, uncounted = tuple(query.getall("counted", [])), tuple(query.getall("uncounted", []))
    if not counted:
        return None
    for name in (*counted, *uncounted):
        if name not in COUNTS:
            raise InvalidRequest(f"counted：不认识 {name}；请从统计页进入。")
    wanted = asked(query)
    return Behind(wanted.from_at, wanted.to_at, wanted.where, counted, uncounted)


def _value(key: str, text: str) -> Any:
    if text == "":
        return None
    if key not in _NUMBERS:
        return "" if text == NONE else text
    low, high = _NUMBERS[key]
    if not text.isdecimal() or not low <= int(text) <= high:
        raise InvalidRequest(f"{key}：应为 {low} 到 {high} 的整数。")
    return int(text)


def _moment(text: str | None, name: str) -> datetime | None:
    if not text:
        return None
    try:
        # a plus sign in a query string arrives as a blank when the sender did not encode it
        value = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
    except ValueError as error:
        raise InvalidRequest(f"{name}：应为日期或时间，如 2026-11-20 或 2026-11-20T08:00:00+08:00。") from error
    if value.year not in YEARS:
        raise InvalidRequest(f"{name}：请填 {YEARS[0]} 到 {YEARS[-1]} 年之间的日期。")
    return value if value.tzinfo else value.replace(tzinfo=LOCAL_ZONE)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), LOCAL_ZONE)


def _year_before(moment: datetime) -> datetime:
    local = moment.astimezone(LOCAL_ZONE)
    try:
        return local.replace(year=local.year - 1)
    except ValueError:
        return local.replace(year=local.year - 1, day=28)


def _day_or_time(moment: datetime) -> str:
    local = moment.astimezone(LOCAL_ZONE)
    return local.date().isoformat() if local.time() == time() else local.isoformat()
