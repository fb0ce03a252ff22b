"""``hotline model``: promote a trained model, roll back, list; running workers change over without a stop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from config.files import ConfigFiles
from config.settings import load_settings
from hotline.audit.machine import at_the_machine
from hotline.database import close_pool, open_pool
from hotline.embedded.servers import embedded_servers
from hotline.migrations.migrate import check_schema
from hotline.models import store
from nlp.comparison import compare, text_of
from nlp.labels import read_labels
from nlp.reader import load_reader

models = typer.Typer(no_args_is_help=True, help="Models promoted on this installation.")
Answer = TypeVar("Answer")


@models.callback()
def models_of() -> None:
    """Models promoted on this installation."""


def _with_pool(work: Callable[[Any], Awaitable[Answer]]) -> Answer:
    settings = load_settings()

    async def main() -> Answer:
        async with embedded_servers(settings) as urls:
            pool = await open_pool(urls.database_url, 1)
            try:
                async with pool.acquire() as connection:
                    await check_schema(connection)
                return await work(pool)
            finally:
                await close_pool(pool)

    return asyncio.run(main())


@models.command("promote")
def promote(
    folder: Annotated[Path, typer.Argument(help="folder that hotline train wrote")],
    gold: Annotated[
        list[Path], typer.Argument(help="labelled rows on which it must not be worse than the one in force")
    ],
    reason: Annotated[str, typer.Option(help="why, for the audit log's reader")] = "trained anew",
) -> None:
    """Put a model in force that does not read worse than the one before: danger recall and macro-F1 must not fall."""
    rows = read_labels(gold)
    settings = load_settings()
    files = ConfigFiles(settings.config_dir)

    async def work(pool: Any) -> str:
        async with pool.acquire() as connection:
            current = await store.unpacked(connection, settings.state_dir / "models")
        comparison = compare(load_reader(current, files), load_reader(folder, files), rows)
        typer.echo(text_of(comparison))
        if comparison.refusals:
            raise store.PromotionError(f"{comparison.candidate} is not promoted: {'; '.join(comparison.refusals)}.")
        return await store.promote(pool, folder, at_the_machine())

    typer.echo(f"{_with_pool(work)} is in force; workers take it up within seconds.")


@models.command("rollback")
def roll_back() -> None:
    """Put the model before this one back in force."""

    async def work(pool: Any) -> str:
        return await store.roll_back(pool, at_the_machine())

    typer.echo(f"{_with_pool(work)} is in force; workers take it up within seconds.")


@models.command("list")
def show() -> None:
    """Print the promotions, the newest first; the first line is in force."""

    async def work(pool: Any) -> list[dict[str, Any]]:
        async with pool.acquire() as connection:
            return [dict(row) for row in await store.queries.models(connection)]

    rows = _with_pool(work)
    for place, row in enumerate(rows):
        state = "in force" if place == 0 else "before"
        typer.echo(f"{row['promoted_at']:%Y-%m-%d %H:%M:%SZ}  {state:<9} {row['name']}")
    if not rows:
        typer.echo("in force  the shipped model")
