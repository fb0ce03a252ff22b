"""A test that hangs fails by its name and says where it stands; those after it run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HANGING = """
import asyncio
import threading
import time

import pytest

from tests import time_limits

time_limits.LIMIT_S = time_limits.AGAIN_S = 1.0


def test_asleep():
    time.sleep(600)


async def for_ever():
    await asyncio.sleep(600)


async def deaf():
    while True:
        try:
            await asyncio.sleep(600)
        except asyncio.CancelledError:
            pass


def test_awaits():
    async def both():
        other = asyncio.create_task(for_ever(), name="the other")
        await other

    asyncio.run(both())


@pytest.fixture
def thread_that_stays():
    thread = threading.Thread(target=time.sleep, args=(600,), daemon=True, name="sleeper")
    thread.start()
    yield
    thread.join()


def test_whose_tear_down_waits(thread_that_stays):
    pass


def test_with_a_task_that_never_ends():
    asyncio.run(asyncio.wait_for(deaf(), 0.1))


def test_after():
    pass
"""


def test_what_hangs_fails_by_name_with_its_stacks(root: Path, tmp_path: Path) -> None:
    (tmp_path / "test_hanging.py").write_text(HANGING, encoding="utf-8")
    (tmp_path / "pytest.ini").write_text(f"[pytest]\npythonpath = {root}\n", encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.time_limits", "-p", "no:cacheprovider", str(tmp_path)]
    environment = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 1, done.stdout
    said = done.stdout.splitlines()
    assert said[-1].startswith("3 failed, 2 passed, 1 error"), done.stdout
    told = [line for line in said if "Failed: " in line and "did not end within 1 s" in line]
    for name in ("test_asleep", "test_awaits", "test_with_a_task_that_never_ends"):
        assert any("Failed: it did" in line and line.endswith(f"::{name}") for line in told), done.stdout
    assert any("Failed: its tear-down" in line and line.endswith("::test_whose_tear_down_waits") for line in told)
    assert "in for_ever" in done.stdout
    assert "thread sleeper" in done.stdout
