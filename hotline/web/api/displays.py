"""``/api/v1/displays``: which walls show figures."""

from __future__ import annotations

import base64
import re

from aiohttp import web
from pydantic import Field

from hotline.audit.store import record
from hotline.statistics.wall import queries
from hotline.web.bodies import Body, path_id, read_body
from hotline.web.keys import needs, principal, services
from hotline.web.problems import json_response, problem
from routing.errors import InvalidRequest

_CODE = re.compile(r"[A-Z2-7]{8}")


class DisplayBody(Body):
    """POST /displays."""

    code: str = Field(max_length=20)
    name: str = Field(min_length=1, max_length=40)
    days: int = Field(365, ge=1, le=730)


@needs("displays.write")
async def add(request: web.Request) -> web.Response:
    """POST /displays: register the wall on which ``code`` stands; it changes over by itself within seconds."""
    body = await read_body(request, DisplayBody)
    code = re.sub(r"[\s-]", "", body.code).upper()
    if not _CODE.fullmatch(code):
        raise InvalidRequest("code：应为大屏上显示的 8 位配对码（字母和 2-7 的数字）。")
    who = principal(request)
    async with services(request).pool.acquire() as connection, connection.transaction():
        display_id = await queries.add(
            connection,
            name=body.name,
            code=code,
            beginning=base64.b32decode(code),
            user_id=who.user_id,
            days=body.days,
        )
        await record(connection, actor=who, action="wall_display_added", subject=f"display:{display_id}")
    return json_response({"id": display_id}, status=201)


@needs("displays.write")
async def end(request: web.Request) -> web.Response:
    """POST /displays/{id}/end: it shows nothing any more."""
    display_id, who = path_id(request), principal(request)
    async with services(request).pool.acquire() as connection, connection.transaction():
        if await queries.finish(connection, id=display_id) is None:
            return problem(404, "display-not-found", "没有这块大屏", "没有这块大屏，或已停用；请刷新。")
        await record(connection, actor=who, action="wall_display_ended", subject=f"display:{display_id}")
    return json_response({"id": display_id, "ended": True})
