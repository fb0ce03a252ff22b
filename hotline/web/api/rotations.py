"""``/api/v1/rosters/rotations``: people who take turns, looked at on a week before they are kept."""

from __future__ import annotations

from typing import Any

from aiohttp import web
from pydantic import AwareDatetime, Field

from hotline.audit.store import record
from hotline.web.api.roster_weeks import wanted_monday
from hotline.web.bodies import Body, read_body
from hotline.web.keys import needs, principal, services
from hotline.web.problems import json_response
from hotline.web.roster_plan import check_people, rostered_group, week_plan
from routing.errors import InvalidRequest, RotationChanged
from routing.policy.settings import Policy
from routing.rosters.roster import Rotation, ShiftUnit, WeeklyWindow
from routing.rosters.store import queries, rotation_body, rotation_mark


class WindowBody(Body):
    """A part of the week in which a rotation is active."""

    weekdays: list[int] = Field(min_length=1, max_length=7)
    start_minute: int
    end_minute: int


class RotationBody(Body):
    """PUT /rosters/rotations, POST /rosters/rotations/preview: people who take turns."""

    queue: str
    name: str = Field(min_length=1, max_length=80)
    participants: list[int] = Field(min_length=1, max_length=200)
    start: AwareDatetime
    shift_length: int
    shift_unit: ShiftUnit
    headcount: int = 1
    windows: list[WindowBody] = Field(default_factory=list, max_length=20)
    end: AwareDatetime | None = None
    seen: str | None = Field(default=None, max_length=64)
    """The ``mark`` of the rotation that is changed, as the week's plan gave it; empty: a new one; null: not asked."""

    def rotation(self, policy: Policy) -> Rotation:
        """As the domain has it. Raises QueueNotFound or RosterError."""
        return Rotation(
            queue=rostered_group(policy, self.queue),
            name=self.name,
            participants=tuple(self.participants),
            start=self.start,
            shift_length=self.shift_length,
            shift_unit=self.shift_unit,
            headcount=self.headcount,
            windows=tuple(WeeklyWindow(frozenset(w.weekdays), w.start_minute, w.end_minute) for w in self.windows),
            end=self.end,
        )


@needs("rosters.write")
async def put(request: web.Request) -> web.Response:
    """PUT /rosters/rotations: new, or changed by its name; ended by its ``end``."""
    own = services(request)
    body = await read_body(request, RotationBody)
    rotation = body.rotation(own.published.policy)
    async with own.pool.acquire() as connection, connection.transaction():
        rotation_id = await _keep(connection, own.published.policy, rotation, body.seen)
        await record(
            connection,
            actor=principal(request),
            action="rotation_changed",
            subject=f"rotation:{rotation_id}",
            detail={"queue": rotation.queue, "end": rotation.end.isoformat() if rotation.end else None},
        )
    await own.published.refresh(own.pool, force=True)
    await own.signals.ring()
    return json_response({"rotation_id": rotation_id})


@needs("rosters.write")
async def preview(request: web.Request) -> web.Response:
    """POST /rosters/rotations/preview?week=: the week's plan as it would be; nothing is kept."""
    own, monday = services(request), wanted_monday(request)
    rotation = (await read_body(request, RotationBody)).rotation(own.published.policy)
    async with own.pool.acquire() as connection:
        tried = connection.transaction()
        await tried.start()
        try:
            rotation_id = await _keep(connection, own.published.policy, rotation, None)
            plan = await week_plan(connection, own, monday)
        finally:
            await tried.rollback()
    turns = sum(turn["rotation_id"] == rotation_id for turn in plan["turns"])
    return json_response({"rotation_id": rotation_id, "turns": turns, "plan": plan})


async def _keep(connection: Any, policy: Policy, rotation: Rotation, seen: str | None) -> int:
    """Raises InvalidRequest, RosterError for who cannot be on duty there, RotationChanged where somebody was faster."""
    await queries.lock_rosters(connection)
    known = {row["id"] for row in await queries.user_ids(connection)}
    before = await queries.rotation(connection, name=rotation.name)
    if seen is not None and seen != (rotation_mark(before["queue"], before["body"]) if before else ""):
        if not seen:
            raise RotationChanged(f"已有名为“{rotation.name}”的轮值，请换个名称，或选它来改。")
        raise RotationChanged(f"轮值“{rotation.name}”刚被他人改过；请关闭后重新打开，看过再改。")
    stayed = set(before["body"]["participants"]) if before and before["queue"] == rotation.queue else set()
    if not known.issuperset(set(rotation.participants) - stayed):
        raise InvalidRequest("participants：含有不存在的账号。")
    await check_people(connection, policy, rotation.queue, sorted(set(rotation.participants) - stayed))
    return int(
        await queries.put_rotation(connection, queue=rotation.queue, name=rotation.name, body=rotation_body(rotation))
    )
