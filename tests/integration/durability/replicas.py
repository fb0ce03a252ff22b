"""Several web and worker processes against one PostgreSQL and one Redis, as a cluster runs them."""

from __future__ import annotations

import contextlib
import itertools
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.integration.durability.installation import Installation
from tests.integration.test_run import ROOT, free_port
from tests.quick_folders import passable, quick_base

HOTLINE = ("-m", "hotline")


class Replicas(Installation):
    """Webs and workers by number; what dies is started again by :meth:`start_again`, as a cluster would."""

    def __init__(self, folder: Path, database_url: str, redis_url: str, **settings: str) -> None:
        servers = {"HOTLINE_DATABASE_URL": database_url, "HOTLINE_REDIS_URL": redis_url}
        super().__init__(folder / "state", free_port(), settings=servers | settings)
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.ports: list[int] = [self.port]
        self._turn = itertools.count()
        self._log = (folder / "replicas.log").open("ab")

    @property
    def database(self) -> str:
        return self.settings["HOTLINE_DATABASE_URL"]

    def url(self, path: str) -> str:
        """At one web after the other, as a service in front of them would choose."""
        return f"http://127.0.0.1:{self.ports[next(self._turn) % len(self.ports)]}{path}"

    def log(self) -> str:
        return (self.state.parent / "replicas.log").read_text(errors="replace")[-3000:]

    def run_many(self, webs: int, workers: int, *, command: Sequence[str] = HOTLINE) -> None:
        """Start so many of each and wait until every web is ready."""
        self.ports = [self.port, *(free_port() for _ in range(webs - 1))]
        for number in range(webs):
            self.start_again(f"serve-{number}", command=command)
        for number in range(workers):
            self.start_again(f"work-{number}", command=command)
        for number in range(webs):
            self.web_ready(number)

    def web_ready(self, number: int) -> None:
        """Wait for a web, generously: six processes may be starting at once, beside other tests."""
        self.until(lambda: ready(self.ports[number]), within_s=180.0)

    def start_again(self, name: str, *, command: Sequence[str] = HOTLINE) -> None:
        """Start ``serve-N`` or ``work-N``."""
        verb, _, number = name.partition("-")
        environment = dict(self.environment)
        if verb == "serve":
            environment["HOTLINE_PORT"] = str(self.ports[int(number)])
        self.running[name] = subprocess.Popen(
            [sys.executable, *command, verb], cwd=ROOT, env=environment, stdout=self._log, stderr=self._log
        )

    def kill(self, name: str) -> None:
        """kill -9."""
        self.running[name].kill()
        self.running[name].wait()

    def end(self) -> None:
        """End all of them."""
        for process in self.running.values():
            process.kill()
            process.wait()
        self._log.close()


def ready(port: int) -> bool:
    """Whether the web at ``port`` says so."""
    with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as answer:
        return bool(answer.status == 200)
    return False


@contextlib.contextmanager
def replicas(database_url: str, redis_url: str, **settings: str) -> Iterator[Replicas]:
    """Nothing runs yet; the secret key is there."""
    with passable(quick_base(), "hotline-run-") as folder:
        made = Replicas(folder, database_url, redis_url, **settings)
        os.makedirs(made.state)
        try:
            done = made.command("create-key")
            assert done.returncode == 0, done.stderr
            made.token = made.command("token", "create", "--role", "admin").stdout.strip()
            yield made
        finally:
            made.end()
