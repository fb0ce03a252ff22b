"""Calls in PostgreSQL: every function takes a connection and runs in the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from routing.calls.lookup import LookupKey
from routing.calls.record import CallRecord
from routing.sql import load_queries

queries = load_queries(__file__)

#: Records a transaction may hold (DESIGN section 2): the outbox reader waits for the oldest open transaction.
MAX_BATCH = 500


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one record."""

    kind: Literal["accepted", "updated", "duplicate"]
    call_id: int


def call_row(record: CallRecord, *, intake: str, key: LookupKey, held_by: int | None = None) -> dict[str, Any]:
    """One record as the JSON row of ``insert_calls`` and ``update_version``."""
    caller_hash = None if record.caller_withheld else key.hash(record.caller_number)
    payload = record.to_payload()
    languages = {s.language for s in record.segments if s.is_caller and s.language}
    return {
        "line": record.line,
        "external_id": record.external_id,
        "intake": intake,
        "contact": "statistics" if intake == "history" else record.contact,
        "live": record.live,
        "held_by": held_by if record.live else None,
        "received_at": payload["received_at"],
        "caller_number": record.caller_number,
        "caller_hash": caller_hash.hex() if caller_hash else None,
        "caller_name": record.caller_name,
        "transcript": record.text,
        "segments": payload["segments"],
        "language": languages.pop() if len(languages) == 1 else None,
        "address": record.address,
        "region": record.region or None,
        "operator_name": record.operator,
        "confidential": record.confidential,
        "request_kind": record.request_kind,
        "channel": record.channel,
        "urgency": record.urgency,
        "lead_unit": record.lead_unit,
        "joint_units": list(record.joint_units),
        "dispatched_at": payload["dispatched_at"],
        "received_by_unit_at": payload["received_by_unit_at"],
        "ended_at": payload["ended_at"],
        "recording_number": record.recording_number,
        "talk_time_s": record.talk_time_s,
        "satisfaction": record.satisfaction,
        "source": payload["source"],
        "content_hash": record.content_hash(),
        "payload": payload,
    }


async def store_records(
    connection: Any,
    records: Sequence[CallRecord],
    *,
    intake: str,
    key: LookupKey,
    held_by: Sequence[int | None] | None = None,
) -> list[Outcome]:
    """Store at most ``MAX_BATCH`` records; the answers stand in the order of ``records``.

    A key may occur more than once: later records are compared with the one
    before. Call this inside a transaction.
    """
    holders = held_by or [None] * len(records)
    rows = [call_row(r, intake=intake, key=key, held_by=h) for r, h in zip(records, holders, strict=True)]
    first: dict[tuple[str, str], int] = {}
    for index, row in enumerate(rows):
        first.setdefault((row["line"], row["external_id"]), index)
    inserted = {
        (stored["line"], stored["external_id"]): stored["id"]
        for stored in await queries.insert_calls(connection, rows=[rows[index] for index in first.values()])
    }
    rest = sorted({k for k in first if k not in inserted})
    known: dict[tuple[str, str], tuple[int, str, bool]] = {
        k: (i, rows[first[k]]["content_hash"], rows[first[k]]["live"]) for k, i in inserted.items()
    }
    if rest:
        for stored in await queries.lock_by_key(
            connection, lines=[line for line, _ in rest], external_ids=[external for _, external in rest]
        ):
            known[stored["line"], stored["external_id"]] = (stored["id"], stored["content_hash"].hex(), stored["live"])
    outcomes = []
    for index, row in enumerate(rows):
        row_key = (row["line"], row["external_id"])
        call_id, content_hash, live = known[row_key]
        if row_key in inserted and first[row_key] == index:
            outcomes.append(Outcome("accepted", call_id))
        elif content_hash == row["content_hash"] and not (live and not row["live"]):
            outcomes.append(Outcome("duplicate", call_id))
        elif content_hash == row["content_hash"]:
            await queries.hang_up(connection, call_id=call_id, contact=records[index].contact)
            known[row_key] = (call_id, content_hash, False)
            outcomes.append(Outcome("updated", call_id))
        else:
            await queries.update_version(connection, row=row, call_id=call_id)
            known[row_key] = (call_id, row["content_hash"], row["live"])
            outcomes.append(Outcome("updated", call_id))
    return outcomes


async def change_state(
    connection: Any,
    call_id: int,
    state: str,
    *,
    action: str,
    user_id: int | None = None,
    detail: dict[str, Any] | None = None,
    close_reason: str | None = None,
) -> None:
    """Change a call's state and write the log entry; the database refuses what cannot follow."""
    await queries.set_state(
        connection,
        call_id=call_id,
        state=state,
        action=action,
        user_id=user_id,
        detail=detail or {},
        close_reason=close_reason,
    )


@dataclass(frozen=True, slots=True)
class CallFilter:
    """What ``GET /calls`` may ask for; None leaves a field open."""

    line: str | None = None
    route: str | None = None
    destination: str | None = None
    state: str | None = None
    from_at: datetime | None = None
    to_at: datetime | None = None
    before_at: datetime | None = None
    before_id: int | None = None
    limit: int = 50


async def list_calls(connection: Any, wanted: CallFilter) -> list[dict[str, Any]]:
    """Calls newest first, at most ``wanted.limit``."""
    rows = await queries.list_calls(
        connection,
        line=wanted.line,
        route=wanted.route,
        destination=wanted.destination,
        state=wanted.state,
        from_at=wanted.from_at,
        to_at=wanted.to_at,
        before_at=wanted.before_at,
        before_id=wanted.before_id,
        limit=wanted.limit,
    )
    return [dict(row) for row in rows]
