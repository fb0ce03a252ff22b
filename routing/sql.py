"""Loads a package's named SQL (aiosql, asyncpg's own placeholders)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import aiosql


def load_queries(beside: str, name: str = "queries.sql") -> Any:
    """The named queries of ``name`` in the folder of ``beside`` (pass ``__file__``).

    Each query is a coroutine function taking a connection and its parameters
    by keyword.
    """
    return aiosql.from_path(Path(beside).resolve().parent / name, "asyncpg", mandatory_parameters=False)
