"""The schema comes up from every earlier version with data in it, and a lock that is held makes it give up in time."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
from alembic.script import ScriptDirectory

from hotline.migrations import migrate as migrations
from hotline.migrations.migrate import MigrationError, head_revision, migrate, statement_limit_ms
from tests.databases import drop_database
from tests.service_fixtures import with_database

SCRIPTS = ScriptDirectory.from_config(migrations._config())
# oldest first, as they follow each other; numbers need not
VERSIONS = [script.revision for script in SCRIPTS.walk_revisions()][::-1]
OLDER = VERSIONS[:-1]


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


async def columns_of(connection: Any, table: str) -> dict[str, str]:
    found = await connection.fetch(
        "select column_name, udt_name from information_schema.columns "
        "where table_name = $1 and table_schema = 'public'",
        table,
    )
    return {row["column_name"]: row["udt_name"] for row in found}


async def insert(connection: Any, table: str, **fields: Any) -> Any:
    """One row; text for a column that is sealed by now goes in marked as clear, as 0002 leaves it."""
    types = await columns_of(connection, table)
    known = {name: value for name, value in fields.items() if name in types}
    values = {
        name: b"\x01\x00\x00" + str(value).encode() if types[name] == "bytea" and isinstance(value, str) else value
        for name, value in known.items()
    }
    places = ", ".join(
        f"${n}::text::{types[name]}" if types[name] == "jsonb" else f"${n}" for n, name in enumerate(values, start=1)
    )
    back = " returning id" if "id" in types else ""
    return await connection.fetchval(
        f"insert into {table} ({', '.join(values)}) values ({places}){back}",  # noqa: S608 - names of our own tables
        *values.values(),
    )


async def fill(connection: Any) -> dict[str, Any]:
    """Rows of every kind that the first version knows; what must be true of them afterwards."""
    operator = await insert(connection, "users", name="old-operator", display_name="话务甲", role="operator")
    lawyer = await insert(connection, "users", name="old-lawyer", display_name="律师乙", role="lawyer")
    await connection.execute("insert into agents (user_id, presence) values ($1, 'on_call')", lawyer)
    call_ids = {}
    for number, (state, live) in enumerate((("received", False), ("received", True), ("received", False))):
        call_ids[number] = await insert(
            connection,
            "calls",
            line="12345",
            external_id=f"old-{number}",
            intake="live",
            contact="callback",
            live=live,
            state=state,
            received_at=await connection.fetchval("select now() - interval '1 day'"),
            transcript=f"旧版本里的第{number}通来电",
            excerpt=f"旧版本里的第{number}通来电",
            segments="[]",
            content_hash=bytes([number]) * 32,
        )
        await insert(
            connection,
            "call_versions",
            call_id=call_ids[number],
            version=1,
            content_hash=bytes([number]) * 32,
            payload="{}",
        )
        await connection.execute(
            "insert into call_log (call_id, state, action) values ($1, $2, $2)", call_ids[number], state
        )
        await connection.execute("insert into events (kind, call_id) values ('call_received', $1)", call_ids[number])
    done, live_call, poison = call_ids.values()
    for call_id in (done, live_call):
        triage = await insert(
            connection,
            "triages",
            call_id=call_id,
            revision=1,
            model="old",
            route="dispute",
            confidence=0.9,
            review=False,
            danger_level=0,
            topics=["labour"],
            reading="{}",
        )
        decision = await insert(
            connection,
            "decisions",
            call_id=call_id,
            triage_id=triage,
            destination="lawyers",
            queue="lawyers",
            target_queue="lawyers",
            mode="propose",
            priority=3,
            rule="old",
            policy_version="old",
            outcome="route",
            body='{"outcome": "route"}',
        )
        await connection.execute(
            "update calls set state = 'triaged', triage_id = $2, decision_id = $3 where id = $1",
            call_id,
            triage,
            decision,
        )
    await connection.execute("update calls set state = 'proposed', held_by = $2 where id = $1", live_call, operator)
    for state in ("queued", "claimed"):
        await connection.execute("update calls set state = $2 where id = $1", done, state)
    item = await insert(connection, "queue_items", call_id=done, queue="lawyers", state="claimed", priority=3)
    now = await connection.fetchval("select now()")
    await insert(
        connection,
        "assignments",
        queue_item_id=item,
        call_id=done,
        user_id=lawyer,
        queue="lawyers",
        role="lead",
        enqueued_at=now,
        entered_at=now,
        counted=True,
        lease_expires_at=now,
        notes="已说明办理步骤",
    )
    await insert(
        connection,
        "transfers",
        call_id=done,
        by_user=operator,
        destination="lawyers",
        queue="lawyers",
        mode="one_key",
        requested_mode="one_key",
        reason="来电人要求",
    )
    await insert(connection, "triage_jobs", call_id=poison, revision=1, lane=0, attempts=3, set_aside_at=now)
    await connection.execute("insert into danger_alarms (call_id, level) values ($1, 2)", live_call)
    await connection.execute("insert into workers (name, model) values ('old', 'old')")
    # what later versions change as well
    await insert(connection, "direct_answers", call_id=done, user_id=operator, answer="窗口周末不办公")
    await insert(connection, "caller_choices", call_id=done, choice="message", message="晚上再说")
    await insert(connection, "published", kind="policy", name="policy", version="old", body="[queues]")
    await insert(connection, "grids", code="甲", name="甲区", level="district")
    if await columns_of(connection, "audit_alerts"):
        await insert(connection, "audit_alerts", kind="searches", user_id=lawyer, counted=9, allowed=5)
    return await counted(connection)


TABLES = (
    "users",
    "agents",
    "calls",
    "call_versions",
    "call_log",
    "events",
    "triages",
    "decisions",
    "queue_items",
    "assignments",
    "transfers",
    "triage_jobs",
    "danger_alarms",
    "direct_answers",
    "caller_choices",
    "published",
    "grids",
)


async def counted(connection: Any) -> dict[str, Any]:
    """Rows of each table, and what stands in the calls."""
    found: dict[str, Any] = {
        table: await connection.fetchval(f"select count(*) from {table}")  # noqa: S608 - names of our own tables
        for table in TABLES
    }
    rows = await connection.fetch("select external_id, state, live, held_by is not null as held from calls order by id")
    return found | {"states": [tuple(row) for row in rows]}


async def words(connection: Any) -> list[str]:
    """What callers said and lawyers wrote, sealed or marked as clear."""
    found = await connection.fetch("select transcript from calls union all select notes from assignments")
    return sorted(
        row["transcript"][3:].decode() if isinstance(row["transcript"], bytes) else row["transcript"] for row in found
    )


def test_the_newest_version_is_the_one_alembic_takes_for_it() -> None:
    assert head_revision() == SCRIPTS.get_current_head()


@pytest.mark.parametrize("version", OLDER)
async def test_up_from_every_earlier_version_with_data_in_it(empty: str, version: str) -> None:
    await migrate(empty, version)
    connection = await asyncpg.connect(empty)
    try:
        before, said = await fill(connection), await words(connection)
        await migrate(empty)
        assert await connection.fetchval("select version_num from alembic_version") == head_revision()
        await connection.reload_schema_state()
        assert await counted(connection) == before
        assert await words(connection) == said
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
        assert await connection.fetchval("select count(*) from call_figures") == before["calls"]
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
