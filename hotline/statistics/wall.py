"""What a wall display shows: figures of the lines, nothing of a person, neither caller nor staff."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from hotline.statistics.glance import percent
from hotline.statistics.tables import labels
from routing.policy.facts import LOCAL_ZONE
from routing.policy.settings import Policy
from routing.queues.service import queue_states
from routing.sql import load_queries
from routing.statistics.counts import Bucket, of_calls, share
from routing.statistics.store import sums

queries = load_queries(__file__, "wall.sql")

_DAY = timedelta(days=1)


async def wall_figures(pool: Any, policy: Policy, now: datetime) -> dict[str, Any]:
    """Queues, today so far, dangers nobody has acknowledged, calls by hour beside the same weekday a week ago."""
    today = datetime.combine(now.astimezone(LOCAL_ZONE).date(), time(), LOCAL_ZONE)
    queues = await queue_states(pool, policy, today)
    async with pool.acquire() as connection:
        by_hour = await sums(connection, today, today + _DAY, ("hour",))
        week_ago = await sums(connection, today - timedelta(weeks=1), today - timedelta(weeks=1) + _DAY, ("hour",))
        by_route = of_calls(await sums(connection, today, today + _DAY, ("line", "route")))
        danger = await queries.open_danger(connection)
    counts: dict[str, int] = {}
    for bucket in by_hour:
        for name, n in bucket.counts.items():
            counts[name] = counts.get(name, 0) + n
    words = labels(policy, {})
    return {
        "at": now.isoformat(),
        "queues": [
            {
                "label": queue["label"],
                "waiting": queue["waiting"],
                "longest_wait_s": queue["longest_wait_s"] if queue["waiting"] else None,
                "agents_available": queue["agents_available"],
            }
            for queue in queues
        ],
        "today": {
            "calls": counts.get("calls", 0),
            "taken": counts.get("taken", 0),
            "waiting": counts.get("waiting", 0),
            "in_hand": counts.get("in_hand", 0),
            "abandoned": counts.get("abandoned", 0),
            "service_level": percent(share(counts.get("within", 0), counts.get("answered", 0))),
            "overruled": percent(share(counts.get("overruled", 0), counts.get("forwarded", 0))),
            "alarms": counts.get("alarms", 0),
        },
        "danger": {"open": danger["open"], "longest_s": danger["longest_s"]},
        "hours": _hours(by_hour),
        "hours_week_ago": _hours(week_ago),
        "lines": _added(by_route, "line", words["line"]),
        "routes": _added(by_route, "route", words["route"]),
    }


def _hours(buckets: list[Bucket]) -> list[int]:
    found = {bucket.keys["hour"]: bucket.counts.get("calls", 0) for bucket in buckets}
    return [found.get(hour, 0) for hour in range(24)]


def _added(buckets: list[Bucket], key: str, words: dict[str, str]) -> list[dict[str, Any]]:
    counts: dict[str, int] = {}
    for bucket in buckets:
        value = bucket.keys[key]
        counts[value] = counts.get(value, 0) + bucket.counts.get("calls", 0)
    ordered = sorted(counts.items(), key=lambda pair: -pair[1])
    return [{"label": words.get(value, value), "count": n} for value, n in ordered]
