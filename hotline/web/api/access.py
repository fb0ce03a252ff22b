"""``/api/v1``: what is hidden shown for a reason, other calls of a caller, search, export."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from aiohttp import web
from pydantic import Field

from hotline.access import service
from hotline.accounts.permissions import allowed
from hotline.audit.reasons import read_reason
from hotline.intake.normalise import phone
from hotline.web.bodies import Body, moment, path_id, read_body, whole
from hotline.web.keys import Services, needs, principal, services
from hotline.web.paging import read_cursor, write_cursor
from hotline.web.problems import json_response, problem
from hotline.web.views import call_page, listed_call
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
