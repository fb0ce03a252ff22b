"""``hotline user`` and ``hotline token``: the way in before anybody can log in, and when nobody can any more."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar

import typer

from config.settings import load_settings
from hotline.accounts import administration
from hotline.accounts.store import add_token, add_user
from hotline.audit.machine import at_the_machine
from hotline.database import close_pool, open_pool
from hotline.embedded.servers import embedded_servers
from hotline.sealing.opening import prepare_vault

users = typer.Typer(no_args_is_help=True, help="Accounts.")
tokens = typer.Typer(no_args_is_help=True, help="API tokens.")

Answer = TypeVar("Answer")
Name = Annotated[str, typer.Argument(help="log-in name")]


def _with_pool(work: Callable[[Any], Awaitable[Answer]]) -> Answer:
    """Run ``work`` on a pool, servers started or shared, schema up to date."""
    settings = load_settings()

    async def main() -> Answer:
        async with embedded_servers(settings) as urls:
            await prepare_vault(settings, urls)
            pool = await open_pool(urls.database_url, 2)
            try:
                return await work(pool)
            finally:
                await close_pool(pool)

    return asyncio.run(main())


@users.command("add")
def add(
    name: Name,
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
    _, password = _with_pool(lambda pool: add_user(pool, name, role, display_name=display_name, actor=at_the_machine()))
    print(f"{name}  first password: {password}  (shown once; to be changed after the first log-in)")


def _on(name: str, act: Callable[[Any, int], Awaitable[Answer]]) -> Answer:
    """Do something to the account of this name, as the machine's own administrator."""

    async def work(pool: Any) -> Answer:
        return await act(pool, await administration.by_name(pool, name))

    return _with_pool(work)


@users.command("disable")
def disable(name: Name) -> None:
    """A leaver: log-in, tokens and sessions end; open work goes back, rosters to be planned anew are named."""
    left = _on(name, lambda pool, user_id: administration.disable(pool, at_the_machine(), user_id))
    print(f"{name} is disabled.")
    for call_id in left.released:
        print(f"call {call_id}: live, back on the operators' list")
    for item in left.returned + left.withdrawn:
        print(f"call {item.call_id}: back in queue {item.queue}")
    for item in left.cases:
        print(f"call {item.call_id}: its case in {item.queue} waits for a colleague to take it over")
    for duty in left.duties:
        when = f"{duty.starts_at:%Y-%m-%d %H:%M} to {duty.ends_at:%Y-%m-%d %H:%M} UTC" if duty.starts_at else "goes on"
        print(f"roster {duty.queue}: {duty.kind} {duty.name} {when}; plan somebody else")


@users.command("enable")
def enable(name: Name) -> None:
    """Somebody comes back; prints a new first password once."""
    print(_on(name, lambda pool, user_id: administration.enable(pool, at_the_machine(), user_id)))


@users.command("unlock")
def unlock(name: Name) -> None:
    """End a lock-out before its time."""
    _on(name, lambda pool, user_id: administration.unlock(pool, at_the_machine(), user_id))
    print(f"{name} may log in again.")


@users.command("reset-password")
def reset_password(name: Name) -> None:
    """A new first password, printed once; all sessions end."""
    print(_on(name, lambda pool, user_id: administration.reset_password(pool, at_the_machine(), user_id)))


@users.command("reset-second-factor")
def reset_second_factor(name: Name) -> None:
    """Take away a second factor that was lost; all sessions end."""
    had = _on(name, lambda pool, user_id: administration.reset_second_factor(pool, at_the_machine(), user_id))
    print(f"{name} has no second factor {'any more' if had else 'and had none'}.")


@tokens.command("create")
def create(
    role: Annotated[str, typer.Option("--role", help="what the token may do")],
    user: Annotated[str | None, typer.Option("--user", help="whose token; a new service agent without it")] = None,
) -> None:
    """Create an API token and print it once."""
    print(_with_pool(lambda pool: add_token(pool, role, user=user, actor=at_the_machine())))
