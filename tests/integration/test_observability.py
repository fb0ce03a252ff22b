"""Errors as problem details, the OpenAPI description, health, readiness, metrics."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from prometheus_client.parser import text_string_to_metric_families

from config.settings import load_settings
from hotline.app import make_app
from hotline.embedded.servers import ServerUrls
from hotline.embedded.throwaway import embedded_postgres
from hotline.migrations.migrate import migrate
from hotline.web.routes import API, ROUTES
from tests.service_fixtures import CallMaker, RunningService

NUMBER = "13955556666"


async def fetch(service: RunningService, path: str, method: str = "GET", **options: Any) -> tuple[int, str, str]:
    """Status, content type and text, without log-in."""
    async with service.session.request(method, service.address + path, **options) as answer:
        return answer.status, answer.content_type, await answer.text()


# ---- errors


async def test_every_error_of_the_api_is_a_problem_with_a_stable_type(service: RunningService, call: CallMaker) -> None:
    answer = await service.post_calls(call("路灯坏了"))
    call_id = answer["accepted"][0]["call_id"]
    big = 10**30
    wanted: list[tuple[str, str, dict[str, Any], int, str]] = [
        ("GET", "/nothing-here", {}, 404, "not-found"),
        ("GET", "/calls/abc", {}, 404, "not-found"),
        ("GET", "/calls/999999999999999999", {}, 404, "call-not-found"),
        ("DELETE", f"/calls/{call_id}", {}, 405, "method-not-allowed"),
        ("GET", "/queues/nowhere/items", {}, 404, "queue-not-found"),
        ("POST", "/queues/nowhere/claim", {}, 404, "queue-not-found"),
        ("POST", "/assignments/77/heartbeat", {}, 404, "assignment-not-found"),
        ("POST", "/assignments/77/complete", {"json": {"disposition": "好"}}, 404, "assignment-not-found"),
        ("POST", "/transfers/77/cancel", {}, 404, "transfer-not-found"),
        ("POST", f"/calls/{call_id}/forward", {"data": b"{"}, 400, "bad-json"),
        ("POST", f"/calls/{call_id}/forward", {"json": {"moed": "blind"}}, 422, "invalid-request"),
        ("POST", f"/calls/{call_id}/forward", {"json": {"mode": "teleport"}}, 422, "invalid-request"),
        ("POST", f"/calls/{call_id}/forward", {"json": {"destination": "mars"}}, 422, "invalid-request"),
        ("POST", f"/calls/{call_id}/forward", {"json": []}, 422, "invalid-request"),
        ("POST", f"/calls/{call_id}/forward", {"headers": {"Idempotency-Key": "k" * 201}}, 400, "bad-request"),
        ("POST", f"/calls/{call_id}/answer", {"json": {"answer": ""}}, 422, "invalid-request"),
        ("POST", "/calls/77777/answer", {"json": {"answer": "好的"}}, 404, "call-not-found"),
        ("POST", "/calls/77777/triage", {}, 404, "call-not-found"),
        ("POST", "/calls/77777/choice", {"json": {"choice": "wait"}}, 404, "call-not-found"),
        ("POST", f"/calls/{call_id}/choice", {"json": {"choice": "dance"}}, 422, "invalid-request"),
        ("GET", "/calls?cursor=rubbish", {}, 422, "invalid-request"),
        ("GET", "/calls?limit=0", {}, 422, "invalid-request"),
        ("GET", "/calls?limit=many", {}, 422, "invalid-request"),
        ("GET", "/calls?from=yesterday", {}, 422, "invalid-request"),
        ("GET", "/statistics/routing?by=caller_number", {}, 422, "invalid-request"),
        ("GET", "/rosters?week=now", {}, 422, "invalid-request"),
        ("GET", "/transfers", {}, 422, "invalid-request"),
        ("PUT", "/presence", {"json": {"presence": "asleep"}}, 422, "invalid-request"),
        ("GET", "/calls?line=a%00b", {}, 422, "value-unstorable"),
        ("GET", "/transfers?ticket=%00", {}, 422, "value-unstorable"),
        ("POST", f"/calls/{call_id}/triage", {}, 409, "illegal-transition"),
    ]
    wrong = []
    for method, path, options, status, kind in wanted:
        headers = {"Authorization": f"Bearer {await service.token('admin')}", **options.pop("headers", {})}
        async with service.session.request(method, f"{service.address}{API}{path}", headers=headers, **options) as got:
            body = await got.json(content_type=None)
            seen = (got.status, got.content_type, str(body.get("type")).rpartition(":")[2], body.get("status"))
            if seen != (status, "application/problem+json", kind, status) or not body["detail"] or not body["title"]:
                wrong.append((method, path, seen, kind))
    assert wrong == []
    status, problem = await service.request(
        "POST", f"/calls/{call_id}/forward", json={"decision_id": big, "destination": "lawyers", "reason": "试"}
    )
    assert status in (409, 422), problem


async def test_a_wrong_method_names_the_right_ones(service: RunningService) -> None:
    async with service.session.put(f"{service.address}{API}/calls") as answer:
        assert answer.status == 405
        assert set(answer.headers["Allow"].split(",")) == {"GET", "POST"}


async def test_problems_do_not_repeat_what_was_sent(service: RunningService, call: CallMaker) -> None:
    answer = await service.post_calls(call("路灯坏了", talk_time_s=f"about {NUMBER}", caller_name=[NUMBER]))
    assert len(answer["rejected"]) == 1
    assert NUMBER not in str(answer)


# ---- description


def references(value: Any) -> Iterator[str]:
    """Every $ref inside."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "$ref":
                yield inner
            else:
                yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


async def test_the_description_holds_every_route_and_every_reference_resolves(service: RunningService) -> None:
    async with service.session.get(f"{service.address}/api/openapi.json") as answer:
        assert answer.status == 200
        described = await answer.json()
    assert described["openapi"].startswith("3.1")
    assert described["info"]["title"]
    assert described["info"]["version"]
    listed = {(m.upper(), path) for path, methods in described["paths"].items() for m in methods}
    assert listed == {(route.method, API + re.sub(r":[^/]*", "}", route.path)) for route in ROUTES}
    ids = [op["operationId"] for methods in described["paths"].values() for op in methods.values()]
    assert len(set(ids)) == len(ids)
    for reference in references(described):
        found: Any = described
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]
        assert found
    for path, methods in described["paths"].items():
        for operation in methods.values():
            named = {p["name"] for p in operation["parameters"] if p["in"] == "path"}
            assert named == set(re.findall(r"\{(\w+)\}", path))
            assert all(p["required"] for p in operation["parameters"] if p["in"] == "path")
            assert operation["responses"]
            assert all(re.fullmatch(r"[1-5]\d\d", code) for code in operation["responses"])
            assert all(response["description"] for response in operation["responses"].values())


async def test_the_described_record_is_the_one_that_is_taken(service: RunningService) -> None:
    async with service.session.get(f"{service.address}/api/openapi.json") as answer:
        schemas = (await answer.json())["components"]["schemas"]
    assert set(schemas["Call"]["required"]) == {"line", "external_id", "received_at", "transcript"}
    assert {"caller_number", "caller_name", "address", "region", "operator", "confidential", "source", "live"} <= set(
        schemas["Call"]["properties"]
    )


async def test_the_page_of_the_description_needs_nothing_from_outside(service: RunningService) -> None:
    status, content_type, text = await fetch(service, "/api/docs")
    assert (status, content_type) == (200, "text/html")
    assert not re.findall(r"(?:src|href)=[\"']?(?:https?:)?//", text)
    for style in re.findall(r'href="(/static/[^"]+)"', text):
        assert (await fetch(service, style))[0] == 200
    assert "/api/v1/calls" in text


# ---- health


async def test_health_and_readiness(service: RunningService) -> None:
    assert (await fetch(service, "/healthz"))[0] == 200
    status, _, text = await fetch(service, "/readyz")
    assert (status, '"ready"' in text, '"signals":true' in text) == (200, True, True)


async def test_without_its_database_it_lives_but_is_not_ready(tmp_path: Path, redis_url: str) -> None:
    settings = replace(load_settings({"HOTLINE_STATE_DIR": str(tmp_path)}), port=0, pool_size=4)
    with embedded_postgres() as url:
        await migrate(url)
        runner = web.AppRunner(await make_app(settings, ServerUrls(url, redis_url)), shutdown_timeout=0.5)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
    address = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        async with aiohttp.ClientSession() as session:
            async with session.get(f"{address}/readyz") as answer:
                assert answer.status == 503
            async with session.get(f"{address}/healthz") as answer:
                assert answer.status == 200
            async with session.get(f"{address}{API}/me", headers={"Authorization": "Bearer x"}) as answer:
                assert answer.status == 503
                assert answer.headers["Retry-After"]
                assert (await answer.json(content_type=None))["type"] == "urn:hotline:problem:database-unreachable"
    finally:
        await runner.cleanup()


# ---- metrics


async def test_metrics_can_be_read_and_hold_counts_not_persons(service: RunningService, call: CallMaker) -> None:
    await service.token("lawyer", "wang.lawyer")
    answer = await service.post_calls(call("路灯坏了", caller_number=NUMBER, external_id="EXT-77"))
    call_id = answer["accepted"][0]["call_id"]
    await service.request("GET", f"/calls/{call_id}", role="lawyer", user="wang.lawyer")
    await service.request("GET", "/calls/123454321", role="lawyer", user="wang.lawyer")
    await service.request("GET", "/no/such/123454321", role="lawyer", user="wang.lawyer")
    status, _, text = await fetch(service, "/metrics")
    assert status == 200
    families = {family.name: family for family in text_string_to_metric_families(text)}
    # in names and labels; any four digits can turn up by chance in a sample's value, such as bytes of memory
    said = [family.name for family in families.values()]
    said += [value for family in families.values() for sample in family.samples for value in sample.labels.values()]
    for secret in (NUMBER, NUMBER[-4:], "EXT-77", "wang.lawyer", "123454321"):
        assert not [words for words in said if secret in words]
    requests = {
        (s.labels["method"], s.labels["route"], s.labels["status"])
        for s in families["hotline_http_requests"].samples
        if s.name.endswith("_total")
    }
    assert ("GET", "/api/v1/calls/{id}", "200") in requests
    assert ("GET", "/api/v1/calls/{id}", "404") in requests
    assert families["hotline_triage_pending"].samples[0].value == 1
    assert {s.labels["queue"] for s in families["hotline_queue_waiting"].samples} >= {"operators", "lawyers", "police"}
