"""Ending the loops of a process for good."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

#: A loop that has not ended by then has lost its cancellation and is asked again.
AGAIN_S = 0.5


async def end_tasks(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel ``tasks`` and return when every one of them has ended; what they ended with stays in them.

    One cancellation is not enough: where it meets a time-out inside a library, or a roll-back that fails because the
    server is gone, the task sees that other error, takes it for one of its steps, and goes on for ever.
    """
    ending = set(tasks)
    pending = set(ending)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=AGAIN_S)
    for task in ending:
        if not task.cancelled():
            # looked at, or the loop says that nobody ever did
            task.exception()
