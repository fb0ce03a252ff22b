"""What a worker process does for the audit log: linking, alerts, shipping."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import structlog

from config.audit_limits import AuditLimits
from config.settings import Settings
from config.syslog import SyslogReceiver
from hotline.audit.chain import AuditKey
from hotline.audit.linking import link_round
from hotline.audit.shipping import ReceiverAway, ship_round

log = structlog.get_logger(__name__)

ROUND_S = 1.0
ERROR_PAUSE_S = 2.0
#: A receiver that is away is tried again this often.
AWAY_S = 5.0


def checkpoint_file(settings: Settings) -> Path:
    """Where the newest signed checkpoint stands outside of the database."""
    return settings.state_dir / "logs" / "audit-checkpoint.json"


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
    ) -> None:
        """``file``: of :func:`checkpoint_file`; ``receiver``: of ``HOTLINE_SYSLOG``."""
        self._pool = pool
        self._key = key
        self._limits = limits
        self._file = file
        self._receiver = receiver

    async def run(self) -> None:
        """Go round until cancelled."""
        await asyncio.gather(self._link(), self._ship())

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
