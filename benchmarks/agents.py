"""200 agents who think one to three seconds between calls, over HTTP; then one burst of 200 claims.

    .venv/bin/python benchmarks/agents.py [--agents 200] [--seconds 20] [--warm-up 10]

Every agent claims, thinks, completes and claims again. The web has the pool it comes with (10 connections). The
waiting calls are put in directly. The first seconds are told apart: connections are opened and plans are made then,
on tables that were empty a moment ago; afterwards the tables are analysed, as PostgreSQL does by itself within a
minute. In the same run the same claims are asked of the service's own function without HTTP, for the ratio of the
two. The agents share the two cores with the service.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import time
from datetime import datetime
from typing import Any

import aiohttp
import asyncpg
from machine import machine
from running import Running, quantile, running, told

from config.files import ConfigFiles
from hotline.accounts.store import add_user
from routing.policy.loading import read_policy
from routing.queues.service import claim

#: Rows copied from one real call, so that the benchmark needs no knowledge of a call's columns.
REPLICATE = """
do $$
declare columns text; begin
    select string_agg(quote_ident(attname), ', ') into columns from pg_attribute
    where attrelid = 'calls'::regclass and attnum > 0 and not attisdropped and attname not in ('id', 'external_id');
    execute format('insert into calls (external_id, %1$s) select ''R'' || gen_random_uuid(), %1$s
                    from calls, generate_series(1, %2$s) where id = %3$s', columns, {count}, {call_id});
end $$
"""
QUEUED = """
insert into queue_items (call_id, queue, priority)
select id, 'lawyers', 5 from calls c where starts_with(external_id, 'R')
and not exists (select from queue_items i where i.call_id = c.id)
"""


async def fill(service: Running, count: int) -> None:
    """Put ``count`` calls into the lawyers' queue."""
    token = await service.token("line")
    sample = {
        "line": "12348",
        "external_id": "SAMPLE",
        "received_at": "2026-11-01T08:00:00+08:00",
        "transcript": "请问劳动合同到期公司不续签，有没有补偿，怎么算",
    }
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as session,
        session.post(f"{service.address}/api/v1/calls", json=sample) as answer,
    ):
        body = await answer.json()
    call_id = (body["accepted"] or body["duplicates"])[0]["call_id"]
    async with service.pool.acquire() as connection:
        async with asyncio.timeout(30):
            await until_queued(connection, call_id)
        await connection.execute(REPLICATE.format(count=int(count), call_id=int(call_id)))
        await connection.execute(QUEUED)
    await analyse(service)


async def analyse(service: Running) -> None:
    """Let the planner know what is in the tables; the owner's right."""
    owner = await asyncpg.connect(service.urls.owner_url or service.urls.database_url)
    await owner.execute("analyze")
    await owner.close()


async def until_queued(connection: Any, call_id: int) -> None:
    """The worker has read the call."""
    state = None
    while state != "queued":
        await asyncio.sleep(0.1)
        state = await connection.fetchval("select state from calls where id = $1", call_id)


class Agent:
    """One lawyer at a desk; ``took`` gets the seconds of each claim."""

    def __init__(self, service: Running, session: aiohttp.ClientSession, token: str, took: list[float]) -> None:
        self._address = f"{service.address}/api/v1"
        self._session = session
        self._headers = {"Authorization": f"Bearer {token}"}
        self._took = took

    async def claim(self) -> int | None:
        """Take the next call; its assignment."""
        begun = time.perf_counter()
        async with self._session.post(f"{self._address}/queues/lawyers/claim", headers=self._headers) as answer:
            body: Any = await answer.json() if answer.status == 200 else None
        self._took.append(time.perf_counter() - begun)
        return None if body is None else int(body["assignment_id"])

    async def complete(self, assignment_id: int) -> None:
        """Close the call in hand."""
        url = f"{self._address}/assignments/{assignment_id}/complete"
        async with self._session.post(url, headers=self._headers, json={"disposition": "已答复"}) as answer:
            answer.raise_for_status()

    async def work(self, until: float, chance: random.Random) -> None:
        """Claim, think, complete, again."""
        await asyncio.sleep(chance.uniform(0.0, 3.0))
        while time.perf_counter() < until:
            assignment_id = await self.claim()
            await asyncio.sleep(chance.uniform(1.0, 3.0))
            if assignment_id is not None:
                await self.complete(assignment_id)


async def run(count: int, seconds: int, warm_up: int) -> None:
    """Thinking agents, the burst, and the claims without HTTP."""
    async with running(workers=1) as service:
        await fill(service, count * (seconds + warm_up + 6))
        tokens, users = [], []
        for n in range(count):
            user_id, _ = await add_user(service.pool, f"lawyer{n}", "lawyer", display_name=f"律师{n}")
            users.append(user_id)
            tokens.append(await service.token("lawyer", f"lawyer{n}"))
        starting: list[float] = []
        thinking: list[float] = []
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector) as session:
            for took, part_s in ((starting, warm_up), (thinking, seconds)):
                until = time.perf_counter() + part_s
                agents = [Agent(service, session, token, took) for token in tokens]
                await asyncio.gather(*(agent.work(until, random.Random(n)) for n, agent in enumerate(agents)))
                await analyse(service)
            print(told(f"the first {warm_up} s", starting))
            print(told(f"{count} agents thinking 1-3 s, claim over HTTP", thinking))
            burst: list[float] = []
            begun = time.perf_counter()
            await asyncio.gather(*(Agent(service, session, token, burst).claim() for token in tokens))
            print(told(f"burst of {count}", burst) + f"; all in {time.perf_counter() - begun:.2f} s")
        policy = read_policy(ConfigFiles())
        plain: list[float] = []

        def anybody(queue: str, user_id: int, at: datetime) -> bool:
            return True

        for user_id in users:
            start = time.perf_counter()
            await claim(service.pool, policy, "lawyers", user_id, on_roster=anybody)
            plain.append(time.perf_counter() - start)
        print(told("one after the other without HTTP", plain))
        print(f"ratio of the medians {quantile(thinking, 0.5) / quantile(plain, 0.5):.1f}")
        async with service.pool.acquire() as connection:
            twice = await connection.fetchval(
                "select count(*) from (select queue_item_id from assignments group by 1 having count(*) > 1) t"
            )
        print(f"calls taken by two: {twice}")


def main() -> None:
    """Run and print."""
    print(machine(), flush=True)
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--agents", type=int, default=200)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--warm-up", type=int, default=10)
    options = parser.parse_args()
    asyncio.run(run(options.agents, options.seconds, options.warm_up))


if __name__ == "__main__":
    main()
