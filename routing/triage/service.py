"""The worker's rounds: take jobs, read, decide, write everything that follows in one transaction.

A job is *fresh* until it was taken once. One that was taken and not finished
may have ended its reader, so it is *suspect*: it is read alone, beside the
fresh ones and never before them, and set aside for a person after three
tries. Who settles a job must still own it: a worker that slept through its
lease finds its readings refused, whoever has read the call meanwhile.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import asyncpg
import structlog

from nlp.classification import Classification, Reader
from routing.calls.concerns import complained_about
from routing.calls.states import UNTAKEN
from routing.errors import ReaderLost
from routing.journey import Journey
from routing.policy.deciding import decide
from routing.policy.facts import Facts, largest_group
from routing.policy.settings import Policy
from routing.sealing import Vault
from routing.search.service import call_tokens, write_tokens
from routing.triage.settle import ReadCall, Settlement, never_closing, queue_item, queue_items, settle
from routing.triage.store import Read, opened_calls, queries, store_readings

log = structlog.get_logger(__name__)

#: A job whose worker said nothing for this long is given to another.
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


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it was taken; worker and attempt together own it until somebody else takes it."""

    call_id: int
    attempts: int
    worker: str


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
    (readings, failed), tokens = await asyncio.gather(
        _read(context.reader, calls), asyncio.to_thread(lambda: {c["id"]: call_tokens(c["segments"]) for c in calls})
    )
    failed |= broken
    await _put_off(pool, [jobs[call_id] for call_id in failed], failed)
    read_ns = time.time_ns()
    reads = [_decided(call, readings[call["id"]], context) for call in calls if call["id"] in readings]
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
        except asyncpg.DeadlockDetectedError:
            # an import met us on the same calls; nothing is wrong with them
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
        return {call["id"]: answer for call, answer in zip(calls, answers, strict=True)}, {}
    except ReaderLost as error:
        # which of them it was, nobody knows: each is read alone, while fresh ones go on
        return {}, {call["id"]: str(error) for call in calls}
    except Exception as error:  # noqa: BLE001 - readers promise not to raise; one that does must not hold up the others
        log.warning("batch_failed", calls=len(calls), error=type(error).__name__)
    readings: dict[int, Classification] = {}
    failed: dict[int, str] = {}
    for call in calls:
        try:
            readings[call["id"]] = await asyncio.to_thread(reader.read, call["transcript"], line=call["line"])
        except ReaderLost as error:
            failed[call["id"]] = str(error)
        except Exception as error:  # noqa: BLE001 - named in the job, logged by the caller
            failed[call["id"]] = f"读取出错：{type(error).__name__}"
    return readings, failed


def _decided(call: dict[str, Any], reading: Classification, context: TriageContext) -> Read:
    facts = Facts(
        line=call["line"],
        intake=call["intake"],
        live=call["live"],
        classification=reading,
        text_length=sum(not ch.isspace() for ch in call["transcript"]),
        received_at=call["received_at"],
        call_key=f"{call['line']}:{call['external_id']}",
        talk_time_s=call["talk_time_s"],
        persons_affected=largest_group(reading),
        region=call["region"],
        has_number=call["has_number"],
        confidential=call["confidential"],
    )
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


async def apply_reads(
    connection: Any, vault: Vault, reads: Sequence[Read], policy: Policy, *, jobs: Sequence[Job]
) -> set[int]:
    """Store readings and decisions and let everything follow; the ids of the calls whose reading was stored.

    Call this inside a transaction.

    ``jobs`` are those that the readings come from. A job that somebody else
    has taken meanwhile, or that a new revision has made due again, is left to
    its next reader: nothing of it is stored.
    """
    ids = [r.call.call_id for r in reads]
    await queries.lock_calls(connection, ids=ids)
    locked = {row["id"]: dict(row) for row in await queries.locked_calls(connection, ids=ids)}
    owned = {
        row["call_id"]
        for row in await queries.lock_owned_jobs(
            connection,
            ids=[job.call_id for job in jobs],
            attempts=[job.attempts for job in jobs],
            worker=jobs[0].worker,
        )
    }
    if len(owned) < len(reads):
        log.warning("readings_refused", calls=len(reads) - len(owned), worker=jobs[0].worker)
    # a reading that another worker has stored meanwhile is not stored again
    current = [
        r
        for r in reads
        if r.call.call_id in owned
        and locked[r.call.call_id]["revision"] == r.call.revision != locked[r.call.call_id]["read_revision"]
    ]
    fresh = [r for r in current if locked[r.call.call_id]["state"] == "received"]
    again = [_as_seen_now(r, locked[r.call.call_id]) for r in current if locked[r.call.call_id]["state"] != "received"]
    stored = await store_readings(connection, vault, [*fresh, *again])
    fresh = [r for r in fresh if r.call.call_id in stored]
    again = [r for r in again if r.call.call_id in stored]

    def queue_of(destination: str) -> str:
        return policy.queue_for(destination).name  # type: ignore[arg-type]

    settled = [(r, settle(r.call, r.reading, r.decision, queue_of)) for r in fresh]
    await _write(connection, settled)
    for read in again:
        await _reread(connection, read, locked[read.call.call_id], queue_of)
    await queries.finish_jobs(
        connection,
        rows=[{"call_id": r.call.call_id, "revision": r.call.revision} for r in reads if r.call.call_id in owned],
    )
    return set(stored)


async def _write(connection: Any, settled: Sequence[tuple[Read, Settlement]]) -> None:
    """Everything that follows from fresh decisions, in one go for the batch."""
    if not settled:
        return
    await queries.settle(
        connection,
        rows=[
            {
                "call_id": r.call.call_id,
                "state": s.state,
                "action": s.action,
                "close_reason": s.close_reason,
                "detail": s.detail,
            }
            for r, s in settled
        ],
        items=[item for _, s in settled for item in s.items],
    )
    events = [
        {
            "kind": "call_triaged",
            "call_id": r.call.call_id,
            "queue": r.decision.queue,
            "data": {"state": s.state, "destination": r.decision.destination, "danger": r.reading.danger.level},
        }
        for r, s in settled
        if r.call.intake == "live"
    ]
    queues = Counter(item["queue"] for _, s in settled for item in s.items)
    events += [{"kind": "queue_changed", "queue": queue, "data": {"added": n}} for queue, n in queues.items()]
    await _danger(connection, [r for r, _ in settled], events)
    samples = [
        {"call_id": r.call.call_id, "reason": r.decision.close_reason} for r, _ in settled if r.decision.quality_sample
    ]
    if samples:
        await queries.add_quality_samples(connection, rows=samples)
    if events:
        await queries.tell(connection, rows=events)


async def _danger(connection: Any, reads: Sequence[Read], events: list[dict[str, Any]]) -> None:
    """Alarms for danger happening now, check tasks for danger in old records."""
    alarms = [r for r in reads if r.decision.alarm]
    if alarms:
        rows = [{"call_id": r.call.call_id, "level": r.reading.danger.level} for r in alarms]
        new = {row["call_id"] for row in await queries.raise_danger(connection, rows=rows)}
        events += [
            {"kind": "danger", "call_id": row["call_id"], "data": {"level": row["level"]}}
            for row in rows
            if row["call_id"] in new
        ]
    checks = [r.call.call_id for r in reads if r.decision.check_task]
    if checks:
        await queries.add_danger_checks(connection, ids=checks)


def _as_seen_now(read: Read, locked: dict[str, Any]) -> Read:
    """A re-reading: of a call that somebody has it is a notice, and it never closes anything but what is closed so."""
    taken = locked["state"] not in UNTAKEN or locked["forwarded"]
    decision = read.decision if locked["unheard"] else never_closing(read.decision)
    return replace(read, decision=decision, again=True, notice=taken)


async def _reread(connection: Any, read: Read, locked: dict[str, Any], queue_of: Callable[[str], str]) -> None:
    """What a new version or segment changes: the waiting item moves, or only a notice is shown."""
    call, decision = read.call, read.decision
    events: list[dict[str, Any]] = [
        {
            "kind": "notice" if read.notice else "proposal_changed",
            "call_id": call.call_id,
            "queue": decision.queue,
            "data": {"destination": decision.destination, "danger": read.reading.danger.level},
        }
    ]
    if read.notice:
        if locked["unheard"] and decision.outcome == "route":
            # closed by machine on words that were not all: somebody hears the caller after all
            item = queue_item(call, read.reading, decision, decision.queue, "joint")
            await queries.settle(connection, rows=[], items=[item])
            events.append({"kind": "queue_changed", "queue": decision.queue, "data": {"added": 1}})
        await _alert_police(connection, read, locked, queue_of, events)
    elif locked["state"] == "proposed" and not locked["live"]:
        # the line says the call is over: it waits in a queue like any recorded one
        items = queue_items(call, read.reading, decision, queue_of)
        row = {"call_id": call.call_id, "state": "queued", "action": "queued", "detail": {"queue": decision.queue}}
        await queries.settle(connection, rows=[row], items=list(items))
    elif locked["state"] == "queued":
        await _requeue(connection, read, queue_of)
    await _danger(connection, [read], events)
    if call.intake == "live":
        await queries.tell(connection, rows=events)


async def _requeue(connection: Any, read: Read, queue_of: Callable[[str], str]) -> None:
    """Move the waiting items to where the new decision wants them; what was waited is kept."""
    wanted = {i["queue"]: i for i in queue_items(read.call, read.reading, read.decision, queue_of)}
    lead, *_ = wanted.values()
    open_items = [dict(item) for item in await queries.open_items(connection, call_id=read.call.call_id)]
    there = [item for item in open_items if item["role"] == "joint" and item["queue"] == lead["queue"]]
    if any(item["state"] != "waiting" for item in there):
        # somebody works on the call there already, beside the lead: nothing has to move
        return
    for item in there:
        await queries.cancel_item(connection, item_id=item["id"])
    for item in open_items:
        if item["role"] == "lead":
            await queries.move_lead(
                connection,
                item_id=item["id"],
                queue=lead["queue"],
                priority=lead["priority"],
                deadline=read.decision.deadline,
                topics=lead["topics"],
                grid=lead["grid"],
            )
        elif item["state"] == "waiting" and item["queue"] not in wanted and item not in there:
            await queries.cancel_item(connection, item_id=item["id"])
    kept = {item["queue"] for item in open_items}
    joint = [item for queue, item in wanted.items() if item["role"] == "joint" and queue not in kept]
    await queries.settle(connection, rows=[], items=joint)


async def _alert_police(
    connection: Any,
    read: Read,
    locked: dict[str, Any],
    queue_of: Callable[[str], str],
    events: list[dict[str, Any]],
) -> None:
    """Rising danger reaches the police at any time, also when somebody else has the call."""
    rises = read.reading.danger.level > (locked["danger_level"] or 0)
    if not rises or read.call.intake != "live":
        return
    queue = queue_of("police")
    await queries.settle(
        connection, rows=[], items=[queue_item(read.call, read.reading, read.decision, queue, "joint")]
    )
    await queries.raise_priority(connection, call_id=read.call.call_id, queue=queue, priority=read.decision.priority)
    events.append({"kind": "queue_changed", "queue": queue, "data": {"added": 1}})
