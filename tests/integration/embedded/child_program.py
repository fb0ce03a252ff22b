"""A web and a worker as small as can be, for the supervisor's tests: ``serve``, ``work``, ``stubborn``, ``broken``."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time

import asyncpg
import redis.asyncio
import redis.exceptions
from aiohttp import web

from config.settings import load_settings
from hotline.embedded.servers import embedded_servers


async def serve() -> None:
    settings = load_settings()
    async with embedded_servers(settings) as urls:

        async def readyz(request: web.Request) -> web.Response:
            try:
                connection = await asyncpg.connect(urls.database_url, timeout=2)
                rows = await connection.fetchval("SELECT count(*) FROM kept")
                await connection.close()
                async with redis.asyncio.Redis.from_url(urls.redis_url) as signals:
                    await signals.ping()
            except (OSError, asyncpg.PostgresError, TimeoutError, redis.exceptions.RedisError) as error:
                return web.Response(status=503, text=str(error))
            return web.json_response({"rows": rows, "pid": os.getpid()})

        app = web.Application()
        app.router.add_get("/readyz", readyz)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, settings.host, settings.port).start()
        await told_to_stop()
        await runner.cleanup()


async def work() -> None:
    async with embedded_servers(load_settings()):
        await told_to_stop()


async def told_to_stop() -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await stop.wait()


def stubborn() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True:
        time.sleep(60)


def broken() -> None:
    sys.exit("broken on purpose")


if __name__ == "__main__":
    name = sys.argv[1]
    if name == "serve":
        asyncio.run(serve())
    elif name == "work":
        asyncio.run(work())
    elif name == "stubborn":
        stubborn()
    else:
        broken()
