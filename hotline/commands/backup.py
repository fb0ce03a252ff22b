"""``hotline backup``, ``backups``, ``restore``, ``drill`` and ``archive``."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.table import Table

from config.settings import load_settings
from hotline.backup import archiver
from hotline.backup.archive import Archive
from hotline.backup.base import take_base_backup
from hotline.backup.drill import Drilled, drill
from hotline.backup.errors import BackupError, DrillFailed
from hotline.backup.hooks import back_up_outside, drill_outside, restore_outside
from hotline.backup.restoring import Restored, restore
from hotline.embedded.servers import embedded_servers

LOCAL_ZONE = ZoneInfo("Asia/Shanghai")


def back_up(
    keep: Annotated[
        int | None, typer.Option("--keep", min=1, help="delete all but the newest N backups and the log before them")
    ] = None,
) -> None:
    """Make a base backup, and from now on archive the log after it; works beside a running service."""
    settings = load_settings()

    async def main() -> None:
        if settings.database_url is not None:
            taken = await back_up_outside(settings, keep=keep)
        else:
            async with embedded_servers(settings) as urls:
                taken = await take_base_backup(settings, urls.owner_url or urls.database_url, keep=keep)
        manifest = taken.manifest
        if taken.key_made:
            typer.echo(f"A backup key was made: {settings.operation.backup.key_file}")
            typer.echo("Keep a copy of it and of the secret key away from this machine and from the backups:")
            typer.echo("without both, no backup brings the data back.")
        for name in taken.pruned:
            typer.echo(f"Deleted: {name}")
        rows = sum(one.rows for one in manifest.tables.values())
        typer.echo(
            f"Backup {manifest.id}: {manifest.size / 1e6:,.1f} MB sealed, {rows:,} rows in {len(manifest.tables)} "
            f"tables, in {(manifest.finished_at - manifest.started_at).total_seconds():.1f} s, "
            f"in {settings.operation.backup.folder}"
        )

    asyncio.run(main())


def list_backups() -> None:
    """List the backups and how far the archived log reaches; needs no key and no database."""
    settings = load_settings()
    archive = Archive(settings.operation.backup.folder)
    found = archive.backups(None)
    if not found:
        typer.echo(f"No backups in {archive.folder}; make one with: hotline backup")
        return
    for one in found:
        rows = sum(table.rows for table in one.tables.values())
        ended = one.finished_at.astimezone(LOCAL_ZONE)
        typer.echo(
            f"{one.id}  {one.kind:<4}  ended {ended:%Y-%m-%d %H:%M:%S %z}  {one.size / 1e6:,.1f} MB  {rows:,} rows  "
            f"PostgreSQL {one.postgres}  key {one.key}"
        )
    for system in sorted({one.system for one in found if one.kind == "base"}):
        names = [name for name in archive.wal_names(system) if len(name) == 24]
        if names:
            until = archive.closed_at(system, names[-1]).astimezone(LOCAL_ZONE)
            typer.echo(f"Log of server {system}: {len(names)} segments, until {until:%Y-%m-%d %H:%M:%S %z}")


def bring_back(
    to: Annotated[
        str | None, typer.Option("--to", help="moment to go back to, such as 2026-03-01T14:30:00+08:00; none: the end")
    ] = None,
    backup: Annotated[str | None, typer.Option("--backup", help="id of the backup to start from")] = None,
    into: Annotated[Path | None, typer.Option("--into", help="another state folder, to look at it first")] = None,
    replace_data: Annotated[bool, typer.Option("--replace", help="put data that are there aside")] = False,
    timeline: Annotated[
        int | None, typer.Option("--timeline", min=1, help="for moments that an earlier restore left behind")
    ] = None,
) -> None:
    """Bring the database back to a moment. The service must be stopped; data that are there are never deleted."""
    settings = load_settings()
    moment = None if to is None else parse_moment(to)
    if settings.database_url is not None:
        if into is not None or timeline is not None:
            raise BackupError("With an outside PostgreSQL there is no --into and no --timeline: leave them out.")
        used = asyncio.run(restore_outside(settings, backup=backup, to=moment, replace_data=replace_data))
        typer.echo(f"Restored from {used.id} of {_local(used.finished_at)} by HOTLINE_RESTORE_HOOK.")
        return
    _tell(
        asyncio.run(
            restore(settings, backup=backup, to=moment, into=into, replace_data=replace_data, timeline=timeline)
        )
    )


def exercise() -> None:
    """Restore the newest backup and the log after it to a scratch folder, compare every table, time it."""
    settings = load_settings()

    async def main() -> Drilled:
        if settings.database_url is not None:
            return await drill_outside(settings)
        async with embedded_servers(settings) as urls:
            return await drill(settings, urls.owner_url or urls.database_url)

    outcome = asyncio.run(main())
    table = Table("drill", "value")
    table.add_row("backup", outcome.manifest.id)
    table.add_row("tables compared", f"{outcome.tables}")
    table.add_row("rows compared", f"{outcome.rows:,}")
    table.add_row("tables that differ", f"{len(outcome.differences)}")
    if outcome.audit is not None:
        whole = "whole" if outcome.audit.broken is None else f"broken at link {outcome.audit.broken.seq}"
        table.add_row("audit chain that came back", f"{whole}, {outcome.audit.links} links")
    table.add_row("RPO: work not yet in the archive", f"{outcome.rpo_s:.1f} s")
    table.add_row("RTO: until the restored server answered", f"{outcome.rto_s:.1f} s")
    Console().print(table)
    for one in outcome.differences:
        typer.echo(f"differs: {one.table}: live {one.live}, restored {one.restored}")
    line = {
        "backup": outcome.manifest.id,
        "tables": outcome.tables,
        "rows": outcome.rows,
        "differences": [one.table for one in outcome.differences],
        "rpo_s": round(outcome.rpo_s, 2),
        "rto_s": round(outcome.rto_s, 2),
        "audit": None if outcome.audit is None else outcome.audit.to_dict(),
    }
    typer.echo(json.dumps(line))
    if outcome.differences:
        raise DrillFailed(
            f"{len(outcome.differences)} tables came back otherwise than they are: do not rely on these backups, "
            "make a new one with hotline backup, and find out what changed the archive."
        )
    if not outcome.found_back:
        raise DrillFailed("The audit chain that came back is broken: run hotline audit verify on the live one.")


def archive_log() -> None:
    """Seal finished log into the archive until stopped; hotline run does that by itself."""
    archiver.main()


def parse_moment(text: str) -> datetime:
    """A moment with its zone; Asia/Shanghai where none is given, which is said. Raises BackupError."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BackupError(f"--to is {text!r}; write it like 2026-03-01T14:30:00+08:00.") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=LOCAL_ZONE)
        typer.echo(f"--to has no zone; taken as Asia/Shanghai: {moment.isoformat()}")
    return moment


def _local(moment: datetime) -> str:
    return moment.astimezone(LOCAL_ZONE).isoformat(timespec="seconds")


def _tell(done: Restored) -> None:
    reached = "as the base backup left it" if done.reached is None else f"last transaction {_local(done.reached)}"
    typer.echo(f"Restored from {done.manifest.id} into {done.folder} in {done.seconds:.1f} s: {reached}.")
    if done.aside is not None:
        typer.echo(f"The data that were there lie in {done.aside}; delete them when you need them no more.")
    if done.missing_keys:
        typer.echo(
            f"The key file at hand lacks what these data need ({', '.join(done.missing_keys)}): "
            "put the key file of that time in place before you start."
        )
    typer.echo("Next: start the service, look at it, and make a new backup with: hotline backup")
