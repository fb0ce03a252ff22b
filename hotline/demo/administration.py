"""What the demo's administrators have done: committees in the grids, a week with changes, imports, a hold, filters."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from hotline.audit.store import KnownActor, record
from hotline.audit.store import queries as audit_queries
from routing.erasure.service import place_hold
from routing.policy.facts import LOCAL_ZONE
from routing.policy.settings import Policy
from routing.rosters.planning import WEEK, monday_of, week_begin
from routing.rosters.roster import Shift
from routing.rosters.service import touch
from routing.rosters.store import queries as roster_queries
from routing.sealing import Vault
from routing.sql import load_queries

queries = load_queries(__file__, "administration.sql")

FILTERS: tuple[tuple[str, dict[str, str]], ...] = (
    ("查看明文", {"action": "call_unmasked"}),
    ("导出", {"action": "calls_exported"}),
    ("账号变动", {"kind": "user"}),
)
_HOUR = timedelta(hours=1)


async def add_administration(pool: Any, policy: Policy, ids: Mapping[str, int], now: datetime) -> None:
    """Committees, changes by hand in this week and the next, a city's own holiday, filters of the auditor."""
    async with pool.acquire() as connection, connection.transaction():
        await queries.name_mediators(connection)
        await queries.join_groups(connection)
        await _plan(connection, policy, ids, now)
        # far enough ahead that no deadline of the demo's calls counts it
        day = monday_of(now) + timedelta(weeks=3)
        await roster_queries.enter_day(connection, day=day, workday=False, note="建城纪念日，本市放假")
        for name, query in FILTERS:
            await audit_queries.save_filter(connection, user_id=ids["auditor"], name=name, query=query)


async def _plan(connection: Any, policy: Policy, ids: Mapping[str, int], now: datetime) -> None:
    """Somebody stands in tomorrow, somebody is away next week, and one shift lies on another."""
    lawyers = policy.queue_for("lawyers").name
    monday = week_begin(monday_of(now))
    tomorrow = monday + timedelta(days=(now.astimezone(LOCAL_ZONE).weekday() + 1))
    night = monday + WEEK + timedelta(days=2) + 18 * _HOUR
    away = monday + WEEK + timedelta(days=3) + 8 * _HOUR
    for kind, who, instead, start in (
        ("replace", "lawyer", "lawyer4", tomorrow + 8 * _HOUR),
        ("remove", "lawyer", None, away),
        ("add", "lawyer5", None, away),
    ):
        await roster_queries.insert_override(
            connection,
            queue=lawyers,
            kind=kind,
            user_id=ids[who],
            substitute_id=ids[instead] if instead else None,
            starts_at=start,
            ends_at=start + 4 * _HOUR,
        )
    doubled = Shift(lawyers, ids["lawyer"], night, night + 4 * _HOUR)
    await roster_queries.insert_shift(
        connection, queue=lawyers, user_id=doubled.user_id, starts_at=doubled.start, ends_at=doubled.end
    )
    await touch(connection, [doubled, Shift(lawyers, ids["lawyer"], monday, monday + _HOUR)], ids["manager"])


async def add_imports_and_hold(pool: Any, vault: Vault, ids: Mapping[str, int], now: datetime) -> None:
    """Once the calls are there: the imports they came by, and one that a court wants kept."""
    admin = KnownActor(ids["admin"], "admin")
    async with pool.acquire() as connection, connection.transaction():
        morning = now.astimezone(LOCAL_ZONE).replace(hour=9, minute=5, second=0, microsecond=0)
        started = min(morning, now - _HOUR)
        await queries.insert_runs(connection, user_id=admin.user_id, started_at=started)
        call_id = await queries.some_closed_call(connection)
        if call_id is not None:
            hold_id = await place_hold(
                connection, vault, reason="澜江市中级人民法院调取函第 31 号", call_id=call_id, placed_by=admin.user_id
            )
            await record(
                connection, actor=admin, action="hold_placed", subject=f"hold:{hold_id}", detail={"call": call_id}
            )
