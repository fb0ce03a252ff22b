"""Routing statistics for managers (``GET /statistics/routing``)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, get_args

from routing.errors import InvalidRequest
from routing.policy.settings import Policy
from routing.sql import load_queries

queries = load_queries(__file__)

Key = Literal["line", "route", "destination", "hour", "day", "region", "topic"]
#: What figures may be split by (CONTRACT.md).
KEYS: tuple[Key, ...] = get_args(Key)


async def routing_statistics(
    connection: Any, policy: Policy, from_at: datetime, to_at: datetime, by: Sequence[str]
) -> list[dict[str, Any]]:
    """Buckets ``{keys, count, wait_p50_s, wait_p90_s, overruled_share, service_level}``.

    Waits run from enqueueing to the first claim and are None where nothing was
    claimed. ``overruled_share`` is the share of forwarded calls whose proposed
    destination a person changed, ``service_level`` the share of counted calls
    claimed within the limit of their queue; both None where there was none.
    Raises InvalidRequest for an unknown key or an empty period.
    """
    unknown = [key for key in by if key not in KEYS]
    if unknown:
        raise InvalidRequest(f"by：不认识 {'、'.join(unknown)}；可用 {'、'.join(KEYS)}。")
    if to_at <= from_at:
        raise InvalidRequest("to：结束时间要晚于开始时间（from）。")
    rows = await queries.routing(
        connection,
        from_at=from_at,
        to_at=to_at,
        by=list(by),
        queues=list(policy.queues),
        limits_s=[float(settings.service_level_s) for settings in policy.queues.values()],
    )
    return [
        {
            "keys": {key: _plain(row[key]) for key in KEYS if key in by},
            "count": row["count"],
            "wait_p50_s": _rounded(row["wait_p50_s"]),
            "wait_p90_s": _rounded(row["wait_p90_s"]),
            "overruled_share": _share(row["overruled"], row["forwarded"]),
            "service_level": _share(row["within"], row["answered"]),
        }
        for row in rows
    ]


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


def _rounded(value: Any) -> float | None:
    return None if value is None else round(float(value), 1)


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
