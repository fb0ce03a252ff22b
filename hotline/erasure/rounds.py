"""Retention as the worker and the command run it."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

from hotline.audit.store import Actor, record
from hotline.sealing.files import SUFFIX
from routing.erasure.periods import Periods
from routing.erasure.service import erase_due, forget_shift_notes
from routing.sealing import Vault


def old_rejects(folder: Path, days: int) -> list[Path]:
    """Sealed files of rejected rows that were last written more than ``days`` days ago; none without the folder."""
    before = time.time() - days * 86_400.0
    return [path for path in sorted(folder.glob(f"*.rejects.*{SUFFIX}")) if path.stat().st_mtime < before]


def drop_old(folder: Path, days: int) -> int:
    """Delete :func:`old_rejects`; how many. One that somebody else has just deleted does not count."""
    dropped = 0
    for path in old_rejects(folder, days):
        try:
            path.unlink()
        except FileNotFoundError:
            continue
        dropped += 1
    return dropped


async def retention_round(
    pool: Any,
    vault: Vault,
    periods: Periods,
    *,
    rejects: Path | None = None,
    batches: int = 1_000_000,
    actor: Actor | None = None,
) -> dict[str, int]:
    """Erase what is due, at most ``batches`` batches a rule; calls changed by ``line:part`` (``*``: lines unnamed).

    Each batch is one transaction; what was erased is on record with the version of the rules. ``rejects``: the folder
    of this machine's files of rejected rows, of which the old ones are deleted.
    """
    changed: dict[str, int] = {}
    for rule in periods.rules:
        name, count = f"{rule.line or '*'}:{rule.part}", 0
        for _ in range(batches):
            done = await erase_due(pool, vault, rule, periods)
            count += done
            if not done:
                break
        if count:
            changed[name] = count
    async with pool.acquire() as connection:
        notes = await forget_shift_notes(connection, periods)
    if notes:
        changed["*:shift_notes"] = notes
    files = 0 if rejects is None else await asyncio.to_thread(drop_old, rejects, periods.rejects_days)
    if files:
        changed["*:rejects"] = files
    if changed:
        async with pool.acquire() as connection:
            await record(
                connection,
                actor=actor,
                action="retention_erased",
                subject=f"retention:{periods.version}",
                detail=changed,
            )
    return changed
