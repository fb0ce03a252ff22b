"""The desk 坐席 of lawyers, mediators, police and departments: own queues, the call, the work on it.

One path for all; what a role's desk looks like beyond the shared parts stands in ``DESKS``.
"""

from __future__ import annotations

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
from hotline.console.render import fragment, page
from hotline.console.words import CALLBACK, DESTINATIONS, DISPOSITIONS, OVERRULE_REASONS, RELEASE_REASONS
from hotline.web.bodies import path_id
from hotline.web.keys import Services, needs, principal, services
from hotline.web.views import listed_item
from routing.errors import AssignmentNotFound
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
    policy = own.published.policy
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
            rows = await queue_queries.waiting_items(connection, queue=name, limit=SHOWN_PER_QUEUE + 1)
            rows = await without_own(connection, who, rows, "call_id")
            items = [listed_item(own.vault, row) for row in rows]
            lists.append({"queue": policy.queue(name), "items": items[:SHOWN_PER_QUEUE], "more": len(items) > 30})
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
    return shown | await desk_of(who).side_extra(own, who, shown)


@needs("queues.claim")
async def work(request: web.Request) -> web.StreamResponse:
    """GET /desk/work/{id}: notes, outcome and handing on of one call in hand."""
    own, who = services(request), principal(request)
    async with own.pool.acquire() as connection:
        row = await queries.own_assignment(connection, assignment_id=path_id(request), user_id=who.user_id)
    if row is None:
        raise AssignmentNotFound("这张接单已经结束（办结、退回或租约到期）。")
    shown = await shown_call(own, who, row["call_id"])
    states = await destination_states(own)
    mine = {own.published.policy.queue(name).destination for name in own.published.policy.queues_of_role(who.role)}
    context = {
        **shown,
        "assignment": opened(own.vault, row, "assignments", ("notes", "summary")),
        "dispositions": DISPOSITIONS.get(who.role, DISPOSITIONS["admin"]),
        "callback": CALLBACK,
        "onward": [state for name, state in states.items() if name not in mine],
    }
    view = desk_of(who)
    return fragment(request, view.work, context | await view.work_extra(own, who, context))


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
