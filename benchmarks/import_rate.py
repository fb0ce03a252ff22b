"""A file of 100,000 calls through ``hotline import`` and two workers until every call is in its queue.

    .venv/bin/python benchmarks/import_rate.py [--calls 100000] [--workers 2]

The whole service runs: web, workers, PostgreSQL with durable settings, Valkey. Afterwards, in the same PostgreSQL, the
very rows that this left in the tables (calls, versions, search hashes, readings, decisions, queue items, log, events,
figures) are copied by COPY into tables made like them, indexes included: what the same rows cost when nothing is read
or decided. Prints calls/s of both, the ratio, and the most memory that web and workers held.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import sys
import time
from pathlib import Path
from typing import Any

import asyncpg
from growth import write_export
from machine import machine
from running import ROOT, Running, environment, running

TABLES = (
    *("calls", "call_versions", "call_tokens", "triages", "decisions", "queue_items", "call_log", "events"),
    *("call_figures", "statistics_deltas", "statistics_rollups"),
)


async def import_all(service: Running, export: Path, count: int, workers: int) -> tuple[float, float, dict[str, float]]:
    """Seconds until stored and until queued, and the most memory seen."""
    peak: dict[str, float] = {}

    async def watch() -> None:
        while True:
            for name, mb in service.memory_mb().items():
                peak[name] = max(mb, peak.get(name, 0.0))
            await asyncio.sleep(1.0)

    watching = asyncio.create_task(watch())
    begun = time.perf_counter()
    importing = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "hotline", "import", "--line", "12348", str(export)),
        cwd=ROOT,
        env=environment(service.state, service.port, workers),
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await importing.communicate()
    stored = time.perf_counter() - begun
    assert json.loads(said.splitlines()[-1])["accepted"] == count, said
    async with service.pool.acquire() as connection:
        left = 1
        while left:
            await asyncio.sleep(0.2)
            left = await connection.fetchval("select count(*) from triage_jobs")
        total = time.perf_counter() - begun
        settled = await connection.fetchval("select count(*) from calls where state in ('queued', 'closed')")
        assert settled == count, (settled, count)
    watching.cancel()
    return stored, total, peak


async def copied(owner: Any) -> dict[str, tuple[int, float]]:
    """Rows and seconds of a bare COPY of each table into one made like it."""
    took = {}
    for table in TABLES:
        held = io.BytesIO()
        await owner.copy_from_query(f"select * from {table}", output=held, format="binary")  # noqa: S608 - names above
        held.seek(0)
        await owner.execute(f"create table bare_{table} (like {table} including all)")
        begun = time.perf_counter()
        done = await owner.copy_to_table(f"bare_{table}", source=held, format="binary")
        took[table] = (int(done.split()[1]), time.perf_counter() - begun)
        await owner.execute(f"drop table bare_{table}")
    return took


async def run(count: int, workers: int) -> None:
    """Import, then copy."""
    async with running(workers=workers) as service:
        export = service.state.parent / "export.csv"
        write_export(export, count)
        stored, total, peak = await import_all(service, export, count, workers)
        owner = await asyncpg.connect(service.urls.owner_url or service.urls.database_url)
        took = await copied(owner)
        await owner.close()
    bare = sum(seconds for _, seconds in took.values())
    print(f"stored after {stored:.1f} s, all read, decided and queued after {total:.1f} s: {count / total:.0f} calls/s")
    for table, (rows, seconds) in took.items():
        print(f"  COPY {table:14} {rows:8d} rows  {seconds:6.2f} s")
    print(f"COPY of the same rows {bare:.1f} s: {count / bare:.0f} calls/s; ratio {bare / total:.3f}")
    print(f"COPY of the calls' rows alone {took['calls'][1]:.1f} s; ratio {took['calls'][1] / total:.3f}")
    print("most memory:", ", ".join(f"{name} {mb:.0f} MB" for name, mb in peak.items()))


def main() -> None:
    """Run and print."""
    print(machine(), flush=True)
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--calls", type=int, default=100_000)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    asyncio.run(run(options.calls, options.workers))


if __name__ == "__main__":
    main()
