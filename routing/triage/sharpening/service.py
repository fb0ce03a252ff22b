"""Proposals read a second time, more deeply, after the first stands; nobody waits for it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import structlog

from nlp.live import steady
from routing.triage.service import TriageContext, decided
from routing.triage.settling.service import apply_sharpened
from routing.triage.store import opened_calls, queries

log = structlog.get_logger(__name__)

#: Live calls taken at once: a reading takes a tenth of a second and more, and the newest words count.
_AT_ONCE = 4
#: The second reader's class must be ahead of the shown one by this much to take its place: it must not flicker.
_MARGIN = 0.1
#: A proposal older than this has been acted on or talked over; it is left as it is.
_RECENT_S = 120.0
#: Recorded calls wait while a caller spoke so recently: his next words must not find the second reader taken.
_QUIET_S = 3.0
#: Where none is to be read, nobody looks again for so long.
_LOOK_S = 2.0


class Sharpener:
    """One worker's second looks. Each reading is asked about once, by the worker that takes it in the database.

    What a worker took and lost by ending is a second opinion; the proposal stands (docs/adr/0059).
    """

    def __init__(self) -> None:
        self._look_at = 0.0
        """When recorded calls are looked for again, by the monotonic clock."""

    async def round(self, pool: Any, context: TriageContext) -> list[float]:
        """Ask ``context.reader`` about live proposals nobody has taken up.

        For each it was asked about: seconds from the newest words to the sharpened proposal.

        A proposal is replaced only where the second reading has another class well ahead of the shown one, and only
        while the call is as it was.
        Nothing is stored of the others.
        """
        async with pool.acquire() as connection:
            rows = await queries.live_to_sharpen(connection, recent_s=_RECENT_S, limit=_AT_ONCE)
            rows = await _taken(connection, rows, context)
        begun = time.monotonic()
        took: list[float] = []
        for call in _opened(rows, context):
            second = await asyncio.to_thread(context.reader.read, call["transcript"], line=call["line"])
            reading = steady(second, call["shown"], call["transcript"], margin=_MARGIN)
            if reading.route != call["shown"].route:
                async with pool.acquire() as connection, connection.transaction():
                    await apply_sharpened(connection, context.vault, decided(call, reading, context), context.policy)
            since_read_s = time.monotonic() - begun
            took.append((call["read_at"] - call["heard_at"]).total_seconds() + since_read_s)
        return took

    async def queued_round(self, pool: Any, context: TriageContext, *, recent_s: float, unsure_below: float) -> bool:
        """Ask about one recorded call of the last ``recent_s`` seconds of which the first reader was unsure.

        Unsure is what it reviewed or was less confident of than ``unsure_below``, the bar of the second reader's model.
        True where its place in the queues may have changed. Only a call that waits in a queue and that nobody was
        offered is asked about, and none while anything is to be read or somebody is speaking; it moves where
        the second reading has another class well ahead, or is sure where the first was not, and never closes.
        """
        if time.monotonic() < self._look_at:
            return False
        async with pool.acquire() as connection:
            rows = await queries.queued_to_sharpen(
                connection, recent_s=recent_s, quiet_s=_QUIET_S, unsure_below=unsure_below
            )
            if not rows:
                self._look_at = time.monotonic() + _LOOK_S
            rows = await _taken(connection, rows, context)
        for call in _opened(rows, context):
            shown = call["shown"]
            second = await asyncio.to_thread(context.reader.read, call["transcript"], line=call["line"])
            reading = steady(second, shown, call["transcript"], margin=_MARGIN)
            if (reading.route, reading.review) != (shown.route, shown.review):
                async with pool.acquire() as connection, connection.transaction():
                    return await apply_sharpened(
                        connection, context.vault, decided(call, reading, context), context.policy
                    )
        return False


async def _taken(connection: Any, rows: Sequence[Any], context: TriageContext) -> list[Any]:
    """Those of ``rows`` that this worker is to ask about: another may have found them at the same time."""
    if not rows:
        return []
    taken = await queries.take_second_readings(
        connection, ids=[row["triage_id"] for row in rows], worker=context.worker
    )
    mine = {row["triage_id"] for row in taken}
    return [row for row in rows if row["triage_id"] in mine]


def _opened(rows: Sequence[Any], context: TriageContext) -> list[dict[str, Any]]:
    calls, broken = opened_calls(context.vault, rows)
    if broken:
        log.warning("sharpening_left_out", calls=len(broken))
    return calls
