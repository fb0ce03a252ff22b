"""The operator's table 话务台: calls on the left, the call in the middle, the proposal on the right."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson
from aiohttp import web

from hotline.console.calls import queries, shown_call
from hotline.console.render import fragment, page
from hotline.console.words import DESTINATIONS, OVERRULE_REASONS
from hotline.web.bodies import path_id
from hotline.web.keys import Services, needs, principal, services
from hotline.web.views import listed_item
from routing.calls.store import queries as call_queries
from routing.policy.settings import QueueSettings
from routing.queues.store import queries as queue_queries
from routing.rosters.night import expected_wait_s

LIST_LIMIT = 100


@needs("calls.answer")
async def table(request: web.Request) -> web.StreamResponse:
    """GET /operator."""
    return await page(
        request,
        "operator.html",
        {"live": True, "entries": await _entries(services(request), principal(request).user_id), **_choices()},
    )


def _choices() -> dict[str, Any]:
    return {"overrule_reasons": OVERRULE_REASONS, "destinations": DESTINATIONS}


@needs("calls.answer")
async def call_list(request: web.Request) -> web.StreamResponse:
    """GET /operator/calls: the left side."""
    entries = await _entries(services(request), principal(request).user_id)
    return fragment(request, "_operator_list.html", {"entries": entries})


async def _entries(own: Services, user_id: int) -> list[dict[str, Any]]:
    """Live calls that are mine or nobody's, then what waits in queue ``operators``.

    Danger happening now comes first wherever it stands; then people on the
    line before records; within each, danger first, then the oldest.
    """
    async with own.pool.acquire() as connection:
        held = await call_queries.held_calls(connection, user_id=user_id)
        queue = own.published.policy.queue_for("operators").name
        waiting = await queue_queries.waiting_items(connection, queue=queue, limit=LIST_LIMIT)
    held = [listed_item(own.vault, row) for row in held]
    waiting = [listed_item(own.vault, row) for row in waiting]
    entries = [_entry(row, row["received_at"], held_by=row["held_by"], live=True) for row in held]
    known = {entry["call_id"] for entry in entries}
    entries += [
        _entry(row, row["enqueued_at"], held_by=None, live=row["live"])
        for row in waiting
        if row["call_id"] not in known
    ]
    return sorted(entries, key=_rank)


def _entry(row: Mapping[str, Any], since: datetime, *, held_by: int | None, live: bool) -> dict[str, Any]:
    return {
        "call_id": row["call_id"],
        "line": row["line"],
        "contact": row["contact"],
        "live": live,
        "mine": held_by is not None,
        "since": since,
        "region": row["region"],
        "excerpt": row["excerpt"],
        "route": row["route"],
        "confidence": row["confidence"],
        "review": row["review"],
        "danger_level": row["danger_level"] or 0,
        "destination": row["destination"],
    }


def _rank(entry: Mapping[str, Any]) -> tuple[bool, bool, int, datetime]:
    return entry["danger_level"] < 2, not entry["live"], -entry["danger_level"], entry["since"]


@needs("calls.answer")
async def forwards(request: web.Request) -> web.StreamResponse:
    """GET /operator/forwards: what I forwarded and nobody has taken yet."""
    async with services(request).pool.acquire() as connection:
        rows = await queries.own_forwards(connection, user_id=principal(request).user_id)
    return fragment(request, "_forwards.html", {"forwards": [dict(row) for row in rows]})


@needs("calls.read")
async def proposal(request: web.Request) -> web.StreamResponse:
    """GET /console/calls/{id}/proposal: the right side, with queues and waits as they are now."""
    own, who = services(request), principal(request)
    shown = await shown_call(own, who, path_id(request))
    decision = shown["decision"]
    context: dict[str, Any] = {**shown, **_choices(), "signature": "", "target": None, "alternatives": []}
    context["short_handed"] = False
    if decision is not None:
        states = await destination_states(own)
        target = states[decision["destination"]]
        queue = own.published.policy.queues.get(decision["target_queue"])
        if queue is not None and queue.name != target["queue"].name:
            target = await queue_state(own, queue)
        context |= {
            "target": target,
            "alternatives": [s for name, s in states.items() if name not in (decision["destination"], "operators")],
            "signature": signature(shown),
            "short_handed": short_handed(target),
        }
    context["may_act"] = shown["call"]["state"] in ("received", "triaged", "proposed", "queued", "offered", "claimed")
    return fragment(request, "_proposal.html", context)


def short_handed(state: Mapping[str, Any]) -> bool:
    """Whether the screen offers the caller's choice of its own accord: fewer people on duty than callers who wait.

    Never for police: nobody in danger is asked to leave a message.
    """
    if state["destination"] == "police":
        return False
    people = state["free"] if state["on_duty"] is None else state["on_duty"]
    return not state["staffed"] or people < state["waiting"]


def signature(shown: Mapping[str, Any]) -> str:
    """Equal as long as pressing Enter would do the same thing for the same kind of call.

    A live call is read again with every sentence; only a change of what would
    happen, or of the danger, asks the operator to look again.
    """
    decision, triage = shown["decision"], shown["triage"]
    names = ("destination", "target_queue", "mode", "joint", "forbid", "outcome")
    what = [decision[name] for name in names] + [triage["danger"]["level"] if triage else 0, shown["call"]["live"]]
    return hashlib.sha256(orjson.dumps(what)).hexdigest()[:16]


async def destination_states(own: Services) -> dict[str, dict[str, Any]]:
    """The main queue of every destination as it stands now, in the order of the keys."""
    return {name: await queue_state(own, own.published.policy.queue_for(name)) for name in DESTINATIONS}  # type: ignore[arg-type]


async def queue_state(own: Services, settings: QueueSettings) -> dict[str, Any]:
    """Waiting, free and on duty, and the wait to be expected in seconds (None: nobody on duty)."""
    now = datetime.now(UTC)
    duty = own.published.duty(settings.name, now)
    people = own.published.book.people(settings.name, now)
    async with own.pool.acquire() as connection:
        counts = {row["queue"]: row for row in await queue_queries.queue_counts(connection)}
        by_role = {row["role"]: row["available"] for row in await queue_queries.available_by_role(connection)}
        rostered_free = await queue_queries.free_among(connection, user_ids=list(people)) if people else 0
    roles = [role for role, names in own.published.policy.roles.items() if settings.name in names]
    free = rostered_free if people else sum(by_role.get(role, 0) for role in roles)
    count = counts.get(settings.name)
    waiting, ahead = (count["waiting"], count["ahead"]) if count else (0, 0)
    return {
        "queue": settings,
        "destination": settings.destination,
        "waiting": waiting,
        "free": free,
        "on_duty": duty if people else None,
        "staffed": duty > 0,
        "expected_wait_s": expected_wait_s(ahead, max(duty, free), free, float(settings.expected_service_s)),
    }
