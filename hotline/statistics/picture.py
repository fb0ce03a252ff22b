"""Everything the page of charts draws of a period, and of the period it is compared with, in one answer."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta
from typing import Any

from hotline.statistics.asked import Asked
from routing.errors import InvalidRequest
from routing.statistics.behind.service import read_groups
from routing.statistics.counts import Bucket, Key, bucket_figures, of_calls
from routing.statistics.groups import Groups
from routing.statistics.store import sums_of_splits

#: Charts by name and what each is split by; ``time`` is by day, of a single day by hour.
PARTS: dict[str, tuple[Key, ...]] = {
    "whole": (),
    "flow": ("line", "route", "destination"),
    "week": ("weekday", "hour"),
    "time": ("day",),
    "route": ("route",),
    "destination": ("destination",),
    "proposed": ("proposed",),
    "topic": ("topic",),
    "region": ("region",),
    "line": ("line",),
    "queue": ("queue",),
    "org": ("org",),
    "intake": ("intake",),
}
#: Counts that charts and tables need beside the figures.
_COUNTS = (
    "forwarded",
    "overruled",
    "taken",
    "direct",
    "answered",
    "within",
    "abandoned",
    "danger",
    "transfers",
    "returned",
)
_DAY = timedelta(days=1)


async def picture(connection: Any, wanted: Asked, names: Collection[str] = ()) -> dict[str, Any]:
    """``{from, to, before, time_by, parts, parts_before}``; ``before`` and its parts are None without comparison.

    Of each bucket: keys, the figures of ``bucket_figures``, and ``counts`` behind them. ``names``: the parts that are
    asked for; all without. Raises InvalidRequest.
    """
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        raise InvalidRequest(f"parts：不认识 {'、'.join(unknown)}；可用 {'、'.join(PARTS)}。")
    before = wanted.before()
    groups = await read_groups(connection)
    wanted = replace(wanted, where=groups.widened(wanted.where))
    time_by: Key = "hour" if wanted.to_at - wanted.from_at <= _DAY else "day"
    return {
        "from": wanted.from_at,
        "to": wanted.to_at,
        "before": {"from": before[0], "to": before[1]} if before else None,
        "time_by": time_by,
        "parts": await _parts(connection, wanted, time_by, groups, names),
        "parts_before": await _parts(connection, wanted.at(before), time_by, groups, names) if before else None,
    }


async def _parts(
    connection: Any, wanted: Asked, time_by: Key, groups: Groups, names: Collection[str]
) -> dict[str, list[dict[str, Any]]]:
    splits = {name: (time_by,) if name == "time" else by for name, by in PARTS.items() if not names or name in names}
    found = await sums_of_splits(connection, wanted.from_at, wanted.to_at, list(splits.values()), wanted.where)
    return {
        name: [shown(bucket) for bucket in groups.merge(of_calls(buckets))]
        for name, buckets in zip(splits, found, strict=True)
    }


def shown(bucket: Bucket) -> dict[str, Any]:
    """One bucket as scripts get it."""
    keys = {key: value.isoformat() if hasattr(value, "isoformat") else value for key, value in bucket.keys.items()}
    waited = sum(n for name, n in bucket.counts.items() if name.startswith("wait_"))
    counts = {name: bucket.counts.get(name, 0) for name in _COUNTS} | {"waited": waited}
    return {"keys": keys, **bucket_figures(bucket.counts), "counts": counts}
