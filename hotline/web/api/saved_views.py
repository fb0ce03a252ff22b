"""``/api/v1/statistics/views``: filters somebody keeps under a name, for themselves or for all who read statistics."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode

from aiohttp import web
from pydantic import Field

from hotline.statistics.asked import FILTERS, Pairs, asked
from hotline.statistics.saved import MOST, NAME_USE, queries
from hotline.web.bodies import Body, path_id, read_body
from hotline.web.keys import needs, principal, services
from hotline.web.problems import json_response, problem
from routing.errors import InvalidRequest

_KNOWN = frozenset({"from", "until", "days", "compare", "compare_from", "compare_until", *FILTERS})


class ViewBody(Body):
    """POST /statistics/views."""

    name: str = Field(min_length=1, max_length=40)
    address: str = Field(max_length=1000)
    """What stands after the question mark of the page's address."""
    shared: bool = False


@needs("statistics.read")
async def listing(request: web.Request) -> web.Response:
    """GET /statistics/views: my own and shared ones."""
    own, who = services(request), principal(request)
    async with own.pool.acquire() as connection:
        rows = await queries.views(connection, user_id=who.user_id)
    items = [
        {
            "id": row["id"],
            "name": own.vault.open(row["name"], NAME_USE),
            "address": row["address"],
            "shared": row["shared"],
            "own": row["user_id"] == who.user_id,
            "owner": row["owner"],
        }
        for row in rows
    ]
    return json_response({"items": items})


@needs("statistics.read")
async def save(request: web.Request) -> web.Response:
    """POST /statistics/views: keep the filters of a page's address."""
    own, who = services(request), principal(request)
    body = await read_body(request, ViewBody)
    pairs = parse_qsl(body.address)
    if unknown := sorted({name for name, _ in pairs} - _KNOWN):
        raise InvalidRequest(f"address：不认识 {'、'.join(unknown)}；请在分流统计页保存。")
    kept = [(name, value) for name, value in pairs if name in FILTERS or name in ("compare", "compare_from")]
    # the page names the last day, an address where the period ends
    asked(Pairs(kept + [("compare_to", f"{value}T23:59") for name, value in pairs if name == "compare_until"]))
    async with own.pool.acquire() as connection:
        view_id = await queries.save(
            connection,
            user_id=who.user_id,
            name=own.vault.seal(body.name, NAME_USE),
            address=urlencode(pairs),
            shared=body.shared,
            most=MOST,
        )
    if view_id is None:
        raise InvalidRequest(f"name：每人最多保存 {MOST} 个视图；请先删除不用的。")
    return json_response({"id": view_id}, status=201)


@needs("statistics.read")
async def forget(request: web.Request) -> web.Response:
    """DELETE /statistics/views/{id}: one of my own."""
    who = principal(request)
    async with services(request).pool.acquire() as connection:
        if await queries.forget(connection, id=path_id(request), user_id=who.user_id) is None:
            return problem(404, "view-not-found", "没有这个视图", "没有这个视图，或它是别人的；请刷新。")
    return json_response({"forgotten": True})
