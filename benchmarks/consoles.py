"""200 consoles on the event stream while 20 calls a second come in: from commit to the last console.

    .venv/bin/python benchmarks/consoles.py [--consoles 200] [--seconds 60]

The moment of the commit is taken as the moment the POST answered, which is a little later than the commit itself, less
what the answer took to travel; the events are timed on the same machine. Prints how long after it the first and the
last console had the call's arrival, and the ratio of the two.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import time

import aiohttp
from machine import machine
from running import Running, posted_call, quantile, running, told


class Consoles:
    """Many open streams; notes when each call reached each."""

    def __init__(self) -> None:
        self.came: dict[int, list[float]] = {}

    async def follow(self, session: aiohttp.ClientSession, address: str, ready: asyncio.Semaphore) -> None:
        """One console, until cancelled."""
        async with session.get(f"{address}/api/v1/events") as answer:
            ready.release()
            kind = b""
            async for raw in answer.content:
                if raw.startswith(b"event: "):
                    kind = raw[7:-1]
                elif kind == b"call_received" and raw.startswith(b"data: "):
                    # cut out by hand: 4,000 events a second in the measuring process are not to be parsed
                    start = raw.index(b'"call_id":') + 10
                    call_id = int(raw[start : raw.index(b",", start)])
                    self.came.setdefault(call_id, []).append(time.perf_counter())


async def run(count: int, seconds: int, rate: int = 20) -> None:
    """Open the streams, post, print."""
    async with running(workers=1) as service:
        token, manager = await service.token("line"), await service.token("manager")
        consoles, ready = Consoles(), asyncio.Semaphore(0)
        timeout = aiohttp.ClientTimeout(total=None)
        async with aiohttp.ClientSession(
            headers={"Authorization": f"Bearer {manager}"}, connector=aiohttp.TCPConnector(limit=0), timeout=timeout
        ) as session:
            following = [asyncio.create_task(consoles.follow(session, service.address, ready)) for _ in range(count)]
            for _ in range(count):
                await ready.acquire()
            committed = await post(service, token, rate, seconds)
            await asyncio.sleep(2.0)
            for task in following:
                task.cancel()
        whole = {call_id: sorted(consoles.came[call_id]) for call_id in committed if call_id in consoles.came}
        missed = sum(len(moments) != count for moments in whole.values()) + len(committed) - len(whole)
        first = [max(0.0, moments[0] - committed[call_id]) for call_id, moments in whole.items()]
        last = [max(0.0, moments[-1] - committed[call_id]) for call_id, moments in whole.items()]
        print(told("commit to first console", first))
        print(told(f"commit to last of {count} consoles", last))
        print(f"calls some console missed or got twice: {missed}")
        print(f"ratio last to first at p95 {quantile(last, 0.95) / max(quantile(first, 0.95), 0.001):.1f}")
        print("memory:", ", ".join(f"{name} {mb:.0f} MB" for name, mb in service.memory_mb().items()))


async def post(service: Running, token: str, rate: int, seconds: int) -> dict[int, float]:
    """Post evenly; when each call's answer came."""
    chance = random.Random(5)
    committed: dict[int, float] = {}
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as session:

        async def one(n: int) -> None:
            body = posted_call(n, chance, live=True)
            async with session.post(f"{service.address}/api/v1/calls", json=body) as answer:
                made = await answer.json()
            committed[made["accepted"][0]["call_id"]] = time.perf_counter()

        clock = time.perf_counter()
        posts = []
        for n in range(rate * seconds):
            await asyncio.sleep(max(0.0, clock + n / rate - time.perf_counter()))
            posts.append(asyncio.create_task(one(n)))
        await asyncio.gather(*posts)
    return committed


def main() -> None:
    """Run and print."""
    print(machine(), flush=True)
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--consoles", type=int, default=200)
    parser.add_argument("--seconds", type=int, default=60)
    options = parser.parse_args()
    asyncio.run(run(options.consoles, options.seconds))


if __name__ == "__main__":
    main()
