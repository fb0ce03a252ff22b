"""The desk 坐席 of lawyers, mediators, police and departments: own queues, the call, the work on it.

One path for all; what a role's desk looks like beyond the shared parts stands in ``DESKS``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from hotline.access.service import without_own
from hotline.accounts.permissions import Role
from hotline.accounts.store import Principal
from hotline.console.calls import queries, shown_call
from hotline.console.casework import DEPARTMENT, MEDIATOR
from hotline.console.desk_view import Desk
from hotline.console.lawyer import LAWYER
from hotline.console.operator import destination_states
from hotline.console.police import POLICE
from hotline.console.render import fragment, page, part
from hotline.console.words import CALLBACK, DESTINATIONS, DISPOSITIONS, OVERRULE_REASONS, RELEASE_REASONS
from hotline.web.api.queues import claim_next
from hotline.web.bodies import Body, path_id, read_body
from hotline.web.keys import Services, needs, principal, services
from hotline.web.problems import json_bytes
from hotline.web.views import listed_item
from routing.errors import AssignmentNotFound
from routing.events.store import newest
from routing.policy.facts import LOCAL_ZONE
from routing.queues.service import LATE_NOTES_S
from routing.queues.store import queries as queue_queries
from routing.sealing import opened

SHOWN_PER_QUEUE = 30
#: An agent who never logged in.
OFFLINE = {"presence": "offline", "presence_since": None, "wrap_up_until": None, "wrap_up_extended": False}
#: The desks that differ from the plain one.
DESKS: dict[Role, Desk] = {"lawyer": LAWYER, "mediator": MEDIATOR, "department": DEPARTMENT, "police": POLICE}
_PLAIN = Desk()


def desk_of(who: Principal) -> Desk:
    """The desk of somebody's role."""
    return DESKS.get(who.role, _PLAIN)


@needs("queues.claim")
async def desk(request: web.Request) -> web.StreamResponse:
    """GET /desk."""
    own, who = services(request), principal(request)
    view = desk_of(who)
    choices = {"overrule_reasons": OVERRULE_REASONS, "release_reasons": RELEASE_REASONS, "destinations": DESTINATIONS}
    shown = {"live": True, **choices, **await _side(own, who)}
    return await page(request, view.page, shown | await view.page_extra(own, who, shown))


@needs("queues.claim")
async def side(request: web.Request) -> web.StreamResponse:
    """GET /desk/side: presence, what rings, what is in hand, what waits."""
    own, who = services(request), principal(request)
    return fragment(request, desk_of(who).side, await _side(own, who))


async def _side(own: Services, who: Principal) -> dict[str, Any]:
    policy, view = own.published.policy, desk_of(who)
    names = policy.queues_of_role(who.role)
    midnight = datetime.now(LOCAL_ZONE).replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)
    async with own.pool.acquire() as connection:
        agent = await queries.own_agent(connection, user_id=who.user_id)
        ringing = await queries.ringing_at(connection, user_id=who.user_id)
        in_hand = [dict(row) for row in await queries.in_hand(connection, user_id=who.user_id)]
        wrapping = await queries.own_wrap_up(connection, user_id=who.user_id)
        today = await queries.done_today(connection, user_id=who.user_id, since=midnight)
        lists = []
        for name in names:
            for fits in (True, False) if view.by_fit else (None,):
                rows = await queue_queries.waiting_items(
                    connection, queue=name, user_id=who.user_id, fits=fits, limit=SHOWN_PER_QUEUE + 1
                )
                more = len(rows) > SHOWN_PER_QUEUE
                rows = await without_own(connection, who, rows[:SHOWN_PER_QUEUE], "call_id")
                items = [listed_item(own.vault, row) for row in rows]
                lists.append({"queue": policy.queue(name), "items": items, "more": more, "fits": fits})
    for row in in_hand:
        # three heartbeats a lease: two may be lost before the call goes back
        row["heartbeat_s"] = max(5, policy.queue(row["queue"]).lease_s // 3)
    shown: dict[str, Any] = {
        "agent": dict(agent) if agent else OFFLINE,
        "wrapping": dict(wrapping) if wrapping else None,
        "wrap_up_extension_s": policy.queue(wrapping["queue"]).wrap_up_extension_s if wrapping else 0,
        "ringing": dict(ringing) if ringing else None,
        "in_hand": in_hand,
        "lists": lists,
        "today": dict(today),
    }
    return shown | await view.side_extra(own, who, shown)


@needs("queues.claim")
async def work(request: web.Request) -> web.StreamResponse:
    """GET /desk/work/{id}: one call in hand and the work on it, each as HTML."""
    own, who = services(request), principal(request)
    async with own.pool.acquire() as connection:
        row = await queries.own_assignment(connection, assignment_id=path_id(request), user_id=who.user_id)
    if row is None:
        raise AssignmentNotFound("这张接单已经结束（办结、退回或租约到期）。")
    shown, states = await asyncio.gather(shown_call(own, who, row["call_id"]), destination_states(own))
    return _as_json(await _in_parts(request, row, shown, states))


class NextBody(Body):
    """POST /desk/next."""

    queue: str | None = None
    """Where something rings for this person; None: the queues of their role in order."""
    seen: list[int] | None = None
    """Calls whose other side this person was shown; None: nothing is asked before a call opens."""


@needs("queues.claim")
async def take_next(request: web.Request) -> web.StreamResponse:
    """POST /desk/next: the next call claimed, with all that the desk shows of it in one answer; 204 without one.

    ``parts`` is None where the other side has to be shown first: a lawyer may have to give the call back (回避).
    ``since``: the newest event that the parts know of.
    """
    own, who = services(request), principal(request)
    body = await read_body(request, NextBody)
    queues = own.published.policy.queues_of_role(who.role)
    taken = await claim_next(request, [name for name in queues if body.queue in (None, name)])
    if taken is None:
        return web.Response(status=204)
    async with own.pool.acquire() as connection:
        # before the rest is read, which therefore knows of it
        since = await newest(connection)
        row = await queries.own_assignment(connection, assignment_id=taken.assignment_id, user_id=who.user_id)
    shown, states = await asyncio.gather(shown_call(own, who, taken.call_id), destination_states(own))
    opposed = shown["counterparty"]["names"]
    unasked = body.seen is None or not opposed or taken.call_id in body.seen
    answer = {
        "assignment_id": taken.assignment_id,
        "call_id": taken.call_id,
        "counterparty": opposed,
        "since": str(since),
        "parts": await _in_parts(request, row, shown, states) if unasked else None,
    }
    return _as_json(answer)


def _as_json(answer: Mapping[str, Any]) -> web.Response:
    return web.Response(body=json_bytes(answer), content_type="application/json")


async def _in_parts(
    request: web.Request, row: Mapping[str, Any], shown: dict[str, Any], states: Mapping[str, Any]
) -> dict[str, str]:
    """The middle and the right of the desk for the assignment ``row``, read at one time."""
    own, who = services(request), principal(request)
    mine = {own.published.policy.queue(name).destination for name in own.published.policy.queues_of_role(who.role)}
    context = {
        **shown,
        "assignment": opened(own.vault, row, "assignments", ("notes", "summary")),
        "dispositions": DISPOSITIONS.get(who.role, DISPOSITIONS["admin"]),
        "callback": CALLBACK,
        "onward": [state for name, state in states.items() if name not in mine],
    }
    view = desk_of(who)
    context |= await view.work_extra(own, who, context)
    return {"call": part(request, "_call.html", shown), "work": part(request, view.work, context)}


@needs("queues.claim")
async def wrap_up(request: web.Request) -> web.StreamResponse:
    """GET /desk/wrap-up/{id}: notes and summary of a call that has just ended, to be finished in peace."""
    own, who = services(request), principal(request)
    async with own.pool.acquire() as connection:
        row = await queries.own_ended(
            connection, assignment_id=path_id(request), user_id=who.user_id, late_s=LATE_NOTES_S
        )
    if row is None:
        raise AssignmentNotFound("这通来电的整理已经结束。")
    shown = opened(own.vault, row, "assignments", ("disposition", "notes", "summary"))
    return fragment(request, "_desk_wrap_up.html", {"assignment": shown})
