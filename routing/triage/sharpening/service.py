"""Live proposals read a second time, more deeply, after the first stands; nobody waits for it."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

import structlog

from routing.triage.service import TriageContext, decided
from routing.triage.settling.service import apply_sharpened
from routing.triage.store import opened_calls, queries

log = structlog.get_logger(__name__)

#: Live calls taken at once: a reading takes a tenth of a second and more, and the newest words count.
_AT_ONCE = 4
#: A proposal older than this has been acted on or talked over; it is left as it is.
_RECENT_S = 120.0


class Sharpener:
    """Which proposals one worker has asked about already; bounded."""

    def __init__(self) -> None:
        self._asked: deque[int] = deque(maxlen=500)

    async def round(self, pool: Any, context: TriageContext) -> int:
        """Ask ``context.reader`` about live proposals nobody has taken up; how many were asked about.

        A proposal is replaced only where the second reading has another class, and only while the call is as it was.
        Nothing is stored of the others.
        """
        async with pool.acquire() as connection:
            rows = await queries.live_to_sharpen(
                connection, asked=list(self._asked), recent_s=_RECENT_S, limit=_AT_ONCE
            )
        before = {row["id"]: row["route"] for row in rows}
        self._asked.extend(row["triage_id"] for row in rows)
        calls, broken = opened_calls(context.vault, rows)
        if broken:
            log.warning("sharpening_left_out", calls=len(broken))
        for call in calls:
            reading = await asyncio.to_thread(context.reader.read, call["transcript"], line=call["line"])
            if reading.route == before[call["id"]]:
                continue
            async with pool.acquire() as connection, connection.transaction():
                await apply_sharpened(connection, context.vault, decided(call, reading, context), context.policy)
        return len(rows)
