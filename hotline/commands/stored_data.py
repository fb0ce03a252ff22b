"""The stored data, opened for one command: servers started or shared, the schema checked, the vault opened."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from config.settings import Settings, load_settings
from hotline.database import close_pool, open_pool
from hotline.embedded.servers import embedded_servers
from hotline.migrations.migrate import check_schema
from hotline.sealing.opening import open_vault
from hotline.sealing.vault import FileVault

Answer = TypeVar("Answer")


def with_stored_data(work: Callable[[Settings, Any, FileVault], Awaitable[Answer]]) -> Answer:
    """What ``work`` answers, given settings, a pool and the vault; changes no schema.

    Raises SchemaOutdated, SecretKeyError, DatabaseUnreachable.
    """
    settings = load_settings()

    async def main() -> Answer:
        async with embedded_servers(settings) as urls:
            pool = await open_pool(urls.database_url, 2)
            try:
                async with pool.acquire() as connection:
                    await check_schema(connection)
                return await work(settings, pool, await open_vault(settings, urls))
            finally:
                await close_pool(pool)

    return asyncio.run(main())
