"""The supervised service starts in order, heals, stops as one, and says what is wrong in one sentence."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import subprocess
import urllib.error
import urllib.request
from functools import partial

import asyncpg
import psutil
import pytest

from hotline.embedded.servers import embedded_servers
from hotline.supervise.errors import PortError
from hotline.supervise.ports import address_of, free_port
from tests.integration.embedded.server_place import Place, line, until


def ready(place: Place) -> dict[str, int] | None:
    """What /readyz answers with 200, else None."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{place.port}/readyz", timeout=5) as answer:
            found: dict[str, int] = json.load(answer)
            return found
    except (urllib.error.URLError, OSError):
        return None


def started(place: Place, *children: str) -> subprocess.Popen[str]:
    run = place.start("run_program.py", *children)
    assert line(run, "READY") == f"READY http://127.0.0.1:{place.port}"
    return run


def supervised(place: Place, name: str) -> psutil.Process | None:
    if name in {"serve", "work"}:
        return next(iter(place.children(name)), None)
    return place.server(name)


def another(place: Place, name: str, before: psutil.Process) -> bool:
    now = supervised(place, name)
    return now is not None and now.pid != before.pid


async def keep_a_row(place: Place) -> None:
    async with embedded_servers(place.settings) as urls:
        connection = await asyncpg.connect(urls.database_url)
        await connection.execute("INSERT INTO kept VALUES (1)")
        await connection.close()


def nothing_left(place: Place) -> None:
    assert place.processes() == []
    assert not list(place.state.rglob("*.lock"))
    assert not list(place.state.rglob("*.pid"))
    assert free_port("127.0.0.1", place.port) == place.port


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_everything(place: Place, number: signal.Signals) -> None:
    run = started(place, "serve", "work")
    assert len(place.children("serve") + place.children("work")) == 2
    run.send_signal(number)
    assert run.wait(30) == 0
    nothing_left(place)


def test_a_stubborn_child_does_not_hold_it_up(place: Place) -> None:
    run = started(place, "serve", "stubborn")
    run.terminate()
    assert run.wait(30) == 0
    nothing_left(place)


def test_a_signal_while_it_starts(fresh_place: Place) -> None:
    run = fresh_place.start("run_program.py", "serve")
    until("initdb to run", (fresh_place.state / "servers" / "postgres" / "data.new").exists)
    run.terminate()
    assert run.wait(30) == 0
    nothing_left(fresh_place)


def test_heals_any_one_that_is_killed(place: Place) -> None:
    run = started(place, "serve", "work")
    for name in ("postgres", "valkey", "serve", "work"):
        before = supervised(place, name)
        assert before is not None
        before.kill()
        until(f"another {name}", partial(another, place, name, before))
        until(f"readiness after {name}", partial(ready, place))
    run.terminate()
    assert run.wait(30) == 0
    nothing_left(place)


def test_a_new_start_after_kill_of_the_supervisor_and_of_all(place: Place) -> None:
    run = started(place, "serve", "work")
    asyncio.run(keep_a_row(place))
    run.kill()
    run.wait()
    until("its children and servers to end by themselves", lambda: not place.processes())
    run = started(place, "serve", "work")
    assert (ready(place) or {}).get("rows") == 1
    for process in place.processes():
        process.kill()
    run.wait()
    until("all to be gone", lambda: not place.processes())
    run = started(place, "serve", "work")
    assert (ready(place) or {}).get("rows") == 1
    run.terminate()
    assert run.wait(30) == 0
    nothing_left(place)


def test_another_command_beside_keeps_the_servers(place: Place) -> None:
    run = started(place, "serve")
    other = place.start("share_program.py")
    line(other, "postgresql:")
    run.terminate()
    assert run.wait(30) == 0
    assert place.server("postgres") is not None
    (place.state / "go-on").touch()
    said, _ = other.communicate(timeout=30)
    assert said.endswith("1 True\n")
    (place.state / "go-on").unlink()
    nothing_left(place)


def test_a_port_taken_by_another_program(fresh_place: Place) -> None:
    with socket.create_server(("127.0.0.1", fresh_place.port)):
        run = fresh_place.start("run_program.py", "serve")
        said, _ = run.communicate(timeout=30)
    assert run.returncode == 1
    assert said == (
        f"Port {fresh_place.port} on 127.0.0.1 is taken by another program: "
        "stop it, or set HOTLINE_PORT to a free port.\n"
    )
    assert not fresh_place.state.exists()


def test_a_port_taken_by_our_own(place: Place) -> None:
    run = started(place, "serve")
    second = place.start("run_program.py", "serve")
    said, _ = second.communicate(timeout=30)
    assert second.returncode == 1
    assert said == (
        f"hotline is already running on http://127.0.0.1:{place.port} (process {run.pid}): open that address, "
        f"stop it with kill {run.pid}, or set HOTLINE_PORT to another port.\n"
    )
    assert ready(place)
    run.terminate()
    assert run.wait(30) == 0
    nothing_left(place)


def test_a_web_that_never_gets_ready(place: Place) -> None:
    run = place.start("run_program.py", "broken")
    said, _ = run.communicate(timeout=60)
    assert run.returncode == 1
    assert "The broken process ended 3 times before it was ready (exit code 1)" in said
    nothing_left(place)


def test_an_error_in_preparing_stops_everything(place: Place) -> None:
    run = place.start("run_program.py", "serve", "--fail")
    said, _ = run.communicate(timeout=60)
    assert run.returncode == 1
    assert said.splitlines()[-1] == "The preparation failed on purpose."
    nothing_left(place)


@pytest.mark.parametrize(
    ("host", "words"),
    [("no-such-host.invalid", "HOTLINE_HOST is 'no-such-host.invalid'"), ("203.0.113.7", "set HOTLINE_HOST")],
)
def test_a_host_nobody_can_listen_on(host: str, words: str) -> None:
    with pytest.raises(PortError) as caught:
        free_port(host, 0)
    assert words in str(caught.value)
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "http://127.0.0.1:8080"),
        ("0.0.0.0", "http://127.0.0.1:8080"),  # noqa: S104 - nothing is bound
        ("::", "http://[::1]:8080"),
    ],
)
def test_the_address_shown(host: str, address: str) -> None:
    assert address_of(host, 8080) == address


def test_port_zero_takes_a_free_one(place: Place) -> None:
    chosen = Place(place.state, 0)
    run = chosen.start("run_program.py", "serve")
    address = line(run, "READY").removeprefix("READY ")
    assert ready(Place(place.state, int(address.rpartition(":")[2])))
    run.terminate()
    assert run.wait(30) == 0
