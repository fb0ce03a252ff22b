"""The linker: gives every entry its link in commit order, raises alerts, signs checkpoints.

Acts are recorded by any number of transactions at once, none of which waits
for another. Only the linker, one at a time, decides their order: that of their
transactions, as far as no transaction is open that could still bring an
earlier one (the outbox works the same way).
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog

from config.audit_limits import AuditLimits
from hotline.audit.chain import BEGINNING, AuditKey, Checkpoint, link_of, sign
from hotline.audit.machine import PREFIX as AT_THE_MACHINE
from hotline.audit.store import record
from routing.sql import load_queries

queries = load_queries(__file__, "chain.sql")

log = structlog.get_logger(__name__)

#: Entries linked in one transaction.
BATCH = 1_000
#: The database gets a checkpoint of its own this often while entries come; the file gets one every round.
CHECKPOINT_EVERY_S = 60.0

#: Kind of bulk look-up (config/audit.toml) -> actions that count for it.
LOOK_UPS: dict[str, tuple[str, ...]] = {
    "calls_viewed": ("call_viewed",),
    "calls_unmasked": ("call_unmasked", "timeline_opened"),
    "searches": ("calls_searched",),
    "persons_searched": ("person_searched",),
    "exports": ("calls_exported",),
    "exports_fetched": ("export_fetched",),
    "persons_exported": ("person_exported",),
    "rejects_opened": ("rejects_opened",),
}


@dataclass(frozen=True, slots=True)
class Round:
    """What one round did."""

    linked: int
    alerts: int
    more: bool
    """Whether entries may be left for another round."""


async def link_round(pool: Any, key: AuditKey, limits: AuditLimits, checkpoint_file: Path | None = None) -> Round:
    """Link what was committed since the last round; nothing where another process is at it.

    ``checkpoint_file``: where a copy of the newest signed checkpoint is kept
    outside of the database.
    """
    checkpoint: Checkpoint | None = None
    async with pool.acquire() as connection, connection.transaction():
        if not await queries.lock_chain(connection):
            return Round(0, 0, more=False)
        chain = await queries.chain(connection)
        last = await queries.last_link(connection)
        seq, link = (last["seq"], last["link"]) if last else (0, BEGINNING)
        entries = await queries.to_link(
            connection,
            txid=last["txid"] if last else "0",
            entry_id=last["entry_id"] if last else 0,
            limit=BATCH,
        )
        if entries:
            links = []
            for number, entry in enumerate(entries, start=seq + 1):
                link = link_of(key, chain, link, number, entry)
                links.append(link)
            await queries.add_links(
                connection,
                seqs=list(range(seq + 1, seq + 1 + len(entries))),
                txids=[entry["txid"] for entry in entries],
                entry_ids=[entry["id"] for entry in entries],
                links=links,
                key_id=key.id,
            )
            checkpoint = sign(key, chain, seq + len(entries), link, datetime.now(UTC))
            await _keep(connection, checkpoint)
        alerts = await _raise_alerts(connection, entries, limits)
    if checkpoint is not None and checkpoint_file is not None and not write_checkpoint(checkpoint_file, checkpoint):
        async with pool.acquire() as connection, connection.transaction():
            alerts += await raise_chain_alert(connection, seq=checkpoint.seq + 1, found="tail_cut")
    return Round(len(entries), alerts, more=len(entries) == BATCH)


async def _keep(connection: Any, checkpoint: Checkpoint) -> None:
    newest = await queries.last_checkpoint(connection)
    if newest is None or (checkpoint.at - newest["at"]).total_seconds() >= CHECKPOINT_EVERY_S:
        await queries.add_checkpoint(
            connection,
            seq=checkpoint.seq,
            link=checkpoint.link,
            key_id=checkpoint.key_id,
            signature=checkpoint.signature,
            at=checkpoint.at,
        )


async def raise_chain_alert(connection: Any, *, seq: int, found: str) -> bool:
    """Tell who looks after the audit log that the chain is broken at link ``seq``, of a kind of ``verify.Break``.

    False while nobody has looked into an earlier alert of it.
    """
    alert_id = await queries.raise_chain_alert(connection, seq=seq)
    if alert_id is None:
        return False
    detail = {"kind": "chain_broken", "seq": seq, "found": found}
    await record(connection, actor=None, action="alert_raised", subject=f"alert:{alert_id}", detail=detail)
    await queries.tell(connection, user_id=None, alert_id=alert_id, kind="chain_broken")
    log.error("audit_chain_broken", alert_id=alert_id, seq=seq, found=found)
    return True


def write_checkpoint(path: Path, checkpoint: Checkpoint) -> bool:
    """Replace the file by ``checkpoint``; one of another chain (another database) is set aside under its own name.

    False where the file signs for a longer chain than there is: the end was cut off, and the file stays as it is.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    before = read_checkpoint(path)
    if before is not None and before.chain != checkpoint.chain:
        path.replace(path.with_name(f"{path.stem}-{before.chain}{path.suffix}"))
        log.warning("audit_checkpoint_of_another_database", set_aside=before.chain)
    elif before is not None and before.seq > checkpoint.seq:
        # a shorter chain than was signed before: the evidence stays, `hotline audit verify` says what it means
        log.error("audit_chain_shorter_than_checkpoint", signed=before.seq, found=checkpoint.seq)
        return False
    descriptor, draft = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    with os.fdopen(descriptor, "wb") as file:
        file.write(checkpoint.to_json() + b"\n")
    Path(draft).replace(path)
    return True


def read_checkpoint(path: Path) -> Checkpoint | None:
    """The checkpoint in the file; None where there is none. Raises ValueError when it holds something else."""
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return None
    return Checkpoint.from_json(text)


async def _raise_alerts(connection: Any, entries: Sequence[Mapping[str, Any]], limits: AuditLimits) -> int:
    """Tell of people who looked up more than is usual; once a window."""
    raised = 0
    newest: dict[tuple[int | None, str | None, str], datetime] = {}
    for entry in entries:
        who = _who(entry)
        for kind, actions in LOOK_UPS.items():
            if who is not None and entry["action"] in actions:
                newest[*who, kind] = max(entry["at"], newest.get((*who, kind), entry["at"]))
    for (user_id, role, kind), at in newest.items():
        counted = await queries.looked_up(
            connection, user_id=user_id, role=role, actions=list(LOOK_UPS[kind]), at=at, window_s=limits.window_s
        )
        if counted <= limits.allowed[kind]:
            continue
        alert_id = await queries.raise_alert(
            connection,
            kind=kind,
            user_id=user_id,
            role=role,
            counted=counted,
            allowed=limits.allowed[kind],
            window_s=limits.window_s,
        )
        if alert_id is None:
            continue
        raised += 1
        about = {"user_id": user_id} if user_id is not None else {"role": role}
        await record(
            connection,
            actor=None,
            action="alert_raised",
            subject=f"alert:{alert_id}",
            detail={"kind": kind, **about, "counted": counted, "allowed": limits.allowed[kind]},
        )
        await queries.tell(connection, user_id=user_id, alert_id=alert_id, kind=kind)
        log.warning("audit_alert", alert_id=alert_id, kind=kind, **about, counted=counted)
    return raised


def _who(entry: Mapping[str, Any]) -> tuple[int | None, str | None] | None:
    """Whose look-ups count together: an account, or somebody at the machine by the name commands act under."""
    if entry["user_id"] is not None:
        return entry["user_id"], None
    role = entry["role"]
    return (None, role) if role is not None and role.startswith(AT_THE_MACHINE) else None
