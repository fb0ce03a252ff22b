"""From the newest words of a live call to what both readers say of them, with one worker running.

    .venv/bin/python benchmarks/sharpening.py [--calls 40] [--rate 1]

Each live call grows by two segments, so that three readings are sharpened. Segments come at even distances, whether
earlier ones are through or not. The times are the worker's own (``hotline_worker_sharpened_duration_seconds``), from
the storing of the segment to the storing of the sharpened proposal, or to knowing that it stays.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import re
import time

import aiohttp
from machine import machine
from running import Running, posted_call, running, spoken

from hotline.supervise.ports import free_port

_METRICS_PORT = "HOTLINE_WORKER_METRICS_PORT"
_BUCKET = re.compile(r'hotline_worker_sharpened_duration_seconds_bucket\{le="([^"]+)"\} (\S+)')
_WARM, _WARM_LIMIT_S, _QUIET_S = 3, 120.0, 3.0


async def counted(session: aiohttp.ClientSession, port: int) -> list[tuple[float, float]]:
    """The histogram so far: upper bound in seconds, how many were at most so long."""
    async with session.get(f"http://127.0.0.1:{port}/metrics") as answer:
        return [(float(bound), float(count)) for bound, count in _BUCKET.findall(await answer.text())]


def at_most_s(grown: list[tuple[float, float]], share: float) -> float:
    """The bound that ``share`` of the times lie below, straight between the bounds of its bucket."""
    wanted, low, before = grown[-1][1] * share, 0.0, 0.0
    for bound, count in grown:
        if count >= wanted:
            return low if bound == float("inf") else low + (bound - low) * (wanted - before) / max(count - before, 1)
        low, before = bound, count
    return low


async def grow(service: Running, session: aiohttp.ClientSession, calls: range, rate: float) -> None:
    """Post live calls and two segments of each, ``rate`` of all these a second."""
    chance = random.Random(calls.start)
    clock, sent = time.perf_counter(), 0
    for n in calls:
        body = posted_call(n, chance, live=True)
        async with session.post(f"{service.address}/api/v1/calls", json=body) as answer:
            call_id = (await answer.json())["accepted"][0]["call_id"]
        for seq in (1, 2):
            sent += 1
            await asyncio.sleep(max(0.0, clock + sent / rate - time.perf_counter()))
            more = [{"speaker": "来电人", "text": spoken(chance), "seq": seq}]
            async with session.post(f"{service.address}/api/v1/calls/{call_id}/segments", json=more) as answer:
                answer.raise_for_status()
        sent += 1
        await asyncio.sleep(max(0.0, clock + sent / rate - time.perf_counter()))


async def run(calls: int, rate: float) -> None:
    """Warm the second reader, then measure."""
    port = free_port("127.0.0.1", 0)
    os.environ[_METRICS_PORT] = str(port)
    async with running(workers=1, kept=(_METRICS_PORT,)) as service:
        token = await service.token("line")
        async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as session:
            await grow(service, session, range(1, 1 + _WARM), rate)
            limit = time.monotonic() + _WARM_LIMIT_S
            while not (before := await counted(session, port)) or before[-1][1] < 1:
                if time.monotonic() > limit:
                    raise SystemExit("The second reader said nothing: is the extra [deep] installed?")
                await asyncio.sleep(0.2)
            await grow(service, session, range(100, 100 + calls), rate)
            await asyncio.sleep(_QUIET_S)
            after = await counted(session, port)
        grown = [(bound, now - then) for (bound, now), (_, then) in zip(after, before, strict=True)]
        p50, p95 = (at_most_s(grown, share) * 1000 for share in (0.5, 0.95))
        print(f"{rate:g} readings/s, sharpened: {grown[-1][1]:.0f} times, p50 {p50:.0f} ms, p95 {p95:.0f} ms")
        print("memory:", ", ".join(f"{name} {mb:.0f} MB" for name, mb in service.memory_mb().items()))


def main() -> None:
    """Run and print."""
    print(machine(), flush=True)
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--calls", type=int, default=40)
    parser.add_argument("--rate", type=float, default=1.0, help="readings a second")
    told = parser.parse_args()
    asyncio.run(run(told.calls, told.rate))


if __name__ == "__main__":
    main()
