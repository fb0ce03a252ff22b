"""``hotline statistics verify``."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar

import orjson
import typer

from config.settings import load_settings
from hotline.database import close_pool, open_pool
from hotline.embedded.servers import embedded_servers
from hotline.migrations.migrate import check_schema
from routing.statistics import store
from routing.statistics.counts import KEYS

statistics = typer.Typer(no_args_is_help=True, help="Roll-ups of the statistics.")

Answer = TypeVar("Answer")

#: A recount reads every call; the limits for statements of the service are not for it.
RECOUNT_LIMIT_S = 3600.0


def _with_pool(work: Callable[[Any], Awaitable[Answer]]) -> Answer:
    settings = load_settings()

    async def main() -> Answer:
        async with embedded_servers(settings) as urls:
            pool = await open_pool(urls.database_url, 1, statement_limit_s=RECOUNT_LIMIT_S)
            try:
                async with pool.acquire() as connection:
                    await check_schema(connection)
                return await work(pool)
            finally:
                await close_pool(pool)

    return asyncio.run(main())


@statistics.callback()
def statistics_of() -> None:
    """Roll-ups of the statistics."""


@statistics.command("verify")
def verify(
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Count all calls anew and compare; exit 0 where every cell fits, 1 where some differ, and name them."""

    async def work(pool: Any) -> tuple[dict[str, int], list[dict[str, Any]]]:
        async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read"):
            return await store.sizes(connection), await store.verify(connection)

    sizes, differing = _with_pool(work)
    if as_json:
        print(orjson.dumps({"ok": not differing, **sizes, "cells": differing}).decode())
    else:
        print(f"{sizes['calls']} calls, {sizes['rollups']} roll-up rows, {sizes['deltas']} deltas not folded yet")
        for cell in differing:
            keys = ", ".join(f"{key}={cell[key]}" for key in KEYS if cell[key] not in ("", -1))
            print(f"{keys}: {cell['count']} is {cell['held']}, the raw rows say {cell['recounted']}")
        print("Every cell fits." if not differing else f"{len(differing)} cells differ (at most 100 are named).")
    raise typer.Exit(1 if differing else 0)
