"""Who makes a request, and whether they may: session cookie or bearer token, permission, CSRF."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Awaitable, Callable

import structlog
from aiohttp import web

from hotline.accounts.permissions import PERMISSIONS, Permission, allowed
from hotline.accounts.sessions import by_session, touch
from hotline.accounts.store import Due, Principal, by_token
from hotline.errors import HotlineError
from hotline.web.keys import PERMISSION_ATTRIBUTE, PRINCIPAL, services
from hotline.web.problems import from_exception, from_http, problem

log = structlog.get_logger(__name__)

COOKIE = "hotline_session"
CSRF_HEADER = "X-CSRF-Token"
CSRF_FIELD = "csrf_token"
_MASKED = "m."
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
LOGIN_PATH = "/login"
#: A request by which htmx fetches a part of a page: pages refresh themselves, so it says nothing about their person.
HX_REQUEST = "HX-Request"

_ONLY_SESSION: frozenset[Permission] = frozenset({"session"})
_OWN_ACCOUNT: frozenset[Permission] = frozenset({"session", "self"})
#: What a session may do while something is due of its person. Events carry ids only and go on under a lock, so that
#: the covered page can tell of a danger or of a call that rings.
OPEN_WHILE: dict[Due, frozenset[Permission]] = {
    "code": _ONLY_SESSION,
    "unlock": frozenset({"session", "events.read"}),
    "password": _OWN_ACCOUNT,
    "enrolment": _OWN_ACCOUNT,
}
_DUE_PAGES: dict[Due, str] = {"code": LOGIN_PATH, "unlock": "/locked", "password": "/me", "enrolment": "/me"}
_DUE_PROBLEMS: dict[Due, Callable[[], web.Response]] = {
    "code": lambda: problem(401, "second-factor-due", "需要动态口令", "请先输入动态口令完成登录。"),
    "unlock": lambda: problem(
        423, "session-locked", "屏幕已锁定", "您离开了一会儿，屏幕已锁定；请输入密码继续，已填内容仍在。"
    ),
    "password": lambda: problem(403, "password-change-due", "需要修改密码", "请先在“我的账号”修改密码，再继续使用。"),
    "enrolment": lambda: problem(
        403, "second-factor-missing", "需要设置动态口令", "您的角色须使用动态口令，请先在“我的账号”设置。"
    ),
}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class RouteWithoutPermission(HotlineError):
    """A route names no permission: the service does not start."""


def permission_of(handler: object) -> Permission | None:
    """The permission a handler names."""
    return getattr(handler, PERMISSION_ATTRIBUTE, None)


def check_routes(app: web.Application) -> None:
    """Raise RouteWithoutPermission unless every route names a known permission."""
    for route in app.router.routes():
        resource = route.resource
        if isinstance(resource, web.StaticResource):
            continue
        if permission_of(route.handler) not in PERMISSIONS:
            where = resource.canonical if resource else "?"
            raise RouteWithoutPermission(f"Route {route.method} {where} names no permission; add @needs(...) to it.")


async def _who(request: web.Request) -> Principal | None:
    header = request.headers.get("Authorization", "")
    if header:
        scheme, _, token = header.partition(" ")
        return await by_token(services(request).pool, token.strip()) if scheme.lower() == "bearer" else None
    cookie = request.cookies.get(COOKIE)
    own = services(request)
    return await by_session(own.pool, cookie, own.settings.accounts) if cookie else None


def _page_opened(request: web.Request) -> bool:
    """Whether a person opened a page: the address bar, a link, a reload; not what a page does by itself."""
    return request.method == "GET" and HX_REQUEST not in request.headers and not request.path.startswith("/api/")


def _answer_due(request: web.Request, due: Due) -> web.Response:
    """What is to be done first, as a problem; a page leads to where it is done."""
    if _page_opened(request):
        target = _DUE_PAGES[due]
        query = f"?next={request.rel_url.raw_path}" if due in ("code", "unlock") else ""
        raise web.HTTPSeeOther(target + query)
    return _DUE_PROBLEMS[due]()


def masked(token: str) -> str:
    """A session's CSRF token as a page carries it: different each time.

    Pages are sent compressed; a token that stood there unchanged could be guessed from the lengths of many answers
    (BREACH). Whoever sends the plain one is believed as well.
    """
    pad = secrets.token_bytes(len(token.encode()))
    mixed = bytes(one ^ other for one, other in zip(pad, token.encode(), strict=True))
    return f"{_MASKED}{pad.hex()}{mixed.hex()}"


def _unmasked(sent: str) -> bytes:
    """What ``masked`` was given; anything else as it is."""
    if not sent.startswith(_MASKED):
        return sent.encode(errors="surrogateescape")
    try:
        raw = bytes.fromhex(sent.removeprefix(_MASKED))
    except ValueError:
        return b""
    half = len(raw) // 2
    return bytes(one ^ other for one, other in zip(raw[:half], raw[half:], strict=False))


async def _csrf_fits(request: web.Request, principal: Principal) -> bool:
    """A browser's change carries the session's token, in a header or a form field."""
    if principal.csrf_token is None or request.method in SAFE_METHODS:
        return True
    sent = request.headers.get(CSRF_HEADER, "")
    if not sent and request.content_type in ("application/x-www-form-urlencoded", "multipart/form-data"):
        value = (await request.post()).get(CSRF_FIELD, "")
        sent = value if isinstance(value, str) else ""
    return hmac.compare_digest(_unmasked(sent), principal.csrf_token.encode())


@web.middleware
async def authenticate(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let a request through to its handler only with the permission that the handler names."""
    if request.match_info.http_exception is not None:
        return await handler(request)
    permission = permission_of(request.match_info.handler)
    if permission is None or permission == "public":
        # static files and public pages
        return await handler(request)
    principal = await _who(request)
    api = request.path.startswith("/api/")
    if principal is None:
        if api or request.method not in SAFE_METHODS:
            return problem(
                401,
                "not-authenticated",
                "需要登录",
                "请登录，或带上有效的访问令牌（Authorization: Bearer …）。",
                headers={"WWW-Authenticate": "Bearer"},
            )
        raise web.HTTPSeeOther(f"{LOGIN_PATH}?next={request.rel_url.raw_path}")
    if not allowed(principal.role, permission):
        log.info("refused", user_id=principal.user_id, role=principal.role, permission=permission)
        if not api and request.method in SAFE_METHODS:
            raise web.HTTPForbidden(text="您的角色没有打开这个页面的权限。")
        return problem(403, "not-allowed", "没有权限", "您的角色没有这项权限；如工作需要，请联系管理员。")
    if principal.due is not None and permission not in OPEN_WHILE[principal.due]:
        return _answer_due(request, principal.due)
    if not await _csrf_fits(request, principal):
        return problem(403, "csrf", "页面已过期", "页面已过期，请刷新后再提交；已填内容仍在。")
    request[PRINCIPAL] = principal
    if principal.due is None and _page_opened(request):
        await touch(services(request).pool, principal)
    return await handler(request)


@web.middleware
async def answer_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn every error into problem details (API) and keep the reason in the log."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.status < 400 or not request.path.startswith("/api/"):
            raise
        return from_http(error)
    except ConnectionResetError:
        raise
    except Exception as error:
        answer = from_exception(error)
        if answer is not None:
            return answer
        log.exception(
            "request_crashed", path=request.match_info.route.resource and request.match_info.route.resource.canonical
        )
        return problem(500, "internal", "内部错误", "服务内部出错，已记入日志；请稍后重试，持续出现请联系管理员。")
