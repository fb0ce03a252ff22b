"""What the log says of a request: its id, and the call's."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable

import structlog
from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def bind_request(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Bind a request id, and the call's id where the path has one, to everything logged meanwhile."""
    structlog.contextvars.bind_contextvars(request_id=secrets.token_hex(6))
    call_id = request.match_info.get("id") if "/calls/" in request.path else None
    if call_id is not None:
        structlog.contextvars.bind_contextvars(call_id=int(call_id))
    try:
        return await handler(request)
    finally:
        structlog.contextvars.unbind_contextvars("request_id", "call_id")
