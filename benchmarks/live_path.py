"""From POST /calls to the event on the stream, at 5, 20 and 50 calls a second, with a worker running.

    .venv/bin/python benchmarks/live_path.py [--seconds 60]

Two events are timed, both from the moment the request is begun: the call's arrival on the stream, and the proposal
made of it (what an operator waits for). Calls come at even distances, whether earlier ones are through or not. Beside
it, in the same run, the bare way there: a row and an event committed and found by polling every 10 ms.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import time
from typing import Any

import aiohttp
from machine import machine
from running import Running, posted_call, quantile, running, told

RATES = (5, 20, 50)
EVENTS = {"arrival": "call_received", "proposal": "call_triaged"}


class Watch:
    """Reads the event stream and notes when each call's events came."""

    def __init__(self) -> None:
        self.came: dict[int, dict[str, float]] = {}

    async def follow(self, address: str, token: str, ready: asyncio.Event) -> None:
        """Until cancelled."""
        timeout = aiohttp.ClientTimeout(total=None)
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(f"{address}/api/v1/events", headers={"Authorization": f"Bearer {token}"}) as answer,
        ):
            ready.set()
            async for raw in answer.content:
                if not raw.startswith(b"data: "):
                    continue
                now, event = time.perf_counter(), json.loads(raw[6:])
                if call_id := event.get("call_id"):
                    self.came.setdefault(call_id, {}).setdefault(event["kind"], now)


async def at_rate(service: Running, watch: Watch, token: str, *, rate: int, seconds: int, first: int) -> None:
    """Post evenly and print how long each kind of event took."""
    chance = random.Random(rate)
    begun: dict[int, float] = {}

    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as session:

        async def post(n: int) -> None:
            start = time.perf_counter()
            body = posted_call(first + n, chance, live=True)
            async with session.post(f"{service.address}/api/v1/calls", json=body) as answer:
                made: dict[str, Any] = await answer.json()
            begun[made["accepted"][0]["call_id"]] = start

        clock = time.perf_counter()
        posts = []
        for n in range(rate * seconds):
            await asyncio.sleep(max(0.0, clock + n / rate - time.perf_counter()))
            posts.append(asyncio.create_task(post(n)))
        await asyncio.gather(*posts)
    await asyncio.sleep(2.0)
    for name, kind in EVENTS.items():
        took = [
            moments[kind] - start
            for call_id, start in begun.items()
            if kind in (moments := watch.came.get(call_id, {}))
        ]
        missing = len(begun) - len(took)
        print(f"{rate:3d} calls/s, {told(name, took)}" + (f", {missing} without the event" if missing else ""))


async def warmed(service: Running, watch: Watch, token: str) -> None:
    """The worker has loaded its model and read some calls."""
    chance = random.Random(0)
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as session:
        for n in range(20):
            async with session.post(f"{service.address}/api/v1/calls", json=posted_call(n, chance)) as answer:
                answer.raise_for_status()
    read = 0
    while read < 20:
        await asyncio.sleep(0.05)
        read = sum("call_triaged" in kinds for kinds in watch.came.values())


async def polled(pool: Any, count: int) -> float:
    """p95 of the bare way: commit a row, find it by polling every 10 ms."""
    took = []
    async with pool.acquire() as writer, pool.acquire() as reader:
        for n in range(count):
            start = time.perf_counter()
            await writer.execute(
                "insert into events (kind, data) values ('bench', jsonb_build_object('n', $1::int))", n
            )
            seen = None
            while seen is None:
                await asyncio.sleep(0.01)
                seen = await reader.fetchval(
                    "select true from events where kind = 'bench' and data = jsonb_build_object('n', $1::int)"
                    " and txid < pg_snapshot_xmin(pg_current_snapshot())",
                    n,
                )
            took.append(time.perf_counter() - start)
    print(told("bare row and polling", took))
    return quantile(took, 0.95)


async def run(seconds: int) -> None:
    """All rates, one after the other, on one service."""
    async with running(workers=1) as service:
        line, manager = await service.token("line"), await service.token("manager")
        watch, ready = Watch(), asyncio.Event()
        following = asyncio.create_task(watch.follow(service.address, manager, ready))
        await ready.wait()
        await warmed(service, watch, line)
        first = 100
        for rate in RATES:
            await at_rate(service, watch, line, rate=rate, seconds=seconds, first=first)
            first += rate * seconds
        await polled(service.pool, 100)
        following.cancel()
        print("memory:", ", ".join(f"{name} {mb:.0f} MB" for name, mb in service.memory_mb().items()))


def main() -> None:
    """Run and print."""
    print(machine(), flush=True)
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=int, default=60)
    asyncio.run(run(parser.parse_args().seconds))


if __name__ == "__main__":
    main()
