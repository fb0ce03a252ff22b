"""Writing the audit log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from routing.sql import load_queries

queries = load_queries(__file__)


class Actor(Protocol):
    """Who acts; ``hotline.accounts.store.Principal`` and :class:`KnownActor` are such."""

    @property
    def user_id(self) -> int:
        """The account's id."""

    @property
    def role(self) -> str:
        """The role in which the person acts."""


@dataclass(frozen=True, slots=True)
class KnownActor:
    """An account that acts where no request stands behind it, such as at log-in."""

    user_id: int
    role: str


async def record(
    connection: Any,
    *,
    actor: Actor | None,
    action: str,
    subject: str,
    reason: str | None = None,
    note: bytes | None = None,
    detail: Mapping[str, Any] | None = None,
) -> int:
    """Write one act into the audit log, in the caller's transaction; the entry's id.

    ``actor`` None: the service itself or a command of its administrator.
    ``subject`` is ``kind:id`` (``call:17``, ``user:3``, ``queue:lawyers``).
    ``reason`` is a code of ``hotline.audit.reasons``, ``note`` the person's own
    words, sealed. ``detail`` holds ids, codes and counts, never a number, a
    name or a word of a caller: entries are never erased.
    """
    entry = await queries.record(
        connection,
        user_id=actor.user_id if actor else None,
        role=actor.role if actor else None,
        action=action,
        subject=subject,
        reason=reason,
        note=note,
        detail=dict(detail or {}),
    )
    return int(entry)
