"""A copy of everything stored of the calls of one number."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hotline.audit.reasons import Reason
from hotline.audit.store import NOTE_USE, Actor, record_reasoned
from hotline.erasure.person import calls_of, e164
from hotline.models.label_files import rows_of
from routing.sealing import Vault, opened
from routing.sql import load_queries

queries = load_queries(__file__, "copying.sql")

#: What of a call itself is opened: sealed texts, sealed documents.
CALL = (("caller_number", "caller_name", "transcript", "address", "recording_number"), ("segments", "contact_rules"))
#: Keys and hashes of the service's own, which tell a person nothing.
_INSIDE = ("caller_hash", "content_hash", "excerpt", "org_id", "grid_id", "held_by", "triage_id", "decision_id")
#: What belongs to a call: query -> sealed texts, sealed documents, table.
PARTS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...], str]] = {
    "versions": ((), ("payload",), "call_versions"),
    "readings": ((), ("reading",), "triages"),
    "decisions": ((), ("body",), "decisions"),
    "transfers": (("reason", "return_reason"), (), "transfers"),
    "handled": (("disposition", "summary"), (), "assignments"),
    "answers": (("answer", "no_article_reason"), (), "direct_answers"),
    "choices": (("message",), (), "caller_choices"),
    "alarms": ((), (), "danger_alarms"),
    "danger_answers": (("answer",), (), "danger_answers"),
    "danger_checks": (("outcome",), (), "danger_checks"),
    "closing_releases": (("reason",), (), "closing_releases"),
    "wrap_ups": (("disposition", "summary"), (), "wrap_ups"),
    "cases": (
        ("agreement", "reply", "appraisal_words", "extension_reason", "handed_on_words"),
        (),
        "undertakings",
    ),
    "case_steps": (("note", "result"), (), "case_steps"),
    "objections": (("words", "decision_words"), (), "objections"),
    "police_returns": (("words",), (), "police_returns"),
    "handed_over": (("note",), (), "handover_items"),
    "other_sides": (("name",), (), "counterparties"),
    "reviews": ((), (), "reviews"),
    "timeline": ((), (), "call_log"),
}
#: Sealed columns of a call that no copy holds, and why.
LEFT_OUT: Mapping[str, str] = {
    "calls.excerpt": "the first words of the transcript, which is there",
    "assignments.notes": "what lawyers and mediators noted for themselves",
}


async def export_person(
    connection: Any,
    vault: Vault,
    number: str,
    reason: Reason,
    *,
    label_files: Collection[Path] = (),
    actor: Actor | None = None,
) -> dict[str, Any]:
    """Everything stored of the calls of ``number``, in clear, as JSON values; recorded.

    Left out: what lawyers and mediators noted for themselves, and who among the staff acted (roles only). Phones
    are shared in households: whoever gives this out makes sure for whom it is. ``label_files``: where rows to train on
    were written. Raises NumberUnreadable, NothingFound.
    """
    found = await calls_of(connection, vault, number)
    ids = [call.call_id for call in found]
    # a person goes by the first of their calls, so that look-ups of many persons are told from those of one
    person = f"person:{min(ids)}"
    await record_reasoned(
        connection, vault, actor=actor, action="person_exported", subject=person, reason=reason, detail={"calls": ids}
    )
    answer: dict[str, Any] = {"number": e164(number), "exported_at": datetime.now(UTC).isoformat(), "calls": []}
    by_call: dict[int, dict[str, Any]] = {}
    for row in await queries.call_rows(connection, ids=ids):
        plain = {name: value for name, value in row.items() if name not in _INSIDE}
        by_call[row["id"]] = opened(vault, plain, "calls", *CALL) | {name: [] for name in PARTS}
        answer["calls"].append(by_call[row["id"]])
    for name, (texts, documents, table) in PARTS.items():
        for row in await getattr(queries, name)(connection, ids=ids):
            plain = opened(vault, row, table, texts, documents)
            by_call[plain.pop("call_id")][name].append(plain)
    subjects = [person, *(f"call:{call_id}" for call_id in ids)]
    answer["looked_at"] = [
        {**row, "note": vault.open(row["note"], NOTE_USE)} for row in await queries.looks(connection, subjects=subjects)
    ]
    answer["training_rows"] = rows_of(vault, label_files, ids)
    return answer
