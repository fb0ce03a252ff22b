"""What a worker process does for the audit log: linking, alerts, shipping, walking the chain once a day."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import structlog

from config.audit_limits import AuditLimits
from config.settings import Settings
from config.syslog import SyslogReceiver
from hotline.audit.chain import AuditKey
from hotline.audit.linking import link_round, queries
from hotline.audit.shipping import ReceiverAway, ship_round
from hotline.audit.verify import Verdict, record_verdict, verify_chain
from routing.sealing import Vault

log = structlog.get_logger(__name__)

ROUND_S = 1.0
#: How often a process asks whether the chain is due to be walked.
DUE_S = 60.0
ERROR_PAUSE_S = 2.0
#: A receiver that is away is tried again this often.
AWAY_S = 5.0


def checkpoint_file(settings: Settings) -> Path:
    """Where the newest signed checkpoint stands outside of the database."""
    return settings.state_dir / "logs" / "audit-checkpoint.json"


async def verify_round(
    pool: Any, key: AuditKey, vault: Vault, every_s: float, file: Path | None = None
) -> Verdict | None:
    """Walk the chain if nobody has within ``every_s``; None where it is not due or another process is at it."""
    async with pool.acquire() as connection:
        if await queries.verified_since(connection, within_s=every_s):
            return None
        if not await queries.lock_verifying(connection):
            return None
        try:
            if await queries.verified_since(connection, within_s=every_s):
                return None
            verdict = await verify_chain(pool, key, vault, file)
            await record_verdict(connection, None, verdict)
        finally:
            await queries.unlock_verifying(connection)
    return verdict


class AuditRounds:
    """The rounds over the audit log; any number of processes may run them, one at a time does the work."""

    def __init__(
        self,
        pool: Any,
        key: AuditKey,
        limits: AuditLimits,
        *,
        file: Path | None = None,
        receiver: SyslogReceiver | None = None,
        vault: Vault | None = None,
    ) -> None:
        """``file``: of :func:`checkpoint_file`; ``receiver``: of ``HOTLINE_SYSLOG``; without ``vault`` the chain is not
        walked here."""
        self._vault = vault
        self._pool = pool
        self._key = key
        self._limits = limits
        self._file = file
        self._receiver = receiver

    async def run(self) -> None:
        """Go round until cancelled."""
        await asyncio.gather(self._link(), self._ship(), self._verify())

    async def _link(self) -> None:
        while True:
            try:
                done = await link_round(self._pool, self._key, self._limits, self._file)
            except Exception as error:  # noqa: BLE001 - a round is a transaction: nothing is half done, it comes again
                log.error("audit_round_failed", error=type(error).__name__)
                await asyncio.sleep(ERROR_PAUSE_S)
                continue
            if not done.more:
                await asyncio.sleep(ROUND_S)

    async def _verify(self) -> None:
        if self._vault is None:
            return
        while True:
            try:
                await verify_round(self._pool, self._key, self._vault, self._limits.verify_every_s, self._file)
            except Exception as error:  # noqa: BLE001 - the walk changes nothing and comes again
                log.error("audit_verification_failed", error=type(error).__name__)
            await asyncio.sleep(DUE_S)

    async def _ship(self) -> None:
        if self._receiver is None:
            return
        away = False
        while True:
            try:
                sent = await ship_round(self._pool, self._receiver)
                if away:
                    log.info("audit_receiver_back", receiver=str(self._receiver))
                    away = False
            except ReceiverAway as error:
                if not away:
                    log.warning("audit_receiver_away", reason=str(error))
                    away = True
                await asyncio.sleep(AWAY_S)
                continue
            except Exception as error:  # noqa: BLE001 - the place stands in the database, the batch comes again
                log.warning("audit_shipping_failed", error=type(error).__name__)
                await asyncio.sleep(ERROR_PAUSE_S)
                continue
            if not sent:
                await asyncio.sleep(ROUND_S)
