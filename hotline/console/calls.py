"""One call as screens show it, and the list of calls."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from hotline.access.service import without_own
from hotline.accounts.store import Principal
from hotline.console.behind import show_behind
from hotline.console.marks import spans_of, utterances
from hotline.console.render import fragment, page, part
from hotline.statistics.asked import behind
from hotline.web.bodies import moment, path_id
from hotline.web.keys import Services, needs, principal, services
from hotline.web.problems import json_bytes
from hotline.web.views import call_page, listed_call
from nlp.masking import mask_text
from routing.calls.store import CallFilter, list_calls
from routing.danger.escalation import STAGE_LABELS
from routing.errors import InvalidRequest
from routing.handover.service import queries as handover_queries
from routing.sealing import opened
from routing.sql import load_queries
from routing.wrapups.service import wrap_up_of

queries = load_queries(__file__)

PAGE_SIZE = 50


async def shown_call(own: Services, who: Principal, call_id: int) -> dict[str, Any]:
    """Everything a template needs of one call: the API's page, the marked transcript, who holds it, answers."""
    shown = await call_page(own, who, call_id)
    taxonomy = own.published.policy.taxonomy
    names = {"danger_kinds": taxonomy.danger_kinds, "cues": taxonomy.cues, "entities": taxonomy.entities}
    spans = spans_of(shown["triage"], names) if shown["triage"] else []
    async with own.pool.acquire() as connection:
        there = await queries.beside_call(connection, call_id=call_id)
        answers = [
            opened(own.vault, row, "direct_answers", ("answer", "no_article_reason"))
            for row in (await queries.direct_answers(connection, call_id=call_id) if there["answers"] else ())
        ]
        wrapped_up = await wrap_up_of(connection, own.vault, call_id) if there["wrapped_up"] else None
        desk_duty = await handover_queries.duty_of_call(connection, call_id=call_id) if there["desk_duty"] else None
    return {
        **shown,
        "utterances": utterances(shown["call"]["segments"], spans),
        "held_by_name": there["held_by_name"],
        "answers": answers,
        "desk_duty": dict(desk_duty) if desk_duty else None,
        "wrapped_up": wrapped_up | {"summary": mask_text(wrapped_up["summary"] or "")} if wrapped_up else None,
        "danger_questions": own.published.danger.questions,
        "stage_labels": STAGE_LABELS,
    }


def call_and_work(
    request: web.Request, shown: Mapping[str, Any] | None, template: str, context: Mapping[str, Any]
) -> web.Response:
    """The call in the middle of a desk and ``template`` beside it, each as HTML, in one answer: a key waits once.

    ``call`` is null where ``shown`` is None: the desk has none to show.
    """
    answer = {
        "call": part(request, "_call.html", shown) if shown is not None else None,
        "work": part(request, template, context),
    }
    return web.Response(body=json_bytes(answer), content_type="application/json")


@needs("calls.read")
async def fragment_of_call(request: web.Request) -> web.StreamResponse:
    """GET /console/calls/{id}: the middle of the operator's table and of a desk."""
    shown = await shown_call(services(request), principal(request), path_id(request))
    return fragment(request, "_call.html", shown)


@needs("calls.read")
async def show(request: web.Request) -> web.StreamResponse:
    """GET /calls/{id}: one call, for reading."""
    shown = await shown_call(services(request), principal(request), path_id(request))
    return await page(request, "call.html", {**shown, "live": True})


@needs("calls.read")
async def listing(request: web.Request) -> web.StreamResponse:
    """GET /calls: search; with HX-Request the next rows only."""
    own, query = services(request), request.query
    names = ("line", "route", "destination", "state", "from", "to")
    filters = {name: query.get(name, "") for name in names}
    before_at, before_id = _place(query.get("before_at"), query.get("before_id"))
    if (figure := behind(query)) is not None:
        return await show_behind(request, figure, before_at, before_id)
    wanted = CallFilter(
        line=filters["line"] or None,
        route=filters["route"] or None,
        destination=filters["destination"] or None,
        state=filters["state"] or None,
        from_at=moment(request, "from"),
        to_at=moment(request, "to"),
        before_at=before_at,
        before_id=before_id,
        limit=PAGE_SIZE + 1,
    )
    async with own.pool.acquire() as connection:
        rows = await list_calls(connection, own.vault, wanted)
        visible = await without_own(connection, principal(request), rows[:PAGE_SIZE])
    more = None
    if len(rows) > PAGE_SIZE:
        last = rows[PAGE_SIZE - 1]
        place = {"before_at": last["received_at"].isoformat(), "before_id": last["id"]}
        more = "/calls?" + urlencode({k: v for k, v in filters.items() if v} | place)
    shown = {"items": [listed_call(row) for row in visible], "more": more}
    if "HX-Request" in request.headers:
        return fragment(request, "_call_rows.html", shown)
    return await page(request, "calls.html", {**shown, "filters": filters, "lines": list(own.profiles)})


def _place(at: str | None, call_id: str | None) -> tuple[datetime | None, int | None]:
    if not at or not call_id:
        return None, None
    try:
        return datetime.fromisoformat(at.replace(" ", "+")), int(call_id)
    except ValueError as error:
        raise InvalidRequest("before_at：请从列表页的“更多”进入。") from error
