"""``hotline run``: servers, migrations, web and workers, kept alive and stopped as one.

::

    code = await supervise(
        settings,
        [ChildSpec("web", ("serve",), serves=True), ChildSpec("worker-1", ("work",))],
        prepare=migrate_and_fill,     # async (urls: ServerUrls) -> None, before any child starts
        on_ready=print_address,       # (address: str) -> None, once the web answers GET /readyz
    )

Each child is ``hotline`` with those arguments in a process and session of its own. It enters
``embedded_servers(settings)`` itself, as any command does, and thereby adopts the servers the supervisor
started; no URL is handed down. Its environment is ours, with ``HOTLINE_PORT`` set to the port in use.

A child that dies is started again (after 0.2 s, doubling up to 30 s); PostgreSQL and Valkey likewise, by the
supervisor alone, while the children only reconnect. SIGTERM, SIGINT and SIGHUP stop all of it within 5 s. When the
supervisor itself is killed, its children see the end of a pipe, stop as on SIGTERM, and the last one stops
the servers.
"""
