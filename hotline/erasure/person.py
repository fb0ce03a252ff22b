"""Everything the service holds by one number: found, and erased.

It is given out by :mod:`hotline.erasure.copying` and corrected by :mod:`hotline.erasure.correcting`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
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
from routing.erasure.service import PersonCall, calls_of_number
from routing.erasure.store import erase_parts
from routing.sealing import Vault
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
