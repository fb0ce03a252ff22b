"""Backups of an outside PostgreSQL by the hooks in deploy/backup."""

from __future__ import annotations

import secrets
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest

from config.settings import Settings, load_settings
from hotline.audit.machine import at_the_machine
from hotline.backup.contents import connect
from hotline.backup.errors import BackupError, DamagedBackup
from hotline.backup.hooks import back_up_outside, drill_outside, restore_outside
from hotline.embedded.binaries import available_postgres
from tests.databases import drop_database
from tests.service_fixtures import with_database

DEPLOY = Path(__file__).resolve().parent.parent.parent / "deploy" / "backup"


@pytest.fixture
def outside(tmp_path: Path, owner_url: str, database_url: str) -> Settings:
    """Settings of a service on an outside PostgreSQL, with the scripts as hooks."""
    programs = available_postgres()[0].folder
    secret = tmp_path / "secret.key"
    secret.write_text(secrets.token_hex(32))
    secret.chmod(0o600)
    return load_settings(
        {
            "HOTLINE_STATE_DIR": str(tmp_path / "state"),
            "HOTLINE_DATABASE_URL": database_url,
            "HOTLINE_OWNER_DATABASE_URL": owner_url,
            "HOTLINE_SECRET_KEY_FILE": str(secret),
            "HOTLINE_BACKUP_HOOK": f"PATH={programs}:$PATH {DEPLOY}/dump.sh",
            "HOTLINE_RESTORE_HOOK": f"PATH={programs}:$PATH {DEPLOY}/restore.sh",
        }
    )


async def days(url: str) -> int:
    connection = await connect(url)
    try:
        return int(await connection.fetchval("select count(*) from calendar_days"))
    finally:
        await connection.close()


async def recorded(url: str) -> list[str]:
    """Acts on backups in the audit log, by whoever sits at this machine."""
    connection = await connect(url)
    try:
        return [
            row["action"]
            for row in await connection.fetch(
                "select action from audit_entries where starts_with(subject, 'backup:') and role = $1 order by id",
                at_the_machine().role,
            )
        ]
    finally:
        await connection.close()


async def test_the_scripts_bring_an_outside_database_back(outside: Settings, owner_url: str, postgres_url: str) -> None:
    connection = await connect(owner_url)
    await connection.execute("insert into calendar_days (day, workday) values ('2026-10-01', false)")
    taken = await back_up_outside(outside, keep=3)
    assert taken.key_made
    assert taken.manifest.tables["calendar_days"].rows == 1
    drilled = await drill_outside(outside)
    assert drilled.differences == []
    assert drilled.tables > 30
    await connection.execute("insert into calendar_days (day, workday) values ('2026-10-02', false)")
    await connection.close()
    # not over what is there without a word
    with pytest.raises(BackupError, match="--replace"):
        await restore_outside(outside, backup=None, to=None, replace_data=False)
    assert await days(owner_url) == 2
    # into an empty database
    name = f"t_{secrets.token_hex(6)}"
    admin = await asyncpg.connect(postgres_url)
    try:
        await admin.execute(f"create database {name}")
        empty = replace(outside, database_url=with_database(postgres_url, name), owner_database_url=None)
        assert (await restore_outside(empty, backup=None, to=None, replace_data=False)).id == taken.manifest.id
        assert await days(with_database(postgres_url, name)) == 1
    finally:
        await drop_database(admin, name)
        await admin.close()
    # and over the first when told to
    before = await recorded(owner_url)
    await restore_outside(outside, backup=taken.manifest.id, to=None, replace_data=True)
    assert await days(owner_url) == 1
    # the restore is on record in what came back; backup and drill were recorded after the dump, in what it replaced
    assert before == ["backup_taken", "backup_drilled"]
    assert await recorded(owner_url) == ["database_restored"]
    assert outside.database_url is not None
    assert await days(outside.database_url) == 1, "the service's own role may read again"
    # a dump that was cut is not restored half
    path = next(outside.operation.backup.folder.rglob("dump.sealed"))
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DamagedBackup, match=r"dump\.sealed"):
        await restore_outside(outside, backup=None, to=None, replace_data=True)


async def test_a_hook_that_fails_or_is_missing_is_one_sentence_and_leaves_no_backup(outside: Settings) -> None:
    def with_hook(hook: str | None) -> Settings:
        backup = replace(outside.operation.backup, backup_hook=hook)
        return replace(outside, operation=replace(outside.operation, backup=backup))

    for hook, words in (
        (None, "HOTLINE_BACKUP_HOOK"),
        ("echo half a dump; echo the disk is full >&2; exit 7", "status 7.*the disk is full"),
        ("true", "wrote nothing"),
    ):
        with pytest.raises(BackupError, match=words):
            await back_up_outside(with_hook(hook), keep=None)
    base = outside.operation.backup.folder / "base"
    assert not base.exists() or list(base.iterdir()) == []
