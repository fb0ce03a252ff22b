"""``make soak MINUTES=n``: the whole service in a scratch folder under traffic and random kills; the books at the end.

Lines post live and recorded calls, exports are imported, operators forward, agents claim, give back and complete, a
console reads every event; meanwhile web, workers, PostgreSQL and Valkey are killed with -9 at random, and workers are
stopped past their lease. Every minute, and at the end when nothing is left to do, the books are printed:

    accepted = triaged = decided = queued + closed

Each call counts once: queued has or had a lead item in a queue, closed ended without one. Exit 1 when they do not
balance, when anything happened twice, or when the console missed an event or saw one twice or out of order.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import random
import shutil
import signal
import socket
import sys
import tempfile
import time
from pathlib import Path

import aiohttp
import asyncpg
import psutil
from soak_books import books, faults, line_of, memory, missing
from soak_traffic import AGENTS, Place, agent, console, hang_up, imports, line, operator

from hotline.embedded.folders import prepare
from hotline.embedded.postgres import Postgres

ROLES = ("line", "manager", "operator", *AGENTS)
LEASE_S = 4
READY_LIMIT_S = 120.0
DRAIN_LIMIT_S = 300.0
#: Alerts of the audit go to those who audit, and to nobody else.
EVENTS = """
select txid::text || '-' || id as id from events e
where (e.txid, e.id) > ($1::text::xid8, $2::bigint) and kind <> 'audit_alert' order by e.txid, e.id
"""


class Soak:
    """One service and its traffic."""

    def __init__(self, folder: Path, workers: int) -> None:
        self.state = folder / "state"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        kept = {name: value for name, value in os.environ.items() if not name.startswith("HOTLINE_")}
        environment = kept | {
            "HOTLINE_STATE_DIR": str(self.state),
            "HOTLINE_PORT": str(port),
            "HOTLINE_WORKERS": str(workers),
            "HOTLINE_LEASE_S": str(LEASE_S),
            "HOTLINE_LOCK_LIMIT_S": "5",
        }
        self.place = Place(f"http://127.0.0.1:{port}", environment, {}, folder)
        self.seen: list[str] = []
        self.kills: dict[str, int] = {}
        self.wrong: list[str] = []

    @property
    def database(self) -> str:
        """The embedded database, by its owner."""
        return str(Postgres(prepare(self.state)).url)

    def processes(self) -> list[psutil.Process]:
        """Everything of this service, servers included."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                if process.pid == os.getpid() or process.status() == psutil.STATUS_ZOMBIE:
                    continue
                if process.name().startswith(("python", "hotline")):
                    mine = process.environ().get("HOTLINE_STATE_DIR") == str(self.state)
                else:
                    mine = process.cwd().startswith(f"{self.state}/")
                if mine:
                    found.append(process)
        return found

    def victims(self) -> dict[str, list[psutil.Process]]:
        """Who may be killed, by kind."""
        found: dict[str, list[psutil.Process]] = {"serve": [], "work": [], "postgres": [], "valkey": []}
        processes = self.processes()
        own = {process.pid for process in processes if not process.name().startswith(("python", "hotline"))}
        for process in processes:
            with contextlib.suppress(psutil.Error):
                words = process.cmdline()
                if words[-2:] in (["hotline", "serve"], ["hotline", "work"]):
                    found[words[-1]].append(process)
                elif process.pid in own and process.ppid() not in own:
                    found["valkey" if process.name().startswith("valkey") else "postgres"].append(process)
        return found

    async def harm(self, every_s: float) -> None:
        """kill -9 somebody, or stop a worker past its lease, again and again."""
        while not self.place.stop.is_set():
            await asyncio.sleep(random.uniform(0.5, 1.5) * every_s)  # noqa: S311 - chance, no secret
            kind = random.choice(["serve", "work", "work", "postgres", "valkey", "stop"])  # noqa: S311
            candidates = self.victims()["work" if kind == "stop" else kind]
            if not candidates or self.place.stop.is_set():
                continue
            victim = random.choice(candidates)  # noqa: S311
            self.kills[kind] = self.kills.get(kind, 0) + 1
            with contextlib.suppress(psutil.Error):
                if kind == "stop":
                    victim.send_signal(signal.SIGSTOP)
                    await asyncio.sleep(LEASE_S * 1.5)
                    victim.send_signal(signal.SIGCONT)
                else:
                    victim.kill()

    async def look(self, *, at_the_end: bool = False) -> bool:
        """Print the books; whether they could be read."""
        try:
            found = await books(self.database)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            print(f"  the books cannot be read now ({type(error).__name__})", flush=True)
            return False
        accepted = self.place.accepted.count
        print(f"  {line_of(found, accepted)}\n  {memory(self.processes())}", flush=True)
        self.wrong += faults(found, accepted, at_the_end=at_the_end)
        return True

    async def prepared(self) -> asyncio.subprocess.Process:
        """Tokens made and the service ready."""
        for role in ROLES:
            made = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "hotline", "token", "create", "--role", role),
                env=self.place.environment,
                stdout=asyncio.subprocess.PIPE,
            )
            out, _ = await made.communicate()
            self.place.tokens[role] = out.decode().split()[-1]
        with (self.place.folder / "run.log").open("wb") as log:
            running = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "hotline", "run", "--no-demo"),
                env=self.place.environment,
                stdout=log,
                stderr=log,
            )
        await self.ready()
        return running

    async def ready(self) -> None:
        """Until GET /readyz answers 200."""
        deadline = time.monotonic() + READY_LIMIT_S
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=3)) as session:
            while time.monotonic() < deadline:
                with contextlib.suppress(aiohttp.ClientError, OSError, TimeoutError):
                    async with session.get(f"{self.place.address}/readyz") as answer:
                        if answer.status == 200:
                            return
                await asyncio.sleep(0.2)
        raise RuntimeError(f"not ready within {READY_LIMIT_S:.0f} s; see {self.place.folder / 'run.log'}")

    async def run(self, minutes: float, kill_every_s: float, rows: int) -> None:
        """Traffic and kills for ``minutes``, then quiet until all is done."""
        running = await self.prepared()
        place = self.place
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as session:
            watching = asyncio.create_task(console(place, session, self.seen))
            while not self.seen:  # noqa: ASYNC110 - filled by another task
                await asyncio.sleep(0.1)
            users = [line(place, session), line(place, session), operator(place, session), imports(place, rows)]
            users += [agent(place, session, role) for role in AGENTS]
            tasks = [asyncio.create_task(user) for user in users]
            harming = asyncio.create_task(self.harm(kill_every_s))
            begun = time.monotonic()
            while time.monotonic() - begun < minutes * 60:
                await asyncio.sleep(min(60.0, max(0.0, minutes * 60 - (time.monotonic() - begun))))
                print(f"after {(time.monotonic() - begun) / 60:.1f} minutes, kills {self.kills}", flush=True)
                await self.look()
                for task in tasks:
                    if task.done() and task.exception() is not None:
                        raise RuntimeError("somebody's part of the traffic ended") from task.exception()
            place.stop.set()
            await asyncio.gather(*tasks, harming)
            await self.ready()
            for external_id in list(place.live):
                await hang_up(place, session, external_id)
            await self.drained()
            print(f"at the end, kills {self.kills}, answers {dict(sorted(place.answers.items()))}", flush=True)
            if not await self.look(at_the_end=True):
                self.wrong.append("the books could not be read at the end")
            if lost := await missing(self.database, place.accepted.keys):
                self.wrong.append(f"accepted and not stored: {lost[:5]} ({len(lost)})")
            await self.told()
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
        running.send_signal(signal.SIGTERM)
        await running.wait()

    async def drained(self) -> None:
        """Until nothing waits to be read."""
        deadline = time.monotonic() + DRAIN_LIMIT_S
        while time.monotonic() < deadline:
            if (await books(self.database))["to_read"] == 0:
                return
            await asyncio.sleep(0.5)

    async def told(self) -> None:
        """Compare what the console saw with what was written."""
        txid, _, number = self.seen[0].partition("-")
        deadline = time.monotonic() + 30
        while True:
            connection = await asyncpg.connect(self.database, timeout=10)
            try:
                written = [row["id"] for row in await connection.fetch(EVENTS, txid, int(number))]
            finally:
                await connection.close()
            if self.seen[1:] == written or time.monotonic() > deadline:
                break
            await asyncio.sleep(0.5)
        same = self.seen[1:] == written
        print(
            f"  events written {len(written)}, seen {len(self.seen) - 1}, {'equal' if same else 'NOT EQUAL'}",
            flush=True,
        )
        if not same:
            self.wrong.append("the console did not see every event once, in order")


def main() -> None:
    """Run, tidy up, and say how it went."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--kill-every", type=float, default=15.0, help="seconds on average")
    parser.add_argument("--rows", type=int, default=1000, help="of each import")
    parser.add_argument("--seed", type=int, default=None, help="of who is killed when, and of the traffic")
    options = parser.parse_args()
    random.seed(options.seed)
    folder = Path(tempfile.mkdtemp(prefix="hotline-soak-", dir="/tmp"))
    folder.chmod(0o711)
    soak = Soak(folder, options.workers)
    try:
        asyncio.run(soak.run(options.minutes, options.kill_every, options.rows))
    except BaseException:
        print((folder / "run.log").read_text(errors="replace")[-3000:] if (folder / "run.log").exists() else "")
        raise
    finally:
        for process in soak.processes():
            with contextlib.suppress(psutil.Error):
                process.kill()
        if not soak.wrong:
            shutil.rmtree(folder, ignore_errors=True)
    for sentence in dict.fromkeys(soak.wrong):
        print(f"  WRONG: {sentence}")
    print(f"the books do not balance; see {folder}" if soak.wrong else "the books balance")
    sys.exit(1 if soak.wrong else 0)


if __name__ == "__main__":
    main()
