"""Structured logs: JSON lines, with the request and the call bound; ids only, never what was said."""

from __future__ import annotations

import logging
import secrets
import sys
from collections.abc import Awaitable, Callable

import structlog
from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def configure_logs(process: str, level: int = logging.INFO) -> None:
    """JSON lines on stderr for this process from ``level`` on; the standard library's loggers included."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
    structlog.contextvars.bind_contextvars(process=process)


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
