"""``hotline run`` as a whole: starts, heals after kill -9 of any one process, stops, loses nothing."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.integration.embedded.server_place import Place
from tests.quick_folders import passable, quick_base

ROOT = Path(__file__).resolve().parent.parent.parent
#: Generous: other tests run beside this one on two cores.
LIMIT_S = 120.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Run:
    """One installation in a state folder of its own."""

    state: Path
    port: int
    process: subprocess.Popen[str] | None = None
    token: str = ""
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("HOTLINE_")}
        # the second reader leaves recorded calls alone: what is looked at here are books and processes, not readings
        own = {"HOTLINE_STATE_DIR": str(self.state), "HOTLINE_PORT": str(self.port), "HOTLINE_SECOND_QUEUED_S": "0"}
        return kept | own | self.settings

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one command to its end."""
        return subprocess.run(
            [sys.executable, "-m", "hotline", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=LIMIT_S * 2,
            check=False,
        )

    def start(self) -> None:
        """Start ``hotline run`` and wait until it is ready."""
        log = (self.state.parent / "run.log").open("a")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "hotline", "run", "--no-demo"],
            cwd=ROOT,
            env=self.environment,
            stdout=log,
            stderr=log,
            text=True,
        )
        self.wait_ready()

    def wait_ready(self) -> None:
        """Until GET /readyz answers 200."""

        def ready() -> bool:
            assert self.process is None or self.process.poll() is None, self.log()
            with contextlib.suppress(OSError), urllib.request.urlopen(self.url("/readyz"), timeout=2) as answer:
                return bool(answer.status == 200)
            return False

        self.until(ready)

    def until(self, look: Any, *, within_s: float = LIMIT_S, pause_s: float = 0.1) -> Any:
        """The first true answer of ``look``, asked for every ``pause_s`` seconds."""
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            found = look()
            if found:
                return found
            time.sleep(pause_s)
        pytest.fail(f"nothing within {within_s} s\n{self.log()}")

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def log(self) -> str:
        return (self.state.parent / "run.log").read_text()[-3000:]

    def request(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """A request to /api/v1; status 0 while the web is away."""
        request = urllib.request.Request(
            self.url("/api/v1" + path),
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, json.loads(answer.read() or "null")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or "null")
        except (OSError, http.client.HTTPException, json.JSONDecodeError):
            # nobody there, or killed in the middle of an answer
            return 0, None

    def post(self, name: str) -> int:
        """Post one call, as a line does: again until it is answered; its id."""
        record = {
            "line": "12345",
            "external_id": name,
            "received_at": "2026-11-20T08:00:00+08:00",
            "transcript": "巷口的下水道堵了，污水漫到路上，麻烦派人疏通",
        }

        def accepted() -> int | None:
            status, answer = self.request("POST", "/calls", record)
            if status != 202:
                return None
            return int((answer["accepted"] + answer["duplicates"])[0]["call_id"])

        return int(self.until(accepted))

    def queued(self, call_id: int) -> None:
        """Wait until the call was read and queued."""

        def look() -> bool:
            status, page = self.request("GET", f"/calls/{call_id}")
            return status == 200 and page["call"]["state"] == "queued"

        self.until(look)

    @property
    def place(self) -> Place:
        """The same folder and port, to look for its processes."""
        return Place(self.state, self.port)

    def processes(self) -> list[psutil.Process]:
        """Every process that belongs to this installation, servers included."""
        return self.place.processes()

    def child(self, name: str) -> psutil.Process:
        """``serve`` or ``work`` of this run, or one of its servers."""
        server = self.place.server(name)
        if server is not None:
            return server
        (only,) = [p for p in self.processes() if p.cmdline()[-1:] == [name]]
        return only

    def stop(self) -> None:
        """SIGTERM; returns when the process is gone."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(LIMIT_S)


@pytest.fixture
def run() -> Iterator[Run]:
    """An installation; whatever is left of it afterwards is ended."""
    with passable(quick_base(), "hotline-run-") as folder:
        made = Run(folder / "state", free_port())
        yield made
        for process in made.processes():
            with contextlib.suppress(psutil.Error):
                process.kill()
        for process in made.processes():
            with contextlib.suppress(psutil.Error):
                process.wait(10)


def test_it_heals_after_kill_9_of_any_process_and_stops_leaving_nothing(run: Run) -> None:
    made = run.command("token", "create", "--role", "admin")
    run.token = made.stdout.strip()
    assert run.token.startswith("hl_"), made.stderr
    run.start()
    run.queued(run.post("before"))
    victims = ["work", "serve", "valkey", "postgres"]
    for number, name in enumerate(victims):
        victim = run.child(name)
        victim.kill()
        call_id = run.post(f"after-{number}")
        run.wait_ready()
        run.queued(call_id)
    status, listed = run.request("GET", "/calls?limit=200")
    assert status == 200
    assert sorted(item["external_id"] for item in listed["items"]) == sorted(
        ["before", *(f"after-{n}" for n in range(len(victims)))]
    )
    run.stop()
    assert run.process is not None
    assert run.process.returncode == 0, run.log()
    assert run.processes() == []


def test_after_kill_9_of_everything_a_new_start_loses_nothing(run: Run) -> None:
    run.token = run.command("token", "create", "--role", "admin").stdout.strip()
    run.start()
    ids = [run.post(f"call-{n}") for n in range(5)]
    for process in run.processes():
        with contextlib.suppress(psutil.Error):
            process.kill()
    assert run.process is not None
    run.process.wait(LIMIT_S)
    run.start()
    for call_id in ids:
        run.queued(call_id)
    beside = run.command("import", "--line", "12345", str(ROOT / "README.md"))
    assert beside.returncode == 2, "nothing could be read; the running service is not disturbed"
    assert run.request("GET", "/queues")[0] == 200
    run.stop()
    assert run.processes() == []


def test_a_taken_port_ends_in_one_sentence(run: Run) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", run.port))
        taken.listen()
        done = run.command("run", "--no-demo")
    assert done.returncode != 0
    sentence = done.stderr.strip()
    assert str(run.port) in sentence
    assert "HOTLINE_PORT" in sentence
    assert len(sentence.splitlines()) == 1
    assert "Traceback" not in sentence
