"""A database that is slow, locked, or gone: the sender is told in time and in words, and may send the same again."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from config.settings import Settings, load_settings
from hotline import database
from tests.integration.test_run import ROOT
from tests.service_fixtures import CallMaker, RunningService

DRAIN = "下水道堵了，请派人疏通"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Short limits: the same behaviour, sooner."""
    made = load_settings(
        {
            "HOTLINE_STATE_DIR": str(tmp_path / "state"),
            "HOTLINE_LOCK_LIMIT_S": "1",
            "HOTLINE_STATEMENT_LIMIT_S": "2",
        }
    )
    return replace(made, port=0, pool_size=3)


async def refused(service: RunningService, record: dict[str, Any]) -> tuple[int, str, str | None]:
    """Status, problem type and Retry-After of a post; a refusal says in words that it may be sent again."""
    headers = {"Authorization": f"Bearer {await service.token('line')}"}
    async with service.session.post(f"{service.address}/api/v1/calls", json=record, headers=headers) as answer:
        said = await answer.json(content_type=None)
        assert answer.status == 202 or "重试" in said["detail"], said
        return answer.status, said.get("type", "").rpartition(":")[2], answer.headers.get("Retry-After")


async def stored(service: RunningService) -> int:
    async with service.pool.acquire() as connection:
        return int(await connection.fetchval("select count(*) from calls"))


async def import_one(owner_url: str, service: RunningService, folder: Path, record: dict[str, Any]) -> Any:
    """The command ``hotline import`` with no patience."""
    export = folder / "calls.jsonl"
    export.write_text(json.dumps(record, ensure_ascii=False) + "\n", encoding="utf-8")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HOTLINE_")}
    environment = kept | {
        "HOTLINE_STATE_DIR": str(service.services.settings.state_dir),
        "HOTLINE_DATABASE_URL": owner_url,
        "HOTLINE_REDIS_URL": service.redis_url,
        "HOTLINE_LOCK_LIMIT_S": "1",
        "HOTLINE_PATIENCE_S": "0",
    }
    return await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "hotline", "import", "--line", "12345", "--no-triage", str(export)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


async def test_locks_slowness_and_a_full_pool_are_told_and_lose_nothing(
    service: RunningService, owner_url: str, call: CallMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await service.token("line")
    first, second = call(DRAIN), call(DRAIN)
    holder = await asyncpg.connect(owner_url)
    try:
        holding = holder.transaction()
        await holding.start()
        await holder.execute("lock table calls in access exclusive mode")
        assert await refused(service, first) == (503, "database-busy", "2")
        done = await import_one(owner_url, service, tmp_path, second)
        assert done.returncode == 1, done
        # a log line tells of a slow query
        said = [line for line in done.stderr.strip().splitlines() if not line.startswith("{")]
        assert len(said) == 1, done.stderr
        assert "run the same again" in done.stderr
        await holding.rollback()
        await holder.execute(
            "create function pause() returns trigger language plpgsql as "
            "$$ begin perform pg_sleep(30); return new; end $$; "
            "create trigger pause before insert on calls for each row execute function pause()"
        )
        assert await refused(service, first) == (503, "database-slow", "2")
        await holder.execute("drop trigger pause on calls")
    finally:
        await holder.close()
    monkeypatch.setattr(database, "ACQUIRE_LIMIT_S", 0.3)
    taken = [await service.pool.acquire() for _ in range(3)]
    assert (await refused(service, first))[:2] == (503, "database-slow")
    for connection in taken:
        await service.pool.release(connection)
    assert await stored(service) == 0, "what was refused is not there by half"
    assert (await refused(service, first))[0] == 202
    assert (await import_one(owner_url, service, tmp_path, second)).returncode == 0
    assert await stored(service) == 2
