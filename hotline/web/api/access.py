"""``/api/v1``: what is hidden shown for a reason, other calls of a caller, search, export."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web
from pydantic import Field

from hotline.access import service
from hotline.access.rules import SEES_ANY
from hotline.access.sheets import csv_bytes, export_row, watermark, xlsx_bytes
from hotline.accounts.permissions import allowed
from hotline.accounts.store import Principal
from hotline.audit.reasons import read_reason
from hotline.console.words import DESTINATIONS
from hotline.intake.normalise import phone
from hotline.web.bodies import Body, moment, path_id, read_body, whole
from hotline.web.keys import Services, needs, principal, services
from hotline.web.paging import read_cursor, write_cursor
from hotline.web.problems import json_response, problem
from hotline.web.views import call_page, listed_call
from routing.calls.store import CallFilter
from routing.errors import InvalidRequest
from routing.search.service import CallSearch

#: Clear data must not stay in a cache of browser or proxy.
NO_STORE = {"Cache-Control": "no-store"}
#: An export without dates covers this much.
EXPORT_SPAN = timedelta(days=31)


class UnmaskBody(Body):
    """POST /calls/{id}/unmask."""

    fields: list[str] = Field(min_length=1, max_length=5)
    reason: str = Field(max_length=500)
    note: str | None = Field(None, max_length=500)


@needs("calls.unmask")
async def unmask(request: web.Request) -> web.Response:
    """POST /calls/{id}/unmask: clear values for this view; of calls on the line or in hand, managers of any."""
    own, call_id = services(request), path_id(request)
    body = await read_body(request, UnmaskBody)
    reason = read_reason(body.reason, body.note)
    values = await service.unmask(own.pool, own.vault, principal(request), call_id, fields=body.fields, reason=reason)
    return json_response({"call_id": call_id, "fields": values}, headers=NO_STORE)


class TimelineBody(Body):
    """POST /calls/{id}/timeline."""

    entry: str = Field(max_length=64)
    reason: str = Field(max_length=500)
    note: str | None = Field(None, max_length=500)


@needs("timeline.open")
async def open_timeline(request: web.Request) -> web.Response:
    """POST /calls/{id}/timeline: another call of the same caller, by its ``entry`` in ``caller_timeline``."""
    own, who = services(request), principal(request)
    body = await read_body(request, TimelineBody)
    reason = read_reason(body.reason, body.note)
    other = await service.open_timeline(own.pool, own.vault, who, path_id(request), entry=body.entry, reason=reason)
    return json_response(await call_page(own, who, other), headers=NO_STORE)


@needs("calls.search")
async def search(request: web.Request) -> web.Response:
    """GET /search?q=: by words or case code. Numbers go by POST: addresses of pages stay in logs and histories."""
    own, query = services(request), request.query.get("q", "").strip()
    if searched_number(own, query) is not None:
        raise InvalidRequest("q：按号码查找请用 POST /api/v1/search，号码不能写在网址里。")
    given = request.query.get("reason")
    return await _search(request, query, given, None)


class SearchBody(Body):
    """POST /search."""

    q: str = Field(min_length=1, max_length=500)
    reason: str | None = Field(None, max_length=500)
    note: str | None = Field(None, max_length=500)


@needs("calls.search")
async def search_by_body(request: web.Request) -> web.Response:
    """POST /search: as GET, and by a caller's whole number with permission and reason."""
    body = await read_body(request, SearchBody)
    return await _search(request, body.q, body.reason, body.note)


async def _search(request: web.Request, query: str, given: str | None, note: str | None) -> web.Response:
    own, who = services(request), principal(request)
    limit = whole(request, "limit", 50, low=1, high=200)
    before = read_cursor(request.query.get("cursor"))
    number = searched_number(own, query)
    if number is not None and not allowed(who.role, "person.search"):
        return problem(403, "not-allowed", "没有权限", "您的角色不能按来电人号码查找；可按内容或编号查找。")
    found = await service.search(
        own.pool,
        own.vault,
        who,
        wanted_search(
            query,
            number,
            from_at=moment(request, "from"),
            to_at=moment(request, "to"),
            before_at=before[0] if before else None,
            before_id=before[1] if before else None,
            limit=limit + 1,
        ),
        read_reason(given, note) if given or number else None,
    )
    rows = found.rows[:limit]
    cursor = write_cursor(rows[-1]["received_at"], rows[-1]["id"]) if len(found.rows) > limit else None
    return json_response(
        {"kind": found.kind, "items": [listed_call(row) for row in rows], "next_cursor": cursor}, headers=NO_STORE
    )


def searched_number(own: Services, query: str) -> str | None:
    """The number in E.164 where ``query`` is one and nothing else; land lines without area code by the lines' own."""
    codes = sorted({profile.phone.area_code for profile in own.profiles.values()} - {""})
    return next((found for code in ["", *codes] if (found := phone(query, area_code=code).e164)), None)


def wanted_search(query: str, number: str | None, **place: Any) -> CallSearch:
    """What ``query`` asks for: a number, a case code (ASCII without blanks, with a digit), else words."""
    if not query:
        raise InvalidRequest("q：请输入要找的词、来电编号或号码。")
    if number is not None:
        return CallSearch(number=number, **place)
    if query.isascii() and " " not in query and any(sign.isdigit() for sign in query):
        return CallSearch(code=query, **place)
    return CallSearch(words=query, **place)


@needs("calls.export")
async def export(request: web.Request) -> web.StreamResponse:
    """GET /calls/export?format=csv or xlsx&reason=: the list, masked unless ``unmasked=true``; marked, recorded."""
    own, who, query = services(request), principal(request), request.query
    form = query.get("format", "csv")
    if form not in ("csv", "xlsx"):
        raise InvalidRequest("format：只能是 csv 或 xlsx。")
    clear = query.get("unmasked", "false") == "true"
    if clear and not (allowed(who.role, "calls.unmask") and who.role in SEES_ANY):
        return problem(403, "not-allowed", "没有权限", "您的角色不能导出明文；去掉 unmasked 可导出脱敏的数据。")
    reason = read_reason(query.get("reason"), query.get("note"))
    at = datetime.now(UTC)
    to_at = moment(request, "to") or at
    wanted = CallFilter(
        line=query.get("line") or None,
        route=query.get("route") or None,
        destination=query.get("destination") or None,
        state=query.get("state") or None,
        from_at=moment(request, "from") or to_at - EXPORT_SPAN,
        to_at=to_at,
    )
    rows = await service.export(
        own.pool,
        own.vault,
        who,
        wanted,
        reason,
        limit=own.audit_limits.export_max_rows,
        form=form,
        clear=clear,
        at=at,
    )
    return await _sheet(request, own, who, rows, form=form, clear=clear, at=at)


async def _sheet(
    request: web.Request,
    own: Services,
    who: Principal,
    rows: list[dict[str, Any]],
    *,
    form: str,
    clear: bool,
    at: datetime,
) -> web.StreamResponse:
    taxonomy = own.published.policy.taxonomy
    names = {
        "routes": dict(taxonomy.routes),
        "topics": dict(taxonomy.topics),
        "destinations": {name: words[0] for name, words in DESTINATIONS.items()},
    }
    cells = await asyncio.to_thread(lambda: [export_row(row, names, clear=clear) for row in rows])
    mark = watermark(who.display_name, who.user_id, at, clear=clear, count=len(rows))
    headers = {**NO_STORE, "Content-Disposition": f'attachment; filename="calls-{at:%Y%m%d%H%M%S}.{form}"'}
    if form == "xlsx":
        kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        body = await asyncio.to_thread(xlsx_bytes, mark, cells)
        return web.Response(body=body, content_type=kind, headers=headers)
    response = web.StreamResponse(headers=headers | {"Content-Type": "text/csv; charset=utf-8"})
    await response.prepare(request)
    for piece in csv_bytes(mark, cells):
        await response.write(piece)
    await response.write_eof()
    return response
