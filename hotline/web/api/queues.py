"""``/api/v1/queues`` and ``/assignments``: what waits, claims, leases, completion, presence."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from aiohttp import web
from pydantic import AwareDatetime, Field

from hotline.access.service import without_own
from hotline.web.bodies import Body, path_id, read_body, whole
from hotline.web.keys import TAKEN_CALL, needs, principal, services
from hotline.web.problems import json_response, problem
from hotline.web.views import claimed_call, listed_item
from routing.offers.service import refuse_offer
from routing.policy.facts import LOCAL_ZONE
from routing.promises.service import promise
from routing.queues.service import (
    Claim,
    claim,
    complete,
    extend_wrap_up,
    heartbeat,
    queue_states,
    release,
    save_notes,
    set_presence,
)
from routing.queues.store import queries
from routing.sealing import opened


@needs("queues.read")
async def listing(request: web.Request) -> web.Response:
    """GET /queues: waiting, longest wait, free agents, today's service level."""
    own = services(request)
    midnight = datetime.now(LOCAL_ZONE).replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)
    return json_response({"items": await queue_states(own.pool, own.published.policy, midnight)})


@needs("queues.read")
async def waiting(request: web.Request) -> web.Response:
    """GET /queues/{name}/items: the open items of one queue in its order."""
    own = services(request)
    queue = own.published.policy.queue(request.match_info["name"]).name
    async with own.pool.acquire() as connection:
        limit = whole(request, "limit", 100, low=1, high=500)
        rows = await queries.waiting_items(connection, queue=queue, user_id=None, fits=None, limit=limit)
        rows = await without_own(connection, principal(request), rows, "call_id")
    return json_response({"items": [listed_item(own.vault, row) for row in rows]})


async def claim_next(request: web.Request, queues: Iterable[str]) -> Claim | None:
    """The next call for who asks, from the first of ``queues`` that has one; None when none has."""
    own, who = services(request), principal(request)
    await own.published.refresh(own.pool)
    for queue in queues:
        taken = await claim(own.pool, own.published.policy, queue, who.user_id, on_roster=own.published.book.has)
        if taken is not None:
            request[TAKEN_CALL] = taken.call_id
            await own.signals.ring()
            return taken
    return None


@needs("queues.claim")
async def take(request: web.Request) -> web.Response:
    """POST /queues/{name}/claim: the next call, or 204."""
    own, who = services(request), principal(request)
    policy = own.published.policy
    queue = policy.queue(request.match_info["name"]).name
    if who.role != "admin" and queue not in policy.queues_of_role(who.role):
        return problem(403, "not-your-queue", "不是您的队列", f"您的角色不接“{policy.queue(queue).label}”队列的来电。")
    taken = await claim_next(request, [queue])
    if taken is None:
        return web.Response(status=204)
    return json_response(
        {
            "assignment_id": taken.assignment_id,
            "lease_expires_at": taken.lease_expires_at,
            **await claimed_call(own, who, taken.call_id),
        }
    )


@needs("queues.claim")
async def refuse(request: web.Request) -> web.Response:
    """POST /queues/{name}/refuse: decline what rings."""
    own = services(request)
    refused = await refuse_offer(own.pool, own.published.policy, request.match_info["name"], principal(request).user_id)
    await own.signals.ring()
    return json_response({"refused": refused})


@needs("queues.claim")
async def keep(request: web.Request) -> web.Response:
    """POST /assignments/{id}/heartbeat: the lease is kept."""
    own = services(request)
    expires = await heartbeat(own.pool, own.published.policy, path_id(request), principal(request).user_id)
    return json_response({"assignment_id": path_id(request), "lease_expires_at": expires})


class ReleaseBody(Body):
    """POST /assignments/{id}/release."""

    reason: str | None = Field(None, max_length=500)


@needs("queues.claim")
async def give_back(request: web.Request) -> web.Response:
    """POST /assignments/{id}/release: back to its old place."""
    own = services(request)
    body = await read_body(request, ReleaseBody)
    who = principal(request)
    await release(own.pool, own.vault, own.published.policy, path_id(request), who.user_id, reason=body.reason)
    await own.signals.ring()
    return json_response({"assignment_id": path_id(request), "outcome": "released"})


class CompleteBody(Body):
    """POST /assignments/{id}/complete. With ``callback_at`` the call comes back then instead of being closed."""

    disposition: str = Field(min_length=1, max_length=200)
    notes: str | None = Field(None, max_length=20_000)
    summary: str | None = Field(None, max_length=4_000)
    #: The caller agreed that others than this desk see the summary.
    summary_approved: bool | None = None
    callback_at: AwareDatetime | None = None
    callback_until: AwareDatetime | None = None


@needs("queues.claim")
async def finish(request: web.Request) -> web.Response:
    """POST /assignments/{id}/complete: closed with disposition and notes, or back at a promised time."""
    own = services(request)
    body = await read_body(request, CompleteBody)
    said: dict[str, Any] = body.model_dump(exclude={"callback_at", "callback_until"})
    of = (own.pool, own.vault, own.published.policy, path_id(request), principal(request).user_id)
    if body.callback_at is None:
        await complete(*of, **said)
    else:
        await promise(*of, at=body.callback_at, until=body.callback_until, **said)
    await own.signals.ring()
    outcome = "completed" if body.callback_at is None else "promised"
    return json_response({"assignment_id": path_id(request), "outcome": outcome})


class NotesBody(Body):
    """PUT /assignments/{id}/notes; what is left out stays as it is."""

    notes: str | None = Field(None, max_length=20_000)
    summary: str | None = Field(None, max_length=4_000)
    summary_approved: bool | None = None


@needs("queues.claim")
async def autosave(request: web.Request) -> web.Response:
    """PUT /assignments/{id}/notes: saved while the call goes on."""
    body = await read_body(request, NotesBody)
    own = services(request)
    await save_notes(own.pool, own.vault, path_id(request), principal(request).user_id, **body.model_dump())
    return json_response({"assignment_id": path_id(request), "saved": True})


@needs("queues.claim")
async def in_hand(request: web.Request) -> web.Response:
    """GET /assignments: what I have in hand."""
    own = services(request)
    async with own.pool.acquire() as connection:
        rows = await queries.open_assignments(connection, user_id=principal(request).user_id)
    return json_response({"items": [opened(own.vault, row, "assignments", ("notes",)) for row in rows]})


class PresenceBody(Body):
    """PUT /presence."""

    presence: str


@needs("queues.claim")
async def be_present(request: web.Request) -> web.Response:
    """PUT /presence: available, paused or offline."""
    own = services(request)
    body = await read_body(request, PresenceBody)
    await set_presence(own.pool, principal(request).user_id, body.presence)
    await own.signals.ring()
    return json_response({"presence": body.presence})


@needs("queues.claim")
async def lengthen_wrap_up(request: web.Request) -> web.Response:
    """POST /presence/wrap-up: more time after a call, once for each call."""
    own = services(request)
    until = await extend_wrap_up(own.pool, own.published.policy, principal(request).user_id)
    return json_response({"presence": "wrap_up", "wrap_up_until": until})
