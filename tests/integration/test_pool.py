"""Closing the connection pool while a connection is never given back."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest
from structlog.testing import capture_logs

from hotline import database


async def test_a_connection_that_is_never_given_back_does_not_hold_up_the_end(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "CLOSE_LIMIT_S", 0.2)
    pool: Any = await database.open_pool(database_url, 2)
    kept = await pool.acquire()
    with capture_logs() as logs:
        await database.close_pool(pool)
    assert [entry["event"] for entry in logs] == ["database_connections_cut_off"]
    with pytest.raises(asyncpg.InterfaceError):
        await kept.fetchval("select 1")


async def test_a_pool_that_is_idle_closes_without_a_word(database_url: str) -> None:
    pool = await database.open_pool(database_url, 2)
    with capture_logs() as logs:
        await database.close_pool(pool)
    assert logs == []
