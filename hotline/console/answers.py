"""What every page's answer gets: errors as pages, caching of static files, no log-in page inside a pane."""

from __future__ import annotations

import orjson
import structlog
from aiohttp import web

from hotline.console.language_choice import LONG
from hotline.console.render import LIVE_SINCE, page
from hotline.console.scripts import FOREVER
from hotline.console.sentences import told_problem
from hotline.web.authentication import HX_REQUEST, Handler
from hotline.web.keys import services

log = structlog.get_logger(__name__)

_CONDITIONAL = frozenset({"If-None-Match", "If-Modified-Since", "Range"})

_FIGURES = ("/api/v1/statistics/", "/api/v1/lexicon")
_TEXT = frozenset({"text/html", "text/javascript", "text/css", "application/json"})

PROBLEM = "application/problem+json"

_PAGES = {
    403: ("没有权限", "您的角色没有打开这个页面的权限。如工作需要，请联系管理员。"),
    404: ("没有这个页面", "地址可能写错了，或者页面已经移走。"),
    405: ("不支持这个操作", "请从页面上的按钮进入。"),
}


def _for_people(request: web.Request) -> bool:
    """Whether somebody sits before this answer: pages, neither the API nor static files nor what scripts ask for."""
    by_script = HX_REQUEST in request.headers or "application/json" in request.headers.get("Accept", "")
    return not request.path.startswith(("/api/", "/static/")) and not by_script


def _compressed(request: web.Request, response: web.StreamResponse) -> bool:
    """Whether the body is worth compressing: text of pages, of their parts, and of static files.

    Of the API only what holds neither persons nor secrets: figures and words of the lexicon. A page's CSRF token
    differs each time (authentication.masked), so that it cannot be guessed from the lengths of compressed pages.
    """
    if request.method != "GET" or _CONDITIONAL.intersection(request.headers):
        # an answer "not modified", or to HEAD, has no body that could be compressed
        return False
    if request.path.startswith("/static/"):
        return True
    if not isinstance(response, web.Response):
        return False
    if request.path.startswith("/api/"):
        return request.path.startswith(_FIGURES) and response.content_type == "application/json"
    return response.content_type in _TEXT


def _spoken(response: web.StreamResponse) -> None:
    """Puts a problem's title and sentences into the language of the browser, where the catalogue has them.

    A program sends no language cookie and gets the Chinese.
    """
    if response.content_type == PROBLEM and isinstance(response, web.Response) and isinstance(response.body, bytes):
        response.body = told_problem(response.body)


@web.middleware
async def answer_people(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Errors of pages become pages in Chinese; static files may be kept and are sent compressed."""
    request[LIVE_SINCE] = str(services(request).hub.cursor)
    try:
        response = await handler(request)
    except web.HTTPException as error:
        if error.status < 400 or not _for_people(request):
            raise
        title, detail = _PAGES.get(error.status, ("请求有误", error.text or error.reason))
        return await page(request, "error.html", {"title": title, "detail": detail}, status=error.status)
    _spoken(response)
    if response.status >= 400 and response.content_type == PROBLEM and _for_people(request):
        body = orjson.loads(response.text or "{}") if isinstance(response, web.Response) else {}
        shown = {"title": body.get("title", "请求有误"), "detail": body.get("detail", "")}
        return await page(request, "error.html", shown, status=response.status)
    if request.path.startswith("/static/"):
        kept = "v" in request.query or request.path.startswith(FOREVER)
        response.headers["Cache-Control"] = LONG if kept else "no-cache"
    if _compressed(request, response):
        response.enable_compression()
    return response
