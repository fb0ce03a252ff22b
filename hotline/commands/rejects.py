"""``hotline rejects show``: a sealed reject file, opened; that it was read is recorded."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from config.settings import Settings
from hotline.audit.machine import at_the_machine
from hotline.audit.store import record
from hotline.commands.stored_data import with_stored_data
from hotline.sealing.files import read_sealed
from hotline.sealing.vault import FileVault

rejects = typer.Typer(no_args_is_help=True, help="Rows that imports sent back.")


@rejects.callback()
def group() -> None:
    """Rows that imports sent back."""


@rejects.command("show")
def show(file: Annotated[Path, typer.Argument(help="a file of reject_files, ending in .sealed")]) -> None:
    """Write a reject file, opened, to stdout: into a file to mend and import it, which you delete afterwards."""

    async def work(settings: Settings, pool: Any, vault: FileVault) -> None:
        async with pool.acquire() as connection:
            await record(connection, actor=at_the_machine(), action="rejects_opened", subject=f"file:{file.name}")
        for part in read_sealed(file, vault):
            sys.stdout.buffer.write(part)
        sys.stdout.buffer.flush()

    if not file.is_file():
        raise typer.BadParameter(f"{file} is no file", param_hint="FILE")
    with_stored_data(work)
