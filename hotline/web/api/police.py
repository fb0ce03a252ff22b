"""``/api/v1/police``: the police desk takes a call of its choice, or sends it back as no police matter."""

from __future__ import annotations

from aiohttp import web
from pydantic import Field

from hotline.access.service import check_concern
from hotline.audit.store import record
from hotline.web.bodies import Body, path_id, read_body
from hotline.web.keys import TAKEN_CALL, needs, principal, services
from hotline.web.problems import json_response
from routing.police_returns.service import send_back_as_no_police_matter
from routing.queues.picking.service import pick


@needs("police.work")
async def accept(request: web.Request) -> web.Response:
    """POST /police/calls/{id}/accept: this call, whatever stands before it; a lease begins as with a claim."""
    own, who, call_id = services(request), principal(request), path_id(request)
    async with own.pool.acquire() as connection:
        await check_concern(connection, who, call_id)
    await own.published.refresh(own.pool)
    taken = await pick(
        own.pool,
        own.published.policy,
        call_id,
        who.user_id,
        queues=own.published.policy.queues_of_role(who.role),
        on_roster=own.published.book.has,
    )
    request[TAKEN_CALL] = taken.call_id
    await own.signals.ring()
    return json_response(
        {"assignment_id": taken.assignment_id, "call_id": call_id, "lease_expires_at": taken.lease_expires_at}
    )


class NoPoliceBody(Body):
    """POST /police/calls/{id}/return."""

    reason: str
    words: str | None = Field(None, max_length=2000)


@needs("police.work")
async def send_back(request: web.Request) -> web.Response:
    """POST /police/calls/{id}/return: no police matter (非警务), with a reason; it comes back only on new danger."""
    own, who, call_id = services(request), principal(request), path_id(request)
    body = await read_body(request, NoPoliceBody)
    async with own.pool.acquire() as connection, connection.transaction():
        made = await send_back_as_no_police_matter(
            connection,
            own.vault,
            own.published.policy,
            call_id,
            user_id=who.user_id,
            queues=own.published.policy.queues_of_role(who.role),
            duty=own.published.duty,
            reason=body.reason,
            words=body.words,
        )
        await record(
            connection,
            actor=who,
            action="no_police_matter",
            subject=f"call:{call_id}",
            detail={"reason": body.reason, "queue": made["queue"]},
        )
    await own.signals.ring()
    return json_response(made)
