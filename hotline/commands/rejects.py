"""``hotline rejects show``: a sealed reject file, opened."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer

from config.settings import load_settings
from hotline.embedded.servers import embedded_servers
from hotline.sealing.files import read_sealed
from hotline.sealing.opening import open_vault

rejects = typer.Typer(no_args_is_help=True, help="Rows that imports sent back.")


@rejects.callback()
def group() -> None:
    """Rows that imports sent back."""


@rejects.command("show")
def show(file: Annotated[Path, typer.Argument(help="a file of reject_files, ending in .sealed")]) -> None:
    """Write a reject file, opened, to stdout: into a file to mend and import it, which you delete afterwards."""
    settings = load_settings()

    async def main() -> None:
        async with embedded_servers(settings) as urls:
            vault = await open_vault(settings, urls)
            for part in read_sealed(file, vault):
                sys.stdout.buffer.write(part)
            sys.stdout.buffer.flush()

    if not file.is_file():
        raise typer.BadParameter(f"{file} is no file", param_hint="FILE")
    asyncio.run(main())
