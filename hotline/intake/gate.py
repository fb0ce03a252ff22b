"""Back-pressure on intake: what comes faster than it can be worked is sent back before memory grows."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hotline.errors import HotlineError
from routing.triage.store import queries as triage_queries

#: What a request costs at least: its connection, its headers, the answer.
LEAST_BYTES = 64 * 1024
#: What a body counts whose length is not announced: as much as it may have (CONTRACT.md).
UNANNOUNCED_BYTES = 16 * 1024 * 1024
#: How long an answer of the database about waiting calls is believed.
LOOK_EVERY_S = 1.0


class IntakeBusy(HotlineError):
    """Too much is being taken in at this moment."""


class TriageBehind(HotlineError):
    """Too many live calls wait to be read."""


class IntakeGate:
    """Counts what one web process takes in. Bodies are admitted before they are read."""

    def __init__(self, most_bytes: int, most_waiting: int) -> None:
        self._most_bytes = most_bytes
        self._most_waiting = most_waiting
        self._behind = False
        self._looked_at = float("-inf")
        self.bytes = 0
        """Held by requests in flight."""

    @contextmanager
    def admitted(self, length: int | None) -> Iterator[None]:
        """Room for a body of ``length`` bytes (None: not announced) while the block runs. Raises IntakeBusy.

        One request is always admitted, however large.
        """
        cost = max(LEAST_BYTES, UNANNOUNCED_BYTES if length is None else length)
        if self.bytes and self.bytes + cost > self._most_bytes:
            raise IntakeBusy("正在接收的数据过多，本次未受理；请按 Retry-After 稍后重发，并减少同时发送的请求。")
        self.bytes += cost
        try:
            yield
        finally:
            self.bytes -= cost

    async def keep_up(self, pool: Any) -> None:
        """Raise TriageBehind while too many live calls wait to be read."""
        now = time.monotonic()
        if now - self._looked_at >= LOOK_EVERY_S:
            self._looked_at = now
            async with pool.acquire() as connection:
                waiting = await triage_queries.live_waiting(connection, most=self._most_waiting)
            self._behind = waiting >= self._most_waiting
        if self._behind:
            raise TriageBehind("待研判的来电过多，本次未受理；请按 Retry-After 稍后重发，并请管理员增加工作进程。")
