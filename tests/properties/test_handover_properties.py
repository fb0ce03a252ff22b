"""Whatever happens between two shifts: nothing open is missing from a handover, and none is lost by it.

Random steps of a model against the real database: calls come, are forwarded, taken, promised back, dangers are raised
and acknowledged, notices written, while leaders prepare, confirm, close and call off.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hotline.accounts.store import queries as account_queries
from routing.errors import HandoverChanged, HandoverNotFound
from routing.handover import service as handover
from routing.handover.service import queries
from tests.service_fixtures import some_vault

VAULT = some_vault()
STEPS = 60


class Day:
    """The hotline as the steps leave it; ``open`` is what the model knows to be open, told by its own rules."""

    def __init__(self, connection: Any, people: list[int], rng: random.Random) -> None:
        self.connection, self.people, self.rng = connection, people, rng
        self.open: set[tuple[str, int]] = set()
        self.calls: list[int] = []
        self.handover: int | None = None
        self.prepared_by = 0

    async def call_comes(self) -> None:
        """A forwarded call: the first receiver owes its end."""
        call_id = await self.connection.fetchval(
            "insert into calls (line, external_id, state, intake, contact, received_at, transcript, segments, excerpt,"
            " content_hash) values ('12345', $1, 'queued', 'live', 'callback', now(), $2, $2, $2, $2) returning id",
            f"P{len(self.calls)}",
            b"sealed",
        )
        by = self.rng.choice(self.people)
        await self.connection.execute(
            "insert into transfers (call_id, by_user, destination, queue, mode, requested_mode) "
            "values ($1, $2, 'lawyers', 'lawyers', 'one_key', 'one_key')",
            call_id,
            by,
        )
        self.calls.append(call_id)
        self.open.add(("duty", call_id))

    async def taken(self) -> None:
        """Somebody takes a call: its duty ends."""
        call_id = self.rng.choice(self.calls)
        await self.connection.execute("update transfers set state = 'taken' where call_id = $1", call_id)
        self.open.discard(("duty", call_id))

    async def returned(self) -> None:
        """It comes back: the first receiver owes its end again."""
        call_id = self.rng.choice(self.calls)
        await self.connection.execute("update transfers set state = 'returned' where call_id = $1", call_id)
        self.open.add(("duty", call_id))

    async def danger(self) -> None:
        call_id = self.rng.choice(self.calls)
        await self.connection.execute(
            "insert into danger_alarms (call_id, level) values ($1, 2) "
            "on conflict (call_id) do update set acknowledged_at = null, acknowledged_by = null",
            call_id,
        )
        self.open.add(("danger", call_id))

    async def acknowledged(self) -> None:
        for kind, call_id in sorted(self.open):
            if kind == "danger":
                await self.connection.execute(
                    "update danger_alarms set acknowledged_at = now(), acknowledged_by = $2 where call_id = $1",
                    call_id,
                    self.people[0],
                )
                self.open.discard((kind, call_id))
                return

    async def promised(self) -> None:
        call_id = self.rng.choice(self.calls)
        await self.connection.execute(
            "insert into caller_choices (call_id, choice, window_start, window_end) "
            "values ($1, 'callback', now(), now() + interval '1 hour')",
            call_id,
        )
        self.open.add(("callback", call_id))

    async def kept(self) -> None:
        for kind, call_id in sorted(self.open):
            if kind == "callback":
                await handover.keep_promise(self.connection, call_id, self.people[0])
                self.open.discard((kind, call_id))
                return

    async def notice(self) -> None:
        until = datetime.now(UTC) + timedelta(hours=1)
        notice_id = await self.connection.fetchval(
            "insert into shift_notices (body, starts_at, ends_at, written_by) values ($1, now(), $2, $3) returning id",
            b"sealed",
            until,
            self.people[0],
        )
        self.open.add(("notice", notice_id))

    async def prepare(self) -> None:
        self.prepared_by = self.rng.choice(self.people)
        if self.handover is None:
            self.handover = await handover.prepare(self.connection, VAULT, self.prepared_by, None)

    async def confirm(self) -> None:
        if self.handover is None or not self.open:
            return
        kind, ref = self.rng.choice(sorted(self.open))
        try:
            await handover.confirm(self.connection, self.handover, kind, ref, self._incoming())
        except HandoverChanged:
            assert (await queries.item(self.connection, handover_id=self.handover, kind=kind, ref=ref))["confirmed_at"]

    async def close(self) -> None:
        """Closed exactly when every matter that is open at this moment is confirmed."""
        if self.handover is None:
            return
        rows = await queries.items(self.connection, handover_id=self.handover)
        confirmed = {(row["kind"], row["ref"]) for row in rows if row["confirmed_at"]}
        try:
            await handover.close(self.connection, self.handover, self._incoming())
        except HandoverChanged:
            assert self.open - confirmed
        else:
            assert self.open <= confirmed
            self.handover = None

    async def call_off(self) -> None:
        if self.handover is None:
            return
        row = await queries.handover(self.connection, handover_id=self.handover)
        try:
            await handover.call_off(self.connection, self.handover, row["prepared_by"])
        except HandoverChanged:
            return
        self.handover = None

    def _incoming(self) -> int:
        return next(user for user in self.people if user != self._preparer)

    @property
    def _preparer(self) -> int:
        return self.prepared_by


@pytest.mark.parametrize("seed", range(2))
async def test_nothing_open_is_missing_or_lost(pool: Any, seed: int) -> None:
    rng = random.Random(seed)
    async with pool.acquire() as connection:
        people = [
            await account_queries.insert_user(
                connection, name=f"p{n}", display_name=f"p{n}", role="operator", password_hash=None, must_change=False
            )
            for n in range(3)
        ]
        day = Day(connection, people, rng)
        await day.call_comes()
        steps = [
            day.call_comes, day.taken, day.returned, day.danger, day.acknowledged, day.promised, day.kept, day.notice,
            day.prepare, day.confirm, day.confirm, day.confirm, day.close, day.call_off,
        ]  # fmt: skip
        for _ in range(STEPS):
            step = rng.choice(steps)
            if step == day.prepare and day.handover is not None:
                continue
            async with connection.transaction():
                await step()
            # what is asked of the tables is what the model knows to be open: nothing confirmed or handed over is lost
            assert {(row["kind"], row["ref"]) for row in await handover.matters(connection)} == day.open
            if day.handover is not None:
                async with connection.transaction():
                    await handover.refresh(connection, day.handover)
                rows = await queries.items(connection, handover_id=day.handover)
                stands = {(row["kind"], row["ref"]) for row in rows if row["settled_at"] is None}
                assert day.open <= stands
                assert {(row["kind"], row["ref"]) for row in rows if row["settled_at"] is not None}.isdisjoint(day.open)
        with pytest.raises(HandoverNotFound):
            await handover.confirm(connection, 10**9, "duty", 1, people[0])
