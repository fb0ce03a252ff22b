"""The connection pool."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import asyncpg
import orjson

from hotline.errors import HotlineError

#: A statement that runs longer has gone wrong; the sender gets an error instead of a stuck page.
STATEMENT_TIMEOUT_S = 30.0
LOCK_TIMEOUT_S = 10.0


class DatabaseUnreachable(HotlineError):
    """PostgreSQL does not answer."""


async def _prepare(connection: Any) -> None:
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=_dump,
        decoder=orjson.loads,
    )


def _dump(value: Any) -> str:
    # PostgreSQL's jsonb cannot hold U+0000; hostile transcripts may.
    return orjson.dumps(value).decode().replace("\\u0000", "\\ufffd")


Answer = TypeVar("Answer")

#: What a server that was killed, restarts or shuts down makes of a statement.
AWAY = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.OperatorInterventionError,
    # the driver's own word for a rollback on a connection that broke in the middle of a statement
    asyncpg.InternalClientError,
)


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


async def open_pool(database_url: str, size: int, *, wait_s: float = 15.0) -> Any:
    """A pool of at most ``size`` connections, jsonb as Python values.

    Tries for ``wait_s`` seconds: a server that was just killed comes back.
    Raises DatabaseUnreachable.
    """
    deadline = time.monotonic() + wait_s
    while True:
        try:
            return await asyncpg.create_pool(
                database_url,
                min_size=1,
                max_size=size,
                init=_prepare,
                command_timeout=STATEMENT_TIMEOUT_S * 2,
                server_settings={
                    "application_name": "hotline",
                    "timezone": "UTC",
                    # our statements are short; compiling them took 50 times as long as running them
                    "jit": "off",
                    "statement_timeout": str(int(STATEMENT_TIMEOUT_S * 1000)),
                    "lock_timeout": str(int(LOCK_TIMEOUT_S * 1000)),
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
