"""One call's steps, done by two processes, arrive at a collector as one trace."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from config.settings import Settings, load_settings
from hotline import tracing
from hotline.app import open_traces
from hotline.tracing import CallTraces
from tests.service_fixtures import CallMaker, RunningService, eventually, some_vault


@dataclass
class Span:
    """One span as the collector got it."""

    process: str
    name: str
    trace: bytes
    id: bytes
    parent: bytes
    duration_ns: int
    facts: dict[str, Any]


@dataclass
class Collector:
    """An OTLP/HTTP receiver."""

    url: str = ""
    spans: list[Span] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        sent = ExportTraceServiceRequest.FromString(await request.read())
        for resource in sent.resource_spans:
            about = {one.key: one.value.string_value for one in resource.resource.attributes}
            for scope in resource.scope_spans:
                for one in scope.spans:
                    facts = {fact.key: fact.value.string_value or fact.value.int_value for fact in one.attributes}
                    duration_ns = one.end_time_unix_nano - one.start_time_unix_nano
                    self.spans.append(
                        Span(
                            about["service.name"],
                            one.name,
                            one.trace_id,
                            one.span_id,
                            one.parent_span_id,
                            duration_ns,
                            facts,
                        )
                    )
        return web.Response()

    def of(self, call_id: int) -> list[Span]:
        return [one for one in self.spans if one.facts["call.id"] == call_id]


@pytest.fixture
async def collector() -> AsyncIterator[Collector]:
    made = Collector()
    app = web.Application()
    app.router.add_post("/v1/traces", made.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield made
    await runner.cleanup()


@pytest.fixture
def settings(tmp_path: Path, collector: Collector, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """As every test's, but with a collector."""
    monkeypatch.setattr(tracing, "SEND_EVERY_MS", 100)
    environ = {"HOTLINE_STATE_DIR": str(tmp_path / "state"), "HOTLINE_OTLP_ENDPOINT": collector.url}
    return replace(load_settings(environ), port=0, pool_size=10)


async def test_one_calls_journey_is_one_trace(
    service: RunningService, settings: Settings, collector: Collector, call: CallMaker
) -> None:
    words = "邻居家的狗天天晚上叫，吵得孩子睡不着，找了物业也没有用。"
    first, other = (
        one["call_id"]
        for one in (
            await service.post_calls(
                call(words, live=True, caller_number="13955557777", external_id="TRACED-1"), call("路灯坏了")
            )
        )["accepted"]
    )
    traces = open_traces(settings, service.services.vault, "worker")
    await service.start_worker(journey=traces)
    page = await service.call_in(first, "proposed")
    status, answer = await service.request(
        "POST", f"/calls/{first}/forward", role="operator", json={"destination": "lawyers", "reason": "试"}
    )
    assert status == 200, (answer, page)
    status, taken = await service.request("POST", "/queues/lawyers/claim", role="lawyer", user="zhao")
    assert status == 200, taken
    assert taken["call"]["id"] == first
    body = {"disposition": "已解答"}
    status, _ = await service.request(
        "POST", f"/assignments/{taken['assignment_id']}/complete", role="lawyer", user="zhao", json=body
    )
    assert status == 200
    wanted = {
        ("hotline-web", "POST /api/v1/calls"),
        ("hotline-web", "intake.store"),
        ("hotline-worker", "triage.read"),
        ("hotline-worker", "triage.decide"),
        ("hotline-worker", "triage.settle"),
        ("hotline-web", "event call_triaged"),
        ("hotline-web", "POST /api/v1/calls/{id}/forward"),
        ("hotline-web", "POST /api/v1/queues/{name}/claim"),
        ("hotline-web", "POST /api/v1/assignments/{id}/complete"),
    }

    async def all_there() -> bool:
        return wanted <= {(one.process, one.name) for one in collector.of(first)}

    try:
        await eventually(all_there)
    finally:
        await service.stop_worker()
        assert traces is not None
        await asyncio.to_thread(traces.close)
    spans = collector.of(first)
    assert len({one.trace for one in spans}) == 1
    assert {one.trace for one in collector.of(other)}.isdisjoint({one.trace for one in spans})
    (begun,) = [one for one in spans if not one.parent]
    assert begun.name == "POST /api/v1/calls"
    assert {one.parent for one in spans if one is not begun} == {begun.id}
    assert all(one.duration_ns >= 0 for one in spans)
    said = str(collector.spans)
    for told in ("13955557777", words[:6], "TRACED-1", "已解答", "zhao"):
        assert told not in said


def traced(percent: int, call_ids: range) -> set[int]:
    """Which calls a process traces."""
    traces = CallTraces("http://127.0.0.1:9", some_vault(), process="web", percent=percent)
    found = {call_id for call_id in call_ids if traces.traced(call_id)}
    traces.close()
    return found


def test_every_process_traces_the_same_calls() -> None:
    ids = range(1, 2001)
    some = traced(10, ids)
    assert some == traced(10, ids)
    assert 120 < len(some) < 280
    assert traced(100, ids) == set(ids)


def test_without_a_collector_nothing_of_it_is_loaded() -> None:
    # redis-py imports a little of OpenTelemetry by itself; nor is what writes spreadsheets loaded before one is written
    ours = "('opentelemetry.exporter', 'opentelemetry.sdk.trace', 'hotline.tracing', 'xlsxwriter')"
    every = "import sys, hotline.app, hotline.cli; hotline.cli.command_line()"
    look = f"{every}; print([m for m in sys.modules if m.startswith({ours})])"
    answer = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
