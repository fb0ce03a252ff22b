"""Another command beside ours: uses the servers, waits for the file ``go-on``, looks again."""

from __future__ import annotations

import asyncio

import asyncpg
import redis.asyncio

from config.settings import load_settings
from hotline.embedded.servers import embedded_servers


async def main() -> None:
    settings = load_settings()
    async with embedded_servers(settings) as urls:
        print(urls.database_url, urls.redis_url, flush=True)
        sign = settings.state_dir / "go-on"
        while not sign.exists():  # noqa: ASYNC110 - the sign comes from another process
            await asyncio.sleep(0.02)
        connection = await asyncpg.connect(urls.database_url)
        one = await connection.fetchval("SELECT 1")
        await connection.close()
        async with redis.asyncio.Redis.from_url(urls.redis_url) as signals:
            print(one, await signals.ping(), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
