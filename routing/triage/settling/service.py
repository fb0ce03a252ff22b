"""What follows from readings: stored, queued, told, in the caller's transaction, by who owns the jobs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import structlog

from routing.calls.states import UNTAKEN
from routing.policy.settings import Policy
from routing.sealing import Vault
from routing.triage.settle import Settlement, never_closing, queue_item, queue_items, settle
from routing.triage.store import Job, Read, Stored, queries, store_readings

log = structlog.get_logger(__name__)


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
    await _write(connection, settled, stored)
    for read in again:
        await _reread(connection, read, locked[read.call.call_id], queue_of)
    await queries.finish_jobs(
        connection,
        rows=[{"call_id": r.call.call_id, "revision": r.call.revision} for r in reads if r.call.call_id in owned],
    )
    return set(stored)


async def apply_sharpened(connection: Any, vault: Vault, read: Read, policy: Policy) -> bool:
    """Replace a proposal by a deeper reading's; False where the call is not as it was when it was read.

    Call this inside a transaction. A live call that somebody has taken up, forwarded or ended, a recorded one that has
    left the queue or is offered to somebody, and any that was read again meanwhile keep what was proposed.
    """
    call_id = read.call.call_id
    await queries.lock_calls(connection, ids=[call_id])
    rows = [dict(row) for row in await queries.locked_calls(connection, ids=[call_id])]
    expected = ("proposed", True) if read.call.live else ("queued", False)
    if not rows or (rows[0]["state"], rows[0]["live"]) != expected or rows[0]["forwarded"]:
        return False
    if not read.call.live:
        items = await queries.open_items(connection, call_id=call_id)
        if not items or any(item["state"] != "waiting" for item in items):
            return False
    if not rows[0]["revision"] == rows[0]["read_revision"] == read.call.revision:
        return False
    again = replace(read, again=True, notice=False, decision=never_closing(read.decision))
    if call_id not in await store_readings(connection, vault, [again]):
        return False

    def queue_of(destination: str) -> str:
        return policy.queue_for(destination).name  # type: ignore[arg-type]

    await _reread(connection, again, rows[0], queue_of)
    return True


async def _write(connection: Any, settled: Sequence[tuple[Read, Settlement]], stored: Mapping[int, Stored]) -> None:
    """Everything that follows from fresh decisions, in one go for the batch."""
    if not settled:
        return
    await queries.settle(
        connection,
        rows=[
            {
                "call_id": r.call.call_id,
                "triage_id": stored[r.call.call_id].triage_id,
                "decision_id": stored[r.call.call_id].decision_id,
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
        rows = [
            {
                "call_id": r.call.call_id,
                "level": r.reading.danger.level,
                "kinds": sorted({signal.kind for signal in r.reading.danger.signals}),
            }
            for r in alarms
        ]
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
