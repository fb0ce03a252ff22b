"""Every role on every route of the application's own router, against roles_by_route.txt; and what all answers carry."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from hotline.accounts.permissions import ROLES
from hotline.app import make_app
from hotline.console.pages import add_console
from hotline.web.authentication import answer_errors
from hotline.web.routes import add_api
from tests.service_fixtures import RunningService

TABLE = Path(__file__).with_name("roles_by_route.txt")
TEMPLATES = Path(make_app.__code__.co_filename).parent / "console" / "templates"
#: What holds nothing of anybody: browsers may keep it.
CACHED = ("/static", "/console/words.js", "/console/console.css")
#: A queue that each role serves; the claim of another's queue is refused for a reason of its own.
QUEUES = {
    "operator": "operators",
    "lawyer": "lawyers",
    "mediator": "mediators",
    "police": "police",
    "department": "departments",
}
#: Bodies without which a handler would not get as far as its permission's use; the others take an empty object.
BODIES: dict[str, dict[str, Any]] = {
    "POST /api/v1/rosters/import": {"data": b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:t\r\nEND:VCALENDAR\r\n"},
    "POST /login": {"data": {"name": "nobody", "password": "wrong"}, "headers": {"Accept": "application/json"}},
}


#: What two kinds of administrators may both use: the stream tells in ids that something happened, and of the audit's
#: alerts security acts on what auditors see (a leaver's bulk look-ups end with a locked account).
SHARED_BY_ADMINISTRATORS = {
    "GET /api/v1/events",
    "GET /audit",
    "GET /api/v1/audit/alerts",
    "POST /api/v1/audit/alerts/{id}/acknowledge",
}


@dataclass(frozen=True)
class Route:
    """One route with who may use it."""

    method: str
    path: str
    roles: frozenset[str]
    public: bool

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def api(self) -> bool:
        return self.path.startswith("/api/")


def expected() -> dict[str, tuple[frozenset[str], bool]]:
    """``METHOD PATH`` -> roles, whether it is public; as the table says."""
    groups: dict[str, frozenset[str]] = {}
    found: dict[str, tuple[frozenset[str], bool]] = {}

    def people(words: str) -> frozenset[str]:
        return frozenset(role for word in words.split() for role in groups.get(word, {word}))

    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if line.startswith("#") or not line.strip():
            continue
        if " = " in line:
            name, _, words = line.partition("=")
            groups[name.strip()] = people(words)
            continue
        route, _, words = line.rpartition(" : ")
        method, path = route.split()
        roles = people(words)
        public = "public" in roles
        assert roles - {"public"} <= set(ROLES), f"{line}: no such role"
        assert f"{method} {path}" not in found, f"{line}: twice"
        found[f"{method} {path}"] = (frozenset(ROLES) if public else roles, public)
    return found


def served() -> list[tuple[str, str]]:
    """Method and path pattern of everything the router of the application answers."""
    app = web.Application(middlewares=[answer_errors])
    add_api(app)
    add_console(app)
    return [(route.method, route.resource.canonical) for route in app.router.routes() if route.resource is not None]


def routes() -> list[Route]:
    """Every served route with the table's word on it."""
    table = expected()
    nobody: tuple[frozenset[str], bool] = (frozenset(), False)
    return [
        Route(method, path, *table.get(f"{method.replace('HEAD', 'GET')} {path}", nobody)) for method, path in served()
    ]


def address(route: Route, role: str) -> str:
    """A path with ids that do not exist."""
    path = "/static/css/tokens.css" if route.path == "/static" else route.path
    return re.sub(r"\{[^/]*", "999999", re.sub(r"\{name[^/]*", QUEUES.get(role, "lawyers"), path))


async def ask(service: RunningService, route: Route, role: str, token: str | None) -> tuple[int, str, str]:
    """Status, problem type and where it leads; empty where there is none."""
    options = dict(BODIES.get(route.name, {"data": b"{}"} if route.method in ("POST", "PUT") else {}))
    headers = {**options.pop("headers", {}), **({"Authorization": f"Bearer {token}"} if token else {})}
    async with service.session.request(
        route.method, service.address + address(route, role), headers=headers, allow_redirects=False, **options
    ) as answer:
        kind = ""
        if answer.content_type == "application/problem+json" and route.method != "HEAD":
            kind = (await answer.json(content_type=None))["type"].rpartition(":")[2]
        return answer.status, kind, answer.headers.get("Location", "")


def test_the_table_and_the_router_name_the_same_routes() -> None:
    table, there = set(expected()), {f"{method} {path}" for method, path in served() if method != "HEAD"}
    assert sorted(there - table) == [], "routes without a line in roles_by_route.txt"
    assert sorted(table - there) == [], "lines of roles_by_route.txt without a route"


def test_no_administrator_can_do_another_ones_work() -> None:
    by_role = {
        role: {name for name, (roles, public) in expected().items() if role in roles and not public} for role in ROLES
    }
    shared = {name for name, (roles, _) in expected().items() if roles == frozenset(ROLES)} | SHARED_BY_ADMINISTRATORS
    assert by_role["admin"] & by_role["security"] <= shared
    assert by_role["admin"] & by_role["auditor"] <= shared
    assert by_role["security"] & by_role["auditor"] <= shared


async def test_every_role_passes_where_the_table_says_and_nowhere_else(service: RunningService) -> None:
    wrong = []
    for role in sorted(ROLES):
        token = await service.token(role)
        for route in routes():
            if route.name == "POST /login":
                continue
            status, kind, _ = await ask(service, route, role, token)
            refused = status == 403 and (kind == "not-allowed" or not route.api or route.method == "HEAD")
            # the home page says in words that such an account has no pages
            if (route.path, refused) == ("/", True) and role in ("line",):
                continue
            if refused == (role in route.roles) or status == 401 or status >= 500:
                wrong.append((role, route.name, status, kind))
    assert wrong == []


async def test_nobody_and_the_dismissed_get_nowhere(service: RunningService) -> None:
    dismissed = await service.token("lawyer", user="dismissed")
    async with service.pool.acquire() as connection:
        await connection.execute("update users set disabled_at = now() where name = 'dismissed'")
    wrong = []
    for token in (None, "hl_unknown", dismissed):
        for route in routes():
            status, kind, target = await ask(service, route, "lawyer", token)
            if route.public:
                fits = status < 500 and (status != 401 or kind == "login-refused")
            elif route.api:
                fits = (status, kind) == (401, "not-authenticated")
            elif route.method == "POST":
                fits = status == 401
            else:
                fits = status == 303 and target.startswith("/login")
            if not fits:
                wrong.append((route.name, status, kind, "no token" if token is None else "bad token"))
    assert wrong == []


class InlineCode(HTMLParser):
    """Collects what a strict policy would refuse: inline scripts, styles, handlers, addresses elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self._script = tag == "script" and "src" not in values
        if tag in ("style", "base", "object", "embed", "iframe"):
            self.found.append(f"<{tag}>")
        for name, value in attrs:
            if name == "style" or name.startswith(("on", "hx-on")):
                self.found.append(f"{tag} {name}")
            if name in ("src", "href", "action", "hx-get", "hx-post") and re.match(
                r"\s*([a-z]+:|//)", value or "", re.I
            ):
                self.found.append(f"{tag} {name}={value}")

    def handle_data(self, data: str) -> None:
        if self._script and data.strip():
            self.found.append("inline script")


def inline_code(html: str) -> list[str]:
    """What of ``html`` the Content-Security-Policy would refuse."""
    parser = InlineCode()
    parser.feed(html)
    return parser.found


@pytest.mark.parametrize("template", sorted(TEMPLATES.glob("**/*.html")), ids=lambda path: path.name)
def test_no_template_has_inline_code(template: Path) -> None:
    text = re.sub(r"\{[{%#].*?[}%#]\}", "", template.read_text(encoding="utf-8"), flags=re.S)
    assert inline_code(text) == []


def test_the_search_for_inline_code_finds_it() -> None:
    for bad in (
        "<script>go()</script>",
        '<p style="color:red">a</p>',
        '<b onclick="go()">a</b>',
        '<a href="javascript:go()">a</a>',
        '<script src="https://cdn.example/a.js"></script>',
        "<style>p{}</style>",
    ):
        assert inline_code(bad), bad


async def test_every_answer_carries_the_security_headers(service: RunningService) -> None:
    tokens = {role: await service.token(role) for role in ("admin", "security", "auditor", "line")}
    wrong = []
    for route in routes():
        # somebody who may, and nobody: pages and refusals, redirects and errors
        for role in (next((role for role in tokens if role in route.roles), "admin"), None):
            options = dict(BODIES.get(route.name, {"data": b"{}"} if route.method in ("POST", "PUT") else {}))
            headers = options.pop("headers", {}) | ({"Authorization": f"Bearer {tokens[role]}"} if role else {})
            async with service.session.request(
                route.method,
                service.address + address(route, "admin"),
                headers=headers,
                allow_redirects=False,
                **options,
            ) as answer:
                policy = {
                    name: value
                    for name, _, value in (
                        part.strip().partition(" ")
                        for part in answer.headers.get("Content-Security-Policy", "").split(";")
                    )
                }
                fits = (
                    policy.get("default-src") == "'none'"
                    and policy.get("script-src") == policy.get("style-src") == policy.get("form-action") == "'self'"
                    and policy.get("frame-ancestors") == policy.get("base-uri") == "'none'"
                    and "unsafe" not in str(policy)
                    and answer.headers.get("X-Content-Type-Options") == "nosniff"
                    and answer.headers.get("X-Frame-Options") == "DENY"
                    and answer.headers.get("Referrer-Policy") == "same-origin"
                    and answer.headers.get("Cross-Origin-Opener-Policy") == "same-origin"
                    and answer.headers.get("Cross-Origin-Resource-Policy") == "same-origin"
                    and "geolocation=()" in answer.headers.get("Permissions-Policy", "")
                    and answer.headers.get("Server") == "hotline"
                    # the clear text of this test must not tie a browser to https
                    and "Strict-Transport-Security" not in answer.headers
                    and (answer.headers.get("Cache-Control") == "no-store") == (route.path not in CACHED)
                )
                if not fits:
                    wrong.append((route.name, role, answer.status, dict(answer.headers)))
                if answer.content_type == "text/html" and route.method == "GET":
                    found = inline_code(await answer.text())
                    if found:
                        wrong.append((route.name, role, answer.status, found))
    assert wrong == []


async def test_static_files_are_those_of_the_folder_only(service: RunningService) -> None:
    for path in (
        "../render.py",
        "%2e%2e/render.py",
        "..%2frender.py",
        "%2e%2e%2f%2e%2e%2fapp.py",
        "//etc/passwd",
        "js/",
    ):
        async with service.session.get(f"{service.address}/static/{path}") as answer:
            assert answer.status in (403, 404), path
