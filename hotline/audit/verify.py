"""Walking the chain: the first link that does not fit, in words.

What each finding proves: a link that does not fit its entry means that one of
the two was changed; an entry that is gone or slipped in was removed or
inserted behind the service's back; a chain shorter than a signed checkpoint
had its end cut off. Who holds the key file and the database can forge all of
it; checkpoints that were shipped to a log receiver catch that.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from hotline.audit.chain import BEGINNING, AuditKey, Checkpoint, link_of, signed_by
from hotline.audit.linking import queries, raise_chain_alert, read_checkpoint
from hotline.audit.reach import reach_of
from hotline.audit.store import NOTE_USE, Actor, note_digest, record
from routing.errors import SealBroken
from routing.sealing import Vault

BATCH = 2_000


@dataclass(frozen=True, slots=True)
class Break:
    """The first place where the log is not what it was."""

    seq: int
    """Number of the link, from 1."""
    entry_id: int | None
    kind: str
    """``entry_removed``, ``link_removed``, ``changed``, ``inserted``, ``tail_cut``, ``checkpoint_changed``,
    ``note_changed``."""
    text: str
    """For the auditor, in Chinese."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a walk over the whole chain found."""

    links: int
    """Links that fit, from the first on."""
    pending: int
    """Entries that have no link yet, and need none to be trusted: they are younger than the chain's end."""
    pending_since: datetime | None
    checkpoint: int | None
    """Length of the chain by the newest valid checkpoint."""
    protected: bool
    """Whether this database role can do nothing to the audit log but add to it."""
    broken: Break | None

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        found = self.broken
        return {
            "ok": found is None,
            "links": self.links,
            "pending": self.pending,
            "pending_since": self.pending_since.isoformat() if self.pending_since else None,
            "checkpoint": self.checkpoint,
            "protected": self.protected,
            "broken": None
            if found is None
            else {"seq": found.seq, "entry_id": found.entry_id, "kind": found.kind, "text": found.text},
        }


async def verify_chain(
    pool: Any,
    key: AuditKey,
    vault: Vault,
    checkpoint_file: Path | None = None,
    *,
    told: Callable[[int, int], None] = lambda done, total: None,
) -> Verdict:
    """Walk the whole chain against entries, checkpoints and notes; the first break by its place in the chain.

    Reads one snapshot and blocks nobody. ``checkpoint_file`` is read first, so
    that it cannot be ahead of the snapshot. ``told`` hears how many links of
    how many have been walked.
    """
    outside, unreadable = _outside(checkpoint_file)
    async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        await connection.execute("set local statement_timeout = 0")
        chain = await queries.chain(connection)
        walk = _Walk(key, chain)
        end = await queries.last_link(connection)
        total = end["seq"] if end else 0
        while walk.broken is None:
            told(walk.seq, total)
            rows = await queries.links(connection, after=walk.seq, limit=BATCH)
            if not rows:
                break
            walk.take(rows)
        findings = [walk.broken, await _slipped_in(connection), await _notes(connection, vault)]
        signed = [
            Checkpoint(chain, row["seq"], row["link"], row["key_id"], row["at"], row["signature"])
            for row in await queries.checkpoints(connection)
        ]
        if outside is not None:
            signed.append(outside)
        length, finding = await _against(connection, walk, signed)
        findings += [finding, unreadable]
        last = await queries.last_link(connection)
        pending = await queries.pending(
            connection, txid=last["txid"] if last else "0", entry_id=last["entry_id"] if last else 0
        )
        reach = await reach_of(connection)
    broken = min((each for each in findings if each is not None), key=lambda each: each.seq, default=None)
    return Verdict(
        links=walk.seq if broken is None else min(walk.seq, broken.seq - 1),
        pending=pending["entries"],
        pending_since=pending["oldest"],
        checkpoint=length,
        protected=reach is None,
        broken=broken,
    )


async def record_verdict(connection: Any, actor: Actor | None, verdict: Verdict) -> None:
    """That the chain was walked is an act as well; where it is broken, an alert stands until somebody looks into it."""
    detail: dict[str, Any] = {"ok": verdict.broken is None, "links": verdict.links}
    if verdict.broken is not None:
        detail |= {"seq": verdict.broken.seq, "kind": verdict.broken.kind, "entry_id": verdict.broken.entry_id}
    async with connection.transaction():
        await record(connection, actor=actor, action="audit_verified", subject="audit:chain", detail=detail)
        if verdict.broken is not None:
            await raise_chain_alert(connection, seq=verdict.broken.seq, found=verdict.broken.kind)


class _Walk:
    """Recomputes link after link."""

    def __init__(self, key: AuditKey, chain: str) -> None:
        self.key = key
        self.chain = chain
        self._link = BEGINNING
        self.seq = 0
        self.broken: Break | None = None

    def take(self, rows: Sequence[Any]) -> None:
        """The next stretch; stops at the first break."""
        for row in rows:
            wanted = self.seq + 1
            if row["seq"] != wanted:
                self.broken = Break(wanted, None, "link_removed", f"第 {wanted} 环缺失，其后是第 {row['seq']} 环。")
                return
            if row["id"] is None:
                self.broken = Break(
                    wanted,
                    row["entry_id"],
                    "entry_removed",
                    f"第 {wanted} 环所记的第 {row['entry_id']} 条记录已不在，或其事务号被改动。",
                )
                return
            link = link_of(self.key, self.chain, self._link, wanted, row)
            if not hmac.compare_digest(link, row["link"]):
                self.broken = Break(
                    wanted,
                    row["entry_id"],
                    "changed",
                    f"第 {wanted} 环与第 {row['entry_id']} 条记录不符：记录或链环被改动过。",
                )
                return
            self._link, self.seq = link, wanted


def _outside(path: Path | None) -> tuple[Checkpoint | None, Break | None]:
    if path is None:
        return None, None
    try:
        return read_checkpoint(path), None
    except ValueError:
        return None, Break(1, None, "checkpoint_changed", f"检查点文件 {path.name} 的内容被改动过，无法读取。")


async def _slipped_in(connection: Any) -> Break | None:
    last = await queries.last_link(connection)
    if last is None:
        return None
    row = await queries.slipped_in(connection, txid=last["txid"], entry_id=last["entry_id"])
    if row is None:
        return None
    return Break(
        row["before_seq"],
        row["id"],
        "inserted",
        f"第 {row['before_seq']} 环之前插入了第 {row['id']} 条记录。",
    )


async def _against(connection: Any, walk: _Walk, signed: Sequence[Checkpoint]) -> tuple[int | None, Break | None]:
    """The length by the newest valid checkpoint, and the first checkpoint that the chain contradicts."""
    length: int | None = None
    links: dict[int, bytes] = {}
    for row in await connection.fetch(
        "select seq, link from audit_links where seq = any($1::bigint[])", [each.seq for each in signed]
    ):
        links[row["seq"]] = row["link"]
    end = await queries.last_link(connection)
    found = end["seq"] if end else 0
    for each in sorted(signed, key=lambda each: each.seq):
        if not signed_by(walk.key, each):
            return length, Break(each.seq, None, "checkpoint_changed", f"第 {each.seq} 环的检查点签名不符，被改动过。")
        if each.chain != walk.chain:
            return length, Break(1, None, "checkpoint_changed", "检查点文件属于另一条审计链：数据库被整个换过。")
        length = each.seq
        if each.seq > found:
            return length, Break(
                found + 1,
                None,
                "tail_cut",
                f"第 {found + 1} 环起缺失：签署过的检查点有 {each.seq} 环，末尾被截断。",
            )
        if each.seq in links and links[each.seq] != each.link:
            return length, Break(each.seq, None, "changed", f"第 {each.seq} 环与当时签署的检查点不符：链被重写过。")
    return length, None


async def _notes(connection: Any, vault: Vault) -> Break | None:
    """Whether the sealed notes that still stand are what was written. A note may have been erased, with a person."""
    after = 0
    while True:
        rows = await queries.notes(connection, after=after, limit=BATCH)
        if not rows:
            return None
        for row in rows:
            try:
                text = vault.open(row["note"], NOTE_USE)
            except SealBroken:
                text = None
            if text is None or row["note_digest"] is None or note_digest(vault, text) != row["note_digest"]:
                seq = await connection.fetchval("select seq from audit_links where entry_id = $1", row["entry_id"])
                return Break(
                    seq or 1, row["entry_id"], "note_changed", f"第 {row['entry_id']} 条记录的理由说明被改动过。"
                )
        after = rows[-1]["entry_id"]
