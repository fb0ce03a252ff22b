"""``hotline labels export``: what people corrected, as rows to train on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from config.settings import Settings
from hotline.audit.machine import at_the_machine
from hotline.audit.store import record
from hotline.commands.stored_data import with_stored_data
from hotline.models.label_files import drop_rows, note_file
from hotline.models.labels import work_rows
from hotline.models.store import queries
from hotline.sealing.vault import FileVault

labels = typer.Typer(no_args_is_help=True, help="Labelled rows out of daily work.")


@labels.callback()
def labels_of() -> None:
    """Labelled rows out of daily work."""


@labels.command("export")
def export(
    out: Annotated[Path, typer.Argument(help="JSON Lines file to write; made readable for its owner only")],
    days: Annotated[int, typer.Option(min=1, max=3650, help="decisions of so many days back")] = 90,
    confirmed: Annotated[
        bool, typer.Option("--confirmed", help="also the calls that a supervisor found read rightly")
    ] = False,
) -> None:
    """Write what supervisors corrected and people sent elsewhere, masked, as labelled rows for hotline train.

    "by" says who: supervisor, or the role that sent the call elsewhere. Read the latter before training: a call may be
    sent elsewhere for other reasons than its class.
    """

    async def export(settings: Settings, pool: Any, vault: FileVault) -> int:
        count = 0
        async with pool.acquire() as connection:
            # before the first row: a file that is cut short is known as well
            note_file(settings.state_dir, out)
            out.touch(mode=0o600)
            with out.open("w", encoding="utf-8") as file:
                async for row in work_rows(connection, vault, days, agreed_too=confirmed):
                    file.write(json.dumps(row, ensure_ascii=False) + "\n")
                    count += 1
            detail = {"rows": count, "days": days}
            await record(connection, actor=at_the_machine(), action="labels_exported", subject="labels", detail=detail)
        return count

    typer.echo(f"{with_stored_data(export)} rows in {out}")


@labels.command("drop")
def drop(files: Annotated[list[Path], typer.Argument(help="files of labelled rows, wherever they were taken")]) -> None:
    """Drop the rows of calls that have been erased since; prints how many."""

    async def dropped(settings: Settings, pool: Any, vault: FileVault) -> int:
        async with pool.acquire() as connection:
            erased = [row["id"] for row in await queries.erased(connection)]
        gone = drop_rows(vault, files, erased)
        if gone.missing:
            raise typer.BadParameter(f"{gone.missing[0]} is no file", param_hint="FILES")
        return gone.rows

    typer.echo(f"{with_stored_data(dropped)} rows dropped")
