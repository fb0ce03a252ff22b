"""``hotline user add`` and ``hotline token create``."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar

import typer

from config.settings import load_settings
from hotline.accounts.store import add_token, add_user
from hotline.database import open_pool
from hotline.embedded.servers import embedded_servers
from hotline.migrations.migrate import prepare_database
from hotline.sealing.opening import prepare_vault

users = typer.Typer(no_args_is_help=True, help="Accounts.")
tokens = typer.Typer(no_args_is_help=True, help="API tokens.")

Answer = TypeVar("Answer")


def _with_pool(work: Callable[[Any], Awaitable[Answer]]) -> Answer:
    """Run ``work`` on a pool, servers started or shared, schema up to date."""
    settings = load_settings()

    async def main() -> Answer:
        async with embedded_servers(settings) as urls:
            await prepare_database(urls)
            await prepare_vault(settings, urls)
            pool = await open_pool(urls.database_url, 2)
            try:
                return await work(pool)
            finally:
                await pool.close()

    return asyncio.run(main())


@users.command("add")
def add(
    name: Annotated[str, typer.Argument(help="log-in name")],
    role: Annotated[
        str,
        typer.Option(
            "--role",
            help="operator, lawyer, mediator, police, department, manager, admin (system), security, auditor, line",
        ),
    ],
    display_name: Annotated[str | None, typer.Option("--display-name", help="name on the screens")] = None,
) -> None:
    """Create an account and print its first password once."""
    _, password = _with_pool(lambda pool: add_user(pool, name, role, display_name=display_name))
    print(f"{name}  first password: {password}  (shown once; to be changed after the first log-in)")


@tokens.command("create")
def create(
    role: Annotated[str, typer.Option("--role", help="what the token may do")],
    user: Annotated[str | None, typer.Option("--user", help="whose token; a new service agent without it")] = None,
) -> None:
    """Create an API token and print it once."""
    print(_with_pool(lambda pool: add_token(pool, role, user=user)))
