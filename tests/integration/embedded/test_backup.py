"""Backups of the embedded server: what comes back, to which moment, and what is refused."""

from __future__ import annotations

import asyncio
import json
import secrets
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from config.settings import Settings, load_settings
from hotline.audit.machine import at_the_machine
from hotline.backup import archiver, recovery
from hotline.backup.archive import Archive
from hotline.backup.archiver import Archiver, finish_segment
from hotline.backup.base import Taken, take_base_backup
from hotline.backup.contents import connect, contents
from hotline.backup.drill import Drilled, compare, drill
from hotline.backup.errors import BackupError, BackupKeyError, DamagedBackup
from hotline.backup.restoring import restore
from hotline.backup.status import BackupStatus, read_status
from hotline.commands.import_ import run_import
from hotline.commands.import_store import open_import_store
from hotline.embedded import archiving
from hotline.embedded.folders import prepare
from hotline.embedded.postgres import Postgres
from hotline.embedded.servers import embedded_servers
from tests.integration.embedded.server_place import Place
from tests.quick_folders import passable, quick_base
from tests.service_fixtures import eventually

FIRST, MIDDLE, SECOND = 60, 10, 40


@dataclass
class World:
    """A state folder after: first import, backup, middle import, ``between``, second import, drill, and its end."""

    settings: Settings
    taken: Taken
    between: datetime
    drilled: Drilled
    scratch_left: list[str]
    acts: list[tuple[str, str, dict[str, Any]]]
    """Of the audit log, on backups."""

    @property
    def archive(self) -> Archive:
        return Archive(self.settings.operation.backup.folder)

    def wal(self, index: int) -> Path:
        """One sealed segment, in the order of the log."""
        system = self.taken.manifest.system
        names = [name for name in self.archive.wal_names(system) if len(name) == 24]
        return self.archive.wal_path(system, names[index])


async def bring_in(settings: Settings, prefix: str, count: int) -> None:
    rows = [
        {
            "line": "12345",
            "external_id": f"{prefix}{n}",
            "received_at": "2026-11-20T10:00:00+08:00",
            "caller_number": f"1390000{n:04d}",
            "transcript": "楼下的井盖松了，车子压过去整夜都响，麻烦派人来看看。",
        }
        for n in range(count)
    ]
    file = settings.state_dir.parent / f"{prefix}.jsonl"
    file.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    result = await run_import(
        settings, [file], line="12345", intake_as="backlog", triage=False, open_store=open_import_store
    )
    assert result.accepted == count


async def acts_on_record(url: str) -> list[tuple[str, str, dict[str, Any]]]:
    """What the audit log holds of backups, oldest first, each with who sat at the machine."""
    connection = await connect(url)
    try:
        rows = await connection.fetch(
            "select action, role, detail from audit_entries where starts_with(subject, 'backup:') order by id"
        )
        return [(row["action"], row["role"], json.loads(row["detail"])) for row in rows]
    finally:
        await connection.close()


async def build(settings: Settings) -> World:
    async with embedded_servers(settings) as urls:
        await bring_in(settings, "first", FIRST)
        assert urls.owner_url is not None
        taken = await take_base_backup(settings, urls.owner_url, keep=None)
        await bring_in(settings, "middle", MIDDLE)
        between = datetime.now(UTC)
        await bring_in(settings, "second", SECOND)
        drilled = await drill(settings, urls.owner_url)
        left = [one.name for one in (settings.state_dir / "servers").glob("drill-*")]
        acts = await acts_on_record(urls.owner_url)
    return World(settings, taken, between, drilled, left, acts)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with passable(quick_base()) as folder:
        settings = load_settings({"HOTLINE_STATE_DIR": str(folder / "state"), "HOTLINE_BACKUP_SUITE": "sm"})
        with pytest.MonkeyPatch.context() as patch:
            # the archive claims a second less than it holds; here nothing is written at the same time
            patch.setattr(archiver, "CLOSED_MARGIN_S", 0.0)
            yield asyncio.run(build(settings))


@pytest.fixture
def roomy() -> Iterator[Path]:
    """An empty folder, in memory where there is plenty."""
    with passable(quick_base()) as folder:
        yield folder


@pytest.fixture
def copied(world: World, roomy: Path) -> World:
    """The same with a copy of the archive, to be spoilt."""
    folder = roomy / "archive"
    shutil.copytree(world.settings.operation.backup.folder, folder)
    backup = replace(world.settings.operation.backup, folder=folder)
    settings = replace(world.settings, operation=replace(world.settings.operation, backup=backup))
    return replace(world, settings=settings)


async def calls_by_import(url: str) -> dict[str, int]:
    connection = await connect(url)
    try:
        rows = await connection.fetch(
            "select rtrim(external_id, '0123456789') as prefix, count(*) from calls group by 1 order by 1"
        )
        return {row["prefix"]: row["count"] for row in rows}
    finally:
        await connection.close()


async def bring_back(world: World, into: Path | None, to: datetime | None = None, *, replace_data: bool = False):  # type: ignore[no-untyped-def]
    return await restore(world.settings, backup=None, to=to, into=into, replace_data=replace_data, timeline=None)


def test_the_drill_beside_a_working_service_finds_everything_back(world: World) -> None:
    assert world.drilled.differences == []
    assert world.drilled.tables > 30
    assert world.drilled.rows > FIRST + MIDDLE + SECOND
    assert world.drilled.rpo_s > 0
    assert world.drilled.rto_s > 0
    assert world.drilled.audit is not None
    assert world.drilled.audit.broken is None
    assert world.drilled.found_back
    assert world.scratch_left == []
    assert read_status(world.settings.state_dir).last_drill_s > world.between.timestamp()


def test_the_manifest_counts_names_keys_and_holds_none(world: World) -> None:
    manifest = world.taken.manifest
    assert manifest.tables["calls"].rows == FIRST
    assert manifest.secret_keys
    secret = world.settings.secret_key_file.read_text().strip()
    key = world.settings.operation.backup.key_file.read_text().strip()
    for path in world.settings.operation.backup.folder.rglob("*"):
        if path.is_file():
            raw = path.read_bytes()
            assert path.stat().st_mode & 0o077 == 0, path
            for told in (secret, key, "first1", "井盖"):
                assert told.encode() not in raw, (path, told)


async def test_backup_restore_and_drill_stand_in_the_audit_log(world: World, roomy: Path) -> None:
    who = at_the_machine().role
    taken, drilled = world.acts
    assert taken[:2] == ("backup_taken", who)
    assert taken[2]["bytes"] == world.taken.manifest.size
    assert drilled[:2] == ("backup_drilled", who)
    assert drilled[2] == world.drilled.on_record()
    done = await bring_back(world, roomy / "to-the-end")
    async with embedded_servers(replace(world.settings, state_dir=roomy / "to-the-end")) as urls:
        assert urls.owner_url is not None
        # the drill was not in the archive yet
        first, restored = await acts_on_record(urls.owner_url)
    assert first == taken
    assert done.reached is not None
    assert restored == (
        "database_restored",
        who,
        {"asked_for": None, "reached": done.reached.isoformat(), "replaced": False},
    )


async def test_a_moment_between_two_imports_has_the_first_and_not_the_second(world: World, roomy: Path) -> None:
    place = roomy / "looked-at"
    done = await bring_back(world, place, world.between)
    assert done.reached is not None
    assert world.taken.manifest.finished_at <= done.reached <= world.between
    assert done.missing_keys == ()
    other = replace(world.settings, state_dir=place)
    async with embedded_servers(other) as urls:
        assert urls.owner_url is not None
        assert await calls_by_import(urls.owner_url) == {"first": FIRST, "middle": MIDDLE}
        connection = await connect(urls.owner_url)
        then = await contents(connection, hashed=True)
        await connection.close()
        # in use: not touched
        with pytest.raises(BackupError, match="stop the service"):
            await bring_back(world, place, replace_data=True)
    # there already: not touched without a word
    with pytest.raises(BackupError, match="--replace"):
        await bring_back(world, place)
    again = await bring_back(world, place, replace_data=True)
    assert again.aside is not None
    assert (again.aside / "PG_VERSION").is_file()
    async with embedded_servers(other) as urls:
        assert urls.owner_url is not None
        assert await calls_by_import(urls.owner_url) == {"first": FIRST, "middle": MIDDLE, "second": SECOND}
        connection = await connect(urls.owner_url)
        now = await contents(connection, hashed=True)
        await connection.close()
    # what the drill compares tells the two apart
    assert {"calls", "triage_jobs"} <= {one.table for one in compare(now, then)}


async def test_a_changed_segment_is_refused_by_name_and_the_data_stay(copied: World, roomy: Path) -> None:
    path = copied.wal(-2)
    raw = bytearray(path.read_bytes())
    raw[-100] ^= 1
    path.write_bytes(bytes(raw))
    place = roomy / "state"
    (place / "servers" / "postgres" / "data").mkdir(parents=True)
    (place / "servers" / "postgres" / "data" / "mine").write_text("kept")
    with pytest.raises(DamagedBackup, match=path.name):
        await bring_back(copied, place, replace_data=True)
    assert [one.name for one in (place / "servers" / "postgres").glob("data*")] == ["data"]
    assert (place / "servers" / "postgres" / "data" / "mine").read_text() == "kept"


async def test_what_else_is_wrong_with_an_archive_is_named_before_anything_is_written(
    copied: World, roomy: Path
) -> None:
    place = roomy / "state"

    async def refused(kind: type[BackupError], words: str, to: datetime | None = None) -> None:
        with pytest.raises(kind, match=words):
            await bring_back(copied, place, to)
        assert not (place / "servers" / "postgres" / "data").exists()

    await refused(BackupError, "reaches until", datetime.now(UTC) + timedelta(hours=1))
    await refused(BackupError, "oldest that fits", copied.taken.manifest.started_at)
    missing = copied.wal(-2)
    kept = missing.read_bytes()
    missing.unlink()
    await refused(DamagedBackup, missing.name.removesuffix(".sealed"))
    missing.write_bytes(kept)
    folder = copied.archive.backup_folder(copied.taken.manifest.id)
    base = (folder / "base.sealed").read_bytes()
    (folder / "base.sealed").write_bytes(base[:-5])
    await refused(DamagedBackup, r"base\.sealed")
    (folder / "base.sealed").write_bytes(base[:5000] + bytes([base[5000] ^ 1]) + base[5001:])
    await refused(DamagedBackup, r"base\.sealed")
    (folder / "base.sealed").write_bytes(base)
    manifest = (folder / "manifest.json").read_text()
    (folder / "manifest.json").write_text(manifest.replace(f'"rows": {FIRST}', '"rows": 7'))
    await refused(DamagedBackup, r"manifest\.json was changed")
    (folder / "manifest.json").write_text(manifest)
    copied.settings = _with_key(copied.settings, roomy / "other.key")
    await refused(BackupKeyError, "HOTLINE_BACKUP_KEY_FILE to the right one")


def _with_key(settings: Settings, path: Path) -> Settings:
    path.write_text(secrets.token_hex(32))
    path.chmod(0o600)
    backup = replace(settings.operation.backup, key_file=path)
    return replace(settings, operation=replace(settings.operation, backup=backup))


async def test_the_archiver_keeps_up_survives_a_folder_that_is_away_and_bounds_what_waits(
    place: Place, monkeypatch: pytest.MonkeyPatch, roomy: Path
) -> None:
    own = place.settings
    backup = replace(own.operation.backup, folder=roomy / "archive", wal_every_s=1)
    settings = replace(own, operation=replace(own.operation, backup=backup, slow_query_ms=50))
    monkeypatch.setattr(archiver, "ERROR_PAUSE_S", 0.1)
    stop = asyncio.Event()

    async def until(look: Callable[[BackupStatus], object]) -> None:
        async def looked() -> object:
            return look(read_status(settings.state_dir))

        await eventually(looked, within_s=30)

    async with embedded_servers(settings) as urls:
        assert urls.owner_url is not None
        running = asyncio.create_task(Archiver(settings).run(stop))
        connection = await asyncpg.connect(urls.owner_url)
        state = prepare(settings.state_dir)
        maintenance = await asyncpg.connect(Postgres(state).backup_url)
        try:
            await connection.execute("create table work (n int)")
            await connection.fetch("select pg_sleep(0.06), $1::text as told", "一句要保密的话")
            taken = await take_base_backup(settings, urls.owner_url, keep=None)
            # by itself: what is written now is soon in the archive
            began = datetime.now(UTC).timestamp()
            await connection.execute("insert into work values (1)")
            await until(lambda status: status.archived_until_s > began)
            # the folder is away: told, and the server goes on
            wal = backup.folder / "wal"
            wal.rename(backup.folder / "elsewhere")
            wal.write_text("not a folder")
            await connection.execute("insert into work values (2)")
            await until(lambda status: status.error and status.waiting_bytes > 0)
            (state.postgres / archiving.LIMIT_FILE).write_text("2\n")
            for n in range(3, 8):
                await connection.execute("insert into work values ($1)", n)
                await finish_segment(maintenance)
            await until(lambda status: status.gaps > 0)
            assert len(list(archiving.waiting_folder(state).iterdir())) <= 3
            assert await connection.fetchval("select count(*) from work") == 7
            # back: what waits goes in, and restores know of the gap until there is a new base backup
            wal.unlink()
            (backup.folder / "elsewhere").rename(wal)
            await until(lambda status: not status.error and status.waiting_bytes == 0)
            await connection.execute("insert into work values (8)")
            then = datetime.now(UTC).timestamp()
            await until(lambda status: status.archived_until_s > then)
            archive = Archive(backup.folder)
            key = archiver.read_key(backup)
            with pytest.raises(DamagedBackup, match="is missing"):
                recovery.plan(archive, key, backup=None, to=None, timeline=None)
            second = await take_base_backup(settings, urls.owner_url, keep=1)
            assert second.pruned == [taken.manifest.id]
            assert recovery.plan(archive, key, backup=None, to=None, timeline=None).manifest == second.manifest
            assert read_status(settings.state_dir).gaps == 0
        finally:
            stop.set()
            await running
            await maintenance.close()
            await connection.close()
    # the server's own log of slow statements: the text, never the values
    said = (state.postgres / "postgres.log").read_text(encoding="utf-8")
    assert "select pg_sleep(0.06), $1::text as told" in said
    assert "保密" not in said


async def test_after_a_restore_in_place_the_archive_goes_on_in_a_new_timeline(world: World) -> None:
    # the last test of this world: it changes it
    done = await bring_back(world, None, world.between, replace_data=True)
    assert done.aside is not None
    async with embedded_servers(world.settings) as urls:
        assert urls.owner_url is not None
        await bring_in(world.settings, "third", 5)
        drilled = await drill(world.settings, urls.owner_url)
        assert drilled.manifest == world.taken.manifest
        assert drilled.differences == []
        assert await calls_by_import(urls.owner_url) == {"first": FIRST, "middle": MIDDLE, "third": 5}
    archive, key = world.archive, archiver.read_key(world.settings.operation.backup)
    system = world.taken.manifest.system
    assert [one.id for one in archive.timelines(system, key)] == [1, 2]
    # what the restore left behind can still be reached by its timeline
    old = recovery.plan(archive, key, backup=None, to=None, timeline=1)
    new = recovery.plan(archive, key, backup=None, to=None, timeline=None)
    assert old.until < new.until
    assert (old.timeline.id, new.timeline.id) == (1, 2)
