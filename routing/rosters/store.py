"""Rosters in PostgreSQL, and the book by which processes ask who is on duty."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from routing.calls.store import queries as call_queries
from routing.rosters.duty import on_duty
from routing.rosters.roster import SHIFT_LEADERS, Override, Roster, Rotation, Shift, WeeklyWindow, roster_of
from routing.sql import load_queries

queries = load_queries(__file__)

#: How far around now a book looks; it is read anew long before it runs out.
SPAN = timedelta(days=35)


@dataclass(frozen=True, slots=True)
class DutyBook:
    """All rosters at one time of reading."""

    rosters: dict[str, Roster]
    """Only queues that have a roster."""

    def count(self, queue: str, at: datetime) -> int:
        """How many are on duty. A queue without any roster counts as staffed: nobody has planned it yet."""
        roster = self.rosters.get(queue)
        return 1 if roster is None else len(on_duty(roster, at))

    def has(self, queue: str, user_id: int, at: datetime) -> bool:
        """Whether this person is on duty; always so where there is no roster."""
        roster = self.rosters.get(queue)
        return roster is None or user_id in on_duty(roster, at)

    def people(self, queue: str, at: datetime) -> tuple[int, ...]:
        """User ids on duty; none where there is no roster."""
        roster = self.rosters.get(queue)
        return () if roster is None else on_duty(roster, at)


async def load_duty_book(connection: Any, now: datetime | None = None) -> DutyBook:
    """Read every roster that touches the time around ``now``."""
    moment = now or await call_queries.clock(connection)
    span = {"from_at": moment - SPAN, "to_at": moment + SPAN}
    rotations = [rotation_from(row["queue"], row["name"], row["body"]) for row in await queries.rotations(connection)]
    shifts = [
        Shift(row["queue"], row["user_id"], row["starts_at"], row["ends_at"])
        for row in await queries.shifts(connection, **span)
    ]
    overrides = [
        Override(row["queue"], row["kind"], row["user_id"], row["starts_at"], row["ends_at"], row["substitute_id"])
        for row in await queries.overrides(connection, **span)
    ]
    left = {row["id"]: row["disabled_at"] for row in await queries.leavers(connection)}
    names = [row["queue"] for row in await queries.rostered_queues(connection)]
    return DutyBook({name: roster_of(name, rotations, shifts, overrides, left) for name in names})


async def on_duty_shift_leaders(connection: Any, at: datetime) -> tuple[int, ...]:
    """User ids of the shift leaders on duty at ``at`` (aware), ascending.

    Where nobody has planned such a roster yet, every manager stands in; an empty
    answer means that it is planned and nobody is on it at that time.
    """
    book = await load_duty_book(connection, at)
    if SHIFT_LEADERS in book.rosters:
        return book.people(SHIFT_LEADERS, at)
    return tuple(row["id"] for row in await queries.managers(connection))


def rotation_body(rotation: Rotation) -> dict[str, Any]:
    """A rotation as stored."""
    return {
        "participants": list(rotation.participants),
        "start": rotation.start.isoformat(),
        "end": rotation.end.isoformat() if rotation.end else None,
        "shift_length": rotation.shift_length,
        "shift_unit": rotation.shift_unit,
        "headcount": rotation.headcount,
        "windows": [
            {"weekdays": sorted(w.weekdays), "start_minute": w.start_minute, "end_minute": w.end_minute}
            for w in rotation.windows
        ],
    }


def rotation_mark(queue: str, body: dict[str, Any]) -> str:
    """Which state of a rotation somebody has seen: it differs after any change."""
    return hashlib.sha256(json.dumps([queue, body], sort_keys=True).encode()).hexdigest()[:16]


def rotation_from(queue: str, name: str, body: dict[str, Any]) -> Rotation:
    """The rotation ``rotation_body`` wrote. Raises RosterError or KeyError where it was damaged."""
    return Rotation(
        queue=queue,
        name=name,
        participants=tuple(body["participants"]),
        start=datetime.fromisoformat(body["start"]),
        shift_length=body["shift_length"],
        shift_unit=body["shift_unit"],
        headcount=body["headcount"],
        windows=tuple(
            WeeklyWindow(frozenset(w["weekdays"]), w["start_minute"], w["end_minute"]) for w in body["windows"]
        ),
        end=datetime.fromisoformat(body["end"]) if body["end"] else None,
    )
