"""Retention by line and part, legal holds, and what a person may ask: a copy, a correction, an erasure."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from typer.testing import CliRunner

import routing.erasure
from config.audit_limits import load_audit_limits
from config.errors import ConfigError
from config.files import ConfigFiles
from config.settings import Settings
from hotline.audit.chain import audit_key
from hotline.audit.linking import link_round
from hotline.audit.reasons import Reason
from hotline.audit.verify import verify_chain
from hotline.cli import command_line
from hotline.erasure.copying import export_person
from hotline.erasure.correcting import correct_person
from hotline.erasure.person import (
    LEDGER,
    NothingFound,
    NumberUnreadable,
    erase_everywhere,
    erase_person,
    read_ledger,
)
from hotline.erasure.rounds import retention_round
from hotline.models.label_files import note_file
from hotline.models.labels import row_id
from hotline.sealing.columns import SEALED
from nlp import load_reader
from nlp.classification import Classification
from routing.erasure.periods import load_periods
from routing.erasure.service import count_due, place_hold, release_hold
from routing.errors import InvalidRequest
from routing.policy.loading import read_policy
from routing.sealing import Vault
from routing.search.service import CallSearch, search_calls
from routing.statistics.store import verify
from routing.triage.service import TriageContext, triage_round
from tests.service_fixtures import CallMaker, RunningService

SAID = "我在梧桐巷口摔了一跤，想问问走路砖松动该找哪个部门赔"
NUMBER = "13855501234"
NAME = "欧阳柏年"
ASKED = Reason("legal", "来函第七号")


async def opened_texts(connection: Any, vault: Vault) -> str:
    """Everything sealed in the database, opened, in one text."""
    said = []
    for table in SEALED:
        for row in await connection.fetch(f"select * from {table.name}"):  # noqa: S608 - names of the list
            said += [vault.open(row[column], f"{table.name}.{column}") or "" for column in table.texts]
            said += [
                json.dumps(vault.open_json(row[column], f"{table.name}.{column}"), ensure_ascii=False)
                for column in table.documents
            ]
    return "\n".join(said)


async def ended_call(service: RunningService, call: CallMaker, **fields: Any) -> int:
    """A call that went the whole way: read, forwarded with a reason, handled with notes, closed."""
    answer = await service.post_calls(call(SAID, caller_number=NUMBER, caller_name=NAME, address="梧桐巷7号", **fields))
    call_id = int(answer["accepted"][0]["call_id"])
    await service.call_in(call_id, "proposed", "queued")
    status, _ = await service.request(
        "POST",
        f"/calls/{call_id}/forward",
        role="operator",
        user="wang",
        json={"destination": "lawyers", "mode": "manual", "reason": f"{NAME}想问律师"},
    )
    assert status == 200
    _, taken = await service.request("POST", "/queues/lawyers/claim", role="lawyer", user="li")
    assert taken["call"]["id"] == call_id
    notes = {
        "disposition": "已答复",
        "notes": f"{NAME}左手擦伤",
        "summary": "建议先留照片",
        "summary_approved": True,
    }
    status, _ = await service.request(
        "POST", f"/assignments/{taken['assignment_id']}/complete", role="lawyer", user="li", json=notes
    )
    assert status == 200
    return call_id


async def write_beside(service: RunningService, call_id: int) -> None:
    """What is written of a call away from its desk: the danger panel, the second person's word, the form after it."""
    vault, said = service.services.vault, f"{NAME}左手擦伤"
    by = await service.pool.fetchval("select id from users where name = 'wang'")
    for statement, column in (
        ("insert into danger_answers (call_id, question, answer, answered_by) values ($1, 'hurt', $3, $2)", "answer"),
        ("insert into closing_releases (call_id, released_by, reason) values ($1, $2, $3)", "reason"),
        ("insert into wrap_ups (call_id, saved_by, summary) values ($1, $2, $3)", "summary"),
    ):
        await service.pool.execute(statement, call_id, by, vault.seal(said, f"{statement.split()[2]}.{column}"))


async def age(connection: Any, days: int, *call_ids: int) -> None:
    """As if the calls had ended so long ago."""
    await connection.execute(
        "update calls set state_changed_at = now() - make_interval(days => $1) where id = any($2)", days, call_ids
    )


async def test_retention_by_line_and_part_spares_what_is_held_or_still_open(
    service: RunningService, call: CallMaker
) -> None:
    await service.start_worker()
    old, young, kept, lasting = [await ended_call(service, call, line="12348") for _ in range(4)]
    open_call = (await service.post_calls(call(SAID, line="12348")))["accepted"][0]["call_id"]
    await service.call_in(open_call, "proposed", "queued")
    await service.stop_worker()
    vault, periods = service.services.vault, load_periods(ConfigFiles())
    async with service.pool.acquire() as connection:
        await age(connection, 400, old, kept)
        await age(connection, 2000, lasting)
        await age(connection, 100, young)
        hold = await place_hold(connection, vault, reason="法院调取函", call_id=kept)
        before = await connection.fetchval("select sum(n) from statistics_deltas where 'calls' = any(counts)")
    counted = {(due.rule.line, due.rule.part): (due.due, due.held) for due in await count_due(service.pool, periods)}
    assert counted["12348", "caller"] == (2, 1)
    assert counted["12348", "words"] == (1, 0)
    assert counted[None, "caller"] == (0, 0)
    assert await retention_round(service.pool, vault, periods) == {
        "12348:caller": 2,
        "12348:words": 1,
        "12348:notes": 1,
    }
    assert await retention_round(service.pool, vault, periods) == {}
    async with service.pool.acquire() as connection:
        rows = {
            r["id"]: r for r in await connection.fetch("select id, erased_parts, caller_hash, caller_name from calls")
        }
        assert {call_id: row["erased_parts"] for call_id, row in rows.items()} == {
            old: ["caller"],
            young: [],
            kept: [],
            lasting: ["caller", "notes", "words"],
            open_call: [],
        }
        assert rows[old]["caller_hash"] is None
        assert rows[old]["caller_name"] is None
        assert rows[kept]["caller_name"] is not None
        found = await search_calls(connection, vault, CallSearch(words="松动"))
        assert {row["id"] for row in found} == {old, young, kept, open_call}
        assert await connection.fetchval("select sum(n) from statistics_deltas where 'calls' = any(counts)") == before
    async with service.pool.acquire() as connection:
        assert await verify(connection) == []
    for call_id in rows:
        status, page = await service.request("GET", f"/calls/{call_id}", role="manager")
        assert status == 200
        assert bool(page["call"]["transcript"]) is (call_id != lasting)
    status, page = await service.request("GET", f"/calls/{lasting}", role="lawyer", user="li")
    assert (page["call"]["transcript"], page["triage"]["evidence"], page["assignments"][0]["notes"]) == ("", [], None)
    async with service.pool.acquire() as connection:
        await release_hold(connection, hold)
        with pytest.raises(InvalidRequest, match="没有编号为"):
            await release_hold(connection, hold)
    assert await retention_round(service.pool, vault, periods) == {"12348:caller": 1}


async def test_a_person_gets_a_copy_a_correction_and_an_erasure(
    service: RunningService, settings: Settings, call: CallMaker, tmp_path: Path
) -> None:
    await service.start_worker()
    ended = await ended_call(service, call, line="12345", external_id="E1")
    again = call(SAID + "，补充：有照片", caller_number=NUMBER, caller_name=NAME, line="12345", external_id="E1")
    assert (await service.post_calls(again))["updated"]
    open_call = (await service.post_calls(call(SAID, caller_number=NUMBER)))["accepted"][0]["call_id"]
    await service.call_in(open_call, "proposed", "queued")
    _, unmasked = await service.request(
        "POST",
        f"/calls/{ended}/unmask",
        role="manager",
        json={"fields": ["caller_number"], "reason": f"核对{NAME}的电话"},
    )
    assert NUMBER in json.dumps(unmasked)
    await service.stop_worker()
    pool, vault = service.pool, service.services.vault
    async with pool.acquire() as connection:
        with pytest.raises(NumberUnreadable):
            await export_person(connection, vault, "不是号码", ASKED)
        with pytest.raises(NothingFound):
            await export_person(connection, vault, "13999990000", ASKED)
        copy = await export_person(connection, vault, NUMBER, ASKED)
        told = json.dumps(copy, ensure_ascii=False, default=str)
        assert {c["id"] for c in copy["calls"]} == {ended, open_call}
        assert len(copy["calls"][0]["versions"]) == 2
        assert NAME in told
        assert "建议先留照片" in told
        # what the lawyer noted stays with the lawyers
        assert "左手擦伤" not in told
        assert [look["role"] for look in copy["looked_at"] if look["action"] == "call_unmasked"] == ["manager"]

        assert [r["id"] for r in await search_calls(connection, vault, CallSearch(words="照片"))] == [ended]
        changed = await correct_person(connection, vault, NUMBER, {"caller_name": "欧阳伯年"}, ASKED, only_call=ended)
        assert changed == [ended]
        said = await opened_texts(connection, vault)
        assert "欧阳伯年" in said
        versions = await connection.fetch("select payload from call_versions where call_id = $1", ended)
        names = {vault.open_json(row["payload"], "call_versions.payload")["caller_name"] for row in versions}
        assert names == {"欧阳伯年"}

    labelled, taken_away = tmp_path / "labels.jsonl", tmp_path / "taken-away.jsonl"
    rows = [{"id": row_id(vault, call_id), "text": SAID} for call_id in (ended, open_call)]
    labelled.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    for path in (labelled, taken_away, labelled):
        note_file(settings.state_dir, path)
    await write_beside(service, ended)
    done = await erase_person(pool, vault, settings, NUMBER, Reason("legal"))
    assert (done.erased, done.open, done.held) == ((ended,), (open_call,), ())
    # rows to train on are reached where they were written, and files that are gone are named
    assert (done.training_rows, done.label_files_missing) == (1, (str(taken_away),))
    assert [json.loads(line)["id"] for line in labelled.read_text().splitlines()] == [rows[1]["id"]]
    async with pool.acquire() as connection:
        await connection.execute("update calls set state = 'completed' where id = $1 and state = 'claimed'", open_call)
        said = await opened_texts(connection, vault)
        # the open call still has its caller's words; nothing else does
        assert "有照片" not in said
        assert "欧阳" not in said.replace("来函第七号", "")
        assert "左手擦伤" not in said
        assert [r["id"] for r in await search_calls(connection, vault, CallSearch(words="照片"))] == []
        assert await connection.fetchval("select count(*) from events where call_id = $1", ended) == 0
        assert await connection.fetchval("select array_agg(id) from calls where caller_hash is not null") == [open_call]
    # the line sends it once more: nothing comes back
    assert [entry["call_id"] for entry in (await service.post_calls(again))["duplicates"]] == [ended]
    changed_again = {**again, "transcript": SAID + "，又改了"}
    assert (await service.post_calls(changed_again))["duplicates"]
    async with pool.acquire() as connection:
        assert "又改了" not in await opened_texts(connection, vault)
    # a restored backup is brought up to date by the ledger, as often as one likes
    assert read_ledger(settings.state_dir / LEDGER) == [ended]
    async with pool.acquire() as connection, connection.transaction():
        await erase_everywhere(connection, vault, [ended])
    async with pool.acquire() as connection:
        assert await verify(connection) == []
    # the audit chain still holds, though notes about the call are gone
    key = audit_key(vault.ring)  # type: ignore[attr-defined]
    while (await link_round(pool, key, load_audit_limits(ConfigFiles()))).linked:
        pass
    verdict = await verify_chain(pool, key, vault, None)
    assert verdict.broken is None


def test_every_sealed_text_of_a_call_is_reached_by_erasure() -> None:
    erasing = (Path(routing.erasure.__file__).parent / "queries.sql").read_text(encoding="utf-8")
    # of no one call, or kept for a short while only
    apart = {
        "law_snippets", "legal_holds", "published", "trials", "audit_notes", "second_factors", "provider_logins",
        "export_jobs", "statistics_views", "idempotency_keys",
    }  # fmt: skip
    reached = {
        table.name
        for table in SEALED
        if f"delete from {table.name} " in erasing  # noqa: S608 - looked for, never run
        or re.search(rf"update {table.name}( \w)? set [^;()]*\b({'|'.join(table.columns)}) = ", erasing)  # noqa: S608
    }
    assert {table.name for table in SEALED} - reached == apart


class ErasingReader:
    """While it reads, the caller is erased."""

    def __init__(self, erase: Callable[[], Coroutine[Any, Any, None]], loop: asyncio.AbstractEventLoop) -> None:
        self._reader = load_reader()
        self._erase = erase
        self._loop = loop
        self.model = self._reader.model

    def read(self, text: str, *, line: str | None = None) -> Classification:
        return self.read_batch([(text, line)])[0]

    def read_batch(self, items: Sequence[tuple[str, str | None]]) -> list[Classification]:
        asyncio.run_coroutine_threadsafe(self._erase(), self._loop).result()
        return self._reader.read_batch(items)


async def test_what_is_erased_while_it_is_read_does_not_come_back(
    service: RunningService, settings: Settings, call: CallMaker, tmp_path: Path
) -> None:
    await service.start_worker()
    ended = await ended_call(service, call, line="12345", external_id="E1")
    await service.stop_worker()
    again = call(SAID + "，另外老板拖欠我工资", caller_number=NUMBER, line="12345", external_id="E1")
    assert (await service.post_calls(again))["updated"]
    pool, vault = service.pool, service.services.vault

    async def erase() -> None:
        assert (await erase_person(pool, vault, settings, NUMBER, Reason("legal"))).erased == (ended,)

    reader = ErasingReader(erase, asyncio.get_running_loop())
    context = TriageContext(reader, read_policy(ConfigFiles()), lambda queue, at: 1, vault, "test")
    assert await triage_round(pool, context) == 1
    async with pool.acquire() as connection:
        said = await opened_texts(connection, vault)
        assert "拖欠" not in said
        assert await search_calls(connection, vault, CallSearch(words="拖欠")) == []
        assert await connection.fetchval("select count(*) from triage_jobs") == 0


async def test_who_has_no_right_to_erase_cannot(service: RunningService, call: CallMaker) -> None:
    await service.post_calls(call(SAID))
    async with service.pool.acquire() as connection:
        for statement in ("truncate calls cascade", "delete from legal_holds", "delete from sealing_keys"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)


def test_a_copy_that_cannot_be_written_is_not_taken(tmp_path: Path) -> None:
    taken = tmp_path / "copy.json"
    taken.write_text("somebody's", encoding="utf-8")
    state = {"HOTLINE_STATE_DIR": str(tmp_path / "state")}
    for out, why in ((taken, "File exists"), (tmp_path / "no" / "copy.json", "No such file")):
        arguments = ["person", "export", NUMBER, "--reason", "来函第七号", "--out", str(out)]
        answer = CliRunner().invoke(command_line(), arguments, env=state)
        assert (answer.exit_code, why in answer.output) == (2, True), answer.output
    assert taken.read_text(encoding="utf-8") == "somebody's"
    assert not (tmp_path / "state").exists(), "nothing was opened for it"


def test_periods_that_cannot_be_are_refused_by_name(tmp_path: Any) -> None:
    def problem(text: str) -> str:
        (tmp_path / "retention.toml").write_text(text, encoding="utf-8")
        with pytest.raises(ConfigError) as caught:
            load_periods(ConfigFiles(tmp_path))
        return str(caught.value)

    whole = 'version = "1"\n[default]\ncaller_days = 30\nwords_days = 30\nnotes_days = 30\n'
    assert "version is missing" in problem("[default]\ncaller_days = 30\n")
    assert "default.notes_days is missing" in problem('version = "1"\n[default]\ncaller_days = 30\nwords_days = 9\n')
    assert "lines.110.words_days is 3" in problem(whole + "[lines.110]\nwords_days = 3\n")
    assert "lines.110.voice_days is unknown" in problem(whole + "[lines.110]\nvoice_days = 30\n")
    assert "is no TOML" in problem("version = ")
