"""``/api/v1/exports``: asking, agreeing, progress, fetching."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import parse_qsl

from aiohttp import web
from pydantic import Field

from hotline.access.rules import SEES_ANY
from hotline.accounts.permissions import allowed
from hotline.accounts.store import Principal
from hotline.audit.reasons import read_reason
from hotline.console.language import current
from hotline.exports import jobs
from hotline.exports.making import tables_of
from hotline.statistics.asked import Asked, Pairs, asked
from hotline.web.bodies import Body, path_id, read_body
from hotline.web.keys import Services, needs, principal, services
from hotline.web.problems import json_response, problem
from routing.calls.states import STATES
from routing.errors import InvalidRequest
from routing.statistics.counts import KEYS
from routing.statistics.indicators import INDICATOR_KEYS

NO_STORE = {"Cache-Control": "no-store"}
#: Filters that a list of calls knows.
_CALL_FILTERS = frozenset({"line", "route", "destination"})


class ExportBody(Body):
    """POST /exports."""

    what: jobs.What
    form: Literal["csv", "xlsx", "pdf"] = "xlsx"
    query: str = Field("", max_length=2000)
    """Period and filters as in the address of a page: ``from=...&to=...&line=...``."""
    by: list[str] = Field(default_factory=list, max_length=4)
    state: str | None = Field(None, max_length=20)
    unmasked: bool = False
    reason: str | None = Field(None, max_length=500)
    note: str | None = Field(None, max_length=500)


@needs("statistics.export")
async def ask(request: web.Request) -> web.Response:
    """POST /exports: made in the background; with rows of calls or many rows a second person agrees first."""
    own, who = services(request), principal(request)
    body = await read_body(request, ExportBody)
    if body.what == "calls" and not allowed(who.role, "calls.export"):
        return problem(403, "not-allowed", "没有权限", "您的角色不能导出来电列表；可导出统计。")
    if body.unmasked and not (allowed(who.role, "calls.unmask") and who.role in SEES_ANY):
        return problem(403, "not-allowed", "没有权限", "您的角色不能导出明文；去掉 unmasked 可导出脱敏的数据。")
    reason = read_reason(body.reason, body.note) if body.what == "calls" else None
    span = asked(Pairs(parse_qsl(body.query, keep_blank_values=False)), default_days=31)
    _check(body, span)
    wanted: dict[str, Any] = {"query": [*span.words(), *span.comparison_words()]}
    if body.by:
        wanted["by"] = body.by
    if current() != "zh":
        # the file is made later, by a worker that sees no browser
        wanted["language"] = current()
    if body.what == "calls":
        wanted |= {"state": body.state, "unmasked": body.unmasked, "reason": reason.code if reason else None}
    why = await _why(own, body, wanted)
    async with own.pool.acquire() as connection, connection.transaction():
        job = jobs.Wanted(body.what, body.form, wanted)
        job_id = await jobs.ask(connection, own.vault, who, job, why=why, reason=reason)
    await own.signals.ring()
    return json_response({"id": job_id, "state": "asked" if why else "queued", "why": why}, status=202)


def _check(body: ExportBody, span: Asked) -> None:
    if body.form == "pdf":
        if body.what != "report":
            raise InvalidRequest("form：只有统计报告可以导出为 pdf；其他请用 xlsx 或 csv。")
        jobs.check_report()
    if body.what == "report" and body.form == "csv":
        raise InvalidRequest("form：统计报告有多张表，请用 xlsx 或 pdf。")
    if body.what == "report" and "region" in span.where:
        raise InvalidRequest("region：报告不能只取一个区域；请改为导出按区域的分流统计。")
    if body.what == "indicators" and span.where:
        raise InvalidRequest("query：指标只按时段导出，可用 by 分线路或区域；请去掉其他条件。")
    known = {"routing": KEYS, "indicators": INDICATOR_KEYS}.get(body.what, ())
    if unknown := [key for key in body.by if key not in known]:
        raise InvalidRequest(f"by：不认识 {'、'.join(unknown)}；可用 {'、'.join(known) or '（无）'}。")
    if body.what == "calls":
        if other := sorted(set(span.where) - _CALL_FILTERS):
            raise InvalidRequest(f"query：来电列表不能按 {'、'.join(other)} 导出；可用 line、route、destination。")
        if any(len(values) > 1 or "" in values for values in span.where.values()):
            raise InvalidRequest("query：来电列表每个条件只能取一个值。")
        if body.state is not None and body.state not in STATES:
            raise InvalidRequest(f"state：只能是 {'、'.join(STATES)}。")


async def _why(own: Services, body: ExportBody, wanted: dict[str, Any]) -> str | None:
    """Why a second person has to agree; None: nobody has to. Raises InvalidRequest."""
    if body.what == "calls":
        return "calls"
    if body.what != "routing":
        return None
    async with own.pool.acquire() as connection:
        rows = sum(len(table.rows) for table in await tables_of(connection, own.published, body.what, wanted))
    limits = own.audit_limits
    if rows > limits.export_max_rows:
        raise InvalidRequest(f"表格超过 {limits.export_max_rows} 行，一次不能导出；请缩短时段或减少分组。")
    return "rows" if rows > limits.export_approval_rows else None


def shown_job(row: Any, who: Principal) -> dict[str, Any]:
    """One export as pages and the API show it."""
    return {
        **{name: row[name] for name in ("id", "what", "form", "asked", "state", "why", "asked_at", "decided_at")},
        **{name: row[name] for name in ("finished_at", "failure", "rows", "bytes", "steps_done", "steps")},
        **{name: row[name] for name in ("asked_by_name", "decided_by_name")},
        "own": row["asked_by"] == who.user_id,
        "failure_text": jobs.FAILURES.get(row["failure"] or "", row["failure"]),
    }


async def jobs_of(own: Services, who: Principal) -> list[dict[str, Any]]:
    """Exports of a person, and those that wait for who decides."""
    decides = allowed(who.role, "exports.approve")
    async with own.pool.acquire() as connection:
        rows = await jobs.queries.jobs(connection, user_id=who.user_id, decides=decides)
    return [shown_job(row, who) for row in rows]


@needs("statistics.export")
async def listing(request: web.Request) -> web.Response:
    """GET /exports: my exports with their progress; for managers those that wait for a second person too."""
    return json_response({"items": await jobs_of(services(request), principal(request))}, headers=NO_STORE)


@needs("exports.approve")
async def approve(request: web.Request) -> web.Response:
    """POST /exports/{id}/approve: a second person agrees."""
    return await _decide(request, agreed=True)


@needs("exports.approve")
async def refuse(request: web.Request) -> web.Response:
    """POST /exports/{id}/refuse: a second person does not agree."""
    return await _decide(request, agreed=False)


async def _decide(request: web.Request, *, agreed: bool) -> web.Response:
    own, job_id = services(request), path_id(request)
    await jobs.decide(own.pool, principal(request), job_id, agreed=agreed)
    await own.signals.ring()
    return json_response({"id": job_id, "state": "queued" if agreed else "refused"})


@needs("statistics.export")
async def take_back(request: web.Request) -> web.Response:
    """POST /exports/{id}/take-back: who asked wants it no more."""
    own, job_id = services(request), path_id(request)
    await jobs.take_back(own.pool, principal(request), job_id)
    await own.signals.ring()
    return json_response({"id": job_id, "state": "taken_back"})


@needs("statistics.export")
async def fetch(request: web.Request) -> web.Response:
    """GET /exports/{id}/file: what was asked for; recorded."""
    own, job_id = services(request), path_id(request)
    form, content = await jobs.fetch(own.pool, own.vault, principal(request), job_id)
    name = f"hotline-{job_id}-{datetime.now(UTC):%Y%m%d%H%M%S}.{form}"
    headers = {**NO_STORE, "Content-Disposition": f'attachment; filename="{name}"'}
    return web.Response(body=content, content_type=jobs.FORMS[form], headers=headers)
