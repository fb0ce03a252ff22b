"""kill -9 of each part while 5,000 calls are imported and others are posted: the books balance afterwards.

Accepted = stored = triaged = decided = queued + closed, each once, with one open item per call and queue.
"""

from __future__ import annotations

import asyncio
import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import asyncpg

from hotline.embedded.servers import EmbeddedServers
from tests.integration.test_run import ROOT, Run, run

__all__ = ["run"]

CALLS = 5_000
POSTED = 5
BOOKS = """
select count(*) as stored,
       (select count(*) from call_versions) as versions,
       (select count(*) from triages) as triaged,
       (select count(*) from decisions) as decided,
       (select count(*) from queue_items where role = 'lead') as lead_items,
       (select count(distinct call_id) from queue_items where role = 'lead') as queued,
       count(*) filter (where c.state = 'closed') as closed,
       (select count(*) from triage_jobs) as jobs_left
from calls c
"""


def write_export(path: Path, count: int, prefix: str) -> None:
    """A work-order export of the 12345 line, made up."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["工单编号", "来电时间", "联系电话", "诉求内容"])
        for n in range(count):
            what = (
                "路口红绿灯不亮",
                "物业不退装修押金想请人调解",
                "问产假工资怎么算，公司说没有",
                "楼上漏水泡了我家吊顶",
            )[n % 4]
            writer.writerow([f"{prefix}{n:06d}", "2026-11-20 08:00:00", f"1370000{n:04d}"[:11], f"{what}，门牌{n}号"])


async def books(state: Path) -> dict[str, int]:
    """What stands in the database."""
    from tests.integration.embedded.server_place import Place

    servers = EmbeddedServers(Place(state, 1).settings)
    urls = await asyncio.to_thread(servers.enter)
    connection = await asyncpg.connect(urls.database_url)
    try:
        return dict(await connection.fetchrow(BOOKS))
    finally:
        await connection.close()
        await asyncio.to_thread(servers.leave)


def import_while_killing(run: Run, export: Path, victims: tuple[str, ...], name: str) -> None:
    """Import ``export``; kill each victim in turn while it runs, posting calls meanwhile."""
    before = run.request("GET", "/statistics/totals?from=2026-11-01&to=2026-12-01")[1]["received"]
    importing = subprocess.Popen(
        [sys.executable, "-m", "hotline", "import", "--line", "12345", str(export)],
        cwd=ROOT,
        env=run.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )

    def begun() -> bool:
        status, totals = run.request("GET", "/statistics/totals?from=2026-11-01&to=2026-12-01")
        return status == 200 and totals["received"] > before

    run.until(begun)
    for number, victim in enumerate(victims):
        run.child(victim).kill()
        for n in range(POSTED):
            run.post(f"{name}-{number}-{n}")
    out, err = importing.communicate(timeout=240)
    assert importing.returncode == 0, err
    answer: dict[str, Any] = json.loads(out.strip().splitlines()[-1])
    # a batch whose commit was lost on the way is sent again and found as duplicates
    assert answer["accepted"] + answer["duplicates"] == CALLS


def test_nothing_is_lost_or_doubled_when_parts_are_killed(run: Run, tmp_path: Path) -> None:
    rounds = (("first", ("postgres", "work")), ("second", ("serve", "valkey")))
    run.token = run.command("token", "create", "--role", "admin").stdout.strip()
    run.start()
    for name, victims in rounds:
        export = tmp_path / f"{name}.csv"
        write_export(export, CALLS, name)
        import_while_killing(run, export, victims, name)
    run.wait_ready()

    def settled() -> bool:
        status, page = run.request("GET", "/calls?state=received&limit=1")
        return status == 200 and not page["items"]

    run.until(settled)
    run.stop()
    found = asyncio.run(books(run.state))
    total = len(rounds) * CALLS + sum(len(victims) for _, victims in rounds) * POSTED
    assert found["stored"] == found["versions"] == total
    assert found["triaged"] == found["decided"] == total
    assert found["queued"] == found["lead_items"]
    assert found["queued"] + found["closed"] == total
    assert found["jobs_left"] == 0
