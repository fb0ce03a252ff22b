"""What is counted, and figures made from counts. Pure; the names are those of the type ``statistics_count``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

Key = Literal[
    "line", "route", "destination", "hour", "day", "weekday", "region", "topic", "proposed", "intake", "queue", "org"
]
#: What figures may be split by: those of CONTRACT.md, then the day of the week (1 is Monday), where the policy wanted a
#: call, how it came in, the queue it stands or stood in last, and the organisation whose people took it last.
KEYS: tuple[Key, ...] = get_args(Key)

#: Upper bounds in seconds of the wait histogram; ``wait_more`` counts what lies above the last.
WAIT_BOUNDS_S = (
    *(5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600, 900),
    *(1800, 3600, 7200, 14400, 28800, 86400),
)
_WAITS = (*((f"wait_{bound}", bound) for bound in WAIT_BOUNDS_S), ("wait_more", None))
#: The same of how soon a person acknowledged a danger.
RESPONSE_BOUNDS_S = (20, 40, 60, 120, 300)
_RESPONSES = (*((f"acknowledged_{bound}", bound) for bound in RESPONSE_BOUNDS_S), ("acknowledged_more", None))

#: Every count with its meaning: what indicators may be put together from.
COUNTS: dict[str, str] = {
    "calls": "来电",
    "waiting": "在队列中等待",
    "in_hand": "处理中",
    "completed": "已办结未关闭",
    "closed": "已关闭",
    "danger": "研判有危险",
    "review": "研判待人工确认",
    "forwarded": "转办过的来电",
    "overruled": "转办时人工改变了建议去向的来电",
    "transfers": "转办次数（撤回的不计）",
    "returned": "被退回的转办次数",
    "answered": "实时来电中有人接单的（放弃的不计）",
    "within": "实时来电中在队列时限内接单的",
    "abandoned": "排队时挂断的实时来电",
    "abandoned_5s": "排队 5 秒内挂断的实时来电",
    "abandoned_within": "在队列时限内挂断的实时来电",
    "taken": "有人接办的来电（接单或直接答复）",
    "direct": "直接答复的来电",
    "alarms": "发出危险警报的来电",
    **{name: f"危险警报 {bound} 秒内确认" if bound else "危险警报 5 分钟后才确认" for name, bound in _RESPONSES},
    "finished": "由人办结的来电",
    "finished_first": "由首个经办人办结、未被退回的来电",
    "due": "已办结且有办理期限的来电",
    "on_time": "在办理期限内办结的来电",
    **{f"rated_{stars}": f"满意度评价为 {stars} 的来电" for stars in range(1, 6)},
    "case_satisfied": "案件回访时来电人满意的来电",
    "case_unsatisfied": "案件回访时来电人不满意的来电",
    "case_resolved": "案件回访时来电人说已解决的来电",
    "case_unresolved": "案件回访时来电人说未解决的来电",
    "case_resolved_first": "由首个经办人一次办结、来电人说已解决的来电",
    "rang": "线路记有是否接通的来电，未接通的也计",
    "connected": "接通的来电",
    "rang_timed": "线路记有振铃时长的接通来电，和未接通的来电",
    "connected_15s": "振铃 15 秒内接通的来电",
    **{name: f"等候不超过 {bound} 秒" if bound else "等候超过 24 小时" for name, bound in _WAITS},
}


@dataclass(frozen=True, slots=True)
class Bucket:
    """One bucket of figures."""

    keys: dict[str, Any]
    """What it is split by: texts as stored ('' where a call has none), hours as numbers, days as dates."""
    counts: dict[str, int]
    """By names of ``COUNTS``; what is zero may be missing."""


def of_calls(buckets: Sequence[Bucket]) -> list[Bucket]:
    """Those that hold calls; the others only tell that some rang, and have no figure but the indicators'."""
    return [bucket for bucket in buckets if bucket.counts.get("calls")]


def share(part: int, whole: int) -> float | None:
    """``part`` of ``whole``, four digits; None where there was nothing to take a part of."""
    return round(part / whole, 4) if whole else None


def wait_quantile_s(counts: Mapping[str, int], quantile: float) -> float | None:
    """Upper bound (seconds) of the bucket in which ``quantile`` of the waits lies; none was longer than that.

    None where nothing was claimed, and where the bucket is the open one above 24 hours.
    """
    return _quantile_s(_WAITS, counts, quantile)


def response_quantile_s(counts: Mapping[str, int], quantile: float) -> float | None:
    """The same of how soon dangers were acknowledged; None also above five minutes."""
    return _quantile_s(_RESPONSES, counts, quantile)


def _quantile_s(buckets: Sequence[tuple[str, int | None]], counts: Mapping[str, int], quantile: float) -> float | None:
    total = sum(counts.get(name, 0) for name, _ in buckets)
    reached = 0
    for name, bound in buckets:
        reached += counts.get(name, 0)
        if total and reached >= quantile * total:
            return None if bound is None else float(bound)
    return None


def bucket_figures(counts: Mapping[str, int]) -> dict[str, float | int | None]:
    """The figures of one bucket of ``GET /statistics/routing``.

    SL and SL2 are those of Asterisk: claimed within the limit of the queue, of all claimed; claimed or hung up within
    the limit, of all claimed or hung up.
    """

    def n(name: str) -> int:
        return counts.get(name, 0)

    return {
        "count": n("calls"),
        "wait_p50_s": wait_quantile_s(counts, 0.5),
        "wait_p90_s": wait_quantile_s(counts, 0.9),
        "overruled_share": share(n("overruled"), n("forwarded")),
        "service_level": share(n("within"), n("answered")),
        "service_level_2": share(n("within") + n("abandoned_within"), n("answered") + n("abandoned")),
        "abandoned": n("abandoned"),
    }
