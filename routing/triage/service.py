"""The worker's rounds: take jobs, read, decide, write everything that follows in one transaction.

A job is *fresh* until it was taken once. One that was taken and not finished
may have ended its reader, so it is *suspect*: it is read alone, beside the
fresh ones and never before them, and set aside for a person after three
tries. Who settles a job must still own it: a worker that slept through its
lease finds its readings refused, whoever has read the call meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg
import structlog

from nlp.classification import Classification, Reader
from nlp.live import steady
from routing.calls.concerns import complained_about
from routing.errors import ReaderLost
from routing.journey import Journey
from routing.policy.deciding import decide
from routing.policy.facts import Facts, largest_group
from routing.policy.settings import Policy
from routing.sealing import Vault
from routing.search.service import call_tokens, write_tokens
from routing.triage.settle import ReadCall
from routing.triage.settling.service import apply_reads
from routing.triage.store import Job, Read, opened_calls, queries

log = structlog.get_logger(__name__)

#: A job whose worker said nothing for this long is given to another; a worker that reads says so every third of it.
LEASE_S = 60.0
#: After so many tries a job is set aside for a person.
MAX_TRIES = 3
RETRY_PAUSE_S = 2
#: Reason of a job whose workers ended without a word.
INTERRUPTED = "读取时研判进程中断，请人工查看"

Duty = Callable[[str, datetime], int]


@dataclass(frozen=True, slots=True)
class TriageContext:
    """What a round needs beside the database; swapped whole when policy or model change."""

    reader: Reader
    policy: Policy
    duty: Duty
    vault: Vault
    worker: str
    """Owner of the leases; of a worker with several lanes ``name+lane``."""
    lease_s: float = LEASE_S
    journey: Journey | None = None
    """Who is told of every step; None: nobody."""


async def pending_count(pool: Any) -> int:
    """Readings still to be made."""
    async with pool.acquire() as connection:
        return int(await queries.pending(connection))


async def triage_round(pool: Any, context: TriageContext, *, limit: int = 100) -> int:
    """Read and settle up to ``limit`` fresh calls, live ones first; the number of jobs taken (0: nothing was due)."""
    async with pool.acquire() as connection:
        rows = await queries.claim_jobs(connection, limit=limit, lease_s=context.lease_s, worker=context.worker)
    return await _work(pool, context, _jobs(rows, context))


async def suspect_round(pool: Any, context: TriageContext) -> int:
    """Read one suspect call alone; the number of jobs taken (0: none was due).

    A job that was taken three times without an end is set aside.
    """
    async with pool.acquire() as connection:
        spent = await queries.spent_jobs(connection, max_tries=MAX_TRIES)
        if spent:
            ids = [row["call_id"] for row in spent]
            log.error("triage_set_aside", call_ids=ids)
            await queries.set_aside(connection, ids=ids, error=INTERRUPTED)
        rows = await queries.claim_suspect(
            connection, lease_s=context.lease_s, worker=context.worker, max_tries=MAX_TRIES
        )
    return await _work(pool, context, _jobs(rows, context))


async def drop_leases(pool: Any, worker: str) -> None:
    """Make due what ``worker`` took and lost hold of, as when the database went away in mid-batch.

    Nothing was wrong with those calls, so the try does not count. Call it
    only while ``worker`` is in no round.
    """
    async with pool.acquire() as connection:
        await queries.drop_leases(connection, worker=worker)


def _jobs(rows: Sequence[Any], context: TriageContext) -> dict[int, Job]:
    return {row["call_id"]: Job(row["call_id"], row["attempts"], context.worker) for row in rows}


async def _work(pool: Any, context: TriageContext, jobs: dict[int, Job]) -> int:
    """Read, decide and settle what was taken."""
    if not jobs:
        return 0
    began_ns = time.time_ns()
    async with pool.acquire() as connection:
        rows = await queries.calls_to_read(connection, ids=list(jobs))
    calls, broken = opened_calls(context.vault, rows)
    async with _kept(pool, context, jobs):
        (readings, failed), tokens = await asyncio.gather(
            _read(context.reader, calls),
            asyncio.to_thread(lambda: {c["id"]: call_tokens(c["segments"]) for c in calls}),
        )
    failed |= broken
    await _put_off(pool, [jobs[call_id] for call_id in failed], failed)
    read_ns = time.time_ns()
    reads = [decided(call, readings[call["id"]], context) for call in calls if call["id"] in readings]
    decided_ns = time.time_ns()
    if reads:
        taken = [jobs[read.call.call_id] for read in reads]
        try:
            async with pool.acquire() as connection, connection.transaction():
                stored = await apply_reads(connection, context.vault, reads, context.policy, jobs=taken)
                await _note_concerns(connection, [c for c in calls if c["id"] in stored])
                await write_tokens(
                    connection,
                    context.vault,
                    [(c["id"], c["received_at"], tokens[c["id"]]) for c in calls if c["id"] in stored],
                )
        except (asyncpg.DeadlockDetectedError, asyncpg.InsufficientResourcesError):
            # an import met us on the same calls, or the disk is full: nothing is wrong with the calls
            await drop_leases(pool, context.worker)
            raise
        except Exception as error:
            # one call that cannot be stored: due again soon, one by one, instead of when the lease ends
            async with pool.acquire() as connection:
                await _give_back(connection, taken, type(error).__name__)
            raise
    if context.journey is not None:
        ids, batch = [read.call.call_id for read in reads], len(jobs)
        context.journey.step(ids, "triage.read", began_ns, until_ns=read_ns, batch=batch, model=context.reader.model)
        context.journey.step(ids, "triage.decide", read_ns, until_ns=decided_ns, batch=batch)
        context.journey.step(ids, "triage.settle", decided_ns, batch=batch)
        context.journey.step(failed, "triage.failed", began_ns, batch=batch)
    return len(jobs)


@asynccontextmanager
async def _kept(pool: Any, context: TriageContext, jobs: dict[int, Job]) -> AsyncIterator[None]:
    """Lengthen the leases of ``jobs`` while they are read.

    Else a reader that only starts slowly, on a machine that has much to do, would spend the tries of a call that
    nothing is wrong with. What ends or stalls a reader is ended by the reader's own limit; a process that stands
    still lengthens nothing.
    """
    read = asyncio.Event()
    keeping = asyncio.create_task(_keep(pool, context, list(jobs), read))
    try:
        yield
    finally:
        read.set()
        await keeping


async def _keep(pool: Any, context: TriageContext, call_ids: list[int], read: asyncio.Event) -> None:
    while True:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(read.wait(), context.lease_s / 3)
            return
        try:
            async with pool.acquire() as connection:
                await queries.keep_leases(connection, ids=call_ids, worker=context.worker, lease_s=context.lease_s)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            # the leases run on; whether the jobs are ours still is asked once more when they are settled
            log.warning("leases_not_kept", worker=context.worker, error=type(error).__name__)


async def _note_concerns(connection: Any, calls: Sequence[Mapping[str, Any]]) -> None:
    """Whom the calls complain about; nothing to do where no organisation but the city's own is known."""
    names = [(row["id"], row["name"]) for row in await queries.organisations(connection)]
    if not names or not calls:
        return
    found = [(call["id"], org) for call in calls for org in sorted(complained_about(call["transcript"], names))]
    await queries.set_concerns(
        connection,
        call_ids=[call["id"] for call in calls],
        found_calls=[call_id for call_id, _ in found],
        found_orgs=[org for _, org in found],
    )


async def _put_off(pool: Any, jobs: Sequence[Job], errors: Mapping[int, str]) -> None:
    """Calls that could not be read: tried again alone, or set aside after the last try."""
    for error in sorted({errors[job.call_id] for job in jobs}):
        same = [job for job in jobs if errors[job.call_id] == error]
        spent = [job.call_id for job in same if job.attempts >= MAX_TRIES]
        again = [job for job in same if job.attempts < MAX_TRIES]
        log.error("triage_failed", call_ids=[job.call_id for job in same], set_aside=len(spent), error=error)
        async with pool.acquire() as connection:
            if spent:
                await queries.set_aside(connection, ids=spent, error=error)
            if again:
                await _give_back(connection, again, error)


async def _give_back(connection: Any, jobs: Sequence[Job], error: str) -> None:
    await queries.give_back(
        connection,
        ids=[job.call_id for job in jobs],
        attempts=[job.attempts for job in jobs],
        worker=jobs[0].worker,
        error=error,
        pause_s=RETRY_PAUSE_S,
    )


async def _read(reader: Reader, calls: Sequence[dict[str, Any]]) -> tuple[dict[int, Classification], dict[int, str]]:
    """Readings by call id, and why each of the others could not be read (never in words of the call)."""
    if not calls:
        return {}, {}
    try:
        answers = await asyncio.to_thread(reader.read_batch, [(c["transcript"], c["line"]) for c in calls])
        return {call["id"]: _steady(call, answer) for call, answer in zip(calls, answers, strict=True)}, {}
    except ReaderLost as error:
        # which of them it was, nobody knows: each is read alone, while fresh ones go on
        return {}, {call["id"]: str(error) for call in calls}
    except Exception as error:  # noqa: BLE001 - readers promise not to raise; one that does must not hold up the others
        log.warning("batch_failed", calls=len(calls), error=type(error).__name__)
    readings: dict[int, Classification] = {}
    failed: dict[int, str] = {}
    for call in calls:
        try:
            answer = await asyncio.to_thread(reader.read, call["transcript"], line=call["line"])
            readings[call["id"]] = _steady(call, answer)
        except ReaderLost as error:
            failed[call["id"]] = str(error)
        except Exception as error:  # noqa: BLE001 - named in the job, logged by the caller
            failed[call["id"]] = f"读取出错：{type(error).__name__}"
    return readings, failed


def _steady(call: Mapping[str, Any], reading: Classification) -> Classification:
    return steady(reading, call["shown"], call["transcript"])


def decided(call: dict[str, Any], reading: Classification, context: TriageContext) -> Read:
    """The decision that the policy makes of a reading."""
    facts = facts_of(call, reading)
    return Read(
        call=ReadCall(
            call_id=call["id"],
            revision=call["revision"],
            line=call["line"],
            intake=call["intake"],
            live=call["live"],
            grid=call["grid"],
            language=call["language"],
        ),
        reading=reading,
        decision=decide(context.policy, facts, context.duty, call["read_at"]),
    )


def facts_of(call: Mapping[str, Any], reading: Classification) -> Facts:
    """What the policy may know of a call (a row of ``calls_to_read``, opened) and its reading."""
    return Facts(
        line=call["line"],
        intake=call["intake"],
        live=call["live"],
        classification=reading,
        text_length=len("".join(call["transcript"].split())),
        received_at=call["received_at"],
        call_key=f"{call['line']}:{call['external_id']}",
        talk_time_s=call["talk_time_s"],
        persons_affected=largest_group(reading),
        region=call["region"],
        has_number=call["has_number"],
        confidential=call["confidential"],
    )
