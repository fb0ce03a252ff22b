"""The schema comes up from every earlier version with data in it, and a lock that is held makes it give up in time."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import asyncpg
import pytest
from alembic.script import ScriptDirectory

from hotline.migrations import migrate as migrations
from hotline.migrations.migrate import MigrationError, head_revision, migrate, statement_limit_ms
from tests.databases import drop_database
from tests.integration.durability.seeds import contents, fill
from tests.service_fixtures import with_database

SCRIPTS = ScriptDirectory.from_config(migrations._config())
# oldest first, as they follow each other; numbers need not
VERSIONS = [script.revision for script in SCRIPTS.walk_revisions()][::-1]
OLDER = VERSIONS[:-1]
#: The journal became audit entries (0004); what a line sent stands, sealed, with each version (0002).
MOVED = ("journal.", "calls.source")
#: Without a row of their own: what the vault and the chain make, which no SQL can, and log-ins, which 0003 ends.
NOT_SEEDED = frozenset({"sealing_keys", "audit_links", "audit_checkpoints", "sessions"})


@pytest.fixture
async def empty(postgres_url: str) -> AsyncIterator[str]:
    """A database without any table."""
    name = f"m_{secrets.token_hex(6)}"
    admin = await asyncpg.connect(postgres_url)
    try:
        await admin.execute(f"create database {name}")
        yield with_database(postgres_url, name)
        await drop_database(admin, name)
    finally:
        await admin.close()


@dataclass
class Ladder:
    """A database that climbs from version to version and is copied at each: nobody begins at the first one again."""

    postgres_url: str
    name: str
    reached: int = -1

    async def copy_at(self, database_url: str, version: str) -> None:
        """Make the empty database a copy of this one at ``version``."""
        wanted = VERSIONS.index(version)
        admin = await asyncpg.connect(self.postgres_url)
        try:
            if wanted < self.reached:
                await drop_database(admin, self.name)
                self.reached = -1
            if self.reached < 0:
                await admin.execute(f"create database {self.name}")
            if wanted > self.reached:
                await migrate(with_database(self.postgres_url, self.name), version)
                self.reached = wanted
            copy = database_url.partition("?")[0].rpartition("/")[2]
            await drop_database(admin, copy)
            await admin.execute(f"create database {copy} template {self.name} strategy file_copy")
        finally:
            await admin.close()


@pytest.fixture(scope="module")
def ladder(postgres_url: str) -> Iterator[Ladder]:
    """Without any table yet."""
    made = Ladder(postgres_url, f"m_{secrets.token_hex(6)}")

    async def drop() -> None:
        admin = await asyncpg.connect(postgres_url)
        try:
            await drop_database(admin, made.name)
        finally:
            await admin.close()

    yield made
    asyncio.run(drop())


def test_the_newest_version_is_the_one_alembic_takes_for_it() -> None:
    assert head_revision() == SCRIPTS.get_current_head()


@pytest.mark.parametrize("version", OLDER)
async def test_up_from_every_earlier_version_with_data_in_it(empty: str, ladder: Ladder, version: str) -> None:
    await ladder.copy_at(empty, version)
    connection = await asyncpg.connect(empty)
    try:
        await fill(connection)
        before = await contents(connection)
        bare = {table for table, columns in before.items() if not any(columns.values())}
        assert bare <= NOT_SEEDED, "a table of this version has no row in it"
        await migrate(empty)
        assert await connection.fetchval("select version_num from alembic_version") == head_revision()
        await connection.reload_schema_state()
        after = await contents(connection)
        changed = {
            f"{table}.{column}"
            for table, columns in before.items()
            for column, values in columns.items()
            if after.get(table, {}).get(column) != values
        }
        assert {name for name in changed if not name.startswith(MOVED)} == set(), "lost or changed on the way"
        assert set(before.get("journal", {}).get("action", [])) <= set(after["audit_entries"]["action"])
        # what the newest version lives by works on old rows: states, one open item, a job that can be repeated
        with pytest.raises(asyncpg.PostgresError, match="cannot change"):
            await connection.execute("update calls set state = 'received' where external_id = 'old-0'")
        with pytest.raises(asyncpg.UniqueViolationError):
            await connection.execute(
                "insert into queue_items (call_id, queue, state, priority) "
                "select call_id, queue, 'waiting', 3 from queue_items"
            )
        await connection.execute("update triage_jobs set set_aside_at = null, attempts = 0")
        # figures counted anew by the way are those of the raw rows
        assert await connection.fetchval("select count(*) from call_figures") == len(before["calls"]["id"])
    finally:
        await connection.close()


async def test_a_held_lock_makes_it_give_up_in_one_sentence_and_the_old_schema_works_on(
    empty: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await migrate(empty, "0001")
    monkeypatch.setattr(migrations, "LOCK_TIMEOUT_MS", 300)
    holder, other = await asyncpg.connect(empty), await asyncpg.connect(empty)
    try:
        await fill(other)
        holding = holder.transaction()
        await holding.start()
        await holder.execute("update calls set region = '甲区'")
        with pytest.raises(MigrationError, match="lock timeout") as told:
            await migrate(empty)
        assert "\n" not in str(told.value)
        assert "hotline migrate" in str(told.value)
        assert await other.fetchval("select version_num from alembic_version") == "0001"
        # nobody waits behind a migration that has given up
        await asyncio.wait_for(other.fetchval("select count(*) from calls"), 15)
        await holding.commit()
        await migrate(empty)
        assert await other.fetchval("select version_num from alembic_version") == head_revision()
    finally:
        await holder.close()
        await other.close()


async def test_a_statement_that_takes_too_long_is_ended(empty: str, monkeypatch: pytest.MonkeyPatch) -> None:
    await migrate(empty, "0001")
    monkeypatch.setattr(migrations, "STATEMENT_TIMEOUT_MS", 1)
    with pytest.raises(MigrationError, match="statement timeout"):
        await migrate(empty)
    connection = await asyncpg.connect(empty)
    try:
        assert await connection.fetchval("select version_num from alembic_version") == "0001"
    finally:
        await connection.close()


async def test_the_limit_of_a_statement_grows_with_the_calls_stored(empty: str) -> None:
    assert statement_limit_ms(0) == 10 * 60 * 1000
    assert statement_limit_ms(1_000_000) == 60 * 60 * 1000
    assert statement_limit_ms(10**12) < 2**31
    await migrate(empty, OLDER[-1])
    connection = await asyncpg.connect(empty)
    try:
        await fill(connection)
        await connection.execute(
            """
            create table limits (setting text);
            create function keep_limit_seen() returns trigger language plpgsql as $$
            begin
                insert into limits values (current_setting('statement_timeout'));
                return null;
            end $$;
            create trigger seen after update on alembic_version for each row execute function keep_limit_seen();
            """
        )
        await migrate(empty)
        newest = await connection.fetchval("select max(id) from calls")
        # PostgreSQL says it in the largest unit that fits
        limits = await connection.fetch("select extract(epoch from setting::interval) * 1000 as ms from limits")
        assert [int(row["ms"]) for row in limits] == [statement_limit_ms(newest)]
    finally:
        await connection.close()
