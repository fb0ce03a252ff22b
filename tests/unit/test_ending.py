"""Tasks that lose a cancellation are ended all the same."""

from __future__ import annotations

import asyncio

from hotline.ending import end_tasks


async def test_a_loop_that_takes_the_cancellation_for_a_failed_step_ends() -> None:
    rounds = 0

    async def step() -> None:
        nonlocal rounds
        rounds += 1
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            # what a library does whose roll-back fails while it is called off
            raise ConnectionError("the server is gone") from None

    async def loop() -> None:
        while rounds < 3:
            try:
                await step()
            except ConnectionError:
                await asyncio.sleep(0)
        await asyncio.sleep(60)

    task = asyncio.create_task(loop())
    await asyncio.sleep(0)
    await asyncio.wait_for(end_tasks([task]), 30)
    assert task.cancelled()
    assert rounds == 3


async def test_what_has_ended_with_an_error_is_left_as_it_is() -> None:
    async def fail() -> None:
        raise ValueError("a step's own fault")

    ended, running = asyncio.create_task(fail()), asyncio.create_task(asyncio.sleep(60))
    await asyncio.sleep(0)
    await end_tasks(task for task in (ended, running))
    assert isinstance(ended.exception(), ValueError)
    assert running.cancelled()
