"""Does the work stay as cheap as the store grows? Claim, call page, search and statistics at 10^4, 10^5, 10^6 calls.

    .venv/bin/python benchmarks/growth.py [--sizes 10000 100000 1000000] [--times 60]

The first 10,000 calls go the whole way (import, reading, decision, queue). The rest are copies of their rows further
back in time, completed like the calls of past months, with readings, decisions, queue items, versions and logs, so
that every table and index grows as it would. What calls that came over months would have left done long ago is waited
for: their figures folded by the worker, their tables vacuumed. Everything is asked over HTTP of a running service.
Prints p50 for each kind of work at each size, and the ratio of each size to the smallest; the same for the least times,
which tell the work from what else the machine did meanwhile.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import random
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
from machine import machine
from running import ROOT, Running, environment, quantile, running, spoken

from hotline.accounts.store import add_user

FIRST = 10_000
SETTLE_LIMIT_S = 900.0
KINDS = ("claim", "page", "listing", "search", "statistics")
#: Rows that belong to a call. What is open must not be copied: one call, one open item.
OWN_TABLES = ("call_versions", "call_log", "call_tokens", "triages", "decisions", "queue_items")
#: Columns of the copies that differ from the original's.
MOVED_ID = "{column} + $1::bigint * 1000000"


def write_export(path: Path, count: int) -> None:
    """A made-up export of the 12348 line over the last 30 days."""
    chance, now = random.Random(3), datetime.now(UTC)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["consultNo", "callTime", "phone", "content"])
        for n in range(count):
            at = now - timedelta(minutes=n * 30 * 24 * 60 / count)
            writer.writerow([f"G{n:07d}", at.isoformat(), f"138{n:08d}", spoken(chance)])


async def copy_statements(connection: Any) -> list[str]:
    """One INSERT ... SELECT a table: $1 is the number of the copy, $2 how many of the first calls to copy."""
    statements = []
    for table in ("calls", *OWN_TABLES):
        columns = await connection.fetch(
            "select attname as name, attidentity <> '' as identity from pg_attribute "
            "where attrelid = $1::regclass and attnum > 0 and not attisdropped and attgenerated = '' order by attnum",
            table,
        )
        values = []
        for column in columns:
            name = column["name"]
            if name == "external_id":
                values.append("external_id || '-' || $1")
            elif column["identity"] or name in ("call_id", "triage_id", "decision_id"):
                values.append(MOVED_ID.format(column=name))
            elif name == "state" and table == "calls":
                values.append("'completed'")
            elif name == "state" and table == "queue_items":
                values.append("'done'")
            elif name in ("received_at", "stored_at", "at", "created_at", "enqueued_at", "entered_at"):
                values.append(f"{name} - make_interval(days => 30 * $1::int)")
            else:
                values.append(name)
        key = "id" if table == "calls" else "call_id"
        names = ", ".join(column["name"] for column in columns)
        statements.append(
            f"insert into {table} ({names}) overriding system value select {', '.join(values)} from {table} "  # noqa: S608
            f"where {key} <= $2"
        )
    return statements


async def grow(owner: Any, statements: list[str], have: int, want: int) -> None:
    """Copies until there are ``want`` calls; statistics of the planner brought up to date."""
    for number in range(have // FIRST, want // FIRST):
        async with owner.transaction():
            for statement in statements:
                await owner.execute(statement, number, FIRST)
    await owner.execute("vacuum analyze")


async def settle(owner: Any) -> None:
    """Wait until the worker has folded the figures of the calls just stored, and PostgreSQL has vacuumed their tables.

    Both take processor time for a while after a million calls came within minutes, whatever is asked meanwhile.
    """
    newest = await owner.fetchval("select coalesce(max(id), 0) from statistics_deltas")
    busy = (
        "select exists (select from statistics_deltas where id <= $1) "
        "or exists (select from pg_stat_progress_vacuum) or exists (select from pg_stat_progress_analyze)"
    )
    waiting = True
    async with asyncio.timeout(SETTLE_LIMIT_S):
        while waiting:
            await asyncio.sleep(1.0)
            waiting = await owner.fetchval(busy, newest)


async def timed(ask: Callable[[int], Awaitable[Any]], times: int) -> list[float]:
    """Seconds of each of ``times`` requests, one after the other; a few to warm up go uncounted."""
    took = []
    for n in range(-5, times):
        begun = time.perf_counter()
        await ask(n)
        if n >= 0:
            took.append(time.perf_counter() - begun)
    return took


class Questions:
    """The four kinds of work."""

    def __init__(self, service: Running, session: aiohttp.ClientSession, tokens: dict[str, str]) -> None:
        self._address = f"{service.address}/api/v1"
        self._session = session
        self._tokens = tokens
        self.copies = 1
        """How many times the first calls stand there, themselves included."""

    async def _ask(self, method: str, path: str, who: str, **options: Any) -> Any:
        headers = {"Authorization": f"Bearer {self._tokens[who]}"}
        async with self._session.request(method, self._address + path, headers=headers, **options) as answer:
            body = await answer.text()
            if answer.status >= 300:
                raise SystemExit(f"{method} {path}: {answer.status} {body[:300]}")
            return await answer.json() if answer.status == 200 else None

    async def claim(self, n: int) -> None:
        """Take a call and give it back."""
        taken = await self._ask("POST", "/queues/lawyers/claim", "lawyer")
        await self._ask("POST", f"/assignments/{taken['assignment_id']}/release", "lawyer", json={})

    async def page(self, n: int) -> None:
        """One call's page, of any age: the copies' too."""
        await self._ask("GET", f"/calls/{1 + n * 7919 % FIRST + n * 31 % self.copies * 1_000_000}", "manager")

    async def listing(self, n: int) -> None:
        """The list of calls of one class."""
        await self._ask("GET", "/calls?route=legal_consultation&limit=50", "manager")

    async def search(self, n: int) -> None:
        """Words in transcripts."""
        words = ("劳动仲裁", "押金", "停水", "油烟", "医保备案")[n % 5]
        await self._ask("GET", "/search", "manager", params={"q": words, "reason": "质量检查"})

    async def statistics(self, n: int) -> None:
        """The last seven days by day and class."""
        now = datetime.now(UTC)
        asked = [("from", (now - timedelta(days=7)).date().isoformat()), ("to", now.date().isoformat())]
        await self._ask("GET", "/statistics/routing", "manager", params=[*asked, ("by", "day"), ("by", "route")])


async def run(sizes: list[int], times: int) -> None:
    """Import the first calls, then grow and ask."""
    async with running(workers=1) as service:
        export = service.state.parent / "export.csv"
        write_export(export, FIRST)
        importing = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "hotline", "import", "--line", "12348", str(export)),
            cwd=ROOT,
            env=environment(service.state, service.port, 1),
            stdout=subprocess.DEVNULL,
        )
        if await importing.wait() != 0:
            raise SystemExit("the import failed")
        async with service.pool.acquire() as connection:
            left = 1
            while left:
                await asyncio.sleep(0.5)
                left = await connection.fetchval("select count(*) from triage_jobs")
        await add_user(service.pool, "lawyer1", "lawyer", display_name="律师")
        tokens = {"manager": await service.token("manager"), "lawyer": await service.token("lawyer", "lawyer1")}
        owner = await asyncpg.connect(service.urls.owner_url or service.urls.database_url)
        statements = await copy_statements(owner)
        figures: dict[str, list[tuple[float, float]]] = {}
        have = FIRST
        async with aiohttp.ClientSession() as session:
            ask = Questions(service, session, tokens)
            # what is slow because it is new, connections, plans and caches of code, is no cost of few calls
            for kind in KINDS:
                await timed(getattr(ask, kind), times)
            for size in sizes:
                begun = time.perf_counter()
                await grow(owner, statements, have, size)
                have, ask.copies = size, size // FIRST
                count = await owner.fetchval("select count(*) from calls")
                grown_s = time.perf_counter() - begun
                await settle(owner)
                settled_s = time.perf_counter() - begun - grown_s
                print(f"{count} calls stored (grown in {grown_s:.0f} s, folded and vacuumed in {settled_s:.0f} s more)")
                for kind in KINDS:
                    took = await timed(getattr(ask, kind), times)
                    p50_ms, p95_ms = (quantile(took, share) * 1000 for share in (0.5, 0.95))
                    least_ms = min(took) * 1000
                    figures.setdefault(kind, []).append((p50_ms, least_ms))
                    print(f"  {kind:10} p50 {p50_ms:7.1f} ms  p95 {p95_ms:7.1f} ms  least {least_ms:7.1f} ms")
        await owner.close()
        for kind, seen in figures.items():
            p50s, leasts = (
                ", ".join(f"{size}: {each[n] / seen[0][n]:.2f}" for size, each in zip(sizes, seen, strict=True))
                for n in (0, 1)
            )
            steps = ", ".join(f"{after[0] / before[0]:.2f}" for before, after in pairwise(seen))
            print(f"{kind:10} against {sizes[0]} calls: {p50s}; against the size before: {steps}; the least: {leasts}")


def main() -> None:
    """Run and print."""
    print(machine(), flush=True)
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--times", type=int, default=60)
    options = parser.parse_args()
    asyncio.run(run(options.sizes, options.times))


if __name__ == "__main__":
    main()
