"""Fixtures every test may use."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import pytest
from hypothesis import settings

# Under CI a property draws the same samples every time, so that a red run can be run again; elsewhere it goes on
# looking. No deadline: how long an example takes says more about the machine than about the code.
settings.register_profile("ci", derandomize=True, deadline=None, database=None, print_blob=True)
settings.register_profile("here", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "here")

pytest_plugins = ["tests.kept_output", "tests.time_limits", "tests.service_fixtures", "tests.audit_logs"]

#: Objects made between two searches for garbage: what a test makes lives about as long as the test.
YOUNG = 50_000


def pytest_collection_finish() -> None:
    """What is loaded by now stays to the end: to search it for garbage over and over costs a twentieth of a run."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, 20, 20)


SHARED = Path(__file__).resolve().parent.parent.parent / "shared"


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder ``shared`` beside the project; skips by name where absent, fails under CI."""
    if not SHARED.is_dir():
        if os.environ.get("CI"):
            pytest.fail("CI must have the folder shared beside the project")
        pytest.skip("needs the folder ../shared beside the project")
    return SHARED
