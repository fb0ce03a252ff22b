"""Calls in PostgreSQL: every function takes a connection and runs in the caller's transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from routing.calls.contact_rules import ContactRules
from routing.calls.live import caller_words
from routing.calls.record import CallRecord
from routing.errors import InvalidRequest
from routing.sealing import EXCERPT_LENGTH, Vault, opened
from routing.sql import load_queries

queries = load_queries(__file__)

#: Records a transaction may hold (DESIGN section 2): the outbox reader waits for the oldest open transaction.
MAX_BATCH = 500
#: More records than this are sealed in a thread.
IN_THREAD = 20
#: Why a call is closed that nobody answered and that left no words.
UNANSWERED = "来电未接通，仅统计"
#: Bytes of a call's row: sealed values and keyed hashes.
SEALED = (
    *("caller_number", "caller_hash", "caller_name", "transcript", "segments", "excerpt", "address"),
    *("recording_number", "contact_rules", "content_hash", "payload"),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one record."""

    kind: Literal["accepted", "updated", "duplicate"]
    call_id: int


def call_row(record: CallRecord, *, intake: str, vault: Vault, held_by: int | None = None) -> dict[str, Any]:
    """One record as the JSON row of ``insert_calls`` and ``update_version``, its personal data sealed."""
    payload = record.to_payload()
    text = record.text
    languages = {s.language for s in record.segments if s.is_caller and s.language}
    return {
        "line": record.line,
        "external_id": record.external_id,
        "intake": intake,
        "contact": "statistics" if intake == "history" else record.contact,
        "live": record.live,
        "held_by": held_by if record.live else None,
        "received_at": payload["received_at"],
        "caller_number": vault.seal(record.caller_number, "calls.caller_number"),
        "caller_hash": None if record.caller_withheld else vault.number_hash(record.caller_number),
        "caller_name": vault.seal(record.caller_name or None, "calls.caller_name"),
        **_sealed_words(vault, text, payload["segments"]),
        "language": languages.pop() if len(languages) == 1 else None,
        "address": vault.seal(record.address or None, "calls.address"),
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
        "recording_number": vault.seal(record.recording_number or None, "calls.recording_number"),
        "contact_rules": vault.seal_json(payload["contact_rules"], "calls.contact_rules"),
        "talk_time_s": record.talk_time_s,
        "satisfaction": record.satisfaction,
        "connected": record.connected,
        "ring_s": record.ring_s,
        "close_reason": UNANSWERED if record.unanswered else None,
        "content_hash": vault.content_hash(bytes.fromhex(record.content_hash())),
        "payload": vault.seal_json(payload, "call_versions.payload"),
    }


def _sealed_words(vault: Vault, text: str, segments: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "transcript": vault.seal(text, "calls.transcript"),
        "segments": vault.seal_json(segments, "calls.segments"),
        "excerpt": vault.seal(text[:EXCERPT_LENGTH], "calls.excerpt"),
    }


def _columns(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """What ``insert_calls`` takes: the rows without what is sealed, and that as one array a column."""
    return {
        "rows": [{name: value for name, value in row.items() if name not in SEALED} for row in rows],
        **{name: [row[name] for row in rows] for name in SEALED},
    }


async def store_records(
    connection: Any,
    records: Sequence[CallRecord],
    *,
    intake: str,
    vault: Vault,
    held_by: Sequence[int | None] | None = None,
) -> list[Outcome]:
    """Store at most ``MAX_BATCH`` records; the answers stand in the order of ``records``.

    A key may occur more than once: later records are compared with the one
    before. Call this inside a transaction.
    """
    holders = held_by or [None] * len(records)

    def sealed() -> list[dict[str, Any]]:
        return [call_row(r, intake=intake, vault=vault, held_by=h) for r, h in zip(records, holders, strict=True)]

    # a full batch takes some 50 ms, in which the web goes on answering
    rows = await asyncio.to_thread(sealed) if len(records) > IN_THREAD else sealed()
    first: dict[tuple[str, str], int] = {}
    for index, row in enumerate(rows):
        first.setdefault((row["line"], row["external_id"]), index)
    inserted = {
        (stored["line"], stored["external_id"]): stored["id"]
        for stored in await queries.insert_calls(connection, **_columns([rows[index] for index in first.values()]))
    }
    rest = sorted({k for k in first if k not in inserted})
    erased: set[int] = set()
    known: dict[tuple[str, str], tuple[int, bytes, bool]] = {
        k: (i, rows[first[k]]["content_hash"], rows[first[k]]["live"]) for k, i in inserted.items()
    }
    if rest:
        for stored in await queries.lock_by_key(
            connection, lines=[line for line, _ in rest], external_ids=[external for _, external in rest]
        ):
            known[stored["line"], stored["external_id"]] = (stored["id"], stored["content_hash"], stored["live"])
            if stored["erased"]:
                erased.add(stored["id"])
    outcomes = []
    for index, row in enumerate(rows):
        row_key = (row["line"], row["external_id"])
        call_id, content_hash, live = known[row_key]
        if row_key in inserted and first[row_key] == index:
            outcomes.append(Outcome("accepted", call_id))
        elif call_id in erased:
            # a line that sends an erased call once more must not bring back what was erased
            outcomes.append(Outcome("duplicate", call_id))
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


async def write_segments(connection: Any, vault: Vault, call_id: int, segments: Sequence[Mapping[str, Any]]) -> None:
    """The segments of a live transcript so far; the call gets a triage job for the new revision."""
    await queries.replace_segments(
        connection, call_id=call_id, **_sealed_words(vault, caller_words(segments), segments)
    )


async def keep_contact_rules(
    connection: Any, vault: Vault, call: Mapping[str, Any], user_id: int, rules: ContactRules
) -> None:
    """What a person noted of calling back; empty rules take it back. In the caller's transaction, ``call`` locked.

    Later versions from the line leave it. Raises InvalidRequest where the caller's number has been erased.
    """
    if not {"caller", "number"}.isdisjoint(call["erased_parts"]):
        raise InvalidRequest("来电人资料已按规定删除，不能再登记回拨须知。")
    document = rules.to_document() if rules else None
    await queries.keep_contact_rules(
        connection,
        call_id=call["id"],
        contact_rules=vault.seal_json(document, "calls.contact_rules"),
        user_id=user_id,
    )


async def contact_rules_of(connection: Any, vault: Vault, call_id: int) -> ContactRules | None:
    """How this caller wants to be called back; None: nothing was asked for. Raises SealBroken."""
    sealed = await queries.contact_rules(connection, call_id=call_id)
    return ContactRules.from_document(vault.open_json(sealed, "calls.contact_rules"))


def opened_call(vault: Vault, row: Mapping[str, Any]) -> dict[str, Any]:
    """A whole row of ``calls`` with everything sealed opened. Raises SealBroken."""
    names = ("caller_number", "caller_name", "transcript", "address", "recording_number", "excerpt")
    return opened(vault, row, "calls", names, ("segments", "contact_rules"))


def with_excerpt(vault: Vault, row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of a list with its excerpt opened, and the caller's name, which is hidden in it. Raises SealBroken."""
    return opened(vault, row, "calls", ("excerpt", "caller_name"))


async def list_calls(connection: Any, vault: Vault, wanted: CallFilter) -> list[dict[str, Any]]:
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
    return _listed(vault, rows)


async def calls_by_id(
    connection: Any, vault: Vault, ids: Collection[int], *, limit: int | None = None
) -> list[dict[str, Any]]:
    """Calls that something else has chosen, newest first, in the form of ``list_calls``; unknown ids are left out."""
    return _listed(vault, await queries.calls_by_id(connection, ids=list(ids), limit=limit))


def _listed(vault: Vault, rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [opened(vault, row, "calls", ("caller_number", "caller_name", "excerpt")) for row in rows]
