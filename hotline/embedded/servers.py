"""The servers a command needs: outside ones by URL, else the embedded ones, shared between commands.

Two locks on folders keep this straight. Whoever starts or stops servers holds the one on ``servers/`` alone
(a moment only). Whoever uses them holds the one on the state folder together with others, as long as it
runs; who can turn that into an exclusive one on leaving was the last, and stops the servers. The kernel
drops both with the process, however it ends: servers left over by a kill -9 are adopted by the next command.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog

from config.settings import Settings
from hotline.embedded.errors import EmbeddedError, StartCancelled
from hotline.embedded.folders import StateFolder, prepare
from hotline.embedded.locks import FolderLock
from hotline.embedded.postgres import Postgres
from hotline.embedded.valkey import Valkey

START_LIMIT_S = 660.0
LEAVE_LIMIT_S = 2.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ServerUrls:
    """Where the database (for asyncpg) and the signals (for redis-py) are."""

    database_url: str
    """As the service's own role: web, workers, commands."""
    redis_url: str
    owner_url: str | None = None
    """As the owner of the tables, for migrations; None: ``database_url`` is all there is."""


class EmbeddedServers:
    """One command's share in the servers, blocking; see :func:`embedded_servers` for asyncio.

    May be used from several threads, one after the other; :meth:`cancel` at any time.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._state: StateFolder | None = None
        self._postgres: Postgres | None = None
        self._valkey: Valkey | None = None
        self._starting: FolderLock | None = None
        self._using: FolderLock | None = None
        self._cancelled = threading.Event()
        self._turn = threading.Lock()

    def enter(self) -> ServerUrls:
        """Start or adopt what has no outside URL. Raises EmbeddedError; then nothing is held."""
        settings = self._settings
        if settings.database_url is not None and settings.redis_url is not None:
            return ServerUrls(settings.database_url, settings.redis_url, settings.owner_database_url)
        with self._turn:
            return self._enter()

    def _enter(self) -> ServerUrls:
        settings = self._settings
        state = self._state = prepare(settings.state_dir)
        self._starting, self._using = FolderLock(state.servers), FolderLock(state.root)
        postgres = Postgres(state, pg_bin=settings.pg_bin, slow_query_ms=settings.operation.slow_query_ms)
        valkey = Valkey(state)
        self._postgres = postgres if settings.database_url is None else None
        self._valkey = valkey if settings.redis_url is None else None
        with self._starting:
            if not self._starting.wait_alone(time.monotonic() + START_LIMIT_S, self._check):
                raise EmbeddedError(
                    f"Another hotline has been starting servers in {state.root} for more than ten minutes: "
                    "end it and try again."
                )
            self._using.share()
            try:
                self._ensure()
            except BaseException:
                self._leave_locked()
                raise
            return ServerUrls(
                postgres.service_url if settings.database_url is None else settings.database_url,
                valkey.url if settings.redis_url is None else settings.redis_url,
                postgres.url if settings.database_url is None else settings.owner_database_url,
            )

    def heal(self) -> bool:
        """Start again what has died since; True when something had. For the one who supervises."""
        with self._turn:
            servers = [server for server in (self._postgres, self._valkey) if server is not None]
            if self._using is None or self._starting is None or all(server.pid() is not None for server in servers):
                return False
            with self._starting:
                if self._starting.wait_alone(time.monotonic() + START_LIMIT_S, self._check):
                    self._ensure()
            return True

    def leave(self, patience_s: float = 3.0) -> None:
        """Give up this share; the last to leave stops the servers, usually at once.

        PostgreSQL gets ``patience_s`` for its orderly shutdown and is cut short after that, losing nothing.
        Harmless without a share.
        """
        self.cancel()
        with self._turn:
            if self._starting is None or self._using is None:
                return
            with self._starting:
                if self._starting.wait_alone(time.monotonic() + LEAVE_LIMIT_S):
                    self._leave_locked(patience_s)
                else:
                    # Someone is just starting and will be the last instead.
                    self._using.release()
                    self._using = None

    def cancel(self) -> None:
        """Make an :meth:`enter` or :meth:`heal` that runs in another thread end with StartCancelled."""
        self._cancelled.set()

    def _check(self) -> None:
        if self._cancelled.is_set():
            raise StartCancelled("The start was called off.")

    def _ensure(self) -> None:
        if self._postgres is not None:
            self._postgres.ensure(self._check)
        if self._valkey is not None:
            self._valkey.ensure(self._check)

    def _leave_locked(self, patience_s: float = 3.0) -> None:
        if self._using is None or self._state is None:
            return
        try:
            if self._using.alone():
                # Both, also one that only another command needed: it has left before us.
                (self._valkey or Valkey(self._state)).stop()
                (self._postgres or Postgres(self._state)).stop(patience_s)
                self._state.drop_sockets()
        finally:
            self._using.release()
            self._using = None


@asynccontextmanager
async def embedded_servers(settings: Settings) -> AsyncIterator[ServerUrls]:
    """The servers for as long as the block runs; starts, adopts and shares as the module says.

    Starting runs in a thread, so the event loop stays free. Raises EmbeddedError.
    """
    servers = EmbeddedServers(settings)
    urls = await enter_in_thread(servers)
    try:
        yield urls
    finally:
        await asyncio.shield(asyncio.to_thread(servers.leave))


async def enter_in_thread(servers: EmbeddedServers) -> ServerUrls:
    """``servers.enter()`` in a thread; a cancelled task calls the start off and waits until it is undone."""
    entering = asyncio.ensure_future(asyncio.to_thread(servers.enter))
    try:
        return await asyncio.shield(entering)
    except asyncio.CancelledError:
        servers.cancel()
        try:
            await entering
        except StartCancelled:
            log.info("the start of the servers was called off")
        else:
            await asyncio.to_thread(servers.leave)
        raise
