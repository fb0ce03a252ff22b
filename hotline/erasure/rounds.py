"""Retention as the worker and the command run it."""

from __future__ import annotations

from typing import Any

from hotline.audit.store import Actor, record
from routing.erasure.periods import Periods
from routing.erasure.service import erase_due, forget_shift_notes
from routing.sealing import Vault


async def retention_round(
    pool: Any, vault: Vault, periods: Periods, *, batches: int = 1_000_000, actor: Actor | None = None
) -> dict[str, int]:
    """Erase what is due, at most ``batches`` batches a rule; calls changed by ``line:part`` (``*``: lines unnamed).

    Each batch is one transaction; what was erased is on record with the version of the rules.
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
