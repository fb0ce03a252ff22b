"""The audit log: nobody changes it, the chain shows who did, alerts, shipping."""

from __future__ import annotations

import asyncio
import select
import socket
import struct
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest

from config.syslog import SyslogReceiver, read_syslog
from hotline.audit.chain import audit_key
from hotline.audit.linking import link_round, read_checkpoint
from hotline.audit.reasons import Reason
from hotline.audit.shipping import ReceiverAway, ship_round
from hotline.audit.store import KnownActor, record_look, record_reasoned
from hotline.sealing.key_file import make_key_file
from tests.audit_logs import CHANGE_ENTRY, CUT_OFF, LIMITS, SOMEBODY, Log


async def test_entries_of_many_writers_are_linked_in_commit_order(log: Log, database_url: str) -> None:
    slow = await asyncpg.connect(database_url)
    turn = slow.transaction()
    await turn.start()
    await slow.execute("insert into audit_entries (action, subject) values ('slow', 'call:0')")
    await asyncio.gather(*(log.write(20) for _ in range(5)))
    await log.link()
    verdict = await log.verify()
    assert (verdict.links, verdict.pending, verdict.broken) == (0, 100, None), "an older transaction is still open"
    await turn.commit()
    await slow.close()
    await log.link()
    verdict = await log.verify()
    assert (verdict.links, verdict.pending, verdict.broken) == (101, 0, None)
    assert verdict.protected
    first = await log.owner.fetchval(
        "select action from audit_entries e join audit_links l on l.entry_id = e.id where seq = 1"
    )
    assert first == "slow"
    checkpoint = read_checkpoint(log.file)
    assert checkpoint is not None
    assert checkpoint.seq == 101


async def test_transactions_are_ordered_as_numbers(log: Log) -> None:
    await log.tamper(
        "insert into audit_entries (txid, action, subject) "
        "select t::text::xid8, 'a', 'call:' || t from unnest(array[9, 100, 10, 99]) t"
    )
    await log.link()
    await log.write(1)
    await log.link()
    rows = await log.owner.fetch(
        "select e.subject from audit_links l join audit_entries e on e.id = l.entry_id order by l.seq limit 4"
    )
    assert [row["subject"] for row in rows] == ["call:9", "call:10", "call:99", "call:100"]
    verdict = await log.verify()
    assert (verdict.links, verdict.pending, verdict.broken) == (5, 0, None)


async def test_two_linkers_make_one_chain(log: Log) -> None:
    await log.write(60)
    await asyncio.gather(*(link_round(log.pool, log.key, LIMITS) for _ in range(4)))
    await log.link()
    verdict = await log.verify()
    assert (verdict.links, verdict.broken) == (60, None)


FORBIDDEN = [
    "update audit_entries set action = 'nothing'",
    "delete from audit_entries",
    "truncate audit_entries",
    "update audit_links set link = '\\x00'",
    "delete from audit_links",
    "delete from audit_checkpoints",
    "update audit_chain set id = gen_random_uuid()",
]
ONLY_FOR_OWNERS = [
    "alter table audit_entries disable trigger user",
    "drop trigger append_only on audit_entries",
    "drop table audit_entries cascade",
    "alter table audit_entries owner to current_user",
    "create or replace function refuse_audit_change() returns trigger language plpgsql as 'begin return null; end'",
    "set session_replication_role = replica",
    "update alembic_version set version_num = '0001'",
]


async def test_neither_the_service_nor_the_owner_can_change_what_stands_there(log: Log) -> None:
    await log.write(2)
    await log.link()
    async with log.pool.acquire() as connection:
        for statement in FORBIDDEN + ONLY_FOR_OWNERS:
            try:
                await connection.execute(statement)
            except asyncpg.InsufficientPrivilegeError:
                continue
            pytest.fail(f"the service may: {statement}")
        # without rights to give away, PostgreSQL grants nothing and only warns
        await connection.execute("grant all on audit_entries to public")
        assert not await connection.fetchval("select has_table_privilege('audit_entries', 'update')")
    for statement in FORBIDDEN:
        with pytest.raises(asyncpg.PostgresError) as refused:
            await log.owner.execute(statement)
        assert refused.value.sqlstate == "HL002", statement
    assert (await log.verify()).broken is None


async def test_the_database_sets_time_and_place_of_an_entry(log: Log) -> None:
    async with log.pool.acquire() as connection:
        await connection.execute(
            "insert into audit_entries (txid, at, action, subject) values ('1', '2020-01-01', 'backdated', 'call:1')"
        )
        row = await connection.fetchrow(
            "select at > now() - interval '1 minute' as fresh, txid > '1' as placed from audit_entries"
        )
    assert (row["fresh"], row["placed"]) == (True, True)


INSERT_BETWEEN = (
    "insert into audit_entries (txid, id, action, subject) overriding system value "
    "select txid, 999, 'call_viewed', 'call:1' from audit_links where seq = 4"
)
CASES: dict[str, tuple[str, int, tuple[str, ...]]] = {
    "an entry is changed": ("changed", 4, (CHANGE_ENTRY,)),
    "its detail is changed": (
        "changed",
        4,
        (CHANGE_ENTRY.replace("user_id = 8", "detail = '{}'"),),
    ),
    "an entry is removed": (
        "entry_removed",
        4,
        ("delete from audit_entries where id = (select entry_id from audit_links where seq = 4)",),
    ),
    "an entry is inserted between": ("inserted", 5, (INSERT_BETWEEN,)),
    "a link is changed": ("changed", 4, ("update audit_links set link = sha256('x') where seq = 4",)),
    "a link is removed": ("link_removed", 4, ("delete from audit_links where seq = 4",)),
    "an entry goes with its link": (
        "link_removed",
        4,
        (
            "delete from audit_entries where id = (select entry_id from audit_links where seq = 4)",
            "delete from audit_links where seq = 4",
        ),
    ),
    "entry and link go and the rest moves up": (
        "changed",
        4,
        (
            "delete from audit_entries where id = (select entry_id from audit_links where seq = 4)",
            "delete from audit_links where seq = 4",
            "update audit_links set seq = -seq where seq > 4",
            "update audit_links set seq = -seq - 1 where seq < 0",
        ),
    ),
    "the tail is cut": (
        "tail_cut",
        8,
        CUT_OFF,
    ),
    "a checkpoint is changed": ("checkpoint_changed", 10, ("update audit_checkpoints set signature = sha256('x')",)),
    "first of two": ("changed", 4, (CHANGE_ENTRY, CHANGE_ENTRY.replace("seq = 4", "seq = 9"))),
}


@pytest.mark.parametrize("case", CASES)
async def test_the_first_broken_link_is_named(log: Log, case: str) -> None:
    kind, seq, statements = CASES[case]
    await log.write(10)
    await log.link()
    assert (await log.verify()).broken is None
    await log.tamper(*statements)
    verdict = await log.verify()
    assert verdict.broken is not None
    assert (verdict.broken.kind, verdict.broken.seq) == (kind, seq)
    assert str(seq) in verdict.broken.text
    assert verdict.links < seq


async def test_a_chain_made_anew_with_another_key_is_found(log: Log, tmp_path: Path) -> None:
    await log.write(5)
    await log.link()
    (tmp_path / "other").mkdir()
    await log.tamper(
        "delete from audit_links", "delete from audit_checkpoints", "delete from audit_entries where id = 3"
    )
    forger = audit_key(make_key_file(tmp_path / "other" / "secret.key", "intl"))
    await link_round(log.pool, forger, LIMITS)
    verdict = await log.verify()
    assert verdict.broken is not None
    assert (verdict.broken.kind, verdict.broken.seq) == ("changed", 1)


async def test_own_words_are_sealed_and_their_change_is_found(log: Log) -> None:
    words = "来电人要求当面送达"
    async with log.pool.acquire() as connection:
        reason = Reason("other", words)
        await record_reasoned(
            connection, log.vault, actor=SOMEBODY, action="call_unmasked", subject="call:1", reason=reason
        )
        stored = await connection.fetchval("select note from audit_notes")
    assert words.encode() not in stored
    await log.link()
    assert (await log.verify()).broken is None
    await log.owner.execute("update audit_notes set note = $1", log.vault.seal("另一个理由", "audit_notes.note"))
    verdict = await log.verify()
    assert verdict.broken is not None
    assert (verdict.broken.kind, verdict.broken.seq) == ("note_changed", 1)


async def test_looking_on_is_one_look(log: Log) -> None:
    async with log.pool.acquire() as connection:
        for _ in range(3):
            await record_look(connection, actor=SOMEBODY, action="call_viewed", subject="call:1")
        await record_look(connection, actor=SOMEBODY, action="call_viewed", subject="call:2")
        await record_look(connection, actor=KnownActor(8, "manager"), action="call_viewed", subject="call:1")
        assert await connection.fetchval("select count(*) from audit_entries") == 3


# ---- shipping


def entries_of(text: bytes) -> list[str]:
    """Messages of one octet-counted stream."""
    messages = []
    while text:
        length, _, rest = text.partition(b" ")
        messages.append(rest[: int(length)].decode())
        text = rest[int(length) :]
    return messages


def break_off(server: socket.socket) -> None:
    """A receiver that dies with the batch unread."""
    connection, _ = server.accept()
    select.select([connection], [], [], 5)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


async def test_a_receiver_that_was_away_misses_nothing(log: Log, tmp_path: Path) -> None:
    got: list[str] = []

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        got.extend(entries_of(await reader.read()))
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    receiver = read_syslog(f"tcp://127.0.0.1:{port}")
    assert receiver is not None
    await log.write(2)
    await log.link()
    assert await ship_round(log.pool, receiver) == 2
    server.close()
    await server.wait_closed()
    await log.write(3)
    await log.link()
    with pytest.raises(ReceiverAway):
        await ship_round(log.pool, receiver)

    with socket.create_server(("127.0.0.1", port)) as dying:
        breaking = asyncio.create_task(asyncio.to_thread(break_off, dying))
        with pytest.raises(ReceiverAway):
            await ship_round(log.pool, receiver)
        await breaking
    server = await asyncio.start_server(take, "127.0.0.1", port)
    assert await ship_round(log.pool, receiver) == 3
    assert await ship_round(log.pool, receiver) == 0
    server.close()
    assert [f'seq="{n}"' in message for n, message in enumerate(got, start=1)] == [True] * 5
    assert got[0].startswith("<109>1 20")
    assert " hotline " in got[0]
    assert 'action="call_viewed" subject="call:0"' in got[0]


def datagrams(path: str) -> socket.socket:
    receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    receiver.bind(path)
    return receiver


def packets(_: str) -> socket.socket:
    receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    receiver.bind(("127.0.0.1", 0))
    return receiver


@pytest.mark.parametrize("bind", [datagrams, packets])
async def test_datagrams_carry_one_entry_each(log: Log, tmp_path: Path, bind: Callable[[str], socket.socket]) -> None:
    path = str(tmp_path / "log")
    with bind(path) as receiver:
        name = receiver.getsockname()
        wanted = read_syslog(path if isinstance(name, str) else f"udp://127.0.0.1:{name[1]}")
        assert isinstance(wanted, SyslogReceiver)
        await log.write(2, action='odd "action]')
        await log.link()
        assert await ship_round(log.pool, wanted) == 2
        receiver.settimeout(5)
        first, second = receiver.recv(4096).decode(), receiver.recv(4096).decode()
    assert ('seq="1"' in first, 'seq="2"' in second) == (True, True)
    assert 'action="odd \\"action\\]"' in first
