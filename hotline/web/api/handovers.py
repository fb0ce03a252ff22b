"""``/api/v1/handovers`` and ``/api/v1/notices``: handing over a shift, telling people of it."""

from __future__ import annotations

from typing import Any

from aiohttp import web
from pydantic import AwareDatetime, Field

from hotline.accounts.permissions import ROLES
from hotline.audit.store import record
from hotline.web.bodies import Body, path_id, read_body, whole
from hotline.web.keys import needs, principal, services
from hotline.web.problems import json_response
from routing.errors import HandoverNotFound
from routing.handover import service as handover
from routing.handover.service import NOTE_LENGTH, Writer, opened_item, queries
from routing.notices import service as notices
from routing.notices.service import BODY_LENGTH, Notice
from routing.rosters.roster import DUTY_GROUPS
from routing.sealing import opened


def _oversees(request: web.Request) -> bool:
    return principal(request).role == "manager"


@needs("handover.take")
async def listing(request: web.Request) -> web.Response:
    """GET /handovers: the one under way, and the record of those before."""
    async with services(request).pool.acquire() as connection:
        current = await queries.open_handover(connection)
        rows = await queries.records(connection, limit=whole(request, "limit", 20, low=1, high=200))
    return json_response({"open_id": current["id"] if current else None, "items": [dict(row) for row in rows]})


@needs("handover.take")
async def show(request: web.Request) -> web.Response:
    """GET /handovers/{id}: notes, matters, who confirmed what and when."""
    own, handover_id = services(request), path_id(request)
    async with own.pool.acquire() as connection:
        row = await queries.handover(connection, handover_id=handover_id)
        if row is None:
            raise HandoverNotFound("没有这份交接班，可能已被撤回。")
        items = [opened_item(own.vault, item) for item in await queries.items(connection, handover_id=handover_id)]
    names = (
        "kind", "ref", "call_id", "line", "owner_name", "due_at", "note", "added_at", "confirmed_by_name",
        "confirmed_at", "settled_at", "carried_from",
    )  # fmt: skip
    shown = opened(own.vault, row, "handovers", ("note",))
    return json_response({**shown, "items": [{name: item[name] for name in names} for item in items]})


class PrepareBody(Body):
    """POST /handovers and PUT /handovers/{id}/note."""

    note: str = Field("", max_length=NOTE_LENGTH)


@needs("handover.take")
async def prepare(request: web.Request) -> web.Response:
    """POST /handovers: the outgoing leader begins; everything open stands in it."""
    own, who = services(request), principal(request)
    body = await read_body(request, PrepareBody)
    async with own.pool.acquire() as connection, connection.transaction():
        await handover.check_leader(connection, who.user_id, oversees=_oversees(request))
        handover_id = await handover.prepare(connection, own.vault, who.user_id, body.note)
        await record(connection, actor=who, action="handover_prepared", subject=f"handover:{handover_id}")
    await own.signals.ring()
    return json_response({"id": handover_id}, status=201)


@needs("handover.take")
async def write_note(request: web.Request) -> web.Response:
    """PUT /handovers/{id}/note."""
    own, who, handover_id = services(request), principal(request), path_id(request)
    body = await read_body(request, PrepareBody)
    async with own.pool.acquire() as connection, connection.transaction():
        by = Writer(who.user_id, _oversees(request))
        await handover.write_note(connection, own.vault, handover_id, body.note, by=by)
        await record(connection, actor=who, action="handover_noted", subject=f"handover:{handover_id}")
    await own.signals.ring()
    return json_response({"id": handover_id})


def _matter(request: web.Request) -> tuple[str, int]:
    return request.match_info["kind"], path_id(request, "ref")


@needs("handover.take")
async def write_item_note(request: web.Request) -> web.Response:
    """PUT /handovers/{id}/items/{kind}/{ref}/note."""
    own, who, handover_id = services(request), principal(request), path_id(request)
    kind, ref = _matter(request)
    body = await read_body(request, PrepareBody)
    async with own.pool.acquire() as connection, connection.transaction():
        by = Writer(who.user_id, _oversees(request))
        await handover.write_item_note(connection, own.vault, handover_id, kind=kind, ref=ref, note=body.note, by=by)
        await record(connection, actor=who, action="handover_noted", subject=f"handover:{handover_id}")
    await own.signals.ring()
    return json_response({"id": handover_id, "kind": kind, "ref": ref})


@needs("handover.take")
async def confirm(request: web.Request) -> web.Response:
    """POST /handovers/{id}/items/{kind}/{ref}/confirm: the incoming leader takes over one matter."""
    own, who, handover_id = services(request), principal(request), path_id(request)
    kind, ref = _matter(request)
    async with own.pool.acquire() as connection, connection.transaction():
        await handover.check_leader(connection, who.user_id, oversees=_oversees(request))
        await handover.confirm(connection, handover_id, kind, ref, who.user_id)
        await record(
            connection,
            actor=who,
            action="handover_item_confirmed",
            subject=f"handover:{handover_id}",
            detail={"kind": kind, "ref": ref},
        )
    await own.signals.ring()
    return json_response({"id": handover_id, "kind": kind, "ref": ref, "confirmed": True})


@needs("handover.take")
async def close(request: web.Request) -> web.Response:
    """POST /handovers/{id}/close: refused while anything open is not confirmed."""
    own, who, handover_id = services(request), principal(request), path_id(request)
    async with own.pool.acquire() as connection, connection.transaction():
        await handover.check_leader(connection, who.user_id, oversees=_oversees(request))
        await handover.close(connection, handover_id, who.user_id)
        await record(connection, actor=who, action="handover_closed", subject=f"handover:{handover_id}")
    await own.signals.ring()
    return json_response({"id": handover_id, "closed": True})


@needs("handover.take")
async def call_off(request: web.Request) -> web.Response:
    """POST /handovers/{id}/call-off: taken back before anything is confirmed."""
    own, who, handover_id = services(request), principal(request), path_id(request)
    async with own.pool.acquire() as connection, connection.transaction():
        await handover.call_off(connection, handover_id, who.user_id)
        await record(connection, actor=who, action="handover_called_off", subject=f"handover:{handover_id}")
    await own.signals.ring()
    return json_response({"id": handover_id})


@needs("calls.forward")
async def keep_promise(request: web.Request) -> web.Response:
    """POST /calls/{id}/called-back: the promised call-back is kept."""
    own, who, call_id = services(request), principal(request), path_id(request)
    async with own.pool.acquire() as connection, connection.transaction():
        await handover.keep_promise(connection, call_id, who.user_id)
        await record(connection, actor=who, action="callback_kept", subject=f"call:{call_id}")
    await own.signals.ring()
    return json_response({"call_id": call_id, "kept": True})


class NoticeBody(Body):
    """POST /notices."""

    body: str = Field(min_length=1, max_length=BODY_LENGTH)
    roles: list[str] = Field(default_factory=list, max_length=20)
    queue: str | None = None
    starts_at: AwareDatetime
    ends_at: AwareDatetime


@needs("notices.write")
async def write_notice(request: web.Request) -> web.Response:
    """POST /notices."""
    own, who = services(request), principal(request)
    body = await read_body(request, NoticeBody)
    notice = Notice(body.body, tuple(body.roles), body.queue or None, body.starts_at, body.ends_at)
    notice.check(ROLES, [*own.published.policy.queues, *DUTY_GROUPS])
    async with own.pool.acquire() as connection, connection.transaction():
        notice_id = await notices.write(connection, own.vault, notice, who.user_id)
        detail: dict[str, Any] = {"roles": body.roles, "queue": notice.queue}
        await record(connection, actor=who, action="notice_written", subject=f"notice:{notice_id}", detail=detail)
    await own.signals.ring()
    return json_response({"id": notice_id}, status=201)


@needs("notices.write")
async def withdraw_notice(request: web.Request) -> web.Response:
    """POST /notices/{id}/withdraw."""
    own, who, notice_id = services(request), principal(request), path_id(request)
    async with own.pool.acquire() as connection, connection.transaction():
        await notices.withdraw(connection, notice_id)
        await record(connection, actor=who, action="notice_withdrawn", subject=f"notice:{notice_id}")
    await own.signals.ring()
    return json_response({"id": notice_id})
