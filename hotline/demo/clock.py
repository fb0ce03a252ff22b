"""The demo's clock: the services work now, and what they wrote is moved into the past afterwards."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from hotline.demo.store import queries

#: Two steps of one call lie at least this far apart.
STEP = timedelta(seconds=1)


class PastClock:
    """Knows for every call at which past time each of its steps happened.

    Before a step, ``set`` says when it happened; every row the step writes is
    then younger than the mark and gets that time by ``shift``. The marks stand
    in a temporary table, so ``connection`` has to stay the same.
    """

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._rows: list[dict[str, Any]] = []
        self._last: dict[int, datetime] = {}

    async def open(self) -> None:
        """Make the temporary table."""
        await queries.open_clock(self._connection)

    def last(self, call_id: int) -> datetime:
        """When the call's latest step happened."""
        return self._last[call_id]

    async def mark(self) -> datetime:
        """The database's time now, for steps that many calls take together."""
        return await queries.real_now(self._connection)  # type: ignore[no-any-return]

    def note(self, real_from: datetime, moments: Iterable[tuple[int, datetime]]) -> None:
        """From ``real_from`` on, what happens to these calls happened at their moments."""
        for call_id, wanted in moments:
            at = max(wanted, self._last[call_id] + STEP) if call_id in self._last else wanted
            self._last[call_id] = at
            self._rows.append({"call_id": call_id, "real_from": real_from.isoformat(), "at": at.isoformat()})

    async def set(self, call_id: int, at: datetime) -> datetime:
        """The call's next step happens at ``at``, or right after the one before; when it does."""
        self.note(await self.mark(), [(call_id, at)])
        return self._last[call_id]

    async def shift(self) -> None:
        """Move everything written so far. Doing it again moves only what came since."""
        async with self._connection.transaction():
            await queries.set_clock(self._connection, rows=self._rows)
            self._rows = []
            for step in (
                queries.shift_queues,
                queries.shift_work,
                queries.shift_transfers,
                queries.shift_answers,
                queries.shift_calls,
                queries.shift_versions,
                queries.shift_log,
                queries.shift_readings,
                queries.shift_decisions,
                queries.shift_alarms,
                queries.shift_panels,
                queries.shift_leaders,
                queries.shift_wrap_ups,
                queries.shift_checks,
                queries.shift_samples,
                queries.shift_undertakings,
                queries.shift_cases,
                queries.shift_steps,
                queries.shift_objections,
                queries.shift_police_returns,
            ):
                await step(self._connection)
