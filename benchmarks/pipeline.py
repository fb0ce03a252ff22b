"""Calls from the importer's sink to their queues, against a bare COPY of the same rows, in one run.

    .venv/bin/python benchmarks/pipeline.py [--calls 10000]

A throw-away PostgreSQL with the durable settings of the real one. Storing and triage run in this one process,
one after the other, as ``hotline import`` without a worker does. Prints seconds, calls/s and the ratio to COPY.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from machine import machine

from config.files import ConfigFiles
from hotline.database import open_pool
from hotline.embedded.throwaway import embedded_postgres
from hotline.intake.api_record import record_from_api
from hotline.intake.store import store_batch
from hotline.migrations.migrate import migrate
from hotline.published import Published
from hotline.sealing.key_file import DataKey, KeyRing
from hotline.sealing.vault import FileVault
from nlp import load_reader
from routing.calls.record import CallRecord
from routing.calls.store import call_row
from routing.triage.service import TriageContext, triage_round

VAULT = FileVault(Path("nowhere"), KeyRing("intl", b"l" * 32, {1: DataKey(1, "intl", b"d" * 32)}))

WHO = ("我", "我们小区的业主", "我父亲", "隔壁老人", "我们车间二十多个工友")
WHAT = (
    "反映楼下烧烤店油烟直排，晚上十一点还在炒菜，开不了窗",
    "被公司拖欠四个月工资，想问申请劳动仲裁要带哪些材料，时效怎么算",
    "在路口被一辆电动车撞倒，对方骑车跑了，腿现在动不了",
    "和房东约好退押金三千元，到现在不退，还把门锁换了，想请人调解",
    "咨询异地就医备案怎么办，社保窗口电话一直占线",
    "小区停水两天了，物业说不知道什么时候来水",
)
WHERE = ("东湖路", "北门街", "新安里", "梧桐苑", "青年公寓三栋")


def records(count: int) -> list[CallRecord]:
    """Made-up calls of the three lines."""
    chance = random.Random(11)
    now = datetime.now(UTC)
    made = []
    for n in range(count):
        text = f"{chance.choice(WHO)}{chance.choice(WHAT)}，地点在{chance.choice(WHERE)}{chance.randrange(1, 400)}号"
        record = record_from_api(
            {
                "line": chance.choice(("12345", "110", "12348")),
                "external_id": f"B{n:07d}",
                "received_at": (now - timedelta(seconds=n)).isoformat(),
                "caller_number": f"139{n:08d}",
                "transcript": text,
                "region": "东城区",
            },
            profiles={},
        )
        assert isinstance(record, CallRecord)
        made.append(record)
    return made


async def copied(pool: Any, made: list[CallRecord]) -> float:
    """Seconds of a bare COPY of the same JSON rows."""
    async with pool.acquire() as connection:
        await connection.execute("create table bare (line text, external_id text, body text)")
        rows = [
            (r.line, r.external_id, json.dumps(call_row(r, intake="backlog", vault=VAULT), default=bytes.hex))
            for r in made
        ]
        begun = time.perf_counter()
        await connection.copy_records_to_table("bare", records=rows)
        return time.perf_counter() - begun


async def run(url: str, count: int) -> None:
    """Store and triage, then the COPY."""
    await migrate(url)
    pool = await open_pool(url, 4)
    files = ConfigFiles()
    published = Published(files)
    context = TriageContext(load_reader(None, files), published.policy, published.duty, VAULT, "benchmark")
    made = records(count)
    begun = time.perf_counter()
    for start in range(0, count, 500):
        await store_batch(pool, made[start : start + 500], intake="backlog", vault=VAULT)
    stored = time.perf_counter() - begun
    begun = time.perf_counter()
    while await triage_round(pool, context, limit=100):
        pass
    read = time.perf_counter() - begun
    async with pool.acquire() as connection:
        waiting = await connection.fetchval("select count(*) from queue_items where role = 'lead'")
        closed = await connection.fetchval("select count(*) from calls where state = 'closed'")
    assert waiting + closed == count, (waiting, closed)
    bare = await copied(pool, made)
    await pool.close()
    total = stored + read
    print(f"stored {stored:.2f} s, read and queued {read:.2f} s, together {count / total:.0f} calls/s")
    print(f"COPY of the same rows {bare:.2f} s; ratio {bare / total:.3f}")


def main() -> None:
    """Start the server and run."""
    print(machine(), flush=True)
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--calls", type=int, default=10_000)
    options = parser.parse_args()
    with embedded_postgres(durable=True) as url:
        asyncio.run(run(url, options.calls))


if __name__ == "__main__":
    main()
