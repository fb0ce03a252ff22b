"""Fixtures every test may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

pytest_plugins = ["tests.service_fixtures"]

SHARED = Path(__file__).resolve().parent.parent.parent / "shared"


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder ``shared`` beside the project; skips by name where absent, fails under CI."""
    if not SHARED.is_dir():
        if os.environ.get("CI"):
            pytest.fail("CI must have the folder shared beside the project")
        pytest.skip("needs the folder ../shared beside the project")
    return SHARED
