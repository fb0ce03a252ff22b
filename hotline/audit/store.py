"""Writing the audit log."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from hotline.audit.reasons import Reason
from routing.sealing import Vault
from routing.sql import load_queries

queries = load_queries(__file__)

NOTE_USE = "audit_notes.note"
#: A page that is fetched anew while it is looked at counts as one look within this time.
ONE_LOOK_S = 600.0


class Actor(Protocol):
    """Who acts; ``hotline.accounts.store.Principal`` and :class:`KnownActor` are such."""

    @property
    def user_id(self) -> int | None:
        """The account's id; None: no account, such as somebody at the machine (hotline.audit.machine)."""

    @property
    def role(self) -> str:
        """The role in which the person acts."""


@dataclass(frozen=True, slots=True)
class KnownActor:
    """Who acts where no request stands behind it: an account at log-in, somebody at the command line."""

    user_id: int | None
    role: str


async def record(
    connection: Any,
    *,
    actor: Actor | None,
    action: str,
    subject: str,
    reason: str | None = None,
    note_digest: bytes | None = None,
    detail: Mapping[str, Any] | None = None,
) -> int:
    """Write one act into the audit log, in the caller's transaction; the entry's id.

    ``actor`` None: the service itself; commands name who sits at the machine.
    ``subject`` is ``kind:id`` (``call:17``, ``user:3``, ``queue:lawyers``).
    ``reason`` is a code of ``hotline.audit.reasons``; for a person's own words
    see :func:`record_reasoned`. ``detail`` holds ids, codes and counts, never a
    number, a name or a word of a caller: entries are never erased.
    """
    entry = await queries.record(
        connection,
        user_id=actor.user_id if actor else None,
        role=actor.role if actor else None,
        action=action,
        subject=subject,
        reason=reason,
        note_digest=note_digest,
        detail=dict(detail or {}),
    )
    return int(entry)


async def record_reasoned(
    connection: Any,
    vault: Vault,
    *,
    actor: Actor | None,
    action: str,
    subject: str,
    reason: Reason,
    detail: Mapping[str, Any] | None = None,
) -> int:
    """As :func:`record`, with the reason a person gave; own words are sealed, the entry keeps their digest."""
    entry_id = await record(
        connection,
        actor=actor,
        action=action,
        subject=subject,
        reason=reason.code,
        note_digest=note_digest(vault, reason.note) if reason.note else None,
        detail=detail,
    )
    if reason.note:
        await queries.add_note(connection, entry_id=entry_id, note=vault.seal(reason.note, NOTE_USE))
    return entry_id


def note_digest(vault: Vault, note: str) -> bytes:
    """What an entry keeps of a note."""
    return vault.content_hash(hashlib.sha256(note.encode(errors="replace")).digest())


async def record_look(connection: Any, *, actor: Actor, action: str, subject: str) -> None:
    """Write that somebody looked at something; looking on within ONE_LOOK_S is the same look."""
    await queries.record_once(
        connection,
        user_id=actor.user_id,
        role=actor.role,
        action=action,
        subject=subject,
        detail={},
        within_s=ONE_LOOK_S,
    )
