"""Puts the demo's grids, accounts, tiers and rosters into the database."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Any

from hotline.accounts.passwords import first_password
from hotline.accounts.permissions import Role
from hotline.accounts.store import add_user
from hotline.accounts.store import queries as account_queries
from hotline.demo.places import City, Person
from hotline.demo.store import queries
from routing.policy.facts import LOCAL_ZONE
from routing.policy.settings import Policy
from routing.queues.service import roles_of_queue
from routing.rosters.roster import SHIFT_LEADERS, Rotation, WeeklyWindow
from routing.rosters.store import queries as roster_queries
from routing.rosters.store import rotation_body

#: Rosters cover this much before now (the demo's calls) and after it.
WEEKS_BACK, WEEKS_AHEAD = 5, 3
#: Hashing a password takes 64 MiB; so many at once.
HASHES_AT_ONCE = 2

_ALL_DAYS = frozenset(range(1, 8))
_WORKDAYS = frozenset(range(1, 6))
_DAY = (8 * 60, 20 * 60)
_NIGHT = (20 * 60, 8 * 60)


async def add_people(pool: Any, city: City) -> tuple[dict[str, int], dict[str, str]]:
    """Grids and accounts; ids, and first passwords of those that are printed, by log-in name."""
    async with pool.acquire() as connection, connection.transaction():
        for grid in city.grids:
            await queries.insert_grid(
                connection,
                code=grid.code,
                name=grid.name,
                level=grid.level,
                responsible=grid.responsible,
                parent=grid.code.rpartition(".")[0],
            )
    turn = asyncio.Semaphore(HASHES_AT_ONCE)

    async def add(person: Person) -> tuple[str, int, str | None]:
        if person.printed is None:
            # a colleague to work with; nobody logs in as one
            async with pool.acquire() as connection:
                user_id = await account_queries.insert_user(
                    connection,
                    name=person.name,
                    display_name=person.display,
                    role=person.role,
                    password_hash=None,
                    must_change=False,
                )
            return person.name, int(user_id), None
        async with turn:
            # given, not first: somebody who tries the service is not asked for another before seeing anything
            user_id, password = await add_user(
                pool, person.name, person.role, display_name=person.display, password=first_password()
            )
        return person.name, user_id, password

    added = await asyncio.gather(*(add(person) for person in city.people))
    ids = {name: user_id for name, user_id, _ in added}
    return ids, {name: password for name, _, password in added if password is not None}


async def add_duties(pool: Any, policy: Policy, city: City, ids: Mapping[str, int], now: datetime) -> None:
    """Skills, grids, tiers, rotations and shifts: somebody is on duty in most queues at any hour, two lawyers at night.

    The first of each role works fixed shifts, the others take turns.
    """
    monday = now.astimezone(LOCAL_ZONE).date() - timedelta(days=now.astimezone(LOCAL_ZONE).weekday())
    first = datetime.combine(monday - timedelta(weeks=WEEKS_BACK), time(8), LOCAL_ZONE)
    async with pool.acquire() as connection, connection.transaction():
        for queue in policy.queues:
            roles = roles_of_queue(policy, queue)
            serving = [person for person in city.people if person.role in roles]
            for position, person in enumerate(serving, 1):
                await account_queries.set_tier(
                    connection, queue=queue, user_id=ids[person.name], level=person.level, position=position
                )
            if not serving:
                continue
            for rotation in _rotations(queue, serving, ids, first):
                await roster_queries.put_rotation(
                    connection, queue=queue, name=rotation.name, body=rotation_body(rotation)
                )
            if shifts := _shifts(queue, serving[0], ids, first):
                await roster_queries.insert_shifts(connection, rows=shifts, source="demo")
        # shift leaders by day and by night, so that one of the printed log-ins leads at any hour
        for name, window in (("manager", _DAY), ("operator2", _NIGHT)):
            leads = Rotation(
                SHIFT_LEADERS, f"班长·{name}", (ids[name],), first, 1, "days", 1, (WeeklyWindow(_ALL_DAYS, *window),)
            )
            await roster_queries.put_rotation(connection, queue=leads.queue, name=leads.name, body=rotation_body(leads))
        for person in city.people:
            if any(person.role in roles_of_queue(policy, queue) for queue in policy.queues):
                await account_queries.set_agent(
                    connection,
                    user_id=ids[person.name],
                    skills=list(person.skills),
                    grids=list(person.grids),
                    languages=[],
                    mediator_group=None,
                )


def _rotations(queue: str, serving: Sequence[Person], ids: Mapping[str, int], first: datetime) -> list[Rotation]:
    role: Role = serving[0].role
    by_day = [ids[person.name] for person in serving[1:] if not person.night]
    by_night = [ids[person.name] for person in serving if person.night]

    def rotation(name: str, people: Sequence[int], headcount: int, *windows: WeeklyWindow) -> Rotation:
        return Rotation(queue, f"{queue}·{name}", tuple(people), first, 1, "days", headcount, windows)

    day, night = WeeklyWindow(_ALL_DAYS, *_DAY), WeeklyWindow(_ALL_DAYS, *_NIGHT)
    if role == "lawyer":
        return [rotation("白班轮值", by_day, 3, day), rotation("夜班轮值", by_night, 2, night)]
    if role == "operator":
        return [rotation("白班轮值", by_day, 3, day), rotation("夜班轮值", by_day, 1, night)]
    if role == "police":
        return [rotation("全天轮值", by_day, 1)]
    if role == "mediator":
        weekend = WeeklyWindow(frozenset({6, 7}), 9 * 60, 17 * 60)
        return [
            rotation("工作日", by_day, 3, WeeklyWindow(_WORKDAYS, 8 * 60 + 30, 18 * 60)),
            rotation("周末轮值", by_day, 1, weekend),
        ]
    return [rotation("轮值", by_day, 1, WeeklyWindow(_ALL_DAYS, 8 * 60 + 30, 18 * 60))]


def _shifts(queue: str, person: Person, ids: Mapping[str, int], first: datetime) -> list[dict[str, Any]]:
    """Shifts from 08:00 to 20:00: on every day, of mediators and departments on workdays."""
    days = _ALL_DAYS if person.role in ("operator", "lawyer", "police") else _WORKDAYS
    rows = []
    for number in range((WEEKS_BACK + WEEKS_AHEAD) * 7):
        start = first + timedelta(days=number)
        if start.isoweekday() in days:
            end = start + timedelta(hours=12)
            rows.append(
                {
                    "queue": queue,
                    "user_id": ids[person.name],
                    "starts_at": start.isoformat(),
                    "ends_at": end.isoformat(),
                }
            )
    return rows
