"""The outbox and its streams: every event once, in commit order, also after a dropped connection."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp

from hotline.database import open_pool
from routing.events.store import Cursor, events_after, newest
from tests.service_fixtures import CallMaker, RunningService, eventually

INSERT = "insert into events (kind, call_id) values ($1, $2)"


async def test_an_event_of_an_older_transaction_is_not_overtaken(database_url: str, pool: Any) -> None:
    slow = await open_pool(database_url, 1)
    try:
        async with slow.acquire() as early, pool.acquire() as late, pool.acquire() as reading:
            start = await newest(reading)
            transaction = early.transaction()
            await transaction.start()
            await early.execute(INSERT, "early", 1)
            await late.execute(INSERT, "late", 2)
            assert await events_after(reading, start, 10) == [], "the early one may still commit before it"
            await transaction.commit()
            assert [event.kind for event in await events_after(reading, start, 10)] == ["early", "late"]
    finally:
        await slow.close()


async def test_reading_in_pieces_misses_and_repeats_nothing_while_many_write(pool: Any) -> None:
    total, writers = 400, 8

    async def write(writer: int) -> None:
        for n in range(total // writers):
            async with pool.acquire() as connection, connection.transaction():
                await connection.execute(INSERT, "n", writer * 1000 + n)
                await asyncio.sleep(0)
                await connection.execute(INSERT, "m", writer * 1000 + n)

    seen: list[tuple[Cursor, str, int | None]] = []

    async def read() -> None:
        cursor = Cursor(0, 0)
        while len(seen) < total * 2:
            async with pool.acquire() as connection:
                for event in await events_after(connection, cursor, 7):
                    seen.append((event.cursor, event.kind, event.call_id))
                    cursor = event.cursor

    await asyncio.wait_for(asyncio.gather(read(), *(write(n) for n in range(writers))), 60)
    assert [cursor for cursor, _, _ in seen] == sorted({cursor for cursor, _, _ in seen})
    assert len({(kind, call_id) for _, kind, call_id in seen}) == total * 2


class Stream:
    """A console's event stream."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str]] = []

    async def read(self, service: RunningService, until: int, *, last: str | None = None) -> None:
        """Collect (id, kind) until ``until`` events are there in all."""
        headers = {"Authorization": f"Bearer {await service.token('operator')}"}
        if last is not None:
            headers["Last-Event-ID"] = last
        async with service.session.get(
            f"{service.address}/api/v1/events", headers=headers, timeout=aiohttp.ClientTimeout(total=30)
        ) as answer:
            assert answer.status == 200
            event_id = kind = ""
            async for raw in answer.content:
                line = raw.decode().rstrip("\n")
                if line.startswith("id: "):
                    event_id = line[4:]
                elif line.startswith("event: "):
                    kind = line[7:]
                elif line.startswith("data: "):
                    self.events.append((event_id, kind))
                    if len(self.events) >= until:
                        return


async def test_a_reconnecting_console_misses_nothing(service: RunningService, call: CallMaker) -> None:
    stream = Stream()
    reading = asyncio.create_task(stream.read(service, 3))

    async def connected() -> bool:
        return service.services.hub.streams == 1

    await eventually(connected)
    for _ in range(3):
        await service.post_calls(call("路灯坏了"))
    await asyncio.wait_for(reading, 60)
    for _ in range(5):
        await service.post_calls(call("路灯坏了"))
    await stream.read(service, 8, last=stream.events[-1][0])
    assert [kind for _, kind in stream.events] == ["call_received"] * 8
    assert len({event_id for event_id, _ in stream.events}) == 8


async def test_a_worthless_last_event_id_is_refused_in_words(service: RunningService) -> None:
    status, problem = await service.request("GET", "/events", role="operator", headers={"Last-Event-ID": "x'; drop"})
    assert (status, problem["type"]) == (422, "urn:hotline:problem:invalid-request")
