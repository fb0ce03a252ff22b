"""Answers that tell how far the work is while it goes on: one JSON object a line, the outcome last.

``{"done": 1200, "total": 5000, ...}`` any number of times, then either
``{"result": ...}`` or ``{"problem": {type, title, status, detail}}`` as a
problem answer would hold it: the status line has long been sent by then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
import structlog
from aiohttp import web

from hotline.console.sentences import told_problem
from hotline.web.problems import from_exception, json_bytes, json_response, problem

log = structlog.get_logger(__name__)

#: How often a page is told; below what an eye takes for standing still.
TELL_EVERY_S = 0.2
CONTENT_TYPE = "application/x-ndjson"


class Progress:
    """What the work tells of itself; may be told from a thread."""

    def __init__(self) -> None:
        self.now: dict[str, Any] = {"done": 0, "total": 0}

    def at(self, done: int, total: int, **more: Any) -> None:
        """``done`` of ``total`` (0: not known yet), with counts the page shows beside the bar."""
        self.now = {"done": done, "total": total, **more}


async def answer_with_progress(request: web.Request, work: Callable[[Progress], Awaitable[Any]]) -> web.StreamResponse:
    """Run ``work`` and stream its progress and its result.

    A page that goes away does not end the work: what it began to store is
    stored to the end. What can be refused at once is refused before this is
    called, as an ordinary problem answer.
    """
    answer = web.StreamResponse(headers={"Content-Type": CONTENT_TYPE, "X-Accel-Buffering": "no"})
    await answer.prepare(request)
    progress = Progress()
    running = asyncio.ensure_future(work(progress))
    told: dict[str, Any] = {}
    watched = True
    while not running.done():
        if watched and progress.now is not told:
            told = progress.now
            watched = await _write(answer, json_bytes(told))
        await asyncio.wait([running], timeout=TELL_EVERY_S)
    if watched and progress.now is not told:
        # work that was quick is told of as well
        await _write(answer, json_bytes(progress.now))
    error = running.exception()
    last = json_bytes({"result": running.result()}) if error is None else b'{"problem":' + _problem(error) + b"}"
    if await _write(answer, last):
        await answer.write_eof()
    return answer


async def answer_as_asked(request: web.Request, work: Callable[[Progress], Awaitable[Any]]) -> web.StreamResponse:
    """With progress for whoever accepts lines of JSON, as pages do; else the result alone when it is there."""
    if CONTENT_TYPE in request.headers.get("Accept", ""):
        return await answer_with_progress(request, work)
    return json_response(await work(Progress()))


async def _write(answer: web.StreamResponse, line: bytes) -> bool:
    """Whether somebody still reads."""
    try:
        await answer.write(line + b"\n")
    except ConnectionError:
        return False
    return True


def _problem(error: BaseException) -> bytes:
    known = from_exception(error) if isinstance(error, Exception) else None
    if known is None:
        log.error("streamed_work_failed", error=type(error).__name__)
        known = problem(500, "internal", "内部错误", "服务出错了，已有记录；请稍后重试。")
    body = known.body
    return told_problem(body if isinstance(body, bytes) else orjson.dumps({"title": "内部错误"}))
