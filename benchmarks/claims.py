"""200 agents claiming 2,000 calls over 40 connections: SKIP LOCKED against a plain FOR UPDATE, in one run.

    .venv/bin/python benchmarks/claims.py [--agents 200] [--calls 2000]

The plain lock is what a first attempt would write: every agent waits for the same first row; it gets a tenth of the
calls, since it takes so long. Prints claims/s,
p50 and p99 of one claim in milliseconds, and the ratio of the two rates.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from typing import Any

import asyncpg
from machine import machine

from config.files import ConfigFiles
from hotline.accounts.store import queries as account_queries
from hotline.database import open_pool
from hotline.embedded.throwaway import embedded_postgres
from hotline.migrations.migrate import migrate
from routing.policy.loading import read_policy
from routing.queues.service import claim
from routing.queues.store import queries

FILL = """
with made as (
    insert into calls (line, external_id, intake, contact, received_at, transcript, segments, excerpt, content_hash,
                       state)
    select '12348', $2 || n, 'live', 'callback', now(), '', '', '', '', 'queued' from generate_series(1, $1) n
    returning id
)
insert into queue_items (call_id, queue, priority) select id, 'lawyers', 5 from made
"""


async def race(pool: Any, agents: list[int], take: Any) -> tuple[float, list[float]]:
    """Calls a second, and the seconds of each claim, until nothing is left."""
    took: list[float] = []

    async def work(agent: int) -> None:
        while True:
            begun = time.perf_counter()
            taken = await take(agent)
            if taken is None:
                return
            if taken:
                took.append(time.perf_counter() - begun)

    begun = time.perf_counter()
    await asyncio.gather(*(work(agent) for agent in agents))
    return len(took) / (time.perf_counter() - begun), took


def told(name: str, rate: float, took: list[float]) -> None:
    """One line of figures."""
    cuts = statistics.quantiles(took, n=100)
    print(f"{name:12} {rate:7.0f} claims/s   p50 {cuts[49] * 1000:6.1f} ms   p99 {cuts[98] * 1000:6.1f} ms")


async def run(url: str, agent_count: int, call_count: int) -> None:
    """Both ways on the same server, one after the other."""
    await migrate(url)
    pool = await open_pool(url, 40)
    policy = read_policy(ConfigFiles())
    async with pool.acquire() as connection:
        agents = [
            await account_queries.insert_user(
                connection, name=f"agent{n}", display_name="x", role="lawyer", password_hash=None, must_change=False
            )
            for n in range(agent_count)
        ]
        await connection.execute(FILL, call_count, "a")

    async def ours(agent: int) -> Any:
        return await claim(pool, policy, "lawyers", agent, on_roster=lambda queue, user, at: True)

    async def plain(agent: int) -> Any:
        try:
            return await waiting_for_the_row(agent)
        except asyncpg.LockNotAvailableError:
            return False

    async def waiting_for_the_row(agent: int) -> Any:
        async with pool.acquire() as connection, connection.transaction():
            item = await connection.fetchval(
                "select id from queue_items where state = 'waiting' "
                "order by priority, enqueued_at, id limit 1 for update"
            )
            # another agent may have taken the row while this one waited for its lock
            if item is None:
                left = await connection.fetchval("select exists (select from queue_items where state = 'waiting')")
                return False if left else None
            await queries.take_item(connection, item_id=item, user_id=agent, lease_s=60, off_roster=False)
            return True

    rate, took = await race(pool, agents, ours)
    told("SKIP LOCKED", rate, took)
    async with pool.acquire() as connection:
        await connection.execute(FILL, call_count // 10, "b")
    plain_rate, plain_took = await race(pool, agents, plain)
    told("plain lock", plain_rate, plain_took)
    print(f"ratio {rate / plain_rate:.1f}")
    await pool.close()


def main() -> None:
    """Start the server and run."""
    print(machine(), flush=True)
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--agents", type=int, default=200)
    parser.add_argument("--calls", type=int, default=2000)
    options = parser.parse_args()
    with embedded_postgres(durable=True) as url:
        asyncio.run(run(url, options.agents, options.calls))


if __name__ == "__main__":
    main()
