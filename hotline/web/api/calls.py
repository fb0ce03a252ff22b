"""``/api/v1/calls``: intake, live segments, reading, forwarding, direct answers."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import orjson
from aiohttp import web
from pydantic import AwareDatetime, Field

from hotline.access.service import without_own
from hotline.audit.store import record
from hotline.intake.api_record import record_from_api, segments_from_api
from hotline.intake.errors import FieldError
from hotline.intake.store import store_batch
from hotline.web import idempotency
from hotline.web.bodies import Body, json_value, moment, path_id, read_body, whole
from hotline.web.keys import NEW_CALLS, needs, principal, services
from hotline.web.paging import read_cursor, write_cursor
from hotline.web.pressure import through_gate
from hotline.web.problems import json_response, problem
from hotline.web.views import call_page, listed_call, transfer_view
from routing.answers.service import answer_directly, hold, record_choice
from routing.calls.live import merge_segments
from routing.calls.record import CallRecord, Segment
from routing.calls.store import CallFilter, list_calls, queries, write_segments
from routing.errors import CallNotFound, IllegalTransition
from routing.knowledge.service import Citation
from routing.transfers.service import ForwardOrder, forward_in

MAX_RECORDS = 1_000


@needs("calls.submit")
@through_gate
async def submit(request: web.Request) -> web.Response:
    """POST /calls: one call, a list, or NDJSON; 202 whenever the body could be read."""
    raw = await request.read()
    try:
        items = _items(raw, ndjson=request.content_type == "application/x-ndjson")
    except orjson.JSONDecodeError as error:
        return problem(400, "bad-json", "不是合法的 JSON", f"请求体不是合法的 JSON：{error}。")
    if len(items) > MAX_RECORDS:
        return problem(
            413, "too-many-records", "记录过多", f"一次最多 {MAX_RECORDS} 条，本次 {len(items)} 条，请分批。"
        )
    own = services(request)
    await own.profiles.refresh(own.pool)
    answer: dict[str, list[dict[str, Any]]] = {"accepted": [], "updated": [], "duplicates": [], "rejected": []}
    good: list[tuple[int, CallRecord]] = []
    for index, item in enumerate(items):
        if isinstance(item, _BadLine):
            errors: Sequence[dict[str, str]] = [{"field": "(line)", "message": f"这一行不是合法的 JSON：{item.reason}"}]
        else:
            record = record_from_api(item, profiles=own.profiles)
            if isinstance(record, CallRecord):
                good.append((index, record))
                continue
            errors = [{"field": error.field, "message": error.message} for error in record]
        answer["rejected"].append({"index": index, "errors": list(errors)})
    if good:
        records = [record for _, record in good]
        began_ns = time.time_ns()
        outcomes = await store_batch(
            own.pool, records, intake="live", vault=own.vault, held_by=await _holders(own.pool, records)
        )
        names = {"accepted": "accepted", "updated": "updated", "duplicate": "duplicates"}
        for (index, record), outcome in zip(good, outcomes, strict=True):
            answer[names[outcome.kind]].append(
                {
                    "index": index,
                    "line": record.line,
                    "external_id": record.external_id,
                    "call_id": outcome.call_id,
                }
            )
        new = [outcome.call_id for outcome in outcomes if outcome.kind != "duplicate"]
        if own.journey is not None:
            request[NEW_CALLS] = [outcome.call_id for outcome in outcomes if outcome.kind == "accepted"]
            own.journey.step(new, "intake.store", began_ns, batch=len(records))
        if new:
            await own.signals.work_added(new)
    return json_response(answer, status=202)


class _BadLine:
    """A line of NDJSON that is no JSON."""

    def __init__(self, reason: str) -> None:
        self.reason = reason


def _items(raw: bytes, *, ndjson: bool) -> list[Any]:
    if not ndjson:
        body = json_value(raw)
        return body if isinstance(body, list) else [body]
    items: list[Any] = []
    for line in raw.splitlines():
        if not line.strip():
            continue
        try:
            items.append(json_value(line))
        except orjson.JSONDecodeError as error:
            items.append(_BadLine(str(error)))
    return items


async def _holders(pool: Any, records: Sequence[CallRecord]) -> list[int | None]:
    """The user ids of the operators that live calls name, where they are users here."""
    names = sorted({r.operator for r in records if r.live and r.operator})
    if not names:
        return [None] * len(records)
    async with pool.acquire() as connection:
        rows = await queries.operators_by_name(connection, names=names)
    ids = {row["name"]: row["id"] for row in rows}
    return [ids.get(r.operator) if r.live else None for r in records]


@needs("calls.submit")
@through_gate
async def add_segments(request: web.Request) -> web.Response:
    """POST /calls/{id}/segments: more of a live transcript; (call, seq) is idempotent."""
    own = services(request)
    call_id = path_id(request)
    try:
        body = json_value(await request.read())
    except orjson.JSONDecodeError as error:
        return problem(400, "bad-json", "不是合法的 JSON", f"请求体不是合法的 JSON：{error}。")
    items: Any = body.get("segments", [body]) if isinstance(body, dict) else body
    async with own.pool.acquire() as connection, connection.transaction():
        call = await queries.lock_call(connection, call_id=call_id)
        if call is None:
            raise CallNotFound(f"没有编号为 {call_id} 的来电。")
        if call["state"] in ("completed", "closed"):
            raise IllegalTransition("来电已办结或已关闭，不能再追加转写。")
        added = segments_from_api(items, profile=own.profiles.get(call["line"]))
        errors = [{"field": e.field, "message": e.message} for e in added if isinstance(e, FieldError)]
        if errors:
            return problem(422, "invalid-request", "转写有误", "有片段不能使用，本次未写入。", errors=errors)
        rows = [_segment_row(segment) for segment in added if isinstance(segment, Segment)]
        merged, new = merge_segments(own.vault.open_json(call["segments"], "calls.segments"), rows)
        if new:
            await write_segments(connection, own.vault, call_id, merged)
    if new:
        await own.signals.work_added([call_id])
    return json_response({"call_id": call_id, "added": new, "segments": len(merged)})


def _segment_row(segment: Segment) -> dict[str, Any]:
    return {
        "seq": segment.seq,
        "speaker": segment.speaker,
        "text": segment.text,
        "at": segment.at.isoformat() if segment.at else None,
        "confidence": segment.confidence,
        "language": segment.language,
        "is_caller": segment.is_caller,
    }


@needs("calls.read")
async def show(request: web.Request) -> web.Response:
    """GET /calls/{id}."""
    return json_response(await call_page(services(request), principal(request), path_id(request)))


@needs("calls.read")
async def listing(request: web.Request) -> web.Response:
    """GET /calls: newest first, by cursor."""
    before = read_cursor(request.query.get("cursor"))
    limit = whole(request, "limit", 50, low=1, high=200)
    wanted = CallFilter(
        line=request.query.get("line") or None,
        route=request.query.get("route") or None,
        destination=request.query.get("destination") or None,
        state=request.query.get("state") or None,
        from_at=moment(request, "from"),
        to_at=moment(request, "to"),
        before_at=before[0] if before else None,
        before_id=before[1] if before else None,
        limit=limit + 1,
    )
    async with services(request).pool.acquire() as connection:
        rows = await list_calls(connection, services(request).vault, wanted)
        more = len(rows) > limit
        rows = rows[:limit]
        shown = await without_own(connection, principal(request), rows)
    cursor = write_cursor(rows[-1]["received_at"], rows[-1]["id"]) if more else None
    return json_response({"items": [listed_call(row) for row in shown], "next_cursor": cursor})


class ForwardBody(Body):
    """POST /calls/{id}/forward."""

    mode: str = "one_key"
    destination: str | None = None
    reason: str | None = Field(None, max_length=500)
    decision_id: int | None = None
    consent: bool = False
    new_danger: bool = False
    department: int | None = Field(None, ge=1, le=2**62)


@needs("calls.forward")
async def forward(request: web.Request) -> web.Response:
    """POST /calls/{id}/forward: one transaction, idempotent by Idempotency-Key."""
    own, who, call_id = services(request), principal(request), path_id(request)
    body = await read_body(request, ForwardBody)
    key = await idempotency.key_of(request, own.vault, who.user_id, f"forward:{call_id}")
    order = ForwardOrder(**body.model_dump())
    async with own.pool.acquire() as connection, connection.transaction():
        if key is not None and (earlier := await idempotency.begin(connection, own.vault, key)) is not None:
            return earlier
        row = await forward_in(
            connection,
            own.vault,
            own.published.policy,
            call_id,
            who.user_id,
            order=order,
            offered=own.exchange.offers(),
        )
        if row["overruled"]:
            await record(
                connection,
                actor=who,
                action="call_overruled",
                subject=f"call:{call_id}",
                detail={"transfer_id": row["id"], "destination": row["destination"], "consent": body.consent},
            )
        answer = transfer_view(row)
        if key is not None:
            await idempotency.finish(connection, own.vault, key, 200, answer)
    await own.signals.ring()
    return json_response(answer)


class CitationBody(Body):
    """The article an answer rests on, in the version that was read."""

    id: int = Field(ge=1)
    version: int = Field(ge=1)


class AnswerBody(Body):
    """POST /calls/{id}/answer; the console asks for ``article`` or ``no_article_reason``, others may omit both."""

    answer: str = Field(min_length=1, max_length=4000)
    article: CitationBody | None = None
    no_article_reason: str | None = Field(None, max_length=400)


@needs("calls.answer")
async def answer(request: web.Request) -> web.Response:
    """POST /calls/{id}/answer: 直接答复, with the text used and the article it rests on."""
    own = services(request)
    body = await read_body(request, AnswerBody)
    await answer_directly(
        own.pool,
        own.vault,
        path_id(request),
        principal(request).user_id,
        body.answer,
        citation=Citation(body.article.id, body.article.version) if body.article else None,
        no_article_reason=body.no_article_reason or None,
    )
    await own.signals.ring()
    return json_response({"call_id": path_id(request), "state": "completed"})


@needs("calls.answer")
async def take_hold(request: web.Request) -> web.Response:
    """POST /calls/{id}/hold: an operator takes a live call, or a record that waits at the operators' table."""
    own, who, call_id = services(request), principal(request), path_id(request)
    taken = await hold(own.pool, own.published.policy, call_id, who.user_id, on_roster=own.published.book.has)
    await own.signals.ring()
    return json_response(
        {"call_id": call_id, "held_by": who.user_id, "assignment_id": taken.assignment_id if taken else None}
    )


class ChoiceBody(Body):
    """POST /calls/{id}/choice."""

    choice: str
    expected_wait_s: int | None = Field(None, ge=0, le=86_400)
    window_start: AwareDatetime | None = None
    window_end: AwareDatetime | None = None
    message: str | None = Field(None, max_length=2000)


@needs("calls.forward")
async def choose(request: web.Request) -> web.Response:
    """POST /calls/{id}/choice: waiting, call-back window or message, as the caller chose."""
    own = services(request)
    body = await read_body(request, ChoiceBody)
    await record_choice(
        own.pool,
        own.vault,
        path_id(request),
        principal(request).user_id,
        choice=body.choice,
        expected_wait_s=body.expected_wait_s,
        window_start=body.window_start,
        window_end=body.window_end,
        message=body.message,
    )
    return json_response({"call_id": path_id(request), "choice": body.choice}, status=201)
