"""The operator's table 话务台: calls on the left, the call in the middle, the proposal on the right."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import orjson
from aiohttp import web

from hotline.accounts.store import Principal
from hotline.console.calls import queries, shown_call
from hotline.console.danger import panel_context
from hotline.console.render import fragment, page, part
from hotline.console.words import DESTINATIONS, OVERRULE_REASONS, WRAP_UP_DISPOSITIONS
from hotline.web.bodies import path_id
from hotline.web.contact_rules import listed_rules
from hotline.web.keys import Services, needs, principal, services
from hotline.web.problems import json_bytes
from hotline.web.views import listed_item
from routing.calls.store import queries as call_queries
from routing.policy.rails import SELF_HARM
from routing.policy.settings import Policy, QueueSettings
from routing.queues.first.service import departments_of_fields
from routing.queues.store import queries as queue_queries
from routing.rosters.night import expected_wait_s
from routing.sql import load_queries
from routing.wrapups.service import queries as wrap_up_queries

own_queries = load_queries(__file__, "operator.sql")

LIST_LIMIT = 100
#: Groups of the list with their names on screen, in their order. Danger happening now stands on top wherever it is; a
#: person who waits on the line is not sorted among papers.
GROUPS: dict[str, str] = {
    "danger": "危险正在发生",
    "mine": "我的",
    "callbacks": "待回拨",
    "waiting": "等待 · 在线",
    "records": "等待 · 待回拨与工单",
}


@needs("calls.answer")
async def table(request: web.Request) -> web.StreamResponse:
    """GET /operator."""
    context = {
        "live": True,
        **await _list(services(request), principal(request).user_id),
        "lines": list(services(request).profiles),
        "wrap_up_dispositions": WRAP_UP_DISPOSITIONS,
        **_choices(),
    }
    return await page(request, "operator.html", context)


def _choices() -> dict[str, Any]:
    return {"overrule_reasons": OVERRULE_REASONS, "destinations": DESTINATIONS}


@needs("calls.answer")
async def call_list(request: web.Request) -> web.StreamResponse:
    """GET /operator/calls: the left side."""
    return fragment(request, "_operator_list.html", await _list(services(request), principal(request).user_id))


async def _list(own: Services, user_id: int) -> dict[str, Any]:
    """``groups``: (code, name, entries) of those that have calls; in each danger comes first, then the oldest.

    ``more``: how many of the queue's first are listed, where it is longer than that; else 0.
    """
    async with own.pool.acquire() as connection:
        held = await call_queries.held_calls(connection, user_id=user_id)
        work = await own_queries.own_work(connection, user_id=user_id)
        promised = await own_queries.own_callbacks(connection, user_id=user_id)
        queue = own.published.policy.queue_for("operators").name
        waiting = await queue_queries.waiting_items(
            connection, queue=queue, user_id=None, fits=None, limit=LIST_LIMIT + 1
        )
    entries = [_entry(own, row, row["received_at"], mine=row["held_by"] is not None, live=True) for row in held]
    entries += [_entry(own, row, row["enqueued_at"], mine=True, live=row["live"]) for row in work]
    known = {entry["call_id"] for entry in entries}
    entries += [
        _entry(own, row, row["enqueued_at"], mine=False, live=row["live"])
        for row in waiting[:LIST_LIMIT]
        if row["call_id"] not in known
    ]
    known = {entry["call_id"] for entry in entries}
    entries += [
        _entry(own, row, row["due_at"], mine=True, live=False)
        | {"due_at": row["due_at"], "group": "callbacks", "contact": "callback"}
        | {"contact_rules": listed_rules(own.vault, row)}
        for row in promised
        if row["call_id"] not in known
    ]
    entries.sort(key=lambda entry: (-entry["danger_level"], entry["since"]))
    by_group = [(code, name, [entry for entry in entries if entry["group"] == code]) for code, name in GROUPS.items()]
    return {
        "groups": [group for group in by_group if group[2]],
        "more": LIST_LIMIT if len(waiting) > LIST_LIMIT else 0,
    }


def _entry(own: Services, row: Mapping[str, Any], since: datetime, *, mine: bool, live: bool) -> dict[str, Any]:
    shown = listed_item(own.vault, row)
    level = shown["danger_level"] or 0
    return {
        "call_id": shown["call_id"],
        "line": shown["line"],
        "contact": shown["contact"],
        "live": live,
        "mine": mine,
        "assignment_id": shown.get("assignment_id"),
        "since": since,
        "due_at": None,
        "contact_rules": None,
        "region": shown["region"],
        "excerpt": shown["excerpt"],
        "route": shown["route"],
        "confidence": shown["confidence"],
        "review": shown["review"],
        "danger_level": level,
        "destination": shown["destination"],
        "group": "danger" if level >= 2 else "mine" if mine else "waiting" if live else "records",
    }


@needs("calls.answer")
async def forwards(request: web.Request) -> web.StreamResponse:
    """GET /operator/forwards: what I forwarded and nobody has taken yet, and calls whose form is still to be filled."""
    async with services(request).pool.acquire() as connection:
        rows = await queries.own_forwards(connection, user_id=principal(request).user_id)
        unfinished = await wrap_up_queries.to_wrap_up(connection, user_id=principal(request).user_id)
    context = {"forwards": [dict(row) for row in rows], "to_wrap_up": [dict(row) for row in unfinished]}
    return fragment(request, "_forwards.html", context)


@needs("calls.answer")
async def call_in_parts(request: web.Request) -> web.StreamResponse:
    """GET /operator/calls/{id}: the chosen call, its proposal and its danger panel, each as HTML, read at one time.

    One answer for the three parts of the screen: what is proposed fits the words beside it, and a key waits once.
    """
    own, who = services(request), principal(request)
    shown = await shown_call(own, who, path_id(request))
    parts = {
        "call": part(request, "_call.html", shown),
        "proposal": part(request, "_proposal.html", await _proposal(own, who, shown)),
        "danger": part(request, "_danger.html", {**shown, **panel_context(own, who, shown)}),
    }
    return web.Response(body=json_bytes(parts), content_type="application/json")


@needs("calls.answer")
async def staffing(request: web.Request) -> web.StreamResponse:
    """GET /operator/staffing?queue=: who is on duty at a proposal's queue and how long it takes there, as HTML.

    ``facts`` of that queue, whether it is ``short_handed`` with what is then offered to the caller, ``figures`` of the
    main queue of every destination: what changes beside a proposal that stays as it is. Raises QueueNotFound.
    """
    own = services(request)
    policy = own.published.policy
    queue = policy.queue(request.query.get("queue", ""))
    main = {name: policy.queue_for(name) for name in DESTINATIONS}  # type: ignore[arg-type]
    states = await queue_states(own, [*main.values(), queue])
    people = await _people(own, queue.name)
    target = states[queue.name]
    short = short_handed(target)
    answer = {
        "facts": part(request, "_queue_facts.html", {"target": target, "on_duty": people}),
        "short_handed": short,
        "offer": part(request, "_choice_offer.html", {"short_handed": short}),
        "figures": {name: part(request, "_queue_figures.html", {"s": states[main[name].name]}) for name in main},
    }
    return web.Response(body=json_bytes(answer), content_type="application/json")


async def _proposal(own: Services, who: Principal, shown: Mapping[str, Any]) -> dict[str, Any]:
    """What the right side shows, with queues and waits as they are now."""
    decision = shown["decision"]
    context: dict[str, Any] = {**shown, **_choices(), "signature": "", "target": None, "alternatives": []}
    context |= {"short_handed": False, "on_duty": [], "closing_locked": _closing_locked(shown)}
    if decision is not None:
        policy = own.published.policy
        queue = policy.queues.get(decision["target_queue"])
        main = {name: policy.queue_for(name) for name in DESTINATIONS}  # type: ignore[arg-type]
        states = await queue_states(own, [*main.values(), *([queue] if queue else [])])
        target = states[(queue or main[decision["destination"]]).name]
        context |= {
            "target": target,
            "alternatives": [states[main[name].name] for name in _alternatives(policy, shown)],
            "on_duty": await _people(own, target["queue"].name),
            "signature": signature(shown),
            "short_handed": short_handed(target),
            "owners": await _owners(own, shown) if decision["destination"] == "departments" else [],
        }
    context["in_hand"] = _in_hand(shown, who)
    context["may_act"] = shown["call"]["state"] in ("received", "triaged", "proposed", "queued", "offered", "claimed")
    return context


async def _owners(own: Services, shown: Mapping[str, Any]) -> list[str]:
    """Names of the departments that a ticket goes to first: those that answer for the call's first topic."""
    topics = shown["triage"]["topic"] if shown["triage"] else []
    if not topics:
        return []
    async with own.pool.acquire() as connection:
        found = await departments_of_fields(connection)
    return [owner.name for owner in found.get(topics[0][0], ())]


def _alternatives(policy: Policy, shown: Mapping[str, Any]) -> list[str]:
    """The other destinations, the likeliest first: in the order of the classes they serve, then as their keys stand."""
    ranking = [route for route, _ in shown["triage"]["ranking"]] if shown["triage"] else []
    order = [policy.queue(policy.class_queues[route]).destination for route in ranking] + list(DESTINATIONS)
    left = [name for name in dict.fromkeys(order) if name not in (shown["decision"]["destination"], "operators")]
    return [name for name in left if name in DESTINATIONS]


async def _people(own: Services, queue: str) -> list[dict[str, Any]]:
    """Who is on duty there by name, and what they do now; without a roster whoever is there."""
    people = own.published.book.people(queue, datetime.now(UTC))
    async with own.pool.acquire() as connection:
        if people:
            rows = await own_queries.on_duty_names(connection, user_ids=list(people))
        else:
            roles = [role for role, names in own.published.policy.roles.items() if queue in names]
            rows = await own_queries.present_by_role(connection, roles=roles)
    return [dict(row) for row in rows]


def _in_hand(shown: Mapping[str, Any], who: Principal) -> bool:
    """Whether this person has claimed the call from the operators' queue and may put it back."""
    item = shown["queue_item"]
    return item is not None and item["state"] == "claimed" and item["assigned_to"] == who.display_name


def _closing_locked(shown: Mapping[str, Any]) -> bool:
    """Whether the call may not be ended here: self-harm was heard and nobody has released it."""
    triage = shown["triage"]
    heard = triage is not None and any(signal["kind"] == SELF_HARM for signal in triage["danger"]["signals"])
    return heard and shown["danger_panel"]["release"] is None


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
    main = {name: own.published.policy.queue_for(name) for name in DESTINATIONS}  # type: ignore[arg-type]
    states = await queue_states(own, main.values())
    return {name: states[queue.name] for name, queue in main.items()}


async def queue_states(own: Services, queues: Iterable[QueueSettings]) -> dict[str, dict[str, Any]]:
    """Of each queue by name: waiting, free and on duty, and the wait to be expected in seconds (None: nobody there)."""
    now = datetime.now(UTC)
    by_name = {queue.name: queue for queue in queues}
    people = {name: own.published.book.people(name, now) for name in by_name}
    rostered = [user_id for each in people.values() for user_id in each]
    async with own.pool.acquire() as connection:
        counts = {row["queue"]: row for row in await queue_queries.queue_counts(connection)}
        by_role = {row["role"]: row["available"] for row in await queue_queries.available_by_role(connection)}
        rows = await own_queries.free_people(connection, user_ids=rostered) if rostered else []
    free_people = {row["user_id"] for row in rows}
    roles = own.published.policy.roles

    def state(queue: QueueSettings) -> dict[str, Any]:
        duty = own.published.duty(queue.name, now)
        rostered_here = people[queue.name]
        serving = (role for role, names in roles.items() if queue.name in names)
        free = (
            len(free_people.intersection(rostered_here))
            if rostered_here
            else sum(by_role.get(role, 0) for role in serving)
        )
        count = counts.get(queue.name)
        waiting, ahead = (count["waiting"], count["ahead"]) if count else (0, 0)
        return {
            "queue": queue,
            "destination": queue.destination,
            "waiting": waiting,
            "free": free,
            "on_duty": duty if rostered_here else None,
            "staffed": duty > 0,
            "expected_wait_s": expected_wait_s(ahead, max(duty, free), free, float(queue.expected_service_s)),
        }

    return {name: state(queue) for name, queue in by_name.items()}
