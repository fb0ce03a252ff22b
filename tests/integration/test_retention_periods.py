"""Periods of retention changed in the console: tried first, in force for the next round, on record."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from config.errors import ConfigError
from config.files import ConfigFiles
from hotline.erasure.rounds import retention_round
from routing.erasure.parts import PARTS
from routing.erasure.periods import MAX_DAYS, MIN_DAYS, Period, Periods, load_periods, parse_periods, periods_text
from routing.erasure.service import correct_caller, periods_in_force
from routing.erasure.store import erase_parts
from routing.errors import InvalidRequest
from routing.search.service import CallSearch, search_calls
from routing.statistics.store import verify
from tests.integration.test_administration import streamed
from tests.integration.test_erasure import NAME, SAID, age, ended_call
from tests.service_fixtures import CallMaker, RunningService


def rules(**days: int) -> list[dict[str, Any]]:
    """``caller=30, caller_12348=10`` as the API takes them; what is not named is kept for long."""
    all_days = {"caller": 3_000, "words": 3_000, "notes": 3_000} | days
    made = []
    for name, value in all_days.items():
        part, _, line = name.partition("_")
        made.append({"line": line or None, "part": part, "days": value})
    return made


async def test_periods_are_tried_then_published_and_the_next_round_goes_by_them(
    service: RunningService, call: CallMaker
) -> None:
    await service.start_worker()
    ended = await ended_call(service, call, line="12348")
    await service.stop_worker()
    async with service.pool.acquire() as connection:
        await age(connection, 40, ended)
    _, before = await service.request("GET", "/retention")
    assert (before["version"], before["versions"]) == (load_periods(ConfigFiles()).version, [])
    shorter = rules(caller_12348=30)
    _, last = await streamed(service, "/retention/count", "admin", json={"periods": shorter})
    due = {(each["line"], each["part"]): each["due"] for each in last["result"]["items"]}
    assert (last["result"]["version"], due["12348", "caller"], due["*", "caller"]) == ("draft", 1, 0)
    _, after = await service.request("GET", "/retention")
    assert after["version"] == before["version"], "trying changes nothing"

    async def publish(**more: Any) -> tuple[int, Any]:
        body = {"periods": shorter, "note": "按新规缩短", "base_version": before["version"]} | more
        return await service.request("POST", "/retention", json=body)

    status, made = await publish()
    assert (status, made["version"]) == (201, "retention-1")
    status, late = await publish(note="晚了一步")
    assert (status, late["type"]) == (409, "urn:hotline:problem:version-changed")
    _, shown = await service.request("GET", "/retention")
    assert (shown["version"], [each["note"] for each in shown["versions"]]) == ("retention-1", ["按新规缩短"])
    async with service.pool.acquire() as connection:
        periods = await periods_in_force(connection, ConfigFiles())
        assert await connection.fetchval("select note from published where kind = 'retention'") != "按新规缩短".encode()
    assert await retention_round(service.pool, service.services.vault, periods) == {"12348:caller": 1}
    async with service.pool.acquire() as connection:
        acts = await connection.fetch(
            "select action, subject, detail from audit_entries where action like 'retention%' order by id"
        )
    assert [(act["action"], act["subject"]) for act in acts] == [
        ("retention_counted", "retention:draft"),
        ("retention_published", "retention:retention-1"),
        ("retention_erased", "retention:retention-1"),
    ]
    assert acts[1]["detail"]["12348:caller"] == 30
    status, _ = await publish(base_version="retention-1", periods=rules())
    assert status == 201, "and changed again"


async def test_periods_that_cannot_be_are_refused_and_nothing_is_kept(service: RunningService) -> None:
    base = load_periods(ConfigFiles()).version
    for wrong in (
        rules(caller=MIN_DAYS - 1),
        rules(words_12348=MAX_DAYS + 1),
        rules(notes=-1),
        rules(notes=10**30),
        rules()[1:],
        rules() + rules(),
        [],
        [*rules(), {"line": '"]\n', "part": "caller", "days": 30}],
        [*rules(), {"line": "12348", "part": "voice", "days": 30}],
        [*rules(), {"line": "12348", "part": "caller", "days": 30.5}],
    ):
        status, problem = await service.request(
            "POST", "/retention", json={"periods": wrong, "note": "试一试", "base_version": base}
        )
        assert status == 422, wrong
        assert problem["detail"]
        status, _ = await service.request("POST", "/retention/count", json={"periods": wrong})
        assert status == 422, wrong
    status, _ = await service.request("POST", "/retention", json={"periods": rules(), "note": "", "base_version": base})
    assert status == 422, "why is needed"
    status, _ = await service.request(
        "POST", "/retention", role="manager", json={"periods": rules(), "note": "试", "base_version": base}
    )
    assert status == 403
    _, shown = await service.request("GET", "/retention")
    assert shown["versions"] == []


@pytest.mark.parametrize("line", [None, "12348", "another-line"])
def test_written_periods_are_read_back(line: str | None) -> None:
    whole = [Period(None, "caller", 30), Period(None, "words", 40), Period(None, "notes", 50)]
    extra = [] if line is None else [Period(line, "words", MIN_DAYS)]
    read = parse_periods(periods_text("retention-7", [*extra, *whole]))
    assert (read.version, {*read.rules}) == ("retention-7", {*whole, *extra})
    with pytest.raises(ConfigError, match="default"):
        parse_periods(periods_text("retention-7", extra))


def aged(folder: Path, days: dict[str, int]) -> None:
    """Files that were last written so many days ago."""
    for name, old in days.items():
        file = folder / name
        file.write_bytes(b"")
        at = file.stat().st_mtime - old * 86_400
        os.utime(file, (at, at))


def names(folder: Path) -> list[str]:
    """The files of a folder."""
    return sorted(path.name for path in folder.iterdir() if path.is_file())


async def test_old_reject_files_are_deleted_and_the_days_are_published(service: RunningService, tmp_path: Path) -> None:
    vault = service.services.vault
    aged(tmp_path, {"may.rejects.csv.sealed": 40, "june.rejects.xlsx.sealed": 20, "mine.csv": 400})
    shipped = load_periods(ConfigFiles())
    assert (shipped.rejects_days, parse_periods(periods_text("x", shipped.rules, 90)).rejects_days) == (30, 90)
    assert await retention_round(service.pool, vault, shipped, rejects=tmp_path / "none") == {}
    assert await retention_round(service.pool, vault, shipped, rejects=tmp_path) == {"*:rejects": 1}
    assert names(tmp_path) == ["june.rejects.xlsx.sealed", "mine.csv"]
    body = {"periods": rules(), "note": "退回文件只留一周", "base_version": shipped.version}
    status, answer = await service.request("POST", "/retention", json=body | {"rejects_days": 3})
    assert (status, "退回文件" in answer["detail"]) == (422, True)
    status, made = await service.request("POST", "/retention", json=body | {"rejects_days": 7})
    assert status == 201
    # who leaves it out keeps it
    again = body | {"base_version": made["version"]}
    assert (await service.request("POST", "/retention", json=again))[0] == 201
    async with service.pool.acquire() as connection:
        periods = await periods_in_force(connection, ConfigFiles())
    assert periods.rejects_days == 7
    assert await retention_round(service.pool, vault, periods, rejects=tmp_path) == {"*:rejects": 1}
    _, shown = await service.request("GET", "/retention")
    assert shown["rejects_days"] == 7
    assert [each["label"] for run in shown["runs"] for each in run["erased"]] == ["退回文件", "退回文件"]
    with pytest.raises(ConfigError, match="rejects_days is 3"):
        parse_periods(periods_text("x", shipped.rules, 3))


async def test_single_fields_go_sooner_than_their_part(service: RunningService, call: CallMaker) -> None:
    await service.start_worker()
    ended, other = [await ended_call(service, call, line=line, recording_number="REC-77") for line in ("12348", "110")]
    await service.stop_worker()
    pool, vault = service.pool, service.services.vault
    async with pool.acquire() as connection:
        await age(connection, 40, ended, other)
    fields = rules(number_12348=30, recording=30, tokens_12348=30)
    _, last = await streamed(service, "/retention/count", "admin", json={"periods": fields})
    due = {(each["line"], each["part"]): each["due"] for each in last["result"]["items"] if each["due"]}
    assert due == {("12348", "number"): 1, ("12348", "tokens"): 1, ("*", "recording"): 2}
    periods = Periods("fields", tuple(Period(each["line"], each["part"], each["days"]) for each in fields))
    assert parse_periods(periods_text("fields", periods.rules)).rules == tuple(
        sorted(periods.rules, key=lambda rule: rule.line or "")
    )
    erased = await retention_round(pool, vault, periods)
    assert erased == {"12348:number": 1, "12348:tokens": 1, "*:recording": 2}
    assert await retention_round(pool, vault, periods) == {}
    async with pool.acquire() as connection:
        row = await connection.fetchrow("select * from calls where id = $1", ended)
        assert row["erased_parts"] == ["number", "recording", "tokens"]
        assert (row["caller_number"], row["caller_hash"], row["recording_number"]) == (None, None, None)
        assert vault.open(row["caller_name"], "calls.caller_name") == NAME
        assert vault.open(row["transcript"], "calls.transcript") == SAID
        assert [found["id"] for found in await search_calls(connection, vault, CallSearch(words="松动"))] == [other]
        payload = await connection.fetchval("select payload from call_versions where call_id = $1", ended)
        version = vault.open_json(payload, "call_versions.payload")
        assert (version["caller_number"], version["caller_name"], version["source"]) == (None, NAME, {})
        with pytest.raises(InvalidRequest, match="已删除"):
            await correct_caller(connection, vault, ended, {"caller_number": "+8613800000000"})
        await correct_caller(connection, vault, ended, {"caller_name": "欧阳伯年"})
        # with its part a field is part of that again
        assert await erase_parts(connection, vault, [ended], ["caller"]) == 1
        assert await connection.fetchval("select erased_parts from calls where id = $1", ended) == ["caller", "tokens"]
        assert await erase_parts(connection, vault, [ended], ("number", "address")) == 0
        assert await erase_parts(connection, vault, [ended], PARTS) == 1
        gone = await connection.fetchrow("select erased_parts, caller_name, address from calls where id = $1", ended)
        assert tuple(gone) == (["caller", "notes", "words"], None, None)
        assert await verify(connection) == []
    _, shown = await service.request("GET", "/retention")
    assert {"其中：录音编号", "其中：检索词"} <= {each["label"] for run in shown["runs"] for each in run["erased"]}


async def test_transcripts_readings_desks_and_cases_are_tried_held_and_erased_by_periods_of_their_own(
    service: RunningService, call: CallMaker
) -> None:
    await service.start_worker()
    ended, held = [await ended_call(service, call, line=line) for line in ("12348", "110")]
    await service.stop_worker()
    pool, vault = service.pool, service.services.vault
    body = {"call_id": held, "reason": "法院调取函"}
    assert (await service.request("POST", "/retention/holds", json=body))[0] == 201
    async with pool.acquire() as connection:
        await age(connection, 40, ended, held)
    fields = rules(transcript=30, readings=50, handling=30, cases=50)
    _, last = await streamed(service, "/retention/count", "admin", json={"periods": fields})
    tried = {each["part"]: (each["due"], each["held"]) for each in last["result"]["items"] if each["due"]}
    assert tried == {"transcript": (1, 1), "handling": (1, 1)}
    periods = Periods("fields", tuple(Period(each["line"], each["part"], each["days"]) for each in fields))
    assert await retention_round(pool, vault, periods) == {"*:transcript": 1, "*:handling": 1}
    async with pool.acquire() as connection:
        rows = {row["id"]: row for row in await connection.fetch("select * from calls")}
        assert rows[held]["erased_parts"] == []
        assert rows[ended]["erased_parts"] == ["transcript", "handling"]
        assert vault.open(rows[held]["transcript"], "calls.transcript") == SAID
        assert vault.open(rows[ended]["transcript"], "calls.transcript") == ""
        assert await verify(connection) == []
