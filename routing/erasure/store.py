"""Erasing parts of calls everywhere they stand; every function runs in the caller's transaction."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

from routing.erasure.parts import (
    ERASABLE,
    WHOLES,
    Part,
    Piece,
    is_erased,
    touches_versions,
    without_parts,
    without_quotes,
    without_reasons,
)
from routing.sealing import Vault
from routing.sql import load_queries

queries = load_queries(__file__)


async def erase_parts(connection: Any, vault: Vault, call_ids: Sequence[int], parts: Collection[Part | Piece]) -> int:
    """Erase ``parts``, or single fields, of these calls wherever they stand; the calls changed.

    What is erased already is left alone, so that a repetition changes nothing.
    """
    locked = await queries.lock_calls(connection, ids=sorted(call_ids))
    ids = [row["id"] for row in locked if not all(is_erased(part, row["erased_parts"]) for part in parts)]
    if not ids:
        return 0
    number, name, address, recording = (is_erased(piece, parts) for piece in ("number", "name", "address", "recording"))
    if number or name or address or recording:
        await queries.erase_caller(connection, ids=ids, number=number, name=name, address=address, recording=recording)
    if "tokens" in parts:
        await queries.erase_tokens(connection, ids=ids)
    if is_erased("transcript", parts):
        await queries.erase_transcript(
            connection,
            ids=ids,
            transcript=vault.seal("", "calls.transcript"),
            segments=vault.seal_json([], "calls.segments"),
            excerpt=vault.seal("", "calls.excerpt"),
        )
    if is_erased("readings", parts):
        await _rewrite_readings(connection, vault, ids)
        await _rewrite_decisions(connection, vault, ids)
    if is_erased("handling", parts):
        await queries.erase_handling(connection, ids=ids, answer=vault.seal("", "direct_answers.answer"))
    if is_erased("cases", parts):
        await queries.erase_cases(connection, ids=ids)
    if touches_versions(parts):
        await rewrite_versions(connection, vault, ids, lambda payload: without_parts(payload, parts))
    pairs = [(piece, whole) for piece, wholes in WHOLES.items() for whole in wholes]
    await queries.mark(
        connection,
        ids=ids,
        parts=list(parts),
        erasable=list(ERASABLE),
        pieces=[piece for piece, _ in pairs],
        wholes=[whole for _, whole in pairs],
    )
    return len(ids)


async def rewrite_versions(
    connection: Any, vault: Vault, ids: Sequence[int], change: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    """Put ``change`` of each stored version of these calls in its place."""
    rows = await queries.versions(connection, ids=ids)
    await queries.keep_versions(
        connection,
        call_ids=[row["call_id"] for row in rows],
        versions=[row["version"] for row in rows],
        payloads=[_changed(vault, row["payload"], "call_versions.payload", change) for row in rows],
    )


async def _rewrite_readings(connection: Any, vault: Vault, ids: Sequence[int]) -> None:
    rows = await queries.readings(connection, ids=ids)
    await queries.keep_readings(
        connection,
        row_ids=[row["id"] for row in rows],
        readings=[_changed(vault, row["reading"], "triages.reading", without_quotes) for row in rows],
    )


async def _rewrite_decisions(connection: Any, vault: Vault, ids: Sequence[int]) -> None:
    rows = await queries.decisions(connection, ids=ids)
    await queries.keep_decisions(
        connection,
        row_ids=[row["id"] for row in rows],
        bodies=[_changed(vault, row["body"], "decisions.body", without_reasons) for row in rows],
    )


def _changed(vault: Vault, value: bytes, use: str, change: Callable[[dict[str, Any]], dict[str, Any]]) -> bytes | None:
    return vault.seal_json(change(vault.open_json(value, use)), use)
