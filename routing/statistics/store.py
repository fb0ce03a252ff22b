"""Figures for managers from roll-ups, and the roll-ups themselves (ADR 0025, 0041)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from routing.errors import InvalidRequest
from routing.policy.settings import Policy
from routing.sql import load_queries
from routing.statistics.counts import KEYS, Bucket, bucket_figures, of_calls
from routing.statistics.groups import Groups
from routing.statistics.indicators import INDICATOR_KEYS, Figure, Indicator, Indicators, figures
from routing.statistics.spans import span

queries = load_queries(__file__)

#: Deltas folded in one transaction: enough that most of a call's moves cancel out, short enough for the outbox.
FOLD_STEP = 10_000
NO_FILTER: Mapping[str, Sequence[Any]] = {}
#: How many cells ``verify`` names at most.
NAMED_CELLS = 100


async def sums(
    connection: Any,
    from_at: datetime,
    to_at: datetime,
    by: Sequence[str],
    where: Mapping[str, Sequence[Any]] = NO_FILTER,
) -> list[Bucket]:
    """Counts of the calls received from ``from_at`` (inclusive) to ``to_at`` (exclusive), split and ordered by keys.

    ``where`` lets through only calls whose key has one of the values. Raises
    InvalidRequest for an unknown key or an empty period.
    """
    return (await sums_of_splits(connection, from_at, to_at, [by], where))[0]


async def sums_of_splits(
    connection: Any,
    from_at: datetime,
    to_at: datetime,
    splits: Sequence[Sequence[str]],
    where: Mapping[str, Sequence[Any]] = NO_FILTER,
) -> list[list[Bucket]]:
    """:func:`sums` of the same calls for each of ``splits``, which are keys to split by, with fewer round trips."""
    unknown = [key for key in (*(key for by in splits for key in by), *where) if key not in KEYS]
    if unknown:
        raise InvalidRequest(f"by：不认识 {'、'.join(unknown)}；可用 {'、'.join(KEYS)}。")
    found = []
    async with connection.transaction():
        grains = [(row["id"], frozenset(row["keys"])) for row in await queries.grains(connection)]
        for by in splits:
            keys = {*by, *where} - {"day", "weekday"}
            cut = span(from_at, to_at, by_hour="hour" in keys)
            rows = await queries.sums(
                connection,
                by=list(by),
                **{key: list(where[key]) if key in where else None for key in KEYS if key != "day"},
                day_grain=next(grain for grain, kept in grains if kept >= keys),
                hour_grain=next(grain for grain, kept in grains if kept >= {*keys, "hour"}),
                days_from=cut.days_from,
                days_to=cut.days_to,
                hours_from=cut.hours_from,
                hours_to=cut.hours_to,
                parts_from=[start for start, _ in cut.parts],
                parts_to=[stop for _, stop in cut.parts],
            )
            found.append([Bucket({key: row[key] for key in KEYS if key in by}, row["counts"]) for row in rows])
    return found


async def routing_statistics(
    connection: Any,
    from_at: datetime,
    to_at: datetime,
    by: Sequence[str],
    where: Mapping[str, Sequence[Any]] = NO_FILTER,
    *,
    groups: Groups | None = None,
) -> list[dict[str, Any]]:
    """Buckets ``{keys, count, wait_p50_s, wait_p90_s, overruled_share, service_level, ...}``.

    Waits run from enqueueing to the first claim; p50 and p90 are upper bounds of
    fixed buckets (``counts.WAIT_BOUNDS_S``). Shares and waits are None where
    there was nothing to count. ``groups``: those of few people are shown as one,
    also where one of them is asked for. Raises InvalidRequest.
    """
    found = of_calls(await sums(connection, from_at, to_at, by, groups.widened(where) if groups else where))
    return [
        {"keys": {key: _plain(value) for key, value in bucket.keys.items()}, **bucket_figures(bucket.counts)}
        for bucket in (groups.merge(found) if groups else found)
    ]


async def indicator_figures(
    connection: Any, indicators: Indicators, from_at: datetime, to_at: datetime, by: Sequence[str]
) -> list[tuple[Indicator, list[Figure]]]:
    """Every indicator with its figures, split by keys of ``INDICATOR_KEYS``. Raises InvalidRequest."""
    unknown = [key for key in by if key not in INDICATOR_KEYS]
    if unknown:
        raise InvalidRequest(f"by：不认识 {'、'.join(unknown)}；可用 {'、'.join(INDICATOR_KEYS)}。")
    buckets = await sums(connection, from_at, to_at, (*by, "intake", "route"))
    pairs = [(bucket.keys, bucket.counts) for bucket in buckets]
    return [(indicator, figures(indicator, pairs, by)) for indicator in indicators.all]


async def region_levels(connection: Any) -> dict[str, str]:
    """The level of each jurisdiction by its name; the lowest where a name stands for several."""
    return {row["name"]: row["level"] for row in await queries.region_levels(connection)}


async def totals(connection: Any, from_at: datetime, to_at: datetime) -> dict[str, int]:
    """A period at a glance: received, and of these waiting, in hand, completed, closed, with danger, for review."""
    buckets = await sums(connection, from_at, to_at, ())
    counts = buckets[0].counts if buckets else {}
    names = ("waiting", "in_hand", "completed", "closed", "danger", "review")
    return {"received": counts.get("calls", 0), **{name: counts.get(name, 0) for name in names}}


async def enough_to_fold(pool: Any) -> bool:
    """Whether the deltas that wait fill a step."""
    async with pool.acquire() as connection:
        return bool(await queries.waiting_deltas(connection, most=FOLD_STEP) == FOLD_STEP)


async def fold(pool: Any, *, step: int = FOLD_STEP) -> int:
    """Move up to ``step`` deltas into the roll-ups; how many. No answer changes by it. 0 when another process folds."""
    async with pool.acquire() as connection, connection.transaction():
        if not await queries.fold_turn(connection):
            return 0
        months = [row["month"] for row in await queries.partitions(connection, step=step)]
        done = await queries.fold(connection, step=step, months=months)
        if done["grains"]:
            await queries.drop_empty(connection, grains=done["grains"], days=done["days"])
        return int(done["taken"])


async def keep_limits(connection: Any, policy: Policy) -> None:
    """Write down each queue's service level, which calls take along when they come into the queue."""
    await queries.set_limits(
        connection,
        queues=list(policy.queues),
        limits_s=[float(settings.service_level_s) for settings in policy.queues.values()],
    )


async def verify(connection: Any) -> list[dict[str, Any]]:
    """Cells in which roll-ups and deltas differ from a recount of the raw rows: keys, count, recounted, held.

    Empty when all is right; at most ``NAMED_CELLS`` are named.
    """
    return [dict(row) for row in await queries.verify(connection, limit=NAMED_CELLS)]


async def sizes(connection: Any) -> dict[str, int]:
    """How many ``calls`` are stored, and how many ``rollups`` and ``deltas`` hold their figures."""
    return dict(await queries.counted_calls(connection))


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value
