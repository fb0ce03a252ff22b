"""An audit log of a test's own, with its key and with what a bad administrator of the database can do to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from config.audit_limits import AuditLimits, load_audit_limits
from config.files import ConfigFiles
from hotline.audit.chain import AuditKey, audit_key
from hotline.audit.linking import link_round
from hotline.audit.store import KnownActor, record
from hotline.audit.verify import Verdict, verify_chain
from hotline.sealing.key_file import make_key_file
from hotline.sealing.vault import FileVault

# Ways to break a chain of ten links.
CHANGE_ENTRY = "update audit_entries set user_id = 8 where id = (select entry_id from audit_links where seq = 4)"
CUT_OFF = (
    "delete from audit_entries where id in (select entry_id from audit_links where seq >= 8)",
    "delete from audit_links where seq >= 8",
    "delete from audit_checkpoints",
)

LIMITS = load_audit_limits(ConfigFiles())
SOMEBODY = KnownActor(7, "operator")


class Log:
    """An audit log with its key, its file and the owner's connection of a bad administrator."""

    def __init__(self, pool: Any, owner: Any, folder: Path) -> None:
        ring = make_key_file(folder / "secret.key", "intl")
        self.pool = pool
        self.owner = owner
        self.vault = FileVault(folder / "secret.key", ring)
        self.key: AuditKey = audit_key(ring)
        self.file = folder / "logs" / "audit-checkpoint.json"

    async def write(self, count: int, *, action: str = "call_viewed", actor: Any = SOMEBODY) -> None:
        """So many entries, each its own transaction."""
        for number in range(count):
            async with self.pool.acquire() as connection:
                await record(connection, actor=actor, action=action, subject=f"call:{number}", detail={"n": number})

    async def link(self, limits: AuditLimits = LIMITS) -> int:
        """Link until nothing is left; how many alerts arose."""
        alerts = 0
        while (done := await link_round(self.pool, self.key, limits, self.file)).linked:
            alerts += done.alerts
        return alerts

    async def verify(self) -> Verdict:
        """Walk the chain."""
        return await verify_chain(self.pool, self.key, self.vault, self.file)

    async def tamper(self, *statements: str) -> None:
        """What the database's administrator can do: switch the triggers off, change, switch them on."""
        for table in ("audit_entries", "audit_links", "audit_checkpoints"):
            await self.owner.execute(f"alter table {table} disable trigger user")
        for statement in statements:
            await self.owner.execute(statement)
        for table in ("audit_entries", "audit_links", "audit_checkpoints"):
            await self.owner.execute(f"alter table {table} enable trigger user")


@pytest.fixture
async def log(pool: Any, owner_url: str, tmp_path: Path) -> AsyncIterator[Log]:
    owner = await asyncpg.connect(owner_url)
    yield Log(pool, owner, tmp_path)
    await owner.close()
