"""Calls whose line never says that they ended."""

from __future__ import annotations

from typing import Any

from routing.sql import load_queries

queries = load_queries(__file__, "silence.sql")


async def end_silent_calls(pool: Any, silence_s: float) -> int:
    """Turn live calls of which nothing was heard for ``silence_s`` seconds into recorded ones; how many.

    A lost hang-up would leave the proposal on an operator's table for ever and
    the caller in nobody's queue. Heard is the call's arrival, a segment, a
    version, and an operator who takes it. The call is read again and then
    waits in a queue like any recorded one.
    """
    async with pool.acquire() as connection:
        return len(await queries.end_silent_calls(connection, silence_s=silence_s))
