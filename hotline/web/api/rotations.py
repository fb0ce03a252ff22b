"""``/api/v1/rosters/rotations``: people who take turns, looked at on a week before they are kept."""

from __future__ import annotations

from typing import Any

from aiohttp import web
from pydantic import AwareDatetime, Field

from hotline.audit.store import record
from hotline.web.api.roster_weeks import wanted_monday
from hotline.web.bodies import Body, path_id, read_body
from hotline.web.keys import needs, principal, services
from hotline.web.problems import json_response
from hotline.web.roster_plan import check_people, rostered_group, week_plan
from routing.errors import InvalidRequest, RotationChanged, ShiftNotFound
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
    id: int | None = Field(default=None, ge=1, le=2**62)
    """The rotation that is changed, by which it may get another name; null: told by its name."""

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
        rotation_id = await _keep(connection, own.published.policy, rotation, body.seen, body.id)
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
    body = await read_body(request, RotationBody)
    rotation = body.rotation(own.published.policy)
    async with own.pool.acquire() as connection:
        tried = connection.transaction()
        await tried.start()
        try:
            rotation_id = await _keep(connection, own.published.policy, rotation, None, body.id)
            plan = await week_plan(connection, own, monday)
        finally:
            await tried.rollback()
    turns = sum(turn["rotation_id"] == rotation_id for turn in plan["turns"])
    return json_response({"rotation_id": rotation_id, "turns": turns, "plan": plan})


@needs("rosters.write")
async def remove(request: web.Request) -> web.Response:
    """DELETE /rosters/rotations/{id}?seen=: gone from all weeks, those behind us too; ``end`` keeps what was."""
    own, rotation_id = services(request), path_id(request)
    async with own.pool.acquire() as connection, connection.transaction():
        await queries.lock_rosters(connection)
        before = await _stored(connection, rotation_id)
        if request.query.get("seen") != rotation_mark(before["queue"], before["body"]):
            raise RotationChanged(f"轮值“{before['name']}”刚被他人改过；请关闭后重新打开，看过再改。")
        await queries.remove_rotation(connection, rotation_id=rotation_id)
        await record(
            connection,
            actor=principal(request),
            action="rotation_removed",
            subject=f"rotation:{rotation_id}",
            detail={"queue": before["queue"]},
        )
    await own.published.refresh(own.pool, force=True)
    await own.signals.ring()
    return json_response({"rotation_id": rotation_id})


async def _stored(connection: Any, rotation_id: int) -> Any:
    """A rotation by its id. Raises ShiftNotFound."""
    found = await queries.rotation_by_id(connection, rotation_id=rotation_id)
    if found is None:
        raise ShiftNotFound("这个轮值已经不在了，请刷新。")
    return found


async def _keep(connection: Any, policy: Policy, rotation: Rotation, seen: str | None, rotation_id: int | None) -> int:
    """Raises ShiftNotFound, InvalidRequest, RosterError for who cannot be on duty there, RotationChanged where somebody
    was faster."""
    await queries.lock_rosters(connection)
    known = {row["id"] for row in await queries.user_ids(connection)}
    before = await queries.rotation(connection, name=rotation.name)
    if rotation_id is not None:
        if before is not None and before["id"] != rotation_id:
            raise RotationChanged(f"已有名为“{rotation.name}”的轮值，请换个名称，或选它来改。")
        before = await _stored(connection, rotation_id)
    if seen is not None and seen != (rotation_mark(before["queue"], before["body"]) if before else ""):
        if not seen:
            raise RotationChanged(f"已有名为“{rotation.name}”的轮值，请换个名称，或选它来改。")
        raise RotationChanged(f"轮值“{rotation.name}”刚被他人改过；请关闭后重新打开，看过再改。")
    stayed = set(before["body"]["participants"]) if before and before["queue"] == rotation.queue else set()
    if not known.issuperset(set(rotation.participants) - stayed):
        raise InvalidRequest("participants：含有不存在的账号。")
    await check_people(connection, policy, rotation.queue, sorted(set(rotation.participants) - stayed))
    kept = {"queue": rotation.queue, "name": rotation.name, "body": rotation_body(rotation)}
    if rotation_id is not None:
        await queries.change_rotation(connection, rotation_id=rotation_id, **kept)
        return rotation_id
    return int(await queries.put_rotation(connection, **kept))
