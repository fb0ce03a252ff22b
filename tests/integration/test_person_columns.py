"""A copy, a correction and an erasure of a person's calls, held against the list of sealed columns."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from config.settings import Settings
from hotline.audit.reasons import Reason
from hotline.erasure.copying import LEFT_OUT, export_person
from hotline.erasure.correcting import SET_APART, correct_person, replaced
from hotline.erasure.person import erase_person
from hotline.models.label_files import known_files, note_file
from hotline.models.labels import row_id
from hotline.sealing.columns import SEALED, SealedTable
from routing.erasure.parts import Piece
from routing.erasure.store import erase_parts
from routing.sealing import Vault
from tests.integration.test_erasure import ASKED, NAME, NUMBER, ended_call
from tests.service_fixtures import CallMaker, RunningService

RIGHT, RIGHT_NUMBER = "欧阳伯年", "13855509999"
OF_A_CALL = [table for table in SEALED if table.of_call is not None]
#: Columns of the calls' own fields, which the test does not write itself.
FIELDS = {"calls.caller_number", "calls.caller_name", "calls.address"}
#: A row in every table of a call that ended_call leaves empty: $1 the call, $2 somebody, $3 a sealed text.
ROWS = (
    "insert into direct_answers (call_id, user_id, answer) values ($1, $2, $3)",
    "with h as (insert into handovers (prepared_by) values ($2) returning id) insert into handover_items (handover_id, "
    "kind, ref, call_id, note) select id, 'duty', $1::bigint, $1::bigint, $3 from h",
    "insert into caller_choices (call_id, recorded_by, choice, message) values ($1, $2, 'message', $3)",
    "insert into counterparties (call_id, told_by, name) values ($1, $2, $3)",
    "insert into danger_answers (call_id, question, answered_by, answer) values ($1, 'hurt', $2, $3)",
    "insert into closing_releases (call_id, released_by, reason) values ($1, $2, $3)",
    "insert into wrap_ups (call_id, saved_by, summary) values ($1, $2, $3)",
    "insert into danger_checks (call_id, checked_by, outcome) values ($1, $2, $3)",
    "insert into police_returns (call_id, by_user, reason, danger_level, danger_kinds, words) "
    "values ($1, $2, 'civil', 0, '{}', $3)",
    "insert into cases (call_id, code) select $1, 'HL-TEST-1' where $2::bigint > 0 and $3::bytea is not null "
    "and not exists (select from cases where call_id = $1)",
    "insert into undertakings (case_id, call_id, queue_item_id, assignment_id, queue, desk, role, state, appraised_by, "
    "dispatched_at, due_at, reply) select c.id, $1, a.queue_item_id, a.id, 'departments', 'departments', 'lead', "
    "'appraised', $2, now(), now(), $3 from cases c, assignments a where c.call_id = $1 and a.call_id = $1",
    "insert into case_steps (case_id, undertaking_id, kind, due_at, created_by, note) "
    "select case_id, id, 'visit', now(), $2, $3 from undertakings where call_id = $1",
    "insert into objections (undertaking_id, by_user, reason, words) "
    "select id, $2, 'not_ours', $3 from undertakings where call_id = $1",
)

#: Where the documents quote the caller.
WITHIN: dict[str, dict[str, Any]] = {
    "calls.contact_rules": {"note": f"{NAME}@calls.contact_rules"},
    "call_versions.payload": {"source": {"备注": f"{NAME}@call_versions.payload"}},
    "triages.reading": {"evidence": [{"text": f"{NAME}@triages.reading", "start": 0, "end": 4, "weight": 0.1}]},
    "decisions.body": {"reasons": [f"{NAME}@decisions.body"]},
}

#: What goes with a field that has a period of its own, and nothing else: tables, or columns of calls.
OF_A_FIELD: dict[Piece, set[str]] = {
    "cases": {"undertakings", "case_steps", "objections"},
    "handling": {
        "assignments",
        "transfers",
        "direct_answers",
        "handover_items",
        "caller_choices",
        "counterparties",
        "danger_answers",
        "closing_releases",
        "wrap_ups",
        "danger_checks",
        "police_returns",
    },
    "readings": {"triages", "decisions"},
    "transcript": {"calls.transcript", "calls.segments", "calls.excerpt", "call_versions"},
}


def planted(table: SealedTable, column: str) -> str:
    """What the test writes into a column: the wrong name, and where it stands."""
    return f"{NAME}@{table.name}.{column}"


async def stored(connection: Any, vault: Vault, table: SealedTable, column: str, call_id: int) -> str:
    """What a column holds of the call, opened, in one text."""
    rows = await connection.fetch(
        f"select {column} as value from {table.name} where {table.of_call}",  # noqa: S608 - names of the list
        [call_id],
    )
    use = f"{table.name}.{column}"
    opening = vault.open_json if column in table.documents else vault.open
    return "\n".join(json.dumps(opening(row["value"], use), ensure_ascii=False) for row in rows)


async def plant(connection: Any, vault: Vault, call_id: int) -> None:
    """Rows in every table of a call, and :func:`planted` in every sealed column of them."""
    somebody = await connection.fetchval("select min(id) from users")
    for statement in ROWS:
        into = statement.rpartition("insert into ")[2].split()[0]
        column = statement.partition(")")[0].rpartition(" ")[2]
        await connection.execute(statement, call_id, somebody, vault.seal("", f"{into}.{column}"))
    for table in OF_A_CALL:
        for column in table.columns:
            use = f"{table.name}.{column}"
            if use in FIELDS:
                continue
            keys = [name for name, _ in table.keys]
            rows = await connection.fetch(
                f"select * from {table.name} where {table.of_call}",  # noqa: S608 - names of the list
                [call_id],
            )
            assert rows, f"the test has no row in {table.name}"
            for row in rows:
                if use == "calls.segments":
                    value = vault.seal_json([{"speaker": "caller", "text": planted(table, column)}], use)
                elif column in table.documents:
                    value = vault.seal_json({**(vault.open_json(row[column], use) or {}), **WITHIN[use]}, use)
                else:
                    value = vault.seal(planted(table, column), use)
                which = " and ".join(f"{name} = ${number}" for number, name in enumerate(keys, start=2))
                await connection.execute(
                    f"update {table.name} set {column} = $1 where {which}",  # noqa: S608 - names of the list
                    value,
                    *(row[name] for name in keys),
                )


async def ended_and_unmasked(service: RunningService, call: CallMaker) -> int:
    """A call that has gone the whole way, and that somebody has looked at with a reason."""
    ended = await ended_call(service, call, line="12345")
    fields = {"fields": ["caller_number"], "reason": "核对回拨电话"}
    assert (await service.request("POST", f"/calls/{ended}/unmask", role="manager", json=fields))[0] == 200
    await service.stop_worker()
    return ended


async def test_a_copy_a_correction_and_an_erasure_reach_every_sealed_column_of_a_call(
    service: RunningService, settings: Settings, call: CallMaker, tmp_path: Path
) -> None:
    await service.start_worker()
    ended = await ended_and_unmasked(service, call)
    vault = service.services.vault
    labelled = tmp_path / "labels.jsonl"
    rows = [{"id": row_id(vault, ended), "text": f"我是{RIGHT}，路砖松了"}, {"id": "other", "text": f"找{RIGHT}"}]
    labelled.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    note_file(settings.state_dir, labelled)
    files = known_files(settings.state_dir)
    columns = [(table, column, f"{table.name}.{column}") for table in OF_A_CALL for column in table.columns]

    async with service.pool.acquire() as connection:
        await plant(connection, vault, ended)
        copy = await export_person(connection, vault, NUMBER, ASKED, label_files=files)
    told = json.dumps(copy, ensure_ascii=False, default=str)
    copied = {use for table, column, use in columns if planted(table, column) in told}
    assert {use for _, _, use in columns} - copied - FIELDS == LEFT_OUT.keys()
    assert copied.isdisjoint(LEFT_OUT)
    (of_call,) = copy["calls"]
    assert (of_call["caller_number"], of_call["caller_name"], of_call["address"]) == (f"+86{NUMBER}", NAME, "梧桐巷7号")
    assert copy["training_rows"] == rows[:1]

    async with service.pool.acquire() as connection:
        changes = {"caller_name": RIGHT, "caller_number": RIGHT_NUMBER}
        assert await correct_person(connection, vault, NUMBER, changes, ASKED, label_files=files) == [ended]
        for table, column, use in columns:
            now = await stored(connection, vault, table, column, ended)
            if use not in SET_APART:
                assert NAME not in now, use
                assert f"{RIGHT}@{use}" in now
            elif use == "call_versions.payload":
                assert f'"caller_name": "{RIGHT}"' in now
                assert f'"caller_number": "+86{RIGHT_NUMBER}"' in now
            elif use not in FIELDS:
                assert planted(table, column) in now, f"{use}: {SET_APART[use]}"
        assert SET_APART.keys() <= {use for _, _, use in columns}
        assert RIGHT in await stored(connection, vault, OF_A_CALL[0], "caller_name", ended)
    texts = [json.loads(line)["text"] for line in labelled.read_text(encoding="utf-8").splitlines()]
    assert texts == ["我是某某某某，路砖松了", f"找{RIGHT}"], "masked by the right name, other calls left alone"

    done = await erase_person(service.pool, vault, settings, RIGHT_NUMBER, Reason("legal"))
    assert (done.erased, done.training_rows) == ((ended,), 1)
    async with service.pool.acquire() as connection:
        left = {use: await stored(connection, vault, table, column, ended) for table, column, use in columns}
    assert {use: now for use, now in left.items() if NAME in now or RIGHT in now} == {}


async def test_fields_with_a_period_of_their_own_go_alone(service: RunningService, call: CallMaker) -> None:
    await service.start_worker()
    ended = await ended_and_unmasked(service, call)
    vault = service.services.vault

    async def quoting(connection: Any) -> set[str]:
        uses = [(table, column, f"{table.name}.{column}") for table in OF_A_CALL for column in table.columns]
        found = {
            use
            for table, column, use in uses
            if use not in FIELDS and NAME in await stored(connection, vault, table, column, ended)
        }
        return {use if use.startswith("calls.") else use.partition(".")[0] for use in found}

    async with service.pool.acquire() as connection:
        await plant(connection, vault, ended)
        for piece, gone in OF_A_FIELD.items():
            before = await quoting(connection)
            assert gone <= before
            assert await erase_parts(connection, vault, [ended], (piece,)) == 1
            now = await quoting(connection)
            # the name of who called stands in the versions beside what was said
            assert before - now == gone - {"call_versions"}, piece
            assert await erase_parts(connection, vault, [ended], (piece,)) == 0
        version = await connection.fetchval("select payload from call_versions where call_id = $1", ended)
        payload = vault.open_json(version, "call_versions.payload")
        assert (payload["segments"], payload["source"], payload["caller_name"]) == ([], {}, NAME)
        marked = "select erased_parts from calls where id = $1"
        assert await connection.fetchval(marked, ended) == ["transcript", "readings", "handling", "cases"]
        assert await connection.fetchval("select count(*) from call_tokens where call_id = $1", ended) == 0
        assert await erase_parts(connection, vault, [ended], ("tokens", "source")) == 0, "gone with the transcript"
        assert await erase_parts(connection, vault, [ended], ("words", "notes")) == 1
        assert await connection.fetchval(marked, ended) == ["notes", "words"]


def test_only_the_wrong_text_is_replaced() -> None:
    wrong = {"王小": "王小明", "13800000000": "13900000000"}
    assert replaced("王小来电，王小明说13800000000", wrong) == "王小明来电，王小明说13900000000"
    assert replaced({"reasons": ["王小"], "n": 1, "none": None}, wrong) == {"reasons": ["王小明"], "n": 1, "none": None}
