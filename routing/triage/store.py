"""Triage jobs, readings and decisions in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nlp.classification import Classification
from routing.errors import SealBroken
from routing.policy.decision import Decision
from routing.sealing import Vault, opened
from routing.sql import load_queries
from routing.triage.settle import ReadCall

queries = load_queries(__file__)


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it was taken; worker and attempt together own it until somebody else takes it."""

    call_id: int
    attempts: int
    worker: str


@dataclass(frozen=True, slots=True)
class Read:
    """One call as read: what was read, and what the policy decided on it."""

    call: ReadCall
    reading: Classification
    decision: Decision
    again: bool = False
    """The call was read before: its decision so far is superseded."""
    notice: bool = False
    """Somebody has the call already: the decision is shown, never acted on."""

    def row(self) -> dict[str, Any]:
        """The JSON row of ``insert_readings``, without what quotes the caller."""
        reading, decision = self.reading, self.decision
        return {
            "call_id": self.call.call_id,
            "revision": self.call.revision,
            "model": reading.model,
            "route": reading.route,
            "confidence": reading.confidence,
            "review": reading.review,
            "danger_level": reading.danger.level,
            "topics": [code for code, _ in reading.topic],
            "destination": decision.destination,
            "queue": decision.queue,
            "target_queue": decision.target_queue,
            "mode": decision.mode,
            "priority": decision.priority,
            "deadline": decision.deadline.isoformat() if decision.deadline else None,
            "rule": decision.rule,
            "policy_version": decision.policy_version,
            "outcome": decision.outcome,
            "notice": self.notice,
        }


def opened_calls(vault: Vault, rows: Iterable[Mapping[str, Any]]) -> tuple[list[dict[str, Any]], dict[int, str]]:
    """Rows of ``calls_to_read`` with what was said opened, and why the others could not be, by call id.

    ``shown`` becomes the Classification shown of a live call so far, or None.
    """
    calls: list[dict[str, Any]] = []
    broken: dict[int, str] = {}
    for row in rows:
        try:
            call = opened(vault, row, "calls", ("transcript",), ("segments",))
            shown = call["shown"] and vault.open_json(call["shown"], "triages.reading")
            calls.append(call | {"shown": Classification.from_row(shown) if shown else None})
        except SealBroken as error:
            broken[row["id"]] = str(error)
    return calls, broken


@dataclass(frozen=True, slots=True)
class Stored:
    """The rows of a reading and of its decision."""

    triage_id: int
    decision_id: int


async def store_readings(connection: Any, vault: Vault, reads: Sequence[Read]) -> dict[int, Stored]:
    """Store readings and decisions; call id -> rows of those that were new.

    Calls that were read before point to them at once; a notice leaves the
    decision in force alone. A call's first reading is pointed to by
    ``settle``, together with what follows from it.
    """
    if not reads:
        return {}
    superseding = [read.call.call_id for read in reads if read.again and not read.notice]
    if superseding:
        await queries.supersede(connection, ids=superseding)
    rows = await queries.insert_readings(
        connection,
        rows=[read.row() for read in reads],
        # what quotes the caller, sealed
        readings=[vault.seal_json(read.reading.to_row(), "triages.reading") for read in reads],
        bodies=[vault.seal_json(read.decision.to_dict(), "decisions.body") for read in reads],
    )
    stored = {row["call_id"]: Stored(row["triage_id"], row["decision_id"]) for row in rows}
    again = [
        {
            "call_id": read.call.call_id,
            "triage_id": stored[read.call.call_id].triage_id,
            "decision_id": None if read.notice else stored[read.call.call_id].decision_id,
        }
        for read in reads
        if read.again and read.call.call_id in stored
    ]
    if again:
        await queries.mark_read(connection, rows=again)
    return stored
