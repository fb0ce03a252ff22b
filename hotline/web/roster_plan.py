"""A week of all rosters in one value: what the week's page draws and its API answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hotline.console.language import say
from hotline.web.keys import Services
from routing.errors import RosterError
from routing.policy.facts import LOCAL_ZONE
from routing.policy.settings import Policy
from routing.queues.service import roles_of_queue
from routing.rosters.days import KINDS, days_of_week
from routing.rosters.duty import on_duty
from routing.rosters.planning import WEEK, Duty, duties_of, gaps_of, overlaps, week_begin
from routing.rosters.roster import DUTY_GROUPS, Roster
from routing.rosters.service import entered_days, week_state
from routing.rosters.store import DutyBook, load_duty_book, queries, rotation_from, rotation_mark

WEEKDAYS = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")
#: Who may lead a shift.
LEADING_ROLES = ("manager", "operator")


@dataclass(frozen=True, slots=True)
class Group:
    """A queue, or a group that is rostered like one."""

    name: str
    label: str
    roles: tuple[str, ...]


def rostered_groups(policy: Policy) -> tuple[Group, ...]:
    """Everything that can have a roster, in the order of the policy."""
    queues = tuple(
        Group(name, settings.label, tuple(roles_of_queue(policy, name))) for name, settings in policy.queues.items()
    )
    return queues + tuple(Group(name, label, LEADING_ROLES) for name, label in DUTY_GROUPS.items())


def rostered_group(policy: Policy, name: str) -> str:
    """A queue, or a duty group that has a roster without being a queue. Raises QueueNotFound."""
    return name if name in DUTY_GROUPS else policy.queue(name).name


def written_names(policy: Policy) -> dict[str, str]:
    """What may stand for a group in a file: its name or its label."""
    labels = {group.name: group.label for group in rostered_groups(policy)}
    return {name: name for name in labels} | {label: name for name, label in labels.items()}


def served_together(policy: Policy, first: str, second: str) -> bool:
    """Whether one person takes calls of both queues from one desk, so that a turn in both is no slip.

    A shift is led beside whatever else somebody does.
    """
    if first in DUTY_GROUPS or second in DUTY_GROUPS:
        return True
    return any(first in queues and second in queues for queues in policy.roles.values())


async def check_person(connection: Any, policy: Policy, queue: str, user_id: int) -> None:
    """Raise RosterError where this person cannot serve this group."""
    await check_people(connection, policy, queue, [user_id])


async def check_people(connection: Any, policy: Policy, queue: str, user_ids: Sequence[int]) -> None:
    """Raise RosterError naming the first of these who cannot serve this group."""
    group = next(group for group in rostered_groups(policy) if group.name == queue)
    rows = await queries.people_of_rosters(connection, roles=[], ids=list(user_ids))
    if len(rows) < len(user_ids) or any(row["disabled_at"] is not None for row in rows):
        raise RosterError("人员：没有这个账号，或已停用。")
    for row in rows:
        if row["role"] not in group.roles:
            raise RosterError(f"人员：{row['display_name']}的角色不能在“{group.label}”值班。")


async def week_plan(connection: Any, own: Services, monday: date) -> dict[str, Any]:
    """Everything about the week from ``monday``; times in UTC, people by id, words in the language of the request."""
    policy = own.published.policy
    begin = week_begin(monday)
    # its own reading, not the book in memory: who has just changed the week sees the change, in any week
    book = await load_duty_book(connection, begin + WEEK / 2)
    span = {"from_at": begin, "to_at": begin + WEEK}
    shifts = [dict(row) for row in await queries.shifts(connection, **span)]
    overrides = [dict(row) for row in await queries.overrides(connection, **span)]
    stored = [dict(row) for row in await queries.rotations(connection)]
    rotations = [(row["id"], rotation_from(row["queue"], row["name"], row["body"])) for row in stored]
    turns = [
        {"rotation_id": number, "name": _short_name(rotation.queue, rotation.name), **_duty(duty)}
        for number, rotation in rotations
        for duty in duties_of(Roster(rotation.queue, rotations=(rotation,)), monday)
    ]
    state = await week_state(connection, monday)
    entered = await entered_days(connection, monday, monday + timedelta(days=7))
    groups = rostered_groups(policy)
    duties = {group.name: duties_of(book.rosters[group.name], monday) for group in groups if group.name in book.rosters}
    ids = {row["user_id"] for row in (*shifts, *overrides, *turns)} | {
        row["substitute_id"] for row in overrides if row["substitute_id"] is not None
    }
    ids |= {user_id for row in stored for user_id in row["body"]["participants"]}
    people = await queries.people_of_rosters(
        connection, roles=sorted({role for group in groups for role in group.roles}), ids=sorted(ids)
    )
    now = datetime.now(UTC)
    today = now.astimezone(LOCAL_ZONE).date()
    return {
        "monday": monday,
        "version": state.version,
        "changed_by": state.changed_by,
        "changed_at": state.changed_at,
        "days": [
            {
                "day": note.day,
                "weekday": say(WEEKDAYS[note.day.weekday()]),
                "kind": note.kind,
                "label": say(KINDS[note.kind]),
                "name": say(note.name) if note.name else None,
                "entered": note.entered,
                "provisional": note.provisional,
                "today": note.day == today,
            }
            for note in days_of_week(monday, own.published.file_calendar, entered)
        ],
        "groups": [_group(group, book, monday, now) for group in groups],
        "people": {
            row["id"]: {"name": row["display_name"], "role": row["role"], "left": row["disabled_at"] is not None}
            for row in people
        },
        "shifts": [_stored(row) for row in shifts],
        "turns": turns,
        "rotations": [
            {
                **row["body"],
                "id": row["id"],
                "queue": row["queue"],
                "name": row["name"],
                "label": _short_name(row["queue"], row["name"]),
                "mark": rotation_mark(row["queue"], row["body"]),
            }
            for row in stored
        ],
        "overrides": [
            {**_stored(row), "kind": row["kind"], "substitute_id": row["substitute_id"]} for row in overrides
        ],
        "overlaps": _overlaps(policy, shifts, duties),
    }


def _short_name(queue: str, name: str) -> str:
    """A rotation's name beside its queue's; names are told apart over all queues."""
    return name.removeprefix(f"{queue}·")


def _group(group: Group, book: DutyBook, monday: date, now: datetime) -> dict[str, Any]:
    roster = book.rosters.get(group.name)
    gaps = gaps_of(roster, monday) if roster else ()
    return {
        "queue": group.name,
        "label": say(group.label),
        "roles": group.roles,
        "rostered": roster is not None,
        "on_duty": list(on_duty(roster, now)) if roster else [],
        "gaps": [{"start": gap.start, "end": gap.end, "hours": round(gap.hours, 1)} for gap in gaps],
        "gap_hours": round(sum(gap.hours for gap in gaps), 1),
    }


def _overlaps(
    policy: Policy, shifts: Sequence[Mapping[str, Any]], duties: Mapping[str, Sequence[Duty]]
) -> list[dict[str, Any]]:
    """Shifts of one queue on top of each other, and people on duty at two desks."""
    written = [Duty(row["queue"], row["user_id"], row["starts_at"], row["ends_at"]) for row in shifts]
    doubled = overlaps(written, lambda first, second: True)
    crossed = overlaps(
        (duty for own in duties.values() for duty in own),
        lambda first, second: served_together(policy, first, second),
    )
    return [
        {"user_id": each.user_id, "start": each.start, "end": each.end, "queues": each.queues}
        for each in sorted({*doubled, *crossed}, key=lambda each: (each.start, each.user_id, each.queues))
    ]


def _duty(duty: Duty) -> dict[str, Any]:
    return {"queue": duty.queue, "user_id": duty.user_id, "start": duty.start, "end": duty.end}


def _stored(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "queue": row["queue"],
        "user_id": row["user_id"],
        "start": row["starts_at"],
        "end": row["ends_at"],
    }
