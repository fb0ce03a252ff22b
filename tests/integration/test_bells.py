"""Bells: the last thing written is always rung for, and many at once are rung for together."""

from __future__ import annotations

import asyncio

import pytest
import redis.asyncio

from hotline.signals import BELL, STREAM, Signals
from tests.service_fixtures import eventually

MANY = 200


class Bells:
    """What arrives at a console's ear."""

    def __init__(self, redis_url: str) -> None:
        self._redis = redis.asyncio.Redis.from_url(redis_url)
        self._pubsub = self._redis.pubsub()
        self.heard = 0

    async def open(self) -> None:
        await self._pubsub.subscribe(BELL)
        confirmed = await self._pubsub.get_message(timeout=10.0)
        assert confirmed is not None
        assert confirmed["type"] == "subscribe"

    async def close(self) -> None:
        await self._pubsub.aclose()  # type: ignore[no-untyped-call]
        await self._redis.aclose()

    async def listen(self) -> int:
        """Bells heard so far, those that lie there now included."""
        while await self._pubsub.get_message(ignore_subscribe_messages=True, timeout=0.0) is not None:
            self.heard += 1
        return self.heard


@pytest.fixture
async def bells(redis_url: str) -> Bells:
    """An ear of its own on the test's Valkey."""
    ear = Bells(redis_url)
    await ear.open()
    return ear


async def test_many_at_once_are_rung_for_together(redis_url: str, bells: Bells) -> None:
    signals = Signals(redis_url)
    await asyncio.gather(*(signals.ring() for _ in range(MANY)))
    await signals.close()
    assert await eventually(bells.listen)
    # the first at once, the rest in one bell; some more where this machine stood still in between
    assert await bells.listen() < MANY / 4
    await bells.close()


async def test_the_last_one_is_rung_for_after_the_first_bell(redis_url: str, bells: Bells) -> None:
    signals = Signals(redis_url)
    await signals.ring()
    heard: int = await eventually(bells.listen)
    await signals.ring()

    async def again() -> bool:
        return await bells.listen() > heard

    assert await eventually(again)
    await signals.close()
    await bells.close()


async def test_closing_rings_what_waits(redis_url: str, bells: Bells) -> None:
    signals = Signals(redis_url)
    await signals.ring()
    await signals.ring()
    await signals.close()

    async def both() -> bool:
        return await bells.listen() == 2

    assert await eventually(both)
    await bells.close()


async def test_work_is_told_at_once(redis_url: str, bells: Bells) -> None:
    signals = Signals(redis_url)
    await signals.ring()
    await signals.work_added([7])
    client = redis.asyncio.Redis.from_url(redis_url, decode_responses=True)
    told = await client.xrange(STREAM) or []
    assert [fields for _, fields in told] == [{"n": "1", "first": "7"}]
    await client.aclose()
    await signals.close()
    await bells.close()
