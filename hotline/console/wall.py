"""The wall display: no mouse, no log-in, no name; paired once by a code that stands on it, or opened by a manager."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import secrets
from datetime import UTC, datetime
from typing import Any

import aiohttp_jinja2
from aiohttp import web

from hotline.accounts import sessions
from hotline.accounts.permissions import allowed
from hotline.statistics.wall import queries, wall_figures
from hotline.web.authentication import COOKIE as SESSION_COOKIE
from hotline.web.keys import Services, needs, services
from hotline.web.problems import json_bytes, json_response, problem

COOKIE = "hotline_wall"
#: The display keeps its cookie so long; the registration may end before.
COOKIE_S = 400 * 86_400
CODE_LENGTH = 8
#: Figures are sent again at most so often, and at least so often: a display that hears nothing knows that it is alone.
SEND_S, ALIVE_S = 1.0, 8.0


def add_pages(app: web.Application) -> None:
    """Add the wall to ``app``."""
    app.router.add_get("/wall", wall)
    app.router.add_get("/wall/stream", stream)
    app.router.add_get("/wall/paired", paired)


def _hash(own: Services, token: str) -> bytes:
    return own.vault.content_hash(hashlib.sha256(f"wall {token}".encode(errors="surrogateescape")).digest())


def code_of(token_hash: bytes) -> str:
    """What stands on a display that is not registered yet: eight letters and digits without 0, 1, 8, 9."""
    return base64.b32encode(token_hash).decode()[:CODE_LENGTH]


async def may_see(request: web.Request) -> bool:
    """A registered display, or somebody logged in who may read statistics."""
    own = services(request)
    session = request.cookies.get(SESSION_COOKIE)
    if session:
        who = await sessions.by_session(own.pool, session, own.settings.accounts)
        if who is not None and who.due is None and allowed(who.role, "statistics.read"):
            return True
    token = request.cookies.get(COOKIE)
    if not token:
        return False
    token_hash = _hash(own, token)
    async with own.pool.acquire() as connection:
        return await queries.display(connection, token_hash=token_hash, code=code_of(token_hash)) is not None


@needs("public")
async def wall(request: web.Request) -> web.StreamResponse:
    """GET /wall: the display; one that is not registered shows its code and waits."""
    if await may_see(request):
        return aiohttp_jinja2.render_template("wall.html", request, {"code": None})
    token = request.cookies.get(COOKIE) or secrets.token_urlsafe(32)
    code = code_of(_hash(services(request), token))
    answer = aiohttp_jinja2.render_template("wall.html", request, {"code": f"{code[:4]} {code[4:]}"})
    answer.set_cookie(
        COOKIE, token, path="/wall", max_age=COOKIE_S, httponly=True, samesite="Lax", secure=request.secure
    )
    return answer


@needs("public")
async def paired(request: web.Request) -> web.Response:
    """GET /wall/paired: whether this display may show figures by now."""
    return json_response({"paired": await may_see(request)})


@needs("public")
async def stream(request: web.Request) -> web.StreamResponse:
    """GET /wall/stream: the figures now and whenever something happened, as server-sent events."""
    if not await may_see(request):
        return problem(404, "display-not-found", "大屏未登记", "请在“统计 › 大屏”登记这块大屏。")
    own = services(request)
    headers = {"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    response = web.StreamResponse(headers=headers)
    subscription = own.hub.subscribe(0)
    try:
        await response.prepare(request)
        while await may_see(request):
            figures = await wall_figures(own.pool, own.published.policy, datetime.now(UTC))
            await response.write(b"retry: 2000\nevent: figures\ndata: " + json_bytes(figures) + b"\n\n")
            await asyncio.sleep(SEND_S)
            if not await _something(subscription.queue):
                break
    except (ConnectionResetError, asyncio.CancelledError):
        pass
    finally:
        own.hub.unsubscribe(subscription)
    return response


async def _something(queue: asyncio.Queue[Any]) -> bool:
    """Wait until something happened, or for ALIVE_S; False when the service stops."""
    try:
        async with asyncio.timeout(ALIVE_S):
            event = await queue.get()
    except TimeoutError:
        return True
    while event is not None and not queue.empty():
        event = queue.get_nowait()
    return event is not None
