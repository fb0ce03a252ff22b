"""Brings the schema up to date (``hotline migrate`` and every start of ``hotline run``).

Alembic and SQLAlchemy are imported where a version has to be applied, and nowhere else: nearly every command finds the
schema as it should be, and would take twice as long to start.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import structlog

from hotline.embedded.servers import ServerUrls
from hotline.errors import HotlineError

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy import Connection

log = structlog.get_logger(__name__)

FOLDER = Path(__file__).resolve().parent
#: A migration that cannot get its locks within this time gives up rather than block the live calls behind it.
LOCK_TIMEOUT_MS = 5_000
STATEMENT_TIMEOUT_MS = 600_000
#: Some versions count every stored call anew. The dearest so far (0013) took 0.56 ms a call; slower disks and twice as
#: many rows a call are let through.
TIMEOUT_MS_A_CALL = 3
#: Key of the advisory lock that keeps two starts from migrating at once ("HL" in ASCII).
MIGRATION_LOCK = 0x484C


class MigrationError(HotlineError):
    """The schema could not be brought up to date; nothing of the failed version remains."""


class SchemaOutdated(HotlineError):
    """The database has another schema version than this code needs."""


def _config() -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.set_main_option("path_separator", "os")
    return config


@cache
def head_revision() -> str:
    """The newest version this code knows: the one that no other version names as the one before it."""
    texts = [path.read_text(encoding="utf-8") for path in (FOLDER / "versions").glob("[0-9]*.py")]
    there, before = (
        {str(found) for text in texts for found in re.findall(rf'(?m)^{name} = "(\w+)"$', text)}
        for name in ("revision", "down_revision")
    )
    newest = there - before
    if len(newest) != 1:
        raise MigrationError("No single newest migration; the installation is incomplete, install it again.")
    return newest.pop()


async def migrate(database_url: str, revision: str = "head") -> None:
    """Bring the schema at ``database_url`` up to ``revision``.

    Raises MigrationError with the database's own words when a version fails;
    each version is one transaction.
    """
    try:
        if revision == "head" and await _is_current(database_url):
            return
    except (OSError, asyncpg.PostgresError) as error:
        raise MigrationError(_sentence(error)) from error
    from alembic import command
    from sqlalchemy import text
    from sqlalchemy.exc import DBAPIError
    from sqlalchemy.ext.asyncio import create_async_engine
    from sqlalchemy.pool import NullPool

    def upgrade(connection: Connection) -> None:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)

    # The DSN may name a unix socket folder, which SQLAlchemy's URL parser does not pass on as asyncpg wants it.
    engine = create_async_engine(
        "postgresql+asyncpg://", poolclass=NullPool, async_creator=lambda: asyncpg.connect(database_url)
    )
    try:
        async with engine.connect() as connection:
            await connection.execute(text(f"set lock_timeout = {LOCK_TIMEOUT_MS}"))
            await connection.execute(text(f"set statement_timeout = {STATEMENT_TIMEOUT_MS}"))
            await connection.execute(text(f"select pg_advisory_lock({MIGRATION_LOCK})"))
            there = await connection.scalar(text("select to_regclass('public.calls') is not null"))
            calls = (await connection.scalar(text("select max(id) from calls")) if there else None) or 0
            limit_ms = statement_limit_ms(calls)
            await connection.execute(text(f"set statement_timeout = {limit_ms}"))
            log.info("schema_upgrade", to=revision, calls=calls, limit_s=limit_ms // 1000)
            await connection.commit()
            await connection.run_sync(upgrade)
            await connection.commit()
    except (OSError, asyncpg.PostgresError, DBAPIError) as error:
        raise MigrationError(_sentence(error)) from error
    finally:
        await engine.dispose()


def statement_limit_ms(calls: int) -> int:
    """How long one statement of a version may take where at most ``calls`` calls are stored, in ms."""
    # more is no valid setting
    return min(STATEMENT_TIMEOUT_MS + TIMEOUT_MS_A_CALL * calls, 2**31 - 1)


async def _is_current(database_url: str) -> bool:
    """Whether the database has the newest version already."""
    connection = await asyncpg.connect(database_url)
    try:
        return await _version(connection) == head_revision()
    finally:
        await connection.close()


async def _version(connection: asyncpg.Connection) -> str | None:
    """The schema's version; None where nobody has migrated yet."""
    exists = await connection.fetchval("select to_regclass('alembic_version') is not null")
    return await connection.fetchval("select version_num from alembic_version") if exists else None


def _sentence(error: Exception) -> str:
    """What is said of a migration that failed; the failed version is undone, those before it stay."""
    # our own statements come from the driver, Alembic's through SQLAlchemy, which keeps the driver's in ``orig``
    cause = getattr(getattr(error, "orig", None), "__cause__", None) or error
    if isinstance(cause, (OSError, asyncpg.PostgresConnectionError, asyncpg.InvalidAuthorizationSpecificationError)):
        return f"PostgreSQL does not answer ({cause}); start it, or check HOTLINE_DATABASE_URL."
    if isinstance(cause, asyncpg.LockNotAvailableError):
        return (
            f"The schema was left as it was: another transaction holds what has to change ({cause}). End it, see "
            "pg_stat_activity, and run: hotline migrate"
        )
    return (
        f"The schema could not be brought up to date ({cause or error}); nothing was changed by the failed step. "
        "Mend the cause and run: hotline migrate (with HOTLINE_OWNER_DATABASE_URL where the service's role "
        "does not own the tables)"
    )


async def prepare_database(urls: ServerUrls) -> None:
    """Bring the schema up to date as the tables' owner, and let the service's role do what it needs and no more.

    Where no owner is known apart from the service, everything is the service's. Raises MigrationError.
    """
    if urls.owner_url is None:
        await migrate(urls.database_url)
        return
    await migrate(urls.owner_url)
    await grant_service(urls.owner_url, await _role_of(urls.database_url))


async def grant_service(owner_url: str, role: str) -> None:
    """Grant ``role`` what web and workers need on the tables of the owner at ``owner_url`` (``grants.sql``).

    Nothing is changed where that stands already. Raises MigrationError.
    """
    try:
        connection = await asyncpg.connect(owner_url)
        try:
            await connection.execute(f"set lock_timeout = {LOCK_TIMEOUT_MS}")
            await connection.execute("select set_config('hotline.service_role', $1, false)", role)
            await connection.execute((FOLDER / "grants.sql").read_text(encoding="utf-8"))
        finally:
            await connection.close()
    except asyncpg.InsufficientResourcesError as error:
        raise MigrationError(f"PostgreSQL has no room left ({error.args[0]}); free some and start again.") from error
    except (OSError, asyncpg.PostgresError) as error:
        raise MigrationError(
            f"The database role {role} could not be given its rights ({error}); "
            "HOTLINE_OWNER_DATABASE_URL has to name the owner of the tables."
        ) from error


async def _role_of(database_url: str) -> str:
    try:
        connection = await asyncpg.connect(database_url)
        try:
            return str(await connection.fetchval("select current_user"))
        finally:
            await connection.close()
    except (OSError, asyncpg.PostgresError) as error:
        raise MigrationError(
            f"PostgreSQL does not let the service in ({error}); check HOTLINE_DATABASE_URL."
        ) from error


async def check_schema(connection: asyncpg.Connection) -> None:
    """Raise SchemaOutdated unless the database has the newest version this code knows."""
    found = await _version(connection)
    if found != head_revision():
        raise SchemaOutdated(
            f"The database has schema version {found or 'none'}, this program needs {head_revision()}; "
            "run: hotline migrate"
        )
