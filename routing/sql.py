"""Loads a package's named SQL (aiosql's files, asyncpg's own placeholders)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiosql
from aiosql.adapters.asyncpg import AsyncPGAdapter


class PlainAdapter(AsyncPGAdapter):
    """Every query is awaited and takes a connection.

    aiosql's own adapter yields rows one by one and looks for a pool at each
    call; we always have a connection and want the rows together.
    """

    # aiosql wraps the methods of a driver it takes for synchronous in plain functions, so what comes
    # back is our coroutine itself
    is_aio_driver = False

    def _values(self, query_name: str, parameters: Mapping[str, Any]) -> list[Any]:
        return [parameters[name] for name in self.var_sorted[query_name]]

    async def select(
        self, conn: Any, query_name: str, sql: str, parameters: Mapping[str, Any], record_class: object = None
    ) -> list[Any]:
        """``name``: all rows."""
        return list(await conn.fetch(sql, *self._values(query_name, parameters)))

    async def select_one(
        self, conn: Any, query_name: str, sql: str, parameters: Mapping[str, Any], record_class: object = None
    ) -> Any:
        """``name^``: one row or None."""
        return await conn.fetchrow(sql, *self._values(query_name, parameters))

    async def select_value(self, conn: Any, query_name: str, sql: str, parameters: Mapping[str, Any]) -> Any:
        """``name$``: the first column of the first row, or None."""
        return await conn.fetchval(sql, *self._values(query_name, parameters))

    async def insert_returning(self, conn: Any, query_name: str, sql: str, parameters: Mapping[str, Any]) -> Any:
        """``name<!``: one row or None."""
        return await conn.fetchrow(sql, *self._values(query_name, parameters))

    async def insert_update_delete(self, conn: Any, query_name: str, sql: str, parameters: Mapping[str, Any]) -> Any:
        """``name!``: PostgreSQL's own command tag."""
        return await conn.execute(sql, *self._values(query_name, parameters))


def load_queries(beside: str, name: str = "queries.sql") -> Any:
    """The named queries of ``name`` in the folder of ``beside`` (pass ``__file__``).

    Each query is a coroutine function taking a connection and its parameters
    by keyword.
    """
    adapter: Any = PlainAdapter
    return aiosql.from_path(Path(beside).resolve().parent / name, adapter, mandatory_parameters=False)
