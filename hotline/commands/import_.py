"""``hotline import``: exports of one line into the database."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Annotated, Literal, Protocol

import typer

from config.files import ConfigFiles
from config.settings import Settings, load_settings
from hotline.intake.errors import FileUnreadable
from hotline.intake.importer import ImportResult, Sink, import_files
from hotline.intake.profile import Profile, profile_for
from hotline.intake.progress import ImportProgress
from hotline.intake.readers.opening import open_rows
from hotline.sealing.vault import FileVault

IntakeAs = Literal["live", "backlog", "history"]


class ImportStore(Protocol):
    """The database as an import needs it."""

    @property
    def sink(self) -> Sink:
        """Stores batches."""

    @property
    def vault(self) -> FileVault:
        """Seals the rows sent back."""

    async def profile_for(self, profile: Profile) -> Profile:
        """The version of ``profile`` that was published on this installation, else the file's."""

    async def recorded(self, line: str, result: ImportResult) -> None:
        """Put on record who imported how much of which line."""

    async def triage_pending(self) -> None:
        """Triage what waits, unless a worker runs that does it."""


OpenStore = Callable[[Settings, IntakeAs], AbstractAsyncContextManager[ImportStore]]
"""Opens the database (starting or adopting embedded servers, migrating) for one import."""


def register(app: typer.Typer, open_store: OpenStore) -> None:
    """Add the command to ``app``."""

    @app.command("import")
    def import_calls(
        files: Annotated[list[Path], typer.Argument(help="导出文件：CSV、XLSX、XLS、JSON、JSONL")],
        line: Annotated[str, typer.Option("--line", help="线路，或 lines/ 下的档案名")],
        intake_as: Annotated[
            IntakeAs, typer.Option("--as", help="live 当前来电，backlog 积压（默认），history 历史")
        ] = "backlog",
        no_triage: Annotated[bool, typer.Option("--no-triage", help="不在结束前研判")] = False,
    ) -> None:
        """导入某条线路的导出文件，最后输出一行 JSON。"""
        settings = load_settings()
        result = asyncio.run(
            run_import(settings, files, line=line, intake_as=intake_as, triage=not no_triage, open_store=open_store)
        )
        for sentence in (*result.reasons, *result.unreadable):
            print(sentence, file=sys.stderr)
        print(result.to_line())
        # not typer.Exit: outside standalone mode that becomes a return value
        sys.exit(result.exit_code)


async def run_import(
    settings: Settings,
    files: list[Path],
    *,
    line: str,
    intake_as: IntakeAs,
    triage: bool,
    open_store: OpenStore,
) -> ImportResult:
    """Import ``files`` of ``line``; the database is opened only when one of them can be read.

    Raises ProfileError when there is no usable profile for ``line``.
    """
    profile = profile_for(ConfigFiles(settings.config_dir), line)
    unreadable = _unreadable(files, profile)
    if len(unreadable) == len(files):
        return ImportResult(unreadable=unreadable)
    async with open_store(settings, intake_as) as store:
        with ImportProgress() as progress:
            result = await import_files(
                files,
                await store.profile_for(profile),
                sink=store.sink,
                progress=progress,
                rejects_dir=settings.state_dir / "rejects",
                vault=store.vault,
            )
        await store.recorded(line, result)
        if triage:
            await store.triage_pending()
    return result


def _unreadable(files: list[Path], profile: Profile) -> list[str]:
    """Why each file that cannot be opened cannot; opening reads no more than its head."""
    reasons = []
    for path in files:
        try:
            _, rows = open_rows(path, profile)
        except FileUnreadable as error:
            reasons.append(str(error))
        else:
            rows.close()
    return reasons
