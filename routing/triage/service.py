"""The worker's round: take jobs, read, decide, write everything that follows in one transaction."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import structlog

from nlp.classification import Classification, Reader
from routing.calls.states import UNTAKEN
from routing.policy.deciding import decide
from routing.policy.facts import Facts, largest_group
from routing.policy.settings import Policy
from routing.triage.settle import ReadCall, Settlement, never_closing, queue_item, queue_items, settle
from routing.triage.store import Read, queries, store_readings

log = structlog.get_logger(__name__)

#: A job whose worker said nothing for this long is given to another.
LEASE_S = 60
#: After so many tries a job is set aside for a person.
MAX_TRIES = 3
RETRY_PAUSE_S = 2

Duty = Callable[[str, datetime], int]


@dataclass(frozen=True, slots=True)
class TriageContext:
    """What a round needs beside the database; swapped whole when policy or model change."""

    reader: Reader
    policy: Policy
    duty: Duty
    worker: str


async def pending_count(pool: Any) -> int:
    """Readings still to be made."""
    async with pool.acquire() as connection:
        return int(await queries.pending(connection))


async def triage_round(pool: Any, context: TriageContext, *, limit: int = 100) -> int:
    """Read and settle up to ``limit`` due calls; the number of jobs taken (0: nothing was due)."""
    async with pool.acquire() as connection:
        jobs = [
            dict(job)
            for job in await queries.claim_jobs(connection, limit=limit, lease_s=LEASE_S, worker=context.worker)
        ]
        jobs = await _one_suspect_at_a_time(connection, jobs)
        calls = [dict(row) for row in await queries.calls_to_read(connection, ids=[job["call_id"] for job in jobs])]
    if not calls:
        return len(jobs)
    readings, failed = await _read(context.reader, calls)
    for call_id, error in failed.items():
        tries = next(job["attempts"] for job in jobs if job["call_id"] == call_id)
        log.error("triage_failed", call_id=call_id, tries=tries, error=error)
        async with pool.acquire() as connection:
            if tries >= MAX_TRIES:
                await queries.set_aside(connection, ids=[call_id], error=error)
            else:
                await queries.give_back(connection, ids=[call_id], error=error, pause_s=RETRY_PAUSE_S)
    reads = [_decided(call, readings[call["id"]], context) for call in calls if call["id"] in readings]
    if reads:
        try:
            async with pool.acquire() as connection, connection.transaction():
                await apply_reads(connection, reads, context.policy)
        except Exception as error:
            # a deadlock with an import, or one call that cannot be stored: due again soon, one by one, instead of
            # when the lease ends
            async with pool.acquire() as connection:
                await queries.give_back(
                    connection, ids=[r.call.call_id for r in reads], error=repr(error), pause_s=RETRY_PAUSE_S
                )
            raise
    return len(jobs)


async def _one_suspect_at_a_time(connection: Any, jobs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Jobs to read now. A job that was taken before may have killed its worker, so it is read alone
    and the others go back untouched; one taken too often is set aside."""
    suspects = [job for job in jobs if job["attempts"] > 1]
    spent = [job["call_id"] for job in suspects if job["attempts"] > MAX_TRIES]
    if spent:
        await queries.set_aside(connection, ids=spent, error="读取时工作进程三次中断或超时，请人工查看")
    suspects = [job for job in suspects if job["attempts"] <= MAX_TRIES]
    if not suspects:
        return [job for job in jobs if job["attempts"] <= 1]
    others = [job["call_id"] for job in jobs if job is not suspects[0] and job["attempts"] <= MAX_TRIES]
    await queries.untouch(connection, ids=others)
    return suspects[:1]


async def _read(reader: Reader, calls: Sequence[dict[str, Any]]) -> tuple[dict[int, Classification], dict[int, str]]:
    """Readings by call id, and the errors of those that could not be read."""
    try:
        answers = await asyncio.to_thread(reader.read_batch, [(c["transcript"], c["line"]) for c in calls])
        return {call["id"]: answer for call, answer in zip(calls, answers, strict=True)}, {}
    except Exception as error:  # noqa: BLE001 - readers promise not to raise; one that does must not hold up the others
        log.warning("batch_failed", calls=len(calls), error=repr(error))
    readings: dict[int, Classification] = {}
    failed: dict[int, str] = {}
    for call in calls:
        try:
            readings[call["id"]] = await asyncio.to_thread(reader.read, call["transcript"], line=call["line"])
        except Exception as error:  # noqa: BLE001 - named in the job, logged by the caller
            failed[call["id"]] = f"{type(error).__name__}: {error}"
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
        decision=decide(context.policy, facts, context.duty, datetime.now(UTC)),
    )


async def apply_reads(connection: Any, reads: Sequence[Read], policy: Policy) -> None:
    """Store readings and decisions and let everything follow; call this inside a transaction.

    A call whose revision rose meanwhile is left to its next job.
    """
    ids = [r.call.call_id for r in reads]
    await queries.lock_calls(connection, ids=ids)
    locked = {row["id"]: dict(row) for row in await queries.locked_calls(connection, ids=ids)}
    # a reading that another worker has stored meanwhile is not stored again
    current = [
        r
        for r in reads
        if locked[r.call.call_id]["revision"] == r.call.revision != locked[r.call.call_id]["read_revision"]
    ]
    fresh = [r for r in current if locked[r.call.call_id]["state"] == "received"]
    again = [_as_seen_now(r, locked[r.call.call_id]) for r in current if locked[r.call.call_id]["state"] != "received"]
    stored = await store_readings(connection, [*fresh, *again])
    fresh = [r for r in fresh if r.call.call_id in stored]
    again = [r for r in again if r.call.call_id in stored]

    def queue_of(destination: str) -> str:
        return policy.queue_for(destination).name  # type: ignore[arg-type]

    settled = [(r, settle(r.call, r.reading, r.decision, queue_of)) for r in fresh]
    await _write(connection, settled)
    for read in again:
        await _reread(connection, read, locked[read.call.call_id], queue_of)
    await queries.finish_jobs(
        connection, rows=[{"call_id": r.call.call_id, "revision": r.call.revision} for r in reads]
    )


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
