"""Everything the service holds by one number: given out, corrected, erased."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from config.settings import Settings
from hotline.audit.reasons import Reason
from hotline.audit.store import Actor, record_reasoned
from hotline.errors import HotlineError
from hotline.intake.normalise import phone
from hotline.models.label_files import drop_rows, known_files
from routing.erasure.parts import PARTS
from routing.erasure.service import PersonCall, calls_of_number, correct_caller
from routing.erasure.store import erase_parts
from routing.sealing import Vault, opened
from routing.sql import load_queries

queries = load_queries(__file__)

#: What was erased and when, by call only: after a restore from a backup it is erased again from here.
LEDGER = "erasures.jsonl"


class NumberUnreadable(HotlineError):
    """What was given is no telephone number."""


class NothingFound(HotlineError):
    """No call of this number is stored."""

    exit_code = 3


@dataclass(frozen=True, slots=True)
class Erased:
    """What became of an erasure."""

    erased: tuple[int, ...]
    """Calls."""
    open: tuple[int, ...]
    """Calls left alone because somebody is still handling them."""
    held: tuple[int, ...]
    """Calls left alone because a legal hold keeps them."""
    training_rows: int = 0
    """Rows dropped from the files that ``hotline labels export`` wrote."""
    label_files_missing: tuple[str, ...] = ()
    """Such files that are no longer there: their rows are dropped with ``hotline labels drop``."""


def e164(number: str) -> str:
    """The number in the form it is stored by. Raises NumberUnreadable."""
    read = phone(number).e164
    if read is None:
        raise NumberUnreadable(f"{number!r} is no number of the public network; write it as 13812345678 or +86….")
    return read


async def calls_of(connection: Any, vault: Vault, number: str) -> list[PersonCall]:
    """The calls of a number. Raises NumberUnreadable, NothingFound."""
    number_hash = vault.number_hash(e164(number))
    assert number_hash is not None  # noqa: S101 - e164() gave a number
    found = await calls_of_number(connection, number_hash)
    if not found:
        raise NothingFound("No call of this number is stored: nothing to export, correct or erase.")
    return found


async def export_person(
    connection: Any, vault: Vault, number: str, reason: Reason, *, actor: Actor | None = None
) -> dict[str, Any]:
    """Everything stored of the calls of ``number``, in clear, as JSON values; recorded.

    Left out: what lawyers and mediators noted for themselves, and who among the staff acted (roles only). Phones
    are shared in households: whoever gives this out makes sure for whom it is. Raises NumberUnreadable, NothingFound.
    """
    found = await calls_of(connection, vault, number)
    ids = [call.call_id for call in found]
    subjects = [f"call:{call_id}" for call_id in ids]
    await record_reasoned(
        connection,
        vault,
        actor=actor,
        action="person_exported",
        # a person goes by the first of their calls, so that look-ups of many persons are told from one of one person
        subject=f"person:{min(ids)}",
        reason=reason,
        detail={"calls": ids},
    )
    answer: dict[str, Any] = {"number": e164(number), "exported_at": datetime.now(UTC).isoformat(), "calls": []}
    by_call: dict[int, dict[str, Any]] = {}
    for row in await queries.call_rows(connection, ids=ids):
        call = opened(
            vault,
            {name: value for name, value in row.items() if name not in _INSIDE},
            "calls",
            ("caller_number", "caller_name", "transcript", "address", "recording_number"),
            ("segments",),
        )
        by_call[row["id"]] = call | {name: [] for name in _PARTS}
        answer["calls"].append(by_call[row["id"]])
    for name, (texts, documents, table) in _PARTS.items():
        for row in await getattr(queries, name)(connection, ids=ids):
            plain = opened(vault, row, table, texts, documents)
            by_call[plain.pop("call_id")][name].append(plain)
    answer["looked_at"] = [dict(row) for row in await queries.looks(connection, subjects=subjects)]
    return answer


#: Keys and hashes of the service's own, which tell a person nothing.
_INSIDE = ("caller_hash", "content_hash", "excerpt", "org_id", "grid_id", "held_by", "triage_id", "decision_id")
#: What belongs to a call: query -> sealed texts, sealed documents, table.
_PARTS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...], str]] = {
    "versions": ((), ("payload",), "call_versions"),
    "readings": ((), ("reading",), "triages"),
    "decisions": ((), ("body",), "decisions"),
    "transfers": (("reason", "return_reason"), (), "transfers"),
    "handled": (("disposition", "summary"), (), "assignments"),
    "answers": (("answer", "no_article_reason"), (), "direct_answers"),
    "choices": (("message",), (), "caller_choices"),
    "danger_answers": (("answer",), (), "danger_answers"),
    "wrap_ups": (("disposition", "summary"), (), "wrap_ups"),
    "cases": (
        ("agreement", "reply", "appraisal_words", "extension_reason", "handed_on_words"),
        (),
        "undertakings",
    ),
    "case_steps": (("note", "result"), (), "case_steps"),
    "timeline": ((), (), "call_log"),
}


async def correct_person(
    connection: Any,
    vault: Vault,
    number: str,
    changes: Mapping[str, str | None],
    reason: Reason,
    *,
    only_call: int | None = None,
    actor: Actor | None = None,
) -> list[int]:
    """Correct ``caller_number``, ``caller_name`` or ``address`` in the calls of ``number``; the calls changed.

    Calls whose caller has been erased are left out. Raises NumberUnreadable, NothingFound.
    """
    found = [
        call
        for call in await calls_of(connection, vault, number)
        if only_call in (None, call.call_id) and "caller" not in call.erased_parts
    ]
    if not found:
        raise NothingFound(f"No call {only_call} of this number is stored; leave --call out to correct all of them.")
    values = dict(changes)
    if values.get("caller_number") is not None:
        values["caller_number"] = e164(str(values["caller_number"]))
    for call in found:
        await correct_caller(connection, vault, call.call_id, values)
        await record_reasoned(
            connection,
            vault,
            actor=actor,
            action="person_corrected",
            subject=f"call:{call.call_id}",
            reason=reason,
            detail={"fields": sorted(values)},
        )
    return [call.call_id for call in found]


async def erase_person(
    pool: Any, vault: Vault, settings: Settings, number: str, reason: Reason, *, actor: Actor | None = None
) -> Erased:
    """Erase all parts of the ended calls of ``number`` and what stands of them elsewhere; one transaction.

    Calls somebody is still handling and calls under a legal hold are left alone and named. Raises NumberUnreadable,
    NothingFound.
    """
    async with pool.acquire() as connection, connection.transaction():
        found = await calls_of(connection, vault, number)
        ids = [call.call_id for call in found if not call.open and not call.held]
        await erase_everywhere(connection, vault, ids)
        for call_id in ids:
            await record_reasoned(
                connection, vault, actor=actor, action="person_erased", subject=f"call:{call_id}", reason=reason
            )
    note_erased(settings, ids)
    dropped = drop_rows(vault, known_files(settings.state_dir), ids)
    return Erased(
        tuple(ids),
        tuple(call.call_id for call in found if call.open),
        tuple(call.call_id for call in found if call.held),
        dropped.rows,
        dropped.missing,
    )


async def erase_everywhere(connection: Any, vault: Vault, ids: Sequence[int]) -> None:
    """All parts of these calls, and their traces in audit notes, events, exported files and stored answers."""
    await erase_parts(connection, vault, ids, PARTS)
    await queries.erase_audit_notes(connection, subjects=[f"call:{call_id}" for call_id in ids])
    await queries.erase_events(connection, ids=ids)
    await queries.drop_export_files(connection)
    wanted = set(ids)
    for row in await queries.stored_answers(connection):
        response = vault.open_json(row["response"], "idempotency_keys.response")
        if _names(response) & wanted:
            await queries.erase_answer(connection, principal=row["principal"], route=row["route"], key=row["key"])


def _names(response: Any) -> set[int]:
    """Every ``call_id`` in a stored answer."""
    if isinstance(response, dict):
        own = {response["call_id"]} if isinstance(response.get("call_id"), int) else set()
        return own.union(*(_names(value) for value in response.values()))
    if isinstance(response, list):
        return set().union(*(_names(value) for value in response))
    return set()


def note_erased(settings: Settings, call_ids: Iterable[int]) -> None:
    """Write the calls into the ledger of the state folder: a restored backup still holds them."""
    ids = sorted(call_ids)
    if not ids:
        return
    path = settings.state_dir / LEDGER
    line = json.dumps({"at": datetime.now(UTC).isoformat(), "calls": ids})
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "w", encoding="ascii") as file:
        file.write(line + "\n")
        file.flush()
        os.fsync(file.fileno())


def read_ledger(path: Path) -> list[int]:
    """The calls of the ledger, each once; none without a ledger."""
    if not path.is_file():
        return []
    lines = path.read_text(encoding="ascii").splitlines()
    return sorted({call_id for line in lines if line.strip() for call_id in json.loads(line)["calls"]})
