"""kill -9, SIGSTOP and a Redis that is not there, each while 5,000 calls are imported and others are posted live.

Afterwards every accepted call is stored once, triaged once per version, decided once and queued once, and a console
that kept reconnecting has every event once, in order. The parts are killed one after the other in one service.

Whoever waits here waits up to LIMIT_S, two minutes, and not the 15 s in which a quiet machine has healed: CI runs three
stages on two cores, where starting PostgreSQL, a web or a reader alone may take ten seconds, and a limit that a busy
machine outlasts tells nothing about the service. What heals never or twice fails all the same.
"""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
import redis

from tests.integration.durability.books import balanced
from tests.integration.durability.console import Console, told_once_and_in_order
from tests.integration.durability.feeding import Importing, LivePosting
from tests.integration.durability.installation import UNHURRIED_S, Installation, installed, value
from tests.integration.test_run import LIMIT_S

#: Long enough that a worker that only waits for its turn on a busy machine does not lose what it holds, since the tries
#: of a call count; short enough to wait for its end where a worker is stopped.
LEASE_S = 10


@contextlib.contextmanager
def started(**settings: str) -> Iterator[Installation]:
    """A running service with two workers."""
    limits = {"HOTLINE_LEASE_S": str(LEASE_S), "HOTLINE_LOCK_LIMIT_S": "5", "HOTLINE_PATIENCE_S": str(int(LIMIT_S))}
    with installed(HOTLINE_WORKERS="2", **limits, **settings) as installation:
        installation.token = installation.command("token", "create", "--role", "admin").stdout.strip()
        installation.start()
        yield installation
        installation.stop()
        assert installation.processes() == []


@pytest.fixture(scope="module")
def service() -> Iterator[Installation]:
    with started() as installation:
        yield installation


def killed_meanwhile(
    service: Installation, folder: Path, prefix: str, harm: Callable[[], None], *, cuts_consoles: bool = False
) -> None:
    """Import and post, do harm once rows have come in, and see that the books balance in the end.

    ``cuts_consoles``: the harm ends event streams; that it did is asserted.
    """
    console = Console(service)
    try:
        posting = LivePosting(service, prefix)
        importing = Importing(service, folder, prefix)
        try:
            came_in = "select count(*) from calls where starts_with(external_id, $1)"
            service.until(lambda: value(service.database, came_in, f"{prefix}-i") > 0)
            assert importing.running, "the harm came too late to be done in the middle of the import"
            harm()
            posting.wait_for_more()
            posting.ease()
            importing.finished()
        finally:
            posting.end()
        service.wait_ready()
        balanced(service, prefix, posting, importing)
        told_once_and_in_order(console, service.database)
        assert console.connections > 1, "it never had to come back"
        assert console.cut_off or not cuts_consoles, "it was not cut off"
    finally:
        console.close()


def test_kill_9_of_a_worker_in_mid_batch(service: Installation, tmp_path: Path) -> None:
    def harm() -> None:
        victim = service.worker_in_mid_batch()
        victim.kill()
        name = f"%-{victim.pid}-%"
        held = "select count(*) from triage_jobs where leased_by like $1 and leased_until > now()"
        service.until(lambda: value(service.database, held, name) == 0, pause_s=UNHURRIED_S)

    killed_meanwhile(service, tmp_path, "worker", harm)


def test_kill_9_of_valkey_and_all_of_it_gone(service: Installation, tmp_path: Path) -> None:
    def harm() -> None:
        with redis.Redis.from_url(service.valkey_url) as client:
            client.flushall()
        service.child("valkey").kill()

        def back_and_empty() -> bool:
            with contextlib.suppress(redis.RedisError), redis.Redis.from_url(service.valkey_url) as client:
                return bool(client.flushall())
            return False

        service.until(back_and_empty)

    killed_meanwhile(service, tmp_path, "valkey", harm)


def test_kill_9_of_postgresql_and_its_restart(service: Installation, tmp_path: Path) -> None:
    killed_meanwhile(service, tmp_path, "postgres", lambda: service.child("postgres").kill())


def test_kill_9_of_the_web_process(service: Installation, tmp_path: Path) -> None:
    killed_meanwhile(service, tmp_path, "web", lambda: service.child("serve").kill(), cuts_consoles=True)


def test_a_worker_stopped_past_its_lease_writes_nothing_twice_when_it_wakes(
    service: Installation, tmp_path: Path
) -> None:
    def harm() -> None:
        sleeper = stopped_with_leases(service)
        name = f"%-{sleeper.pid}-%"
        held = "select count(*) from triage_jobs where leased_by like $1"
        # the lease runs out, others read the calls, and only then it wakes with its readings in hand
        service.until(lambda: value(service.database, held, name) == 0, pause_s=UNHURRIED_S)
        sleeper.send_signal(signal.SIGCONT)

    killed_meanwhile(service, tmp_path, "stopped", harm)


def stopped_with_leases(service: Installation) -> psutil.Process:
    """A worker stopped by SIGSTOP while its reader was at work."""

    def look() -> psutil.Process | None:
        worker = service.worker_in_mid_batch()
        worker.send_signal(signal.SIGSTOP)
        held = "select count(*) from triage_jobs where leased_by like $1 and attempts = 1 and leased_until > now()"
        if value(service.database, held, f"%-{worker.pid}-%") > 0:
            return worker
        worker.send_signal(signal.SIGCONT)
        return None

    found: psutil.Process = service.until(look)
    return found


def test_redis_absent_at_the_start(tmp_path: Path) -> None:
    with started(HOTLINE_REDIS_URL=f"unix://{tmp_path}/nobody.sock") as service:
        console = Console(service)
        try:
            posting = LivePosting(service, "absent")
            importing = Importing(service, tmp_path, "absent")
            try:
                importing.finished()
            finally:
                posting.end()
            balanced(service, "absent", posting, importing)
            told_once_and_in_order(console, service.database)
        finally:
            console.close()
