"""Who may do what, written down a second time; test_roles_and_routes.py walks every route with every role."""

from __future__ import annotations

import re
from typing import Any

import pytest
from aiohttp import web

from hotline.accounts.permissions import GRANTS, ROLES
from hotline.console.pages import add_console
from hotline.web.authentication import RouteWithoutPermission, answer_errors, check_routes, permission_of
from hotline.web.keys import needs
from hotline.web.routes import API, ROUTES, add_api
from tests.service_fixtures import CallMaker, RunningService

#: What the service is for, written down a second time: who must be able to do it, and nobody else.
EXPECTED: dict[str, set[str]] = {
    "calls.submit": {"operator", "line", "admin"},
    "calls.read": {"operator", "lawyer", "mediator", "police", "department", "manager", "admin"},
    "calls.forward": {"operator", "lawyer", "mediator", "police", "department", "admin"},
    "calls.answer": {"operator", "admin"},
    "tickets.receive": {"operator", "department", "admin"},
    "queues.read": {"operator", "lawyer", "mediator", "police", "department", "manager", "admin"},
    "queues.claim": {"operator", "lawyer", "mediator", "police", "department", "admin"},
    "danger.acknowledge": {"operator", "lawyer", "mediator", "police", "department", "manager", "admin"},
    "statistics.read": {"manager", "admin"},
    "statistics.export": {"manager", "admin"},
    "exports.approve": {"manager"},
    "displays.write": {"manager", "admin"},
    # security and auditor get the alerts of the audit log and nothing else of the stream
    "events.read": {
        "operator",
        "lawyer",
        "mediator",
        "police",
        "department",
        "manager",
        "admin",
        "security",
        "auditor",
    },
    "rosters.read": {"operator", "lawyer", "mediator", "police", "department", "manager", "admin"},
    "rosters.write": {"manager", "admin"},
    "policy.read": {"manager", "admin"},
    "policy.write": {"manager", "admin"},
    "users.write": {"security"},
    # each desk's own cases, and what is decided about them elsewhere
    "cases.carry": {"mediator", "department"},
    "cases.mediate": {"mediator"},
    "cases.undertake": {"department"},
    "cases.appraise": {"operator", "manager"},
    "objections.decide": {"manager"},
    "police.work": {"police"},
    "snippets.use": {"lawyer"},
    "reviews.write": {"manager"},
    "lexicon.write": {"manager", "admin"},
    # how the service is set up
    "grids.write": {"admin"},
    "organisations.write": {"admin"},
    "lines.write": {"admin"},
    "retention.write": {"admin"},
    "knowledge.read": {"operator", "lawyer", "mediator", "police", "department", "manager", "admin"},
    "knowledge.propose": {"department", "manager"},
    "knowledge.publish": {"manager"},
    "handover.take": {"operator", "manager"},
    "notices.write": {"manager"},
    "triage.repeat": {"manager", "admin"},
    "contact_rules.write": {"operator", "lawyer", "mediator", "police", "department", "manager"},
    "calls.unmask": {"operator", "lawyer", "mediator", "police", "department", "manager"},
    "timeline.open": {"operator", "lawyer", "mediator", "police", "department", "manager"},
    "calls.search": {"operator", "lawyer", "mediator", "police", "department", "manager"},
    "person.search": {"operator", "manager"},
    "calls.export": {"manager"},
    "audit.read": {"auditor"},
    "audit.alerts": {"auditor", "security"},
    "session": set(ROLES),
    "self": set(ROLES),
}


def bare_app() -> web.Application:
    """Every route, without the services behind them."""
    app = web.Application(middlewares=[answer_errors])
    add_api(app)
    add_console(app)
    return app


def routes() -> list[tuple[str, str, str]]:
    """Method, path pattern and permission of everything the service answers."""
    found = []
    for route in bare_app().router.routes():
        assert route.resource is not None
        if route.method != "HEAD" and not isinstance(route.resource, web.StaticResource):
            found.append((route.method, route.resource.canonical, str(permission_of(route.handler))))
    return found


def test_the_table_of_grants_is_the_one_written_here() -> None:
    granted = {
        permission: {role for role, permissions in GRANTS.items() if permission in permissions}
        for permission in EXPECTED
    }
    assert granted == EXPECTED


def test_no_administrator_can_do_anothers_work() -> None:
    everybodys = {"public", "session", "self", "events.read"}
    system, security, audit = (set(GRANTS[role]) - everybodys for role in ("admin", "security", "auditor"))
    assert not system & (security | audit)
    # both are warned of bulk look-ups; only one of them reads the log
    assert security & audit == {"audit.alerts"}
    assert "users.write" not in GRANTS["manager"]


def test_every_route_of_the_table_is_served_and_names_a_permission() -> None:
    served = {(method, path) for method, path, _ in routes()}
    for route in ROUTES:
        assert (route.method, re.sub(r":[^/]*", "}", API + route.path)) in served, route.path
    assert {permission for _, _, permission in routes()} <= {*EXPECTED, "public"}


def test_only_pages_that_tell_nothing_are_public() -> None:
    public = {(method, path) for method, path, permission in routes() if permission == "public"}
    assert public == {
        ("GET", "/healthz"),
        ("GET", "/readyz"),
        ("GET", "/metrics"),
        ("GET", "/api/openapi.json"),
        ("GET", "/api/docs"),
        ("GET", "/login"),
        ("POST", "/login"),
        ("GET", "/login/oidc"),
        ("GET", "/login/oidc/return"),
        ("GET", "/console/words.js"),
        ("GET", "/console/console.css"),
        # a wall display: a code, and figures once a manager has registered it
        ("GET", "/wall"),
        ("GET", "/wall/paired"),
        ("GET", "/wall/stream"),
    }


def test_a_route_without_permission_keeps_the_service_from_starting() -> None:
    async def forgotten(request: web.Request) -> web.Response:
        return web.Response()

    app = bare_app()
    check_routes(app)
    app.router.add_get("/api/v1/forgotten", forgotten)
    with pytest.raises(RouteWithoutPermission, match="/api/v1/forgotten"):
        check_routes(app)
    mistyped = bare_app()
    mistyped.router.add_get("/x", needs("calls.raed")(forgotten))  # type: ignore[arg-type]
    with pytest.raises(RouteWithoutPermission):
        check_routes(mistyped)


async def test_worthless_authorization_headers(service: RunningService) -> None:
    for header in ("", "Bearer", "Bearer ", "Basic YTpi", "bearer x y", "Token abc", "Bearer é"):
        async with service.session.get(f"{service.address}/api/v1/me", headers={"Authorization": header}) as answer:
            assert answer.status == 401, header
            assert answer.headers["WWW-Authenticate"] == "Bearer"
            assert answer.content_type == "application/problem+json"


@pytest.mark.parametrize(
    ("role", "queue"), [("lawyer", "police"), ("operator", "lawyers"), ("department", "mediators")]
)
async def test_a_claim_from_anothers_queue_is_refused(
    service: RunningService, call: CallMaker, role: str, queue: str
) -> None:
    status, problem = await service.request("POST", f"/queues/{queue}/claim", role=role)
    assert (status, problem["type"]) == (403, "urn:hotline:problem:not-your-queue")


async def test_what_one_agent_has_in_hand_another_cannot_touch(service: RunningService, call: CallMaker) -> None:
    await service.start_worker()
    answer = await service.post_calls(call("有人在我家门口打人，快来"))
    await service.call_in(answer["accepted"][0]["call_id"], "queued")
    for name in ("paul", "petra"):
        await service.token("police", name)
    status, claim = await service.request("POST", "/queues/police/claim", role="police", user="paul")
    assert status == 200, claim
    path = f"/assignments/{claim['assignment_id']}"
    tries: list[tuple[str, str, dict[str, Any]]] = [
        ("POST", "/heartbeat", {}),
        ("POST", "/release", {}),
        ("POST", "/complete", {"disposition": "已处置"}),
        ("PUT", "/notes", {"notes": "别人的"}),
    ]
    for method, end, body in tries:
        status, _ = await service.request(method, path + end, role="police", user="petra", json=body)
        assert status in (403, 404, 409), end
    status, done = await service.request(
        "POST", f"{path}/complete", role="police", user="paul", json={"disposition": "已处置", "notes": "到场劝离"}
    )
    assert (status, done["outcome"]) == (200, "completed")
