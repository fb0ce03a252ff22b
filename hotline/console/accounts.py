"""Log-in in two steps, the lock, log-out, the way home, one's own account."""

from __future__ import annotations

from aiohttp import web

from config.accounts import PROVIDER_WAIT_MIN
from hotline.accounts import second_factor, sessions
from hotline.accounts.errors import (
    AccountError,
    CodeRefused,
    LoginRefused,
    LoginThrottled,
    ProviderRefused,
    ProviderUnreachable,
)
from hotline.accounts.login import LogIn, log_in, pass_code
from hotline.accounts.permissions import Role, allowed
from hotline.console.first_steps import guide_is_open
from hotline.console.navigation import GUIDE
from hotline.console.render import page
from hotline.console.words import HOME
from hotline.web.authentication import COOKIE, HX_REQUEST, masked, permission_of
from hotline.web.keys import needs, principal, services
from hotline.web.problems import json_response, problem

_FIELD_LIMIT = 200
PROVIDER_COOKIE = "hotline_provider"


def own_path(wanted: str) -> str:
    """``wanted`` if it is a path of this service, else ``/``: a log-in never leads elsewhere."""
    if not wanted.startswith("/") or wanted.startswith(("//", "/\\", "/login")):
        return "/"
    return wanted if wanted.isprintable() and "\\" not in wanted else "/"


def open_to(request: web.Request, role: Role, target: str) -> str:
    """``target``, or ``/`` where it is a page that ``role`` may not open: a log-in never ends at a refusal."""
    path = target.partition("?")[0]
    for route in request.app.router.routes():
        if route.method != "GET" or route.resource is None:
            continue
        info = route.resource.get_info()
        pattern = info.get("pattern")
        if info.get("path") == path or (pattern is not None and pattern.fullmatch(path)):
            permission = permission_of(route.handler)
            return target if permission is None or allowed(role, permission) else "/"
    return target


@needs("self")
async def home(request: web.Request) -> web.StreamResponse:
    """GET /: to the page where one's role begins."""
    target = HOME.get(principal(request).role)
    if target is None:
        raise web.HTTPForbidden(text="线路接入账号没有页面。")
    if principal(request).role == "admin" and await guide_is_open(request):
        target = GUIDE[0]
    raise web.HTTPSeeOther(target)


@needs("public")
async def login_page(request: web.Request) -> web.StreamResponse:
    """GET /login; a part of a page that was sent here learns instead that the session has ended."""
    if HX_REQUEST in request.headers:
        return problem(401, "not-authenticated", "登录已过期", "请重新登录，已填写的内容仍在。")
    own = services(request)
    cookie = request.cookies.get(COOKIE)
    target = own_path(request.query.get("next", "/"))
    who = await sessions.by_session(own.pool, cookie, own.settings.accounts) if cookie else None
    if who is not None and who.due == "code":
        return await _code_page(request, target, who.csrf_token or "", None)
    if who is not None:
        raise web.HTTPSeeOther(open_to(request, who.role, target))
    return await _login_page(request, target, "", None)


async def _login_page(
    request: web.Request, target: str, name: str, error: str | None, *, status: int = 200
) -> web.StreamResponse:
    oidc = services(request).settings.accounts.oidc
    shown = {"next": target, "name": name, "error": error, "provider": oidc.label if oidc else None}
    return await page(request, "login.html", shown, status=status)


async def _code_page(
    request: web.Request, target: str, csrf_token: str, error: str | None, *, status: int = 200
) -> web.StreamResponse:
    return await page(
        request, "login_code.html", {"next": target, "csrf_token": masked(csrf_token), "error": error}, status=status
    )


def _wants_json(request: web.Request) -> bool:
    """The dialog over a page, which must not be left."""
    return "application/json" in request.headers.get("Accept", "")


@needs("public")
async def log_in_here(request: web.Request) -> web.StreamResponse:
    """POST /login: from the page, or from the dialog of an expired session, which wants JSON."""
    own = services(request)
    # no session yet that a CSRF token could belong to: the browser itself says where the form stood
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        return problem(403, "csrf", "来源不符", "请从本服务的登录页登录。")
    form = await request.post()
    name, password = (str(form.get(field, ""))[:_FIELD_LIMIT] for field in ("name", "password"))
    target = own_path(str(form.get("next", "/")))
    try:
        begun = await log_in(
            own.pool,
            name.strip(),
            password,
            request.remote or "?",
            browser=sessions.browser_words(request.headers.get("User-Agent", "")),
            rules=own.settings.accounts,
        )
    except (LoginRefused, LoginThrottled) as error:
        status = _status(error)
        if _wants_json(request):
            return problem(status, "login-refused", "登录失败", str(error))
        return await _login_page(request, target, name, str(error), status=status)
    return await _begun(request, begun, target)


def _status(error: AccountError) -> int:
    return 429 if isinstance(error, LoginThrottled) else 401


async def _begun(request: web.Request, begun: LogIn, target: str) -> web.Response:
    """The cookie of a session, whole or waiting for its code."""
    own = services(request)
    who = await sessions.by_session(own.pool, begun.cookie, own.settings.accounts)
    if _wants_json(request):
        answer: web.Response = json_response(
            {
                "csrf_token": who.csrf_token if who else "",
                "name": who.name if who else "",
                "code_due": begun.code_due,
            }
        )
    else:
        target = open_to(request, who.role, target) if who else target
        location = f"/login?next={target}" if begun.code_due else target
        answer = web.Response(status=303, headers={"Location": location})
    set_session_cookie(request, answer, begun.cookie)
    return answer


def set_session_cookie(request: web.Request, answer: web.StreamResponse, cookie: str) -> None:
    """The session's cookie: unreadable for scripts, sent to nobody else, by https only where that was used."""
    answer.set_cookie(COOKIE, cookie, path="/", httponly=True, samesite="Lax", secure=request.secure)


@needs("public")
async def log_in_elsewhere(request: web.Request) -> web.StreamResponse:
    """GET /login/oidc: on to the outside provider, with a cookie by which its answer is known."""
    own = services(request)
    if own.oidc is None:
        raise web.HTTPNotFound
    begun = await own.oidc.begin(own.pool, own.vault, own_path(request.query.get("next", "/")))
    answer = web.Response(status=303, headers={"Location": begun.url})
    answer.set_cookie(
        PROVIDER_COOKIE,
        begun.browser_key,
        path="/login/oidc",
        max_age=PROVIDER_WAIT_MIN * 60,
        httponly=True,
        samesite="Lax",
        secure=request.secure,
    )
    return answer


@needs("public")
async def come_back(request: web.Request) -> web.StreamResponse:
    """GET /login/oidc/return: the outside provider's answer."""
    own = services(request)
    if own.oidc is None:
        raise web.HTTPNotFound
    try:
        begun, target = await own.oidc.finish(
            own.pool,
            own.vault,
            request.query,
            request.cookies.get(PROVIDER_COOKIE, ""),
            address=request.remote or "?",
            browser=sessions.browser_words(request.headers.get("User-Agent", "")),
            rules=own.settings.accounts,
        )
    except (ProviderRefused, ProviderUnreachable) as error:
        status = 503 if isinstance(error, ProviderUnreachable) else 401
        return await _login_page(request, "/", "", str(error), status=status)
    answer = await _begun(request, begun, target)
    answer.del_cookie(PROVIDER_COOKIE, path="/login/oidc")
    return answer


@needs("session")
async def give_code(request: web.Request) -> web.StreamResponse:
    """POST /login/code: the second step of a log-in."""
    own, who = services(request), principal(request)
    form = await request.post()
    target = own_path(str(form.get("next", "/")))
    if who.due != "code":
        raise web.HTTPSeeOther(target)
    try:
        passed = await pass_code(
            own.pool,
            own.vault,
            who,
            str(form.get("code", ""))[:_FIELD_LIMIT],
            address=request.remote or "?",
            browser=sessions.browser_words(request.headers.get("User-Agent", "")),
            rules=own.settings.accounts,
        )
    except (CodeRefused, LoginThrottled) as error:
        status = _status(error)
        if _wants_json(request):
            return problem(status, "code-refused", "验证码不对", str(error))
        return await _code_page(request, target, who.csrf_token or "", str(error), status=status)
    return await _begun(request, passed, target)


@needs("session")
async def locked_page(request: web.Request) -> web.StreamResponse:
    """GET /locked: the page of a locked session, opened anew."""
    target = own_path(request.query.get("next", "/"))
    if principal(request).due != "unlock":
        raise web.HTTPSeeOther(target)
    return await page(request, "locked.html", {"next": target, "error": None})


@needs("session")
async def unlock_here(request: web.Request) -> web.StreamResponse:
    """POST /unlock: from the page of a locked session, or from the cover over a page, which wants JSON."""
    own, who = services(request), principal(request)
    form = await request.post()
    target = own_path(str(form.get("next", "/")))
    if who.due == "code":
        raise web.HTTPSeeOther("/login")
    try:
        await sessions.unlock(own.pool, who, str(form.get("password", ""))[:_FIELD_LIMIT], own.settings.accounts)
    except (LoginRefused, LoginThrottled) as error:
        if _wants_json(request):
            return problem(_status(error), "unlock-refused", "解锁失败", str(error))
        return await page(request, "locked.html", {"next": target, "error": str(error)}, status=_status(error))
    if _wants_json(request):
        return json_response({"unlocked": True})
    raise web.HTTPSeeOther(target)


@needs("session")
async def log_out_here(request: web.Request) -> web.StreamResponse:
    """POST /logout."""
    await sessions.log_out(services(request).pool, request.cookies.get(COOKIE, ""))
    answer = web.Response(status=303, headers={"Location": "/login"})
    answer.del_cookie(COOKIE, path="/")
    return answer


@needs("self")
async def profile(request: web.Request) -> web.StreamResponse:
    """GET /me: own account: password, second factor, sessions."""
    own, who = services(request), principal(request)
    rules = own.settings.accounts
    async with own.pool.acquire() as connection:
        factor = await second_factor.state(connection, who.user_id)
    shown = {
        "due": who.due,
        "rules": rules,
        "factor": factor,
        "factor_required": who.role in rules.second_factor_roles,
        "sessions": await sessions.listed(own.pool, who.user_id),
    }
    return await page(request, "me.html", shown)
