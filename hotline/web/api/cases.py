"""``/api/v1/items/{id}/...``, ``/undertakings`` and ``/objections``: cases from acceptance to appraisal."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from aiohttp import web
from pydantic import AwareDatetime, Field

from hotline.access.service import check_concern
from hotline.audit.store import record
from hotline.web.bodies import Body, path_id, read_body
from hotline.web.case_views import case_file
from hotline.web.keys import Services, needs, principal, services
from hotline.web.problems import json_response
from routing.cases.objections.service import Ruling, Said, decide, departments_of, object_to, object_to_item
from routing.cases.service import accept, appraise, extend, feed_back, give_back, return_item, take_over
from routing.cases.steps.service import add_step, finish_step
from routing.cases.store import queries
from routing.errors import UndertakingNotFound
from routing.policy.decision import Destination

MAX_TEXT = 20_000


def _own_queues(request: web.Request) -> tuple[str, ...]:
    return services(request).published.policy.queues_of_role(principal(request).role)


async def _check_item(request: web.Request, item_id: int) -> None:
    """A complaint never goes to whom it concerns. Raises OwnComplaint or UndertakingNotFound."""
    own, who = services(request), principal(request)
    async with own.pool.acquire() as connection:
        call_id = await queries.call_of_item(connection, item_id=item_id)
        if call_id is None:
            raise UndertakingNotFound(f"没有编号为 {item_id} 的队列项。")
        await check_concern(connection, who, call_id)


async def _accept(request: web.Request) -> web.Response:
    own, who, item_id = services(request), principal(request), path_id(request)
    await _check_item(request, item_id)
    await own.published.refresh(own.pool)
    taken = await accept(
        own.pool,
        own.published.policy,
        item_id,
        who.user_id,
        queues=_own_queues(request),
        on_roster=own.published.book.has,
    )
    await own.signals.ring()
    return json_response(taken, status=201)


@needs("cases.mediate")
async def accept_for_mediation(request: web.Request) -> web.Response:
    """POST /items/{id}/mediate: the mediator takes the dispute on as a case."""
    return await _accept(request)


@needs("cases.undertake")
async def accept_for_department(request: web.Request) -> web.Response:
    """POST /items/{id}/undertake: the department takes the ticket on."""
    return await _accept(request)


class ObjectionBody(Body):
    """POST /items/{id}/object and /undertakings/{id}/object."""

    reason: str
    words: str | None = Field(None, max_length=2000)
    suggested: str | None = None


@needs("cases.undertake")
async def object_before(request: web.Request) -> web.Response:
    """POST /items/{id}/object: against a dispatch that nobody has accepted yet."""
    own, who, item_id = services(request), principal(request), path_id(request)
    body = await read_body(request, ObjectionBody)
    await _check_item(request, item_id)
    made = await object_to_item(
        own.pool,
        own.vault,
        own.published.policy,
        item_id,
        who.user_id,
        queues=_own_queues(request),
        on_roster=own.published.book.has,
        said=Said(body.reason, body.words, body.suggested),
    )
    await own.signals.ring()
    return json_response(made, status=201)


@needs("cases.undertake")
async def object_after(request: web.Request) -> web.Response:
    """POST /undertakings/{id}/object: against the dispatch of a case that was accepted."""
    own = services(request)
    body = await read_body(request, ObjectionBody)
    made = await object_to(
        own.pool,
        own.vault,
        own.published.policy,
        path_id(request),
        principal(request).user_id,
        said=Said(body.reason, body.words, body.suggested),
    )
    await own.signals.ring()
    return json_response(made, status=201)


class RulingBody(Body):
    """POST /objections/{id}/decide."""

    upheld: bool
    destination: Destination | None = None
    words: str | None = Field(None, max_length=2000)
    consent: bool = False
    new_danger: bool = False
    department: int | None = None


@needs("objections.decide")
async def departments(request: web.Request) -> web.Response:
    """GET /objections/{id}/departments: whom a ruling may name, those that answer for the call's topic first."""
    async with services(request).pool.acquire() as connection, connection.transaction():
        choices = await departments_of(connection, path_id(request))
    return json_response({"items": [asdict(choice) for choice in choices]})


@needs("objections.decide")
async def rule(request: web.Request) -> web.Response:
    """POST /objections/{id}/decide: upheld, the call goes elsewhere; rejected, the dispatch stands."""
    own, who, objection_id = services(request), principal(request), path_id(request)
    body = await read_body(request, RulingBody)
    ruling = Ruling(body.upheld, body.destination, body.words, body.consent, body.new_danger, body.department)
    async with own.pool.acquire() as connection, connection.transaction():
        made = await decide(
            connection, own.vault, own.published.policy, objection_id, user_id=who.user_id, ruling=ruling
        )
        await record(
            connection,
            actor=who,
            action="objection_decided",
            subject=f"call:{made['call_id']}",
            detail={
                "objection_id": objection_id,
                "decision": made["decision"],
                "queue": made["queue"],
                "consent": body.consent,
                "new_danger": body.new_danger,
            },
        )
    await own.signals.ring()
    return json_response(made)


@needs("calls.read")
async def show(request: web.Request) -> web.Response:
    """GET /undertakings/{id}: the case's file as this person may see it."""
    return json_response(await case_file(services(request), principal(request), path_id(request)))


@needs("cases.carry")
async def take_on_orphan(request: web.Request) -> web.Response:
    """POST /undertakings/{id}/take-over: a case whose holder has left."""
    own, who = services(request), principal(request)
    await take_over(own.pool, path_id(request), who.user_id, queues=_own_queues(request))
    await own.signals.ring()
    return json_response({"undertaking_id": path_id(request)})


class ReturnBody(Body):
    """POST /undertakings/{id}/return."""

    reason: str
    words: str | None = Field(None, max_length=2000)


@needs("cases.mediate")
async def send_back(request: web.Request) -> web.Response:
    """POST /undertakings/{id}/return: the mediator returns the case with a reason."""
    own = services(request)
    body = await read_body(request, ReturnBody)
    await give_back(
        own.pool, own.vault, path_id(request), principal(request).user_id, reason=body.reason, words=body.words
    )
    await own.signals.ring()
    return json_response({"undertaking_id": path_id(request), "state": "handed_on"})


@needs("cases.mediate")
async def send_back_waiting(request: web.Request) -> web.Response:
    """POST /items/{id}/return: the mediator returns what waits, with a reason, without taking it on."""
    own, who, item_id = services(request), principal(request), path_id(request)
    body = await read_body(request, ReturnBody)
    await _check_item(request, item_id)
    made = await return_item(
        own.pool,
        own.vault,
        own.published.policy,
        item_id,
        who.user_id,
        queues=_own_queues(request),
        on_roster=own.published.book.has,
        reason=body.reason,
        words=body.words,
    )
    await own.signals.ring()
    return json_response({"undertaking_id": made["undertaking_id"], "state": "handed_on"})


class FeedbackBody(Body):
    """POST /undertakings/{id}/end and /reply."""

    outcome: str
    text: str = Field(min_length=1, max_length=MAX_TEXT)


async def _feed_back(own: Services, undertaking_id: int, user_id: int, body: FeedbackBody) -> dict[str, Any]:
    made = await feed_back(own.pool, own.vault, undertaking_id, user_id, outcome=body.outcome, text=body.text)
    await own.signals.ring()
    return {"undertaking_id": undertaking_id, "state": "fed_back", **made}


@needs("cases.mediate")
async def end_mediation(request: web.Request) -> web.Response:
    """POST /undertakings/{id}/end: how the mediation ended, with the agreement or what the parties were told."""
    body = await read_body(request, FeedbackBody)
    return json_response(await _feed_back(services(request), path_id(request), principal(request).user_id, body))


@needs("cases.undertake")
async def reply(request: web.Request) -> web.Response:
    """POST /undertakings/{id}/reply: what the department told the caller."""
    body = await read_body(request, FeedbackBody)
    return json_response(await _feed_back(services(request), path_id(request), principal(request).user_id, body))


class AppraisalBody(Body):
    """POST /undertakings/{id}/appraise."""

    appraisal: str
    words: str | None = Field(None, max_length=2000)
    again: bool = False
    resolved: bool | None = None
    """Whether the caller says that the matter is settled; null: was not asked or did not say."""


@needs("cases.appraise")
async def take_appraisal(request: web.Request) -> web.Response:
    """POST /undertakings/{id}/appraise: what the caller says; not satisfied, the desk may take it up once more."""
    own = services(request)
    body = await read_body(request, AppraisalBody)
    state = await appraise(
        own.pool,
        own.vault,
        own.published.policy,
        path_id(request),
        principal(request).user_id,
        appraisal=body.appraisal,
        words=body.words,
        again=body.again,
        resolved=body.resolved,
    )
    await own.signals.ring()
    return json_response({"undertaking_id": path_id(request), "state": state})


class ExtensionBody(Body):
    """POST /undertakings/{id}/extend."""

    workdays: int
    reason: str = Field(min_length=1, max_length=2000)


@needs("cases.carry")
async def put_off(request: web.Request) -> web.Response:
    """POST /undertakings/{id}/extend: the deadline, once, by working days."""
    own = services(request)
    body = await read_body(request, ExtensionBody)
    due = await extend(
        own.pool,
        own.vault,
        own.published.policy,
        path_id(request),
        principal(request).user_id,
        workdays=body.workdays,
        reason=body.reason,
    )
    await own.signals.ring()
    return json_response({"undertaking_id": path_id(request), "due_at": due})


class StepBody(Body):
    """POST /undertakings/{id}/steps."""

    kind: str
    due_at: AwareDatetime
    note: str | None = Field(None, max_length=4000)


@needs("cases.carry")
async def plan_step(request: web.Request) -> web.Response:
    """POST /undertakings/{id}/steps: what comes next, and when."""
    own = services(request)
    body = await read_body(request, StepBody)
    due: datetime = body.due_at
    step_id = await add_step(
        own.pool,
        own.vault,
        path_id(request),
        principal(request).user_id,
        kind=body.kind,
        due_at=due,
        words=body.note,
    )
    await own.signals.ring()
    return json_response({"step_id": step_id}, status=201)


class ResultBody(Body):
    """POST /steps/{id}/done."""

    result: str = Field(min_length=1, max_length=4000)


@needs("cases.carry")
async def step_done(request: web.Request) -> web.Response:
    """POST /steps/{id}/done: what came of it."""
    own = services(request)
    body = await read_body(request, ResultBody)
    await finish_step(own.pool, own.vault, path_id(request), principal(request).user_id, result=body.result)
    await own.signals.ring()
    return json_response({"step_id": path_id(request)})
