"""Correcting a caller's name, address or number in the calls of one number, wherever it stands."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from hotline.audit.reasons import Reason
from hotline.audit.store import Actor, record_reasoned
from hotline.erasure.person import NothingFound, calls_of, e164
from hotline.models.label_files import mask_rows
from hotline.sealing.columns import SEALED, SealedTable
from routing.erasure.parts import PIECE_OF, is_erased
from routing.erasure.service import correct_caller, known_of_caller
from routing.sealing import Vault

#: Sealed columns of a call in which nothing is replaced word for word, and why. The fields of the caller among them are
#: set by themselves, in the call and in each of its versions.
SET_APART: Mapping[str, str] = {
    "calls.caller_number": "set",
    "calls.caller_name": "set",
    "calls.address": "set",
    "calls.recording_number": "the line's own mark for its recording",
    "call_versions.payload": "set; the line's own row goes",
    "calls.transcript": "what was said is a record, wrong names in it as well",
    "calls.segments": "as the transcript",
    "calls.excerpt": "as the transcript",
    "triages.reading": "quotes the transcript by place",
    "audit_notes.note": "the audit log is never changed",
}
#: A shorter name would be found within ordinary words.
SHORTEST = 2
#: Stands where a wrong name was and no right one is known.
TAKEN_OUT = "（已更正）"


async def correct_person(
    connection: Any,
    vault: Vault,
    number: str,
    changes: Mapping[str, str | None],
    reason: Reason,
    *,
    only_call: int | None = None,
    label_files: Collection[Path] = (),
    actor: Actor | None = None,
) -> list[int]:
    """Correct ``caller_number``, ``caller_name`` or ``address`` in the calls of ``number``; the calls changed.

    Set in the calls and their versions; what staff wrote of these calls has the wrong value replaced wherever it stands
    word for word; rows to train on in ``label_files`` are masked by the right values too. What was said stays as it was
    said. Calls of which the caller or such a field has been erased are left out. Raises NumberUnreadable, NothingFound.
    """
    found = [
        call
        for call in await calls_of(connection, vault, number)
        if only_call in (None, call.call_id)
        and not any(is_erased(PIECE_OF[field], call.erased_parts) for field in changes)
    ]
    if not found:
        raise NothingFound(f"No call {only_call} of this number is stored; leave --call out to correct all of them.")
    values = dict(changes)
    if values.get("caller_number") is not None:
        values["caller_number"] = e164(str(values["caller_number"]))
    for call in found:
        wrong = _wrong(await known_of_caller(connection, vault, call.call_id), values)
        await correct_caller(connection, vault, call.call_id, values)
        for table in SEALED:
            await _replace(connection, vault, table, call.call_id, wrong)
        await record_reasoned(
            connection,
            vault,
            actor=actor,
            action="person_corrected",
            subject=f"call:{call.call_id}",
            reason=reason,
            detail={"fields": sorted(values)},
        )
    ids = [call.call_id for call in found]
    mask_rows(vault, label_files, ids, [value for value in values.values() if value])
    return ids


def _wrong(known: Mapping[str, Collection[str]], values: Mapping[str, str | None]) -> dict[str, str]:
    """What stands wrong somewhere -> what is right; numbers as the service and as people write them."""
    wrong: dict[str, str] = {}
    for field, right in values.items():
        for old in known[field]:
            if field == "caller_number" and right is not None:
                wrong |= {old: right, old.removeprefix("+86"): right.removeprefix("+86")}
            else:
                wrong[old] = right or TAKEN_OUT
    return {old: right for old, right in wrong.items() if len(old) >= SHORTEST and old != right}


def columns_replaced(table: SealedTable) -> tuple[str, ...]:
    """The columns of ``table`` in which a wrong value is replaced word for word."""
    if table.of_call is None:
        return ()
    return tuple(column for column in table.columns if f"{table.name}.{column}" not in SET_APART)


async def _replace(connection: Any, vault: Vault, table: SealedTable, call_id: int, wrong: Mapping[str, str]) -> None:
    columns = columns_replaced(table)
    if not columns or not wrong:
        return
    keys = [name for name, _ in table.keys]
    # names of tables and columns are those of the list
    rows = await connection.fetch(
        f"select {', '.join((*keys, *columns))} from {table.name} where {table.of_call} for update",  # noqa: S608
        [call_id],
    )
    for row in rows:
        fresh = {}
        for column in columns:
            use = f"{table.name}.{column}"
            if column in table.documents:
                document = vault.open_json(row[column], use)
                if (changed := replaced(document, wrong)) != document:
                    fresh[column] = vault.seal_json(changed, use)
            else:
                text = vault.open(row[column], use)
                if text is not None and (changed := replaced(text, wrong)) != text:
                    fresh[column] = vault.seal(changed, use)
        if fresh:
            sets = ", ".join(f"{column} = ${number}" for number, column in enumerate(fresh, start=1))
            which = " and ".join(
                f"{name} = ${number}::{kind}" for number, (name, kind) in enumerate(table.keys, start=len(fresh) + 1)
            )
            await connection.execute(
                f"update {table.name} set {sets} where {which}",  # noqa: S608 - names of the list
                *fresh.values(),
                *(row[name] for name in keys),
            )


def replaced(value: Any, wrong: Mapping[str, str]) -> Any:
    """``value`` (a text, or a document of them) with every wrong text in it replaced by the right one.

    A right value that holds a wrong one (王小明 for 王小) is left as it is where it stands already.
    """
    if isinstance(value, str):
        known = sorted({*wrong, *wrong.values()}, key=len, reverse=True)
        return re.sub("|".join(map(re.escape, known)), lambda found: wrong.get(found[0], found[0]), value)
    if isinstance(value, list):
        return [replaced(each, wrong) for each in value]
    if isinstance(value, dict):
        return {name: replaced(each, wrong) for name, each in value.items()}
    return value
