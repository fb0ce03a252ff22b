"""Opens the vault that belongs to a database, or says in one sentence why it cannot.

The database knows its keys by check values. A key file that is missing while
the database holds sealed data is never replaced by a new one: that would make
everything stored unreadable for good.
"""

from __future__ import annotations

from typing import Any

import structlog

from config.settings import Settings
from hotline.database import close_pool, open_pool
from hotline.embedded.servers import ServerUrls
from hotline.migrations.migrate import check_schema, prepare_database
from hotline.sealing.columns import SEALED
from hotline.sealing.errors import SecretKeyError
from hotline.sealing.key_file import KeyRing, make_key_file, read_key_file
from hotline.sealing.reseal import reseal
from hotline.sealing.vault import FileVault
from routing.errors import SealBroken
from routing.sql import load_queries

queries = load_queries(__file__)

log = structlog.get_logger(__name__)

LOOKUP_ID = 0
CHECK_USE = "sealing_keys.check_value"
CHECK_TEXT = "hotline key check"
#: Key of the advisory lock under which one process seals what stood in clear ("HS" in ASCII).
SEALING_LOCK = 0x4853
INDEX_BATCH = 200


async def open_vault(settings: Settings, urls: ServerUrls) -> FileVault:
    """The vault for the database at ``urls``, whose schema is up to date.

    Makes the key file on a first start, when the database holds nothing
    sealed and is the embedded one. Raises SecretKeyError: missing, unreadable
    or another database's key, or data that is still to be sealed;
    SchemaOutdated.
    """
    check_key_file(settings)
    pool = await open_pool(urls.database_url, 1)
    try:
        async with pool.acquire() as connection:
            await check_schema(connection)
            ring = await _ring(settings, connection)
            vault = FileVault(settings.secret_key_file, ring)
            await check_keys(connection, vault)
            if await queries.clear_left(connection):
                raise SecretKeyError(
                    "The database still holds data of before the sealing in clear; seal it first with: hotline migrate"
                )
            return vault
    finally:
        await close_pool(pool)


async def prepare_vault(settings: Settings, urls: ServerUrls) -> FileVault:
    """As ``open_vault``, after bringing the schema up to date.

    What a database of before sealing holds in clear is sealed first, which
    may take a while. Raises SecretKeyError, MigrationError.
    """
    check_key_file(settings)
    await prepare_database(urls)
    # as the owner of the tables: they are written anew afterwards
    pool = await open_pool(urls.owner_url or urls.database_url, 2)
    try:
        async with pool.acquire() as connection:
            ring = await _ring(settings, connection)
            vault = FileVault(settings.secret_key_file, ring, clear_allowed=True)
            await check_keys(connection, vault)
            if await queries.clear_left(connection):
                await _seal_clear(pool, connection, vault)
        return FileVault(settings.secret_key_file, ring)
    finally:
        await close_pool(pool)


def check_key_file(settings: Settings) -> None:
    """Raise SecretKeyError for a key file that cannot be used, or that is missing where it must exist.

    Asked before anything is done to an outside database.
    """
    if read_key_file(settings.secret_key_file) is None and settings.secret_key_required:
        raise SecretKeyError(
            f"No secret key at {settings.secret_key_file}; with an outside database it must exist: put the database's "
            "own key file there or set HOTLINE_SECRET_KEY_FILE, and only for a new database make one with: "
            "hotline create-key"
        )


async def _ring(settings: Settings, connection: Any) -> KeyRing:
    path = settings.secret_key_file
    ring = read_key_file(path)
    if ring is not None:
        return ring
    if await queries.keys(connection):
        raise SecretKeyError(
            f"The database holds sealed data, but its key file {path} is missing; put the copy of the key file back "
            "(a new key could open nothing), or set HOTLINE_SECRET_KEY_FILE to where it is."
        )
    return make_key_file(path, settings.cipher_suite)


async def check_keys(connection: Any, vault: FileVault) -> None:
    """Compare the keys with those the database knows, and make the new ones known. Raises SecretKeyError."""
    ring, path = vault.ring, vault.path
    known = {row["id"]: row for row in await queries.keys(connection)}
    wrong = SecretKeyError(
        f"The key file {path} does not belong to this database; put the database's own key file there, "
        "or set HOTLINE_SECRET_KEY_FILE to where it is."
    )
    lookup = known.pop(LOOKUP_ID, None)
    if lookup is not None and lookup["check_value"] != vault.lookup_check():
        raise wrong
    for key_id, row in known.items():
        if row["retired_at"] is not None:
            continue
        if key_id not in ring.data:
            raise SecretKeyError(
                f"The key file {path} lacks key {key_id}, which has sealed data in this database; "
                "put the newest copy of the key file there."
            )
        try:
            vault.open(row["check_value"], CHECK_USE)
        except SealBroken:
            raise wrong from None
    if lookup is None:
        await queries.add_key(connection, id=LOOKUP_ID, suite=ring.lookup_suite, check_value=vault.lookup_check())
    for key in ring.data.values():
        # one on standby is not asked of machines that have not got it yet
        if key.id not in known and not key.standby:
            check_value = vault.seal_by(key, CHECK_TEXT.encode(), CHECK_USE)
            await queries.add_key(connection, id=key.id, suite=key.suite, check_value=check_value)


async def _seal_clear(pool: Any, connection: Any, vault: FileVault) -> None:
    """Seal what stands in clear and index it for search; a second process waits and finds it done."""
    await connection.execute("set statement_timeout = 0; set lock_timeout = 0")
    await connection.execute("select pg_advisory_lock($1)", SEALING_LOCK)
    try:
        if not await queries.clear_left(connection):
            return
        log.info("sealing what stands in clear")
        done = await reseal(pool, vault)
        await _index(pool, vault)
        for table in SEALED:
            # dead rows still hold the clear text; only writing the table anew removes them from its file
            await connection.execute(f"vacuum full {table.name}")
        await queries.clear_done(connection)
        log.info("sealed", **done.changed)
    finally:
        await connection.execute("select pg_advisory_unlock($1)", SEALING_LOCK)


async def _index(pool: Any, vault: FileVault) -> None:
    # brings the kernel that cuts words along, for a database of before sealing only
    from routing.search.service import index_calls

    after = 0
    while True:
        async with pool.acquire() as connection, connection.transaction():
            rows = await queries.unindexed(connection, after=after, limit=INDEX_BATCH)
            if not rows:
                return
            await index_calls(
                connection,
                vault,
                [(row["id"], row["received_at"], vault.open_json(row["segments"], "calls.segments")) for row in rows],
            )
        after = rows[-1]["id"]
