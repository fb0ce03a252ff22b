"""Loads a package's named SQL (aiosql's files, asyncpg's own placeholders)."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import aiosql
import structlog
from aiosql.adapters.asyncpg import AsyncPGAdapter

log = structlog.get_logger(__name__)


class SlowQueries:
    """What counts as slow in this process, and who is told; :data:`SLOW` is the process's own."""

    def __init__(self) -> None:
        self.threshold_s: float | None = None
        """None: nothing is slow."""
        self.tell: Callable[[str], None] | None = None
        """Is called with the name of each slow query."""

    def watch(self, threshold_ms: int, tell: Callable[[str], None] | None = None) -> None:
        """Log queries that take ``threshold_ms`` or longer (0: none), and call ``tell`` with their names."""
        self.threshold_s = threshold_ms / 1000 if threshold_ms else None
        self.tell = tell

    def note(self, name: str, seconds: float, rows: int | None) -> None:
        """Log one slow query: its name, duration and rows, never its values."""
        log.warning("slow_query", query=name, duration_ms=round(seconds * 1000), rows=rows)
        if self.tell is not None:
            self.tell(name)


SLOW = SlowQueries()


def _one(answer: object) -> int:
    return 1


def _tagged(tag: str) -> int | None:
    """The rows a command tag such as ``UPDATE 5`` names."""
    number = tag.rpartition(" ")[2]
    return int(number) if number.isdigit() else None


class PlainAdapter(AsyncPGAdapter):
    """Every query is awaited and takes a connection.

    aiosql's own adapter yields rows one by one and looks for a pool at each
    call; we always have a connection and want the rows together.
    """

    # aiosql wraps the methods of a driver it takes for synchronous in plain functions, so what comes
    # back is our coroutine itself
    is_aio_driver = False

    def __init__(self, folder: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # aiosql has no types
        self._folder = folder

    async def _timed(self, query_name: str, asked: Awaitable[Any], rows: Callable[[Any], int | None] = _one) -> Any:
        """The answer of ``asked``, told of when it was slow; an error after a long wait is told of, too."""
        started = time.perf_counter()
        answer: Any = None
        try:
            answer = await asked
        finally:
            seconds = time.perf_counter() - started
            if SLOW.threshold_s is not None and seconds >= SLOW.threshold_s:
                SLOW.note(f"{self._folder}.{query_name}", seconds, None if answer is None else rows(answer))
        return answer

    def _values(self, query_name: str, parameters: Mapping[str, Any]) -> list[Any]:
        return [parameters[name] for name in self.var_sorted[query_name]]

    async def select(
        self, conn: Any, query_name: str, sql: str, parameters: Mapping[str, Any], record_class: object = None
    ) -> list[Any]:
        """``name``: all rows."""
        return list(await self._timed(query_name, conn.fetch(sql, *self._values(query_name, parameters)), len))

    async def select_one(
        self, conn: Any, query_name: str, sql: str, parameters: Mapping[str, Any], record_class: object = None
    ) -> Any:
        """``name^``: one row or None."""
        return await self._timed(query_name, conn.fetchrow(sql, *self._values(query_name, parameters)))

    async def select_value(self, conn: Any, query_name: str, sql: str, parameters: Mapping[str, Any]) -> Any:
        """``name$``: the first column of the first row, or None."""
        return await self._timed(query_name, conn.fetchval(sql, *self._values(query_name, parameters)))

    async def insert_returning(self, conn: Any, query_name: str, sql: str, parameters: Mapping[str, Any]) -> Any:
        """``name<!``: one row or None."""
        return await self._timed(query_name, conn.fetchrow(sql, *self._values(query_name, parameters)))

    async def insert_update_delete(self, conn: Any, query_name: str, sql: str, parameters: Mapping[str, Any]) -> Any:
        """``name!``: PostgreSQL's own command tag."""
        return await self._timed(query_name, conn.execute(sql, *self._values(query_name, parameters)), _tagged)


class NamedQueries:
    """The queries of one file, read when the first of them is asked for.

    Reading all files took an eighth of the start of every command, most of which need few of them.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def __getattr__(self, name: str) -> Any:
        """The query called ``name``, a coroutine function taking a connection and its parameters by keyword.

        Raises AttributeError when the file names no such query.
        """
        if name.startswith("__"):  # Python asks for these of its own accord, before there is a path, too
            raise AttributeError(name)
        folder = self._path.parent
        adapter: Any = partial(PlainAdapter, f"{folder.parent.name}.{folder.name}")
        read = aiosql.from_path(self._path, adapter, mandatory_parameters=False)
        self.__dict__.update({one: getattr(read, one) for one in read.available_queries})
        if name not in self.__dict__:
            raise AttributeError(f"{self._path} has no query called {name}")
        return self.__dict__[name]


def load_queries(beside: str, name: str = "queries.sql") -> Any:
    """The named queries of ``name`` in the folder of ``beside`` (pass ``__file__``), see :class:`NamedQueries`."""
    return NamedQueries(Path(beside).resolve().parent / name)
