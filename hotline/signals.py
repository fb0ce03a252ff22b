"""Signals by Redis or Valkey: the work stream for triage and the bell for live events.

Nothing here is the truth. Every message says only "look into PostgreSQL now";
with Redis gone, everybody looks by polling, slower, and nothing is lost.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import redis.asyncio as redis
import structlog
from redis.exceptions import RedisError, ResponseError

log = structlog.get_logger(__name__)

STREAM = "hotline:work"
GROUP = "triage"
BELL = "hotline:events"
STREAM_LENGTH = 100_000
#: Bells of one process are this far apart at least. A bell says "look", and one look finds all that was written until
#: then; with hundreds of claims in a second each had cost every web process a message and a statement of its own.
BELL_GAP_S = 0.02
#: After a failure Redis is left alone for this long: the sender must not wait for its time-outs again and again.
REST_S = 1.0


class Signals:
    """Sends and waits; never raises when Redis is away."""

    def __init__(self, redis_url: str) -> None:
        self._redis: Any = redis.Redis.from_url(
            redis_url, socket_timeout=5.0, socket_connect_timeout=1.0, decode_responses=True
        )
        self._away_until = 0.0
        self._rang_at = 0.0
        self._later: asyncio.Task[None] | None = None
        self.connected = True

    async def close(self) -> None:
        """Ring what is still to be rung, drop the connections."""
        if self._later is not None:
            await self._later
        await self._redis.aclose()

    def _failed(self, error: Exception) -> None:
        if self.connected:
            log.warning("signals_lost", error=type(error).__name__)
        self.connected = False
        self._away_until = time.monotonic() + REST_S

    def _works(self) -> None:
        if not self.connected:
            log.info("signals_back")
        self.connected = True

    async def work_added(self, call_ids: Sequence[int]) -> None:
        """Tell the workers that calls wait for triage, and the consoles that something happened."""
        if time.monotonic() < self._away_until:
            return
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                if call_ids:
                    pipe.xadd(
                        STREAM, {"n": len(call_ids), "first": call_ids[0]}, maxlen=STREAM_LENGTH, approximate=True
                    )
                pipe.publish(BELL, "1")
                await pipe.execute()
            self._works()
        except (RedisError, OSError) as error:
            self._failed(error)

    async def ring(self) -> None:
        """Tell the consoles that the outbox has something new: now, or BELL_GAP_S after the bell before this one.

        Whoever comes while a bell is about to ring need not ring again, and nobody waits for it.
        """
        if self._later is not None:
            return
        gap_s = self._rang_at + BELL_GAP_S - time.monotonic()
        if gap_s <= 0:
            self._rang_at = time.monotonic()
            await self.work_added(())
        else:
            self._later = asyncio.create_task(self._ring_after(gap_s))

    async def _ring_after(self, gap_s: float) -> None:
        await asyncio.sleep(gap_s)
        # what is written from here on is rung for anew
        self._later = None
        self._rang_at = time.monotonic()
        await self.work_added(())

    async def wait_for_work(self, consumer: str, timeout_s: float) -> None:
        """Return when work was announced, or after ``timeout_s``; polls while Redis is away."""
        if time.monotonic() < self._away_until:
            await asyncio.sleep(min(timeout_s, REST_S / 2))
            return
        try:
            entries = await self._redis.xreadgroup(
                GROUP, consumer, {STREAM: ">"}, count=1000, block=max(1, int(timeout_s * 1000))
            )
            self._works()
            ids = [entry_id for _, messages in entries or [] for entry_id, _ in messages]
            if ids:
                await self._redis.xack(STREAM, GROUP, *ids)
        except ResponseError as error:
            # the stream or its group is gone: a Valkey that was emptied
            if "NOGROUP" not in str(error):
                self._failed(error)
                return
            await self._make_group()
        except (RedisError, OSError) as error:
            self._failed(error)

    async def _make_group(self) -> None:
        try:
            await self._redis.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
        except ResponseError as error:
            if "BUSYGROUP" not in str(error):
                self._failed(error)
        except (RedisError, OSError) as error:
            self._failed(error)

    async def bells(self, rang: asyncio.Event) -> None:
        """Set ``rang`` at each bell until cancelled; comes back by itself after Redis was away."""
        while True:
            try:
                async with self._redis.pubsub() as pubsub:
                    await pubsub.subscribe(BELL)
                    while True:
                        message = await pubsub.get_message(ignore_subscribe_messages=True, timeout=2.0)
                        self._works()
                        if message is not None:
                            rang.set()
            except (RedisError, OSError) as error:
                self._failed(error)
            await asyncio.sleep(REST_S)

    async def answers(self) -> bool:
        """Whether Redis answers now, for readiness."""
        return await self.round_trip() is not None

    async def round_trip(self) -> float | None:
        """Seconds Redis takes to answer now; None when it does not."""
        started = time.perf_counter()
        try:
            await self._redis.ping()
        except (RedisError, OSError) as error:
            self._failed(error)
            return None
        self._works()
        return time.perf_counter() - started
