"""``/api/v1/supervision``: the review queue, judgements by two keys, agreement of machine and people."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from aiohttp import web
from pydantic import Field

from hotline.audit.store import record
from hotline.web.bodies import Body, moment, path_id, read_body
from hotline.web.keys import needs, principal, services
from hotline.web.problems import json_response
from routing.errors import InvalidRequest
from routing.policy.facts import LOCAL_ZONE
from routing.supervision.figures import AGAINST, STEPS, agreement_figures
from routing.supervision.service import (
    Verdict,
    check_verdict,
    claim_review,
    decide_review,
    enter_due,
    keep_review,
    pass_review,
    undo_review,
)
from routing.supervision.store import queries

#: Of a period without beginning.
_DAYS = 28
_MOST_DAYS = 400


@needs("reviews.write")
async def queue(request: web.Request) -> web.Response:
    """GET /supervision/queue: what waits by reason, what was judged today, what one may take back."""
    own = services(request)
    await enter_due(own.pool, own.supervision)
    midnight = datetime.combine(datetime.now(LOCAL_ZONE).date(), time(), LOCAL_ZONE)
    async with own.pool.acquire() as connection:
        waiting = {row["reason"]: row["waiting"] for row in await queries.waiting_reviews(connection)}
        judged = await queries.decided_since(connection, since=midnight)
        last = await queries.last_decided(connection, user_id=principal(request).user_id, undo_s=own.supervision.undo_s)
    total = waiting.pop("", 0)
    return json_response(
        {"total": total, "waiting": waiting, "judged_today": judged, "undo": dict(last) if last else None}
    )


class ClaimBody(Body):
    """POST /supervision/claim."""

    reason: str | None = Field(default=None, max_length=40)


@needs("reviews.write")
async def claim(request: web.Request) -> web.Response:
    """POST /supervision/claim: the next call, or 204; nobody else has it while its lease runs."""
    own = services(request)
    body = await read_body(request, ClaimBody)
    await enter_due(own.pool, own.supervision)
    async with own.pool.acquire() as connection, connection.transaction():
        taken = await claim_review(connection, own.supervision, principal(request).user_id, reason=body.reason)
    if taken is None:
        return web.Response(status=204)
    return json_response(
        {
            "review_id": taken.id,
            "call_id": taken.call_id,
            "reasons": taken.reasons,
            "lease_expires_at": taken.leased_until,
        }
    )


@needs("reviews.write")
async def keep(request: web.Request) -> web.Response:
    """POST /supervision/reviews/{id}/keep: still at it."""
    own = services(request)
    until = await keep_review(own.pool, own.supervision, path_id(request), principal(request).user_id)
    return json_response({"lease_expires_at": until})


@needs("reviews.write")
async def leave(request: web.Request) -> web.Response:
    """POST /supervision/reviews/{id}/pass: left to somebody else."""
    await pass_review(services(request).pool, path_id(request), principal(request).user_id)
    return json_response({"review_id": path_id(request)})


class VerdictBody(Body):
    """POST /supervision/reviews/{id}/decide; what is left out is as the machine has it."""

    route: str | None = Field(default=None, max_length=40)
    topic: str | None = Field(default=None, max_length=40)
    danger: int | None = None


@needs("reviews.write")
async def decide(request: web.Request) -> web.Response:
    """POST /supervision/reviews/{id}/decide: agreed, or what is right instead."""
    own, who = services(request), principal(request)
    body = await read_body(request, VerdictBody)
    topics = own.published.policy.taxonomy.topics
    verdict = check_verdict(Verdict(body.route, body.topic, body.danger), topics)
    async with own.pool.acquire() as connection, connection.transaction():
        said = await decide_review(connection, own.supervision, path_id(request), who.user_id, verdict)
        detail = {name: said[name] for name in ("route", "topic", "danger", "agreed")}
        subject = f"call:{said['call_id']}"
        await record(connection, actor=who, action="review_decided", subject=subject, detail=detail)
    return json_response({"review_id": path_id(request), **said})


@needs("reviews.write")
async def undo(request: web.Request) -> web.Response:
    """POST /supervision/reviews/{id}/undo: one's own judgement taken back; the call is open again."""
    own, who = services(request), principal(request)
    async with own.pool.acquire() as connection, connection.transaction():
        call_id = await undo_review(connection, own.supervision, path_id(request), who.user_id)
        await record(connection, actor=who, action="review_undone", subject=f"call:{call_id}")
    return json_response({"review_id": path_id(request), "call_id": call_id})


@needs("reviews.write")
async def agreement(request: web.Request) -> web.Response:
    """GET /supervision/agreement: machine against supervisors or operators, never by person."""
    step = chosen(request, "step", STEPS)
    rows, against, begin, until = await compared(request)
    return json_response({"from": begin, "to": until, "against": against, **agreement_figures(rows, against, step)})


async def compared(request: web.Request) -> tuple[list[Any], str, datetime, datetime]:
    """The pairs of ``?against=&of=&from=&to=``, with whom the machine is compared and when. Raises InvalidRequest."""
    own = services(request)
    against = chosen(request, "against", AGAINST)
    sampled = chosen(request, "of", ("sample", "all")) == "sample"
    until = moment(request, "to") or datetime.now(LOCAL_ZONE)
    begin = moment(request, "from") or until - timedelta(days=_DAYS)
    if begin >= until or until - begin > timedelta(days=_MOST_DAYS):
        raise InvalidRequest(f"from、to：起止时间有误，最长 {_MOST_DAYS} 天。")
    async with own.pool.acquire() as connection:
        ask = queries.judged if against == "supervisors" else queries.forwarded
        rows: list[Any] = [dict(row) for row in await ask(connection, from_at=begin, to_at=until)]
    if against == "supervisors" and sampled:
        rows = [row for row in rows if row["sampled"]]
    return rows, against, begin, until


def chosen(request: web.Request, name: str, allowed: tuple[str, ...]) -> str:
    """One of ``allowed`` out of the query, the first where nothing is said. Raises InvalidRequest."""
    value = request.query.get(name) or allowed[0]
    if value not in allowed:
        raise InvalidRequest(f"{name}：可选 {'、'.join(allowed)}。")
    return value
