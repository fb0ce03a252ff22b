"""One installation under ``hotline run`` that is killed, fed and looked at from outside."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any

import asyncpg
import psutil

from hotline.embedded.folders import prepare
from hotline.embedded.postgres import Postgres
from hotline.embedded.valkey import Valkey
from tests.integration.test_run import Run, free_port
from tests.quick_folders import passable, quick_base

#: Between two questions about what takes seconds: each is a connection of its own, which costs both sides more than
#: most answers, and whoever asks ten times a second holds up what is waited for.
UNHURRIED_S = 0.5


def rows(url: str, sql: str, *values: Any) -> list[dict[str, Any]]:
    """What a query finds; asked over its own connection, as nothing else may be trusted here."""

    async def ask() -> list[dict[str, Any]]:
        connection = await asyncpg.connect(url, timeout=5)
        try:
            return [dict(row) for row in await connection.fetch(sql, *values)]
        finally:
            await connection.close()

    return asyncio.run(ask())


def value(url: str, sql: str, *values: Any) -> Any:
    """The first column of the first row."""
    return next(iter(rows(url, sql, *values)[0].values()))


class Installation(Run):
    """See the module; ``database`` and ``valkey`` are there once it has been started."""

    @property
    def database(self) -> str:
        """The embedded database, by its owner."""
        return Postgres(prepare(self.state)).url

    @property
    def valkey_url(self) -> str:
        """The embedded Valkey."""
        return Valkey(prepare(self.state)).url

    def workers(self) -> dict[int, psutil.Process]:
        """Worker processes by their number."""
        return {p.pid: p for p in self.processes() if p.cmdline()[-2:] == ["hotline", "work"]}

    def worker_in_mid_batch(self) -> psutil.Process:
        """A worker that holds leases now."""

        def look() -> psutil.Process | None:
            held = rows(self.database, "select distinct leased_by from triage_jobs where leased_until > now()")
            workers = self.workers()
            for name in (str(row["leased_by"]).partition("+")[0] for row in held):
                process = workers.get(int(name.rsplit("-", 2)[1]))
                if process is not None:
                    return process
            return None

        found: psutil.Process = self.until(look)
        return found


@contextlib.contextmanager
def installed(**settings: str) -> Iterator[Installation]:
    """An installation in a folder of its own, not started yet; whatever is left of it afterwards is ended."""
    with passable(quick_base(), "hotline-run-") as folder:
        made = Installation(folder / "state", free_port(), settings=settings)
        try:
            yield made
        finally:
            for _ in range(2):
                for process in made.processes():
                    with contextlib.suppress(psutil.Error):
                        process.kill()
                        process.wait(10)
            if made.process is not None:
                made.process.kill()
                made.process.wait()
