"""Log-in, log-out, the way home, one's own account."""

from __future__ import annotations

from aiohttp import web

from hotline.accounts.store import LoginRefused, LoginThrottled, by_session, log_in, log_out
from hotline.console.answers import HX_REQUEST
from hotline.console.render import page
from hotline.console.words import HOME
from hotline.web.authentication import COOKIE
from hotline.web.keys import needs, principal, services
from hotline.web.problems import json_response, problem

_FIELD_LIMIT = 200


def own_path(wanted: str) -> str:
    """``wanted`` if it is a path of this service, else ``/``: a log-in never leads elsewhere."""
    if not wanted.startswith("/") or wanted.startswith(("//", "/\\", "/login")):
        return "/"
    return wanted if wanted.isprintable() and "\\" not in wanted else "/"


@needs("self")
async def home(request: web.Request) -> web.StreamResponse:
    """GET /: to the page where one's role begins."""
    target = HOME.get(principal(request).role)
    if target is None:
        raise web.HTTPForbidden(text="线路接入账号没有页面。")
    raise web.HTTPSeeOther(target)


@needs("public")
async def login_page(request: web.Request) -> web.StreamResponse:
    """GET /login; a part of a page that was sent here learns instead that the session has ended."""
    if HX_REQUEST in request.headers:
        return problem(401, "not-authenticated", "登录已过期", "请重新登录，已填写的内容仍在。")
    cookie = request.cookies.get(COOKIE)
    target = own_path(request.query.get("next", "/"))
    if cookie and await by_session(services(request).pool, cookie) is not None:
        raise web.HTTPSeeOther(target)
    return await page(request, "login.html", {"next": target, "name": "", "error": None})


@needs("public")
async def log_in_here(request: web.Request) -> web.StreamResponse:
    """POST /login: from the page, or from the dialog of an expired session, which wants JSON."""
    wants_json = "application/json" in request.headers.get("Accept", "")
    # no session yet that a CSRF token could belong to: the browser itself says where the form stood
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        return problem(403, "csrf", "来源不符", "请从本服务的登录页登录。")
    form = await request.post()
    name, password = (str(form.get(field, ""))[:_FIELD_LIMIT] for field in ("name", "password"))
    target = own_path(str(form.get("next", "/")))
    try:
        cookie = await log_in(services(request).pool, name.strip(), password, request.remote or "?")
    except (LoginRefused, LoginThrottled) as error:
        status = 429 if isinstance(error, LoginThrottled) else 401
        if wants_json:
            return problem(status, "login-refused", "登录失败", str(error))
        return await page(request, "login.html", {"next": target, "name": name, "error": str(error)}, status=status)
    if wants_json:
        who = await by_session(services(request).pool, cookie)
        answer: web.Response = json_response({"csrf_token": who.csrf_token if who else "", "name": name.strip()})
    else:
        answer = web.Response(status=303, headers={"Location": target})
    answer.set_cookie(COOKIE, cookie, path="/", httponly=True, samesite="Lax", secure=request.secure)
    return answer


@needs("self")
async def log_out_here(request: web.Request) -> web.StreamResponse:
    """POST /logout."""
    await log_out(services(request).pool, request.cookies.get(COOKIE, ""))
    answer = web.Response(status=303, headers={"Location": "/login"})
    answer.del_cookie(COOKIE, path="/")
    return answer


@needs("self")
async def profile(request: web.Request) -> web.StreamResponse:
    """GET /me: own account and password."""
    return await page(request, "me.html")
