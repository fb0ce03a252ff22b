"""Today at a glance: tiles, each with its definition, a small trend and the calls behind it; what waits in queues."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from hotline.console.language import say
from hotline.statistics.asked import Asked
from nlp.classification import ROUTES
from routing.policy.facts import INTAKES, LOCAL_ZONE
from routing.statistics.counts import RESPONSE_BOUNDS_S, Bucket, response_quantile_s, share
from routing.statistics.indicators import Figure, Indicator, Indicators, figures
from routing.statistics.store import sums

#: So many days a trend shows, today last.
TREND_DAYS = 14
#: Calls that came in within so many days and still wait are what waits in a queue.
OPEN_DAYS = 31
#: Width and height of a trend in its own units.
TREND_BOX = (84, 22)

_RESPONSES = (*(f"acknowledged_{bound}" for bound in RESPONSE_BOUNDS_S), "acknowledged_more")


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure."""

    code: str
    name: str
    value: str
    note: str
    """What it is made of, or why there is none."""
    definition: str
    link: str | None
    """The list of calls behind it."""
    trend: tuple[float | None, ...] = ()
    """The same of the last days, today last; None where a day had nothing to count."""
    before: str = ""
    """The same of yesterday up to this hour."""
    bad: bool = False
    """It misses its target."""
    source: str = ""
    target: str = ""

    @property
    def trend_points(self) -> str:
        """The trend as points of an SVG polyline in TREND_BOX; "" for fewer than two."""
        return polyline(self.trend)


@dataclass(frozen=True, slots=True)
class QueueFigures:
    """What waits in a queue, and how quickly its calls of today were taken."""

    waiting: int
    waiting_link: str
    service_level: str
    within_link: str


@dataclass(frozen=True, slots=True)
class Glance:
    """Today so far."""

    at: datetime
    tiles: tuple[Tile, ...]
    indicators: tuple[Tile, ...]
    queues: Mapping[str, QueueFigures]
    """By queue; those with nothing are left out."""


@dataclass(frozen=True, slots=True)
class _Meant:
    """What a tile is made of."""

    code: str
    name: str
    part: tuple[str, ...]
    whole: tuple[str, ...]
    """Empty: a plain count."""
    definition: str


_TILES: tuple[_Meant, ...] = (
    _Meant("calls", "来电", ("calls",), (), "今天收到的来电记录，含实时、积压和历史导入"),
    _Meant("taken", "已接办", ("taken",), (), "今天的来电中，有人接单或直接答复的"),
    _Meant("waiting", "等待中", ("waiting",), (), "今天的来电中，此刻仍在队列等待（含振铃）的"),
    _Meant("in_hand", "处理中", ("in_hand",), (), "今天的来电中，此刻有人正在处理的"),
    _Meant("direct", "直接答复占比", ("direct",), ("taken",), "由话务员直接答复的来电 ÷ 有人接办的来电"),
    _Meant("overruled", "改派占比", ("overruled",), ("forwarded",), "转办时人工改变了建议去向的来电 ÷ 转办过的来电"),
    _Meant("abandoned", "排队挂断", ("abandoned",), (), "今天的实时来电中，排队时挂断的"),
    _Meant("alarms", "危险警报", ("alarms",), (), "今天发出危险警报的来电"),
)


async def glance(connection: Any, indicators: Indicators, now: datetime) -> Glance:
    """Everything of the page 今日一览 that comes from roll-ups. ``now``: aware."""
    today = datetime.combine(now.astimezone(LOCAL_ZONE).date(), time(), LOCAL_ZONE)
    day = Asked(today, today + timedelta(days=1))
    first = today - timedelta(days=TREND_DAYS - 1)
    days = await sums(connection, first, day.to_at, ("day", "intake", "route"))
    yesterday = await sums(connection, today - timedelta(days=1), now - timedelta(days=1), ())
    counts = _by_day(days, first)
    before = yesterday[0].counts if yesterday else {}
    tiles = tuple(_tile(day, counts, before, meant) for meant in _TILES)
    return Glance(
        at=now,
        tiles=(*tiles, _response(day, counts)),
        indicators=tuple(_indicator(day, indicator, days, first) for indicator in indicators.all),
        queues=await _queues(connection, day),
    )


def _by_day(buckets: Sequence[Bucket], first: datetime) -> list[dict[str, int]]:
    days: list[dict[str, int]] = [{} for _ in range(TREND_DAYS)]
    for bucket in buckets:
        counts = days[(bucket.keys["day"] - first.date()).days]
        for name, n in bucket.counts.items():
            counts[name] = counts.get(name, 0) + n
    return days


def _sum(counts: Mapping[str, int], names: Sequence[str]) -> int:
    return sum(counts.get(name, 0) for name in names)


def _tile(day: Asked, days: Sequence[Mapping[str, int]], before: Mapping[str, int], meant: _Meant) -> Tile:
    part, whole = meant.part, meant.whole
    # what waits or is in hand is of this moment: of days gone by it says nothing
    now_only = meant.code in ("waiting", "in_hand")
    if not whole:
        trend: tuple[float | None, ...] = tuple(float(_sum(counts, part)) for counts in days)
        value, note, then = str(_sum(days[-1], part)), "", str(_sum(before, part))
    else:
        shares = [share(_sum(counts, part), _sum(counts, whole)) for counts in days]
        trend = tuple(shares)
        value, note = percent(shares[-1]), f"{_sum(days[-1], part)} / {_sum(days[-1], whole)}"
        then = percent(share(_sum(before, part), _sum(before, whole)))
    return Tile(
        meant.code,
        meant.name,
        value,
        note,
        meant.definition,
        day.link(*part),
        () if now_only else trend,
        "" if now_only else then,
    )


def _response(day: Asked, days: Sequence[Mapping[str, int]]) -> Tile:
    today = days[-1]
    half, most = response_quantile_s(today, 0.5), response_quantile_s(today, 0.9)
    seen = _sum(today, _RESPONSES)
    open_now = today.get("alarms", 0) - seen
    soon = today.get("acknowledged_20", 0)
    said = say("P90 %(most)s，20 秒内 %(soon)s / %(seen)s", most=seconds(most, seen), soon=soon, seen=seen)
    return Tile(
        "response",
        "危险响应",
        seconds(half, seen),
        said + (say("，未确认 %(n)s", n=open_now) if open_now else ""),
        "从发出危险警报到有人确认；显示中位所在档的上限（20、40、60、120、300 秒）",
        day.link(*_RESPONSES),
        tuple(response_quantile_s(counts, 0.5) for counts in days),
        bad=open_now > 0 or (half is not None and half > RESPONSE_BOUNDS_S[0]),
    )


def _indicator(day: Asked, indicator: Indicator, buckets: Sequence[Bucket], first: datetime) -> Tile:
    by_day: dict[int, Figure] = {
        (figure.keys["day"] - first.date()).days: figure
        for figure in figures(indicator, [(bucket.keys, bucket.counts) for bucket in buckets], ("day",))
    }
    figure = by_day.get(TREND_DAYS - 1)
    none = figure is None or figure.value is None
    value = None if figure is None else figure.value
    reason = indicator.missing or "今天没有可计的来电"
    return Tile(
        indicator.code,
        indicator.name,
        percent(value),
        reason if none or figure is None else f"{figure.numerator} / {figure.denominator}",
        f"{indicator.numerator.text} ÷ {indicator.denominator.text}",
        indicator_link(day, indicator, "numerator") if indicator.counted else None,
        tuple(by_day[n].value if n in by_day else None for n in range(TREND_DAYS)) if indicator.counted else (),
        bad=value is not None and indicator.target is not None and value < indicator.target,
        source=indicator.source,
        target="" if indicator.target is None else f"≥ {percent(indicator.target)}",
    )


def indicator_link(wanted: Asked, indicator: Indicator, part: str) -> str:
    """The calls behind ``numerator`` or ``denominator`` of an indicator."""
    left_out = indicator.exclusions
    chosen = indicator.numerator if part == "numerator" else indicator.denominator
    off = left_out.off_numerator if part == "numerator" else left_out.off_denominator
    where = dict(wanted.where)
    if left_out.intake:
        where["intake"] = tuple(kind for kind in INTAKES if kind not in left_out.intake)
    if left_out.route:
        where["route"] = tuple(route for route in (*ROUTES, "") if route not in left_out.route)
    return Asked(wanted.from_at, wanted.to_at, where).link(*chosen.counts, uncounted=off)


async def _queues(connection: Any, day: Asked) -> dict[str, QueueFigures]:
    since = Asked(day.to_at - timedelta(days=OPEN_DAYS), day.to_at)
    taken = {row.keys["queue"]: row.counts for row in await sums(connection, day.from_at, day.to_at, ("queue",))}
    found = {}
    for row in await sums(connection, since.from_at, since.to_at, ("queue",)):
        queue, counts = row.keys["queue"], taken.get(row.keys["queue"], {})
        found[queue] = QueueFigures(
            row.counts.get("waiting", 0),
            since.link("waiting", queue=queue),
            percent(share(counts.get("within", 0), counts.get("answered", 0))),
            day.link("within", queue=queue),
        )
    return found


def polyline(values: Sequence[float | None]) -> str:
    """Points of an SVG polyline in TREND_BOX; days without a value are passed over; "" for fewer than two."""
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return ""
    wide, high = TREND_BOX
    low, top = min(known), max(known)
    span = (top - low) or 1.0
    step = (wide - 4) / (len(values) - 1)
    return " ".join(
        f"{2 + n * step:.1f},{high - 3 - (value - low) / span * (high - 6):.1f}"
        for n, value in enumerate(values)
        if value is not None
    )


def percent(value: float | None) -> str:
    """A share with one decimal; a dash for none."""
    return "—" if value is None else f"{value * 100:.1f}%"


def seconds(value: float | None, seen: int) -> str:
    """The upper bound of a bucket of times in words; ``seen``: how many there were."""
    if not seen:
        return "—"
    if value is None:
        return say("＞%(n)s 秒", n=RESPONSE_BOUNDS_S[-1])
    return say("≤%(n)s 秒", n=f"{value:.0f}")
