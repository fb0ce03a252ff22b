"""Lets requests of intake in while there is room (:mod:`hotline.intake.gate`)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps

from aiohttp import web

from hotline.web.keys import services

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def through_gate(handler: Handler) -> Handler:
    """Let a handler of intake run only while there is room, and while triage keeps up."""

    @wraps(handler)
    async def gated(request: web.Request) -> web.StreamResponse:
        own = services(request)
        with own.intake.admitted(request.content_length):
            await own.intake.keep_up(own.pool)
            return await handler(request)

    return gated
