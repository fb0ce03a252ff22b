"""Statistics of 10^7 calls against statistics of 10^5, the same questions interleaved in one run.

    .venv/bin/python benchmarks/rollups.py [--calls 10000] [--weight 10] [--times 100]

A throw-away PostgreSQL. The first database gets --calls calls as raw rows (calls, readings, decisions, items, claims)
over eleven days, counted by the service's own triggers, folded by its own worker's step and compared with a recount;
then every roll-up row counts --weight times as many calls, which fills the small roll-ups as a busier city would. The
second is a copy of it in which the roll-up rows, and only those, are repeated for earlier days, each counting three
times as many calls, until they hold --times as many (one year). Printed: the least of several runs of each question,
and the ratio.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

from machine import machine

from hotline.accounts.store import queries as account_queries
from hotline.database import open_pool
from hotline.embedded.throwaway import embedded_postgres
from hotline.migrations.migrate import migrate
from routing.policy.facts import LOCAL_ZONE
from routing.sql import load_queries
from routing.statistics.indicators import load_indicators
from routing.statistics.store import FOLD_STEP, fold, indicator_figures, routing_statistics, totals, verify

queries = load_queries(__file__, "rollups.sql")
DAYS = 11
PART = 5_000
ROUNDS = 15
#: Earlier days of the large one had so many times as many calls: what counts is how many calls, not how many rows.
BUSIER = 3
#: Filling takes longer than the service lets a statement run.
LIMIT_S = 3600.0

Question = Callable[[Any], Awaitable[object]]


async def fill(pool: Any, count: int, begin: datetime) -> None:
    """Raw rows through the triggers, then folded."""
    async with pool.acquire() as connection:
        user_id = await account_queries.insert_user(
            connection, name="bench", display_name="bench", role="lawyer", password_hash=None, must_change=False
        )
    for first in range(0, count, PART):
        async with pool.acquire() as connection, connection.transaction():
            await queries.add_calls(
                connection,
                first=first,
                count=min(PART, count - first),
                total=count,
                days=DAYS,
                begin_at=begin,
                user_id=user_id,
                body=b"",
            )
            await queries.point(connection)
    while await fold(pool) == FOLD_STEP:
        pass


async def grow(pool: Any, times: int, begin: datetime) -> None:
    """Roll-up rows of earlier days."""
    async with pool.acquire() as connection:
        await queries.partitions(connection, from_day=(begin - timedelta(days=DAYS * times)).date())
        for back in range(1, 1 + (times - 1) // BUSIER):
            await queries.repeat_rollups(connection, back=back * DAYS, from_day=begin.date(), weight=BUSIER)
        await connection.execute("analyze statistics_rollups")


def questions(begin: datetime) -> dict[str, Question]:
    """What is asked, by name: of days, of a week, of all eleven days."""
    end = begin + timedelta(days=DAYS)
    week = (end - timedelta(days=7), end)
    asked: dict[str, Question] = {}

    def ask(name: str, from_at: datetime, to_at: datetime, *by: str) -> None:
        asked[name] = lambda connection: routing_statistics(connection, from_at, to_at, by)

    for key in ("line", "route", "destination", "region", "topic", "hour", "day", "queue", "org"):
        ask(f"a week by {key}", *week, key)
    ask("a week by line, route and day", *week, "line", "route", "day")
    ask("a day by hour", end - timedelta(days=1), end, "hour")
    ask("a day by region, topic and hour", end - timedelta(days=1), end, "region", "topic", "hour")
    ask("a week by weekday and hour", *week, "weekday", "hour")
    ask("a week by line, class and topic", *week, "line", "route", "topic")
    ask("eleven days by line", begin, end, "line")
    indicators = load_indicators()
    asked["indicators of a week"] = lambda c: indicator_figures(c, indicators, *week, ())
    asked["indicators of a week by region"] = lambda c: indicator_figures(c, indicators, *week, ("region",))
    asked["totals of a day"] = lambda c: totals(c, end - timedelta(days=1), end)
    return asked


async def least_ms(pools: tuple[Any, Any], question: Question) -> tuple[float, float]:
    """The least of several runs on each database, one after the other in turns."""
    least = [float("inf"), float("inf")]
    for _ in range(ROUNDS):
        for number, pool in enumerate(pools):
            async with pool.acquire() as connection:
                begun = time.perf_counter()
                await question(connection)
                least[number] = min(least[number], (time.perf_counter() - begun) * 1000)
    return least[0], least[1]


async def run(url: str, count: int, weight: int, times: int) -> None:
    """Fill both, ask both."""
    await migrate(url)
    midnight = datetime.now(LOCAL_ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    begin = midnight - timedelta(days=DAYS)
    few = await open_pool(url, 1, statement_limit_s=LIMIT_S)
    begun = time.perf_counter()
    await fill(few, count, begin)
    async with few.acquire() as connection:
        assert await verify(connection) == [], "roll-ups differ from the raw rows"
        await queries.weigh(connection, weight=weight)
        await connection.execute("vacuum analyze")
        sizes = dict(await queries.sizes(connection))
        print("small:", sizes, f"filled in {time.perf_counter() - begun:.0f} s", flush=True)
    await few.close()
    admin = await open_pool(url.replace("/hotline?", "/postgres?"), 1, statement_limit_s=LIMIT_S)
    async with admin.acquire() as connection:
        await connection.execute("create database many template hotline")
    await admin.close()
    few, many = (
        await open_pool(url, 1, statement_limit_s=LIMIT_S),
        await open_pool(url.replace("/hotline?", "/many?"), 1, statement_limit_s=LIMIT_S),
    )
    begun = time.perf_counter()
    await grow(many, times, begin)
    async with many.acquire() as connection:
        sizes = dict(await queries.sizes(connection))
        print("large:", sizes, f"grown in {time.perf_counter() - begun:.0f} s", flush=True)
    ratios = []
    for name, question in questions(begin).items():
        small_ms, large_ms = await least_ms((few, many), question)
        ratios.append(large_ms / small_ms)
        print(f"{name:34} {small_ms:8.2f} ms {large_ms:8.2f} ms   x {ratios[-1]:.2f}", flush=True)
    print(f"largest ratio {max(ratios):.2f}, mean {sum(ratios) / len(ratios):.2f}")
    await few.close()
    await many.close()


def main() -> None:
    """Start the server and run."""
    print(machine(), flush=True)
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--calls", type=int, default=10_000, help="calls written as raw rows")
    parser.add_argument("--weight", type=int, default=10, help="how many calls each of them stands for")
    parser.add_argument("--times", type=int, default=100, help="how many times as many the large one holds")
    options = parser.parse_args()
    with embedded_postgres() as url:
        asyncio.run(run(url, options.calls, options.weight, options.times))


if __name__ == "__main__":
    main()
