"""How much a request may hold and how long it may take to arrive; memory and connections are for those who work."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web

from hotline.web.authentication import permission_of
from hotline.web.problems import problem

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

#: CONTRACT.md: at most 16 MiB a request.
MAX_BODY_BYTES = 16 * 1024 * 1024
#: Before anybody has logged in: a log-in form is hundreds of bytes.
PUBLIC_BODY_BYTES = 64 * 1024
#: Fields of one form; ours have fewer than ten.
MAX_FORM_FIELDS = 100
#: A body has this long, and longer by its size: 64 KiB/s is what a bad line over a mobile network still carries.
BODY_TIME_S = 20.0
BODY_BYTES_PER_S = 64 * 1024


def body_time_s(length: int | None) -> float:
    """Seconds that a body of so many bytes may take to arrive; None: not announced (chunked)."""
    return BODY_TIME_S + (MAX_BODY_BYTES if length is None else length) / BODY_BYTES_PER_S


@web.middleware
async def limit_body(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse bodies that are packed, too large, or that dribble in.

    Compressed bodies are refused rather than unpacked with care: a batch is 16 MiB
    at most, and what is never unpacked cannot be a bomb.
    """
    if request.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        return problem(
            415,
            "content-encoding",
            "不支持压缩的请求体",
            "请发送未压缩的请求体（不带 Content-Encoding）；一次最多 16 MiB，可分批发送。",
        )
    if not request.can_read_body:
        return await handler(request)
    public = permission_of(request.match_info.handler) == "public"
    limit = PUBLIC_BODY_BYTES if public else MAX_BODY_BYTES
    length = request.content_length
    if length is not None and length > limit:
        raise web.HTTPRequestEntityTooLarge(max_size=limit, actual_size=length)
    if public:
        # a clone forgets what an earlier one was told
        request = request.clone(client_max_size=limit, scheme=request.scheme, remote=request.remote or "")
    handling = True

    def arrived() -> None:
        # the handler may take its time from now on; a body that nobody read ends after the answer
        if handling:
            arriving.reschedule(None)

    try:
        async with asyncio.timeout(body_time_s(length)) as arriving:
            request.content.on_eof(arrived)
            return await handler(request)
    except TimeoutError:
        if not arriving.expired():
            raise
        answer = problem(408, "body-too-slow", "请求接收超时", "请求体没有及时传完，本次未受理；请检查网络后重试。")
        answer.force_close()
        return answer
    finally:
        handling = False
