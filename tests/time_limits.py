"""No test hangs: one that takes too long fails by its name, with what every thread and task was waiting for."""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import pytest

#: For each of a test's set-up, call and tear-down. Far beyond what any takes on a busy machine: it measures nothing.
LIMIT_S = 900.0
#: What swallowed the first refusal, such as a task of the library under test, gets another.
AGAIN_S = 20.0


def waiting_for(task: asyncio.Task[Any]) -> str:
    """Where a task stands: every coroutine it is in, from the outermost to the one that waits."""
    lines = [repr(task)]
    step: Any = task.get_coro()
    while step is not None:
        kind = next((kind for kind in ("cr", "ag", "gi") if hasattr(step, f"{kind}_frame")), None)
        if kind is None:
            lines.append(f"  {step!r}")
            break
        if frame := getattr(step, f"{kind}_frame"):
            lines.append(f"  {frame.f_code.co_filename}:{frame.f_lineno} in {frame.f_code.co_qualname}")
        step = getattr(step, "gi_yieldfrom" if kind == "gi" else f"{kind}_await")
    return "\n".join(lines)


def all_tasks() -> str:
    """Where the tasks of the running loop stand; empty without one."""
    try:
        tasks = asyncio.all_tasks()
    except RuntimeError:
        return ""
    return "\n".join(waiting_for(task) for task in tasks)


def all_threads() -> str:
    """The stacks of the other threads."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    return "\n".join(
        f"thread {names.get(number, number)}\n{''.join(traceback.format_stack(frame))}"
        for number, frame in sys._current_frames().items()
        if number != threading.get_ident()
    )


@contextmanager
def limited(item: pytest.Item, phase: str) -> Iterator[None]:
    """Fail ``phase`` of ``item`` where it stands once its time is over, and again until it ends."""

    def refuse(_number: int, _frame: FrameType | None) -> None:
        pytest.fail(f"{phase} did not end within {LIMIT_S:.0f} s: {item.nodeid}\n{all_tasks()}\n{all_threads()}")

    before = signal.signal(signal.SIGALRM, refuse)
    signal.setitimer(signal.ITIMER_REAL, LIMIT_S, AGAIN_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    """With the fixtures of the module and of the session, where this test is the first to ask for them."""
    with limited(item, "its set-up"):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """The test itself."""
    with limited(item, "it"):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """With the fixtures of the module and of the session, where it is the last."""
    with limited(item, "its tear-down"):
        return (yield)
