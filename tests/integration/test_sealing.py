"""Sealing in the database: the list of columns, data of before, rotation beside the service, wrong keys, search."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from config.settings import Settings
from hotline.commands.keys import listed, retire_in, rotate_in
from hotline.database import open_pool
from hotline.embedded.postgres import SERVICE
from hotline.embedded.servers import ServerUrls
from hotline.migrations.migrate import grant_service, migrate
from hotline.sealing.columns import SEALED
from hotline.sealing.errors import KeyInUse, SecretKeyError
from hotline.sealing.files import SealedWriter
from hotline.sealing.key_file import add_data_key, make_key_file
from hotline.sealing.opening import open_vault, prepare_vault
from hotline.sealing.reseal import reseal, usage
from hotline.sealing.vault import FileVault, clear_value
from routing.errors import InvalidRequest, SealBroken
from routing.search.service import CallSearch, search_calls
from tests.databases import drop_database
from tests.service_fixtures import CallMaker, RunningService, eventually, with_database

#: bytea that holds no sealed text: hashes, check values, links and signatures.
NOT_SEALED_TEXT = {
    *("calls.caller_hash", "calls.content_hash", "call_versions.content_hash", "idempotency_keys.body_hash"),
    *("sessions.id_hash", "api_tokens.token_hash", "sealing_keys.check_value", "recovery_codes.code_hash"),
    "wall_displays.token_hash",
    *(
        "provider_logins.state_hash",
        "provider_logins.browser_hash",
        "audit_entries.note_digest",
        "legal_holds.number_hash",
    ),
    "legal_holds.number_hash",
    *("audit_links.link", "audit_checkpoints.link", "audit_checkpoints.signature"),
    "models.files",
}
OLD_CALL = """
insert into calls (line, external_id, intake, contact, received_at, caller_number, caller_hash, caller_name, transcript,
                   segments, address, recording_number, source, content_hash)
select '12345', 'OLD' || n, 'backlog', 'callback', now(), '+8613800138' || to_char(n, 'FM000'), '\\x00', '老王',
       '隔壁工地夜里打桩' || n, '[{"seq": 1, "speaker": "", "text": "隔壁工地夜里打桩", "is_caller": true}]',
       '', null, '{"备注": "老王"}', sha256(('c' || n)::bytea)
from generate_series(1, 230) n
"""


async def call_of(connection: Any, external_id: str) -> Any:
    return await connection.fetchrow("select * from calls where external_id = $1", external_id)


async def test_every_column_that_could_hold_sealed_text_is_listed(pool: Any) -> None:
    async with pool.acquire() as connection:
        rows = await connection.fetch(
            "select table_name || '.' || column_name as name from information_schema.columns "
            "where table_schema = 'public' and data_type = 'bytea'"
        )
    listed = {f"{table.name}.{column}" for table in SEALED for column in table.columns}
    digests = {f"{table.name}.{column}" for table in SEALED for column in table.digests}
    found = {row["name"] for row in rows}
    assert listed <= found
    assert digests <= NOT_SEALED_TEXT <= found
    elsewhere = found - listed - NOT_SEALED_TEXT
    assert elsewhere == set(), "list it in hotline/sealing/columns.py, or above if it is no text of people"


@pytest.fixture
async def old_database(postgres_url: str) -> AsyncIterator[str]:
    """A database of the first version with calls in clear; its owner's URL."""
    name = f"old_{secrets.token_hex(6)}"
    admin = await asyncpg.connect(postgres_url)
    await admin.execute(f"create database {name}")
    url = with_database(postgres_url, name)
    await migrate(url, "0001")
    connection = await asyncpg.connect(url)
    await connection.execute(OLD_CALL)
    await connection.execute(
        "insert into call_versions (call_id, version, content_hash, payload) "
        "select id, 1, content_hash, jsonb_build_object('caller_name', '老王') from calls"
    )
    await connection.execute(
        "insert into decisions (call_id, destination, queue, target_queue, mode, priority, rule, policy_version, body) "
        "select id, 'operators', 'operators', 'operators', 'auto', 5, 'r', '1', "
        """'{"outcome": "close", "reasons": ["“夜里打桩”"]}' from calls limit 3"""
    )
    await connection.execute(
        "insert into call_log (call_id, action, detail) select id, 'returned', "
        """'{"transfer_id": 1, "reason": "老王说的"}' from calls limit 1"""
    )
    await connection.close()
    yield url
    await drop_database(admin, name)
    await admin.close()


async def test_what_the_first_version_stored_comes_through(
    old_database: str, postgres_urls: tuple[str, str], settings: Settings
) -> None:
    await migrate(old_database)
    await grant_service(old_database, SERVICE)
    service_url = with_database(postgres_urls[1], old_database.partition("?")[0].rpartition("/")[2])
    urls = ServerUrls(service_url, "", old_database)
    settings = replace(settings, secret_key_required=False)
    with pytest.raises(SecretKeyError, match="hotline migrate"):
        await open_vault(settings, urls)
    vault = await prepare_vault(settings, urls)
    await open_vault(settings, urls)

    pool = await open_pool(service_url, 2)
    async with pool.acquire() as connection:
        row = await call_of(connection, "OLD7")
        assert vault.open(row["transcript"], "calls.transcript") == "隔壁工地夜里打桩7"
        assert vault.open(row["excerpt"], "calls.excerpt") == "隔壁工地夜里打桩7"
        assert vault.open_json(row["segments"], "calls.segments")[0]["text"] == "隔壁工地夜里打桩"
        assert vault.open(row["caller_number"], "calls.caller_number") == "+8613800138007"
        assert row["caller_hash"] == vault.number_hash("+8613800138007")
        assert (row["address"], row["recording_number"]) == (None, None)
        assert row["content_hash"] == vault.content_hash(await connection.fetchval("select sha256('c7'::bytea)"))
        assert await connection.fetchval("select count(*) from decisions where outcome = 'close'") == 3
        assert await connection.fetchval("select detail from call_log") == {"transfer_id": 1}
        assert list(await usage(connection)) == [1]
        found = await search_calls(connection, vault, CallSearch(words="工地打桩", limit=300))
        assert len(found) == 230
        # sealed once and for all: a value put back in clear is not believed
        await connection.execute("update calls set transcript = $1 where id = $2", clear_value("假的"), row["id"])
        with pytest.raises(SealBroken):
            vault.open(clear_value("假的"), "calls.transcript")
    await pool.close()


async def test_rotation_beside_the_running_service(
    service: RunningService, call: CallMaker, settings: Settings
) -> None:
    await service.start_worker()
    first = await service.post_calls(*(call("楼上漏水，物业不管", caller_number="13800138000") for _ in range(300)))
    ids = [entry["call_id"] for entry in first["accepted"]]
    running = service.services.vault
    assert isinstance(running, FileVault)
    # the command's own vault, as another process has it
    command = await open_vault(settings, ServerUrls(service.database_url, ""))
    pool = await open_pool(service.database_url, 2)
    add_data_key(command.path, "sm")
    command.reload()
    # a row that somebody holds is passed over and sealed by a later pass
    async with service.pool.acquire() as holding, holding.transaction():
        await holding.execute("select from calls where id = $1 for update", ids[0])
        again = asyncio.create_task(reseal(pool, command))
        more = await service.post_calls(call("路灯不亮"))
    changed = await again
    assert changed.changed["calls"] >= 299
    await eventually(lambda: done(service, command, pool))
    async with pool.acquire() as connection:
        assert list(await usage(connection)) == [2]
        row = await connection.fetchrow("select * from calls where id = $1", ids[0])
        assert row["caller_hash"] == command.number_hash("+8613800138000")
    # the web reads both and has taken over the new key
    for call_id in (ids[0], ids[-1], more["accepted"][0]["call_id"]):
        status, page = await service.request("GET", f"/calls/{call_id}", role="manager")
        assert status == 200
        assert page["call"]["transcript"]
    assert running.ring.active.id == 2
    assert (await service.post_calls(json.loads(json.dumps(call("路灯不亮")))))["accepted"]
    duplicate = await service.post_calls(call("楼上漏水，物业不管", external_id=first["accepted"][5]["external_id"]))
    assert duplicate["updated"] or duplicate["duplicates"]
    await pool.close()


async def done(service: RunningService, command: FileVault, pool: Any) -> bool:
    """Everything is read, and sealed by the new key after another pass."""
    async with pool.acquire() as connection:
        if await connection.fetchval("select count(*) from triage_jobs"):
            return False
    await reseal(pool, command)
    async with pool.acquire() as connection:
        return list(await usage(connection)) == [2]


async def test_rotate_goes_on_where_it_was_stopped(
    service: RunningService, call: CallMaker, settings: Settings, tmp_path: Path
) -> None:
    await service.post_calls(*(call("楼上漏水") for _ in range(5)))
    vault = await open_vault(settings, ServerUrls(service.database_url, ""))
    (tmp_path / "first.key").write_bytes(vault.path.read_bytes())
    by_first = FileVault(tmp_path / "first.key", vault.ring)
    add_data_key(vault.path, "sm")
    vault.reload()
    pool = await open_pool(service.database_url, 2)
    async with pool.acquire() as connection:
        row = await connection.fetchrow("select id, transcript from calls limit 1")
        sealed = vault.seal(vault.open(row["transcript"], "calls.transcript"), "calls.transcript")
        await connection.execute("update calls set transcript = $1 where id = $2", sealed, row["id"])
    said = await rotate_in(pool, vault, "sm", asked=False, wait_s=0)
    assert '"key": 2' in said, "the key that was begun with is finished, none is added"
    async with pool.acquire() as connection:
        assert list(await usage(connection)) == [2]
        await connection.execute("update calls set address = transcript where id = $1", row["id"])
    said = await rotate_in(pool, vault, "intl", asked=True, wait_s=0)
    assert '"key": 3, "suite": "intl"' in said
    assert '"unreadable": {"calls": 1}' in said, "one damaged value holds up nothing"
    async with pool.acquire() as connection:
        assert await usage(connection) | {3: None} == {2: {"calls": 5}, 3: None}
    for key_id, why in ((3, "seals now"), (2, "5 in calls"), (9, "no key 9")):
        with pytest.raises(KeyInUse, match=why):
            await retire_in(pool, vault, key_id, rejects=tmp_path)
    with SealedWriter((tmp_path / "line.rejects.csv.sealed").open("wb"), by_first) as rejects:
        rejects.write(b"x" * 100_000)
    with pytest.raises(KeyInUse, match=r"1 files of .* \(line\.rejects\.csv\.sealed\)"):
        await retire_in(pool, vault, 1, rejects=tmp_path)
    (tmp_path / "line.rejects.csv.sealed").unlink()
    await retire_in(pool, vault, 1, rejects=tmp_path)
    vault = await open_vault(settings, ServerUrls(service.database_url, ""))
    assert [line.split()[:3] for line in (await listed(pool, vault))[1:]] == [
        ["1", "intl", "retired"],
        ["2", "sm", "opens"],
        ["3", "intl", "active"],
    ]
    await pool.close()


async def test_a_missing_and_a_wrong_key_are_told_in_one_sentence(
    service: RunningService, settings: Settings, tmp_path: Path
) -> None:
    urls = ServerUrls(service.database_url, "")
    path = settings.secret_key_file
    kept = path.read_text()
    add_data_key(path, "intl")
    await open_vault(settings, urls)
    path.write_text(kept)
    with pytest.raises(SecretKeyError, match="lacks key 2"):
        await open_vault(settings, urls)
    path.unlink()
    for opening in (open_vault, prepare_vault):
        with pytest.raises(SecretKeyError, match="put the copy of the key file back"):
            await opening(settings, urls)
    assert not path.exists(), "a new key is never made where sealed data is"
    make_key_file(path, "intl")
    with pytest.raises(SecretKeyError, match="does not belong to this database"):
        await open_vault(settings, urls)


async def test_calls_are_found_by_words_code_and_number(service: RunningService, call: CallMaker) -> None:
    await service.start_worker()
    dialogue = [
        {"speaker": "坐席", "text": "您好，这里是热线", "seq": 1},
        {"speaker": "市民", "text": "公司拖欠工资，我想申请劳动仲裁", "seq": 2},
    ]
    stored = await service.post_calls(
        call(
            "",
            transcript=dialogue,
            external_id="S-1",
            caller_number="13800138001",
            received_at="2026-11-01T08:00:00+08:00",
        ),
        call("劳动合同到期要不要赔偿", external_id="S-2", received_at="2026-11-02T08:00:00+08:00"),
        call("仲裁费用谁出，劳动局管吗", external_id="S-3", received_at="2026-11-03T08:00:00+08:00"),
        call("秘密举报", external_id="S-4", caller_number="13800138001", confidential=True),
    )
    ids = {entry["external_id"]: entry["call_id"] for entry in stored["accepted"]}
    for call_id in ids.values():
        await service.call_in(call_id, "queued", "closed")
    vault = service.services.vault

    async def found(**wanted: Any) -> list[str]:
        async with service.pool.acquire() as connection:
            rows = await search_calls(connection, vault, CallSearch(**wanted))
        assert all(row["excerpt"] for row in rows)
        return [row["external_id"] for row in rows]

    assert await found(words="劳动") == ["S-3", "S-2", "S-1"], "newest first"
    assert await found(words="仲裁 劳动") == ["S-3", "S-1"], "all words, in any order"
    assert await found(words="热线") == ["S-1"], "also what the staff said"
    assert await found(words="鲸鱼") == []
    assert await found(words="劳动", limit=1) == ["S-3"]
    assert await found(words="劳动", before_at=datetime(2026, 11, 3, tzinfo=UTC), before_id=ids["S-3"]) == [
        "S-2",
        "S-1",
    ]
    assert await found(code="S-2") == ["S-2"]
    assert await found(number="+8613800138001") == ["S-1"], "confidential calls are not found by who made them"
    with pytest.raises(InvalidRequest):
        await found(words="，。")
    with pytest.raises(InvalidRequest):
        await found(words="劳动", code="S-1")
    # a new version is found by its own words and no longer by the old ones
    await service.post_calls(call("公交车改道", external_id="S-2", received_at="2026-11-02T08:00:00+08:00"))

    async def anew() -> bool:
        return await found(words="公交") == ["S-2"]

    await eventually(anew)
    assert await found(words="劳动") == ["S-3", "S-1"]
