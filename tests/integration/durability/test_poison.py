"""Calls that end or stall their reader, and workers that sleep through their lease."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import psutil
import pytest

from hotline.worker.guarded import GuardedReader
from nlp.classification import Classification, Reader
from routing.calls.service import end_silent_calls
from routing.errors import ReaderLost
from routing.triage.service import TriageContext, suspect_round, triage_round
from routing.triage.store import queries
from tests.integration.durability.poisoned_reader import ENDS, RAISES, STALLS
from tests.service_fixtures import CallMaker, RunningService, eventually

#: Waited out three times by the call that stalls; ample for all others, however busy the machine is.
LIMIT_S = 5.0
DRAIN = "下水道堵了，请派人疏通"


@pytest.fixture
def poisoned() -> Iterator[tuple[GuardedReader, GuardedReader]]:
    """Readers of both lanes, each in a process of its own."""
    command = (sys.executable, str(Path(__file__).with_name("poisoned_reader.py")))
    readers = GuardedReader(LIMIT_S, command=command), GuardedReader(LIMIT_S, command=command)
    yield readers
    for one in readers:
        one.close()


async def test_poison_calls_are_set_aside_after_three_tries_and_hold_up_nobody(
    service: RunningService, call: CallMaker, poisoned: tuple[GuardedReader, GuardedReader]
) -> None:
    texts = [DRAIN] * 5 + [ENDS, STALLS, RAISES] + [DRAIN] * 5
    answer = await service.post_calls(*(call(text) for text in texts))
    ids = [item["call_id"] for item in answer["accepted"]]
    poison = {ids[5]: "意外退出", ids[6]: "没有读完", ids[7]: "ReadingFailed"}
    reader, apart = poisoned
    await service.start_worker(reader=reader, apart=apart)
    later = (await service.post_calls(call(DRAIN)))["accepted"][0]["call_id"]
    for call_id in [*(one for one in ids if one not in poison), later]:
        await service.call_in(call_id, "queued")

    async def listed() -> dict[int, dict[str, Any]]:
        status, body = await service.request("GET", "/triage/set-aside", role="manager")
        assert status == 200
        return {item["call_id"]: item for item in body["items"]}

    async def all_aside() -> bool:
        return set(await listed()) == set(poison)

    await eventually(all_aside)
    for call_id, item in (await listed()).items():
        assert poison[call_id] in item["last_error"]
        assert "毒句" not in item["last_error"], "the reason quotes the caller"
    async with service.pool.acquire() as connection:
        tries = {row["call_id"]: row["attempts"] for row in await connection.fetch("select * from triage_jobs")}
    assert tries == dict.fromkeys(poison, 3)
    status, _ = await service.request("POST", f"/calls/{ids[5]}/triage", role="manager")
    assert status == 200

    async def repeated() -> bool:
        async with service.pool.acquire() as connection:
            count = "select count(*) from call_log where call_id = $1 and action = 'triage_set_aside'"
            return bool(await connection.fetchval(count, ids[5]) == 2)

    await eventually(repeated)


async def test_a_reader_closed_while_it_starts_leaves_no_process_and_nobody_waiting(tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    starting = "import os, sys, time; open(sys.argv[1], 'w').write(str(os.getpid())); time.sleep(600)"
    reader = GuardedReader(LIMIT_S, command=(sys.executable, "-c", starting, str(begun)))
    reading = asyncio.create_task(asyncio.to_thread(reader.read, "喂"))

    async def child() -> int:
        return int(begun.read_text() or 0) if begun.exists() else 0

    await eventually(child)
    number = await child()
    await asyncio.to_thread(reader.close)
    with pytest.raises(ReaderLost):
        await reading
    assert not psutil.pid_exists(number)
    with pytest.raises(ReaderLost):
        await asyncio.to_thread(reader.read, "喂")


async def test_a_model_that_cannot_be_used_is_told_in_one_sentence() -> None:
    reader = GuardedReader(LIMIT_S, command=(sys.executable, "-c", "raise SystemExit(7)"))
    with pytest.raises(Exception, match="exit code 7"):
        await asyncio.to_thread(reader.read, "喂")


class Sleeper:
    """A reader that does not answer before it is let go: its worker was stopped in mid-batch."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.model = reader.model
        self.begun, self.go = threading.Event(), threading.Event()

    def read(self, text: str, *, line: str | None = None) -> Classification:
        return self.read_batch([(text, line)])[0]

    def read_batch(self, items: Sequence[tuple[str, str | None]]) -> list[Classification]:
        self.begun.set()
        assert self.go.wait(30)
        return self._reader.read_batch(items)


COUNTS = """
select (select count(*) from triages) as triages, (select count(*) from decisions) as decisions,
       (select count(*) from queue_items) as items, (select count(*) from triage_jobs) as jobs,
       (select leased_by from triage_jobs) as owner
"""


async def counts(service: RunningService) -> dict[str, Any]:
    async with service.pool.acquire() as connection:
        return dict(await connection.fetchrow(COUNTS))


def context(service: RunningService, reader: Reader, worker: str, lease_s: float = 60.0) -> TriageContext:
    published = service.services.published
    return TriageContext(reader, published.policy, lambda queue, at: 1, service.services.vault, worker, lease_s=lease_s)


async def test_who_slept_through_the_lease_settles_nothing(service: RunningService, call: CallMaker) -> None:
    await service.post_calls(call(DRAIN))
    sleeper = Sleeper(service.reader)
    sleeping = asyncio.create_task(triage_round(service.pool, context(service, sleeper, "sleeper")))
    await asyncio.to_thread(sleeper.begun.wait, 15)
    async with service.pool.acquire() as connection, connection.transaction():
        # as if its process had stood still for as long
        await connection.execute("update triage_jobs set leased_until = now() - interval '1 s'")
        assert await queries.claim_suspect(connection, lease_s=60.0, worker="other", max_tries=3)
    sleeper.go.set()
    await sleeping
    assert await counts(service) == {"triages": 0, "decisions": 0, "items": 0, "jobs": 1, "owner": "other"}
    async with service.pool.acquire() as connection:
        await queries.drop_leases(connection, worker="other")
    assert await suspect_round(service.pool, context(service, service.reader, "awake")) == 1
    found = await counts(service)
    assert (found["triages"], found["decisions"], found["jobs"]) == (1, 1, 0)


async def test_a_lease_grows_while_its_reader_is_at_work(service: RunningService, call: CallMaker) -> None:
    """A reader that only starts slowly spends no try of the call and gives it to nobody else."""
    await service.post_calls(call(DRAIN))
    slow = Sleeper(service.reader)
    reading = asyncio.create_task(triage_round(service.pool, context(service, slow, "slow", lease_s=3.0)))
    await asyncio.to_thread(slow.begun.wait, 15)
    lease = "select leased_until from triage_jobs where leased_by = 'slow' and attempts = 1"
    async with service.pool.acquire() as connection:
        first = await connection.fetchval(lease)

        async def grown() -> bool:
            return bool(await connection.fetchval(lease) > first)

        await eventually(grown)
    slow.go.set()
    await reading
    found = await counts(service)
    assert (found["triages"], found["decisions"], found["jobs"]) == (1, 1, 0)


async def test_what_a_killed_worker_held_is_due_at_once(service: RunningService, call: CallMaker) -> None:
    """Its connection has ended; nobody waits for a lease or for a silence."""
    await service.post_calls(call(DRAIN))
    async with service.pool.acquire() as alive:
        dead = await service.pool.acquire()
        await queries.worker_seen(dead, name="dead", model="m")
        await queries.worker_seen(alive, name="alive", model="m")
        assert len(await queries.claim_jobs(alive, limit=1, lease_s=60.0, worker="dead+suspect")) == 1
        await queries.release_dead(alive, seconds=60.0)
        assert await queries.claim_suspect(alive, lease_s=60.0, worker="alive", max_tries=3) == []
        dead.terminate()
        await service.pool.release(dead)

        async def due() -> bool:
            await queries.release_dead(alive, seconds=60.0)
            return bool(await queries.claim_suspect(alive, lease_s=60.0, worker="alive", max_tries=3))

        await eventually(due)


async def test_a_live_call_whose_line_never_hangs_up_is_queued(service: RunningService, call: CallMaker) -> None:
    words = "公司拖欠我两个月工资，没有签合同，想问能不能申请劳动仲裁"
    live = (await service.post_calls(call(words, line="12348", live=True)))["accepted"][0]["call_id"]
    # the worker looks once as it starts, and finds the call fresh
    await service.start_worker(live_silence_s=3600.0)
    await service.call_in(live, "proposed")
    assert await end_silent_calls(service.pool, 3600.0) == 0, "it was heard of a moment ago"
    assert await end_silent_calls(service.pool, 0.0) == 1
    page = await service.call_in(live, "queued")
    assert (page["call"]["live"], page["call"]["contact"]) == (False, "callback")
    assert page["queue_item"]["state"] == "waiting"
    assert await end_silent_calls(service.pool, 0.0) == 0
