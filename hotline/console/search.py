"""Finding calls: by words, by case code, by a caller's number with a reason."""

from __future__ import annotations

from aiohttp import web
from pydantic import Field

from hotline.access import service
from hotline.accounts.permissions import allowed
from hotline.audit.reasons import read_reason
from hotline.console.render import fragment, page
from hotline.web.api.access import searched_number, wanted_search
from hotline.web.bodies import Body, read_body
from hotline.web.keys import needs, principal, services
from hotline.web.problems import json_response, problem
from hotline.web.views import listed_call

#: More rows than this nobody reads: another word narrows the search.
SHOWN = 50


@needs("calls.search")
async def show(request: web.Request) -> web.StreamResponse:
    """GET /search."""
    return await page(request, "search.html", {"shown": SHOWN})


class FindBody(Body):
    """POST /console/search."""

    q: str = Field(min_length=1, max_length=500)
    reason: str | None = Field(None, max_length=500)
    note: str | None = Field(None, max_length=500)


@needs("calls.search")
async def find(request: web.Request) -> web.StreamResponse:
    """POST /console/search: ``{kind, count, more, html}``; without a reason for a number ``kind`` is ``reason``."""
    own, who = services(request), principal(request)
    body = await read_body(request, FindBody)
    number = searched_number(own, body.q)
    if number is not None and not allowed(who.role, "person.search"):
        return problem(403, "not-allowed", "没有权限", "您的角色不能按来电人号码查找；可按内容或编号查找。")
    if number is not None and not body.reason:
        return json_response({"kind": "reason", "count": 0, "more": False, "html": ""})
    reason = read_reason(body.reason, body.note) if body.reason else None
    found = await service.search(own.pool, own.vault, who, wanted_search(body.q, number, limit=SHOWN + 1), reason)
    items = [listed_call(row) for row in found.rows[:SHOWN]]
    html = fragment(request, "_call_rows.html", {"items": items, "more": None}).text
    answer = {"kind": found.kind, "count": len(items), "more": len(found.rows) > SHOWN, "html": html}
    return json_response(answer, headers={"Cache-Control": "no-store"})
