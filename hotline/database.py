"""The connection pool."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import asyncpg
import orjson
import structlog

from hotline.errors import HotlineError

#: A statement that runs longer has gone wrong; the sender gets an error instead of a stuck page.
STATEMENT_TIMEOUT_S = 30.0
LOCK_TIMEOUT_S = 10.0
#: Longer than any statement that is let run; who closes waits for what still runs.
CLOSE_LIMIT_S = 40.0

#: Who waits longer for a free connection of the pool is told that the database is slow.
ACQUIRE_LIMIT_S = 10.0


class DatabaseUnreachable(HotlineError):
    """PostgreSQL does not answer."""


class DatabaseSlow(HotlineError):
    """PostgreSQL answers too slowly: every connection was busy for too long."""


log = structlog.get_logger(__name__)

#: What asyncpg itself would make a pool with; its class has no defaults of its own.
_DEFAULTS = {
    name: parameter.default
    for name, parameter in inspect.signature(asyncpg.create_pool).parameters.items()
    if parameter.kind is inspect.Parameter.KEYWORD_ONLY
}


class Pool(asyncpg.Pool):  # type: ignore[misc]
    """A pool at which nobody waits for ever: with a slow database, requests would pile up in memory."""

    async def _acquire(self, timeout: float | None) -> Any:  # noqa: ASYNC109 - the driver's own signature
        try:
            async with asyncio.timeout(ACQUIRE_LIMIT_S if timeout is None else timeout):
                return await super()._acquire(None)
        except TimeoutError as error:
            raise DatabaseSlow(
                "PostgreSQL does not answer in time; see what holds it up, then run the same again."
            ) from error


async def close_pool(pool: Any) -> None:
    """Close ``pool``; what has not been given back within CLOSE_LIMIT_S is cut off.

    A connection whose cancellation the server never confirmed is not given back, and the driver would wait for it
    for ever; nothing committed is lost by cutting it off.
    """
    try:
        async with asyncio.timeout(CLOSE_LIMIT_S):
            await pool.close()
    except TimeoutError:
        # the driver has cut them off on its way out
        log.warning("database_connections_cut_off", after_s=CLOSE_LIMIT_S)


async def _prepare(connection: Any) -> None:
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=_dump,
        decoder=orjson.loads,
    )


async def _left_as_it_is(connection: Any) -> None:
    """A connection goes back to the pool without the driver's RESET, which cost a third of all statements.

    Nothing of ours changes a session: settings are ``set local``, locks end with their transaction or are given
    back by who took them, and an open transaction is rolled back by the driver all the same.
    """


def _dump(value: Any) -> str:
    # PostgreSQL's jsonb cannot hold U+0000; hostile transcripts may.
    return orjson.dumps(value, default=_hex).decode().replace("\\u0000", "\\ufffd")


def _hex(value: Any) -> str:
    """Sealed values within rows handed over as JSON: PostgreSQL's text form of bytea."""
    if isinstance(value, bytes):
        return f"\\x{value.hex()}"
    raise TypeError(f"{type(value).__name__} is not JSON")


Answer = TypeVar("Answer")

#: What a server that was killed, restarts or shuts down makes of a statement.
AWAY = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.OperatorInterventionError,
    # the driver's own word for a rollback on a connection that broke in the middle of a statement
    asyncpg.InternalClientError,
    # slow, locked, full: it may pass
    DatabaseSlow,
    asyncpg.LockNotAvailableError,
    asyncpg.InsufficientResourcesError,
)


def sentence_of(error: Exception) -> str | None:
    """What a person at the command line is told of an error of the database; None when it is none of its moods.

    What was committed stays; every command may be run again.
    """
    if isinstance(error, asyncpg.DiskFullError):
        return "PostgreSQL has no space left on its disk: free some, then run the same again; nothing is stored twice."
    if isinstance(error, asyncpg.LockNotAvailableError):
        return "Another transaction holds what this needs for too long: end it, then run the same again."
    if isinstance(error, asyncpg.QueryCanceledError):
        return "PostgreSQL was too slow for a statement: see what holds it up, then run the same again."
    elsewhere = isinstance(error, OSError) and not isinstance(error, (ConnectionError, TimeoutError))
    if isinstance(error, AWAY) and not elsewhere:
        return (
            f"PostgreSQL does not answer ({type(error).__name__}); see its log, or check HOTLINE_DATABASE_URL, then "
            "run the same again; nothing is stored twice."
        )
    return None


async def when_back(step: Callable[[], Awaitable[Answer]], *, wait_s: float = 30.0) -> Answer:
    """Run ``step``, again and again while the server is away, for ``wait_s`` seconds.

    ``step`` must bear being repeated after a commit whose answer was lost.
    Raises what it raised last.
    """
    deadline = time.monotonic() + wait_s
    while True:
        try:
            return await step()
        except AWAY:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.5)


async def open_pool(
    database_url: str,
    size: int,
    *,
    wait_s: float = 15.0,
    statement_limit_s: float = STATEMENT_TIMEOUT_S,
    lock_limit_s: float = LOCK_TIMEOUT_S,
) -> Any:
    """A pool of at most ``size`` connections, jsonb as Python values.

    Tries for ``wait_s`` seconds: a server that was just killed comes back.
    Raises DatabaseUnreachable.
    """
    deadline = time.monotonic() + wait_s
    while True:
        try:
            return await Pool(
                database_url,
                **_DEFAULTS | {"min_size": 1, "max_size": size, "init": _prepare, "reset": _left_as_it_is},
                # for a server that has stopped answering at all; one that answers keeps its own limits
                command_timeout=statement_limit_s + 5,
                server_settings={
                    "application_name": "hotline",
                    "timezone": "UTC",
                    # our statements are short; compiling them took 50 times as long as running them
                    "jit": "off",
                    "statement_timeout": str(int(statement_limit_s * 1000)),
                    "lock_timeout": str(int(lock_limit_s * 1000)),
                    # a process that was stopped inside a transaction holds up the events of all
                    "idle_in_transaction_session_timeout": str(int(lock_limit_s * 1000)),
                },
            )
        except (OSError, asyncpg.CannotConnectNowError, asyncpg.TooManyConnectionsError) as error:
            if time.monotonic() > deadline:
                raise DatabaseUnreachable(
                    f"PostgreSQL does not answer ({error}); start it, or check HOTLINE_DATABASE_URL."
                ) from error
            await asyncio.sleep(0.3)
        except (asyncpg.InvalidPasswordError, asyncpg.InvalidCatalogNameError, ValueError) as error:
            raise DatabaseUnreachable(
                f"PostgreSQL refuses the connection ({error}); correct HOTLINE_DATABASE_URL."
            ) from error
