"""Whole files: counts, order, reject files that can be mended, what the command prints."""

from __future__ import annotations

import csv
import io
import json
import stat
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import python_calamine
import typer
import xlsxwriter
from typer.testing import CliRunner

from config.settings import Settings
from hotline.commands import import_
from hotline.intake.importer import BATCH_ROWS, ImportResult, Sink, import_files
from hotline.intake.profile import Profile
from hotline.intake.progress import ImportProgress
from hotline.sealing.files import read_sealed
from hotline.sealing.vault import FileVault
from routing.calls.record import CallRecord
from routing.calls.store import Outcome
from tests.service_fixtures import some_vault

Put = Callable[[str, str | bytes], Path]
VAULT = some_vault()
HEAD = "编号,时间,内容,电话,姓名\n"
GOOD = "A{n},2026-10-12 08:00:00,第{n}件事,13800138000,李\n"


@dataclass
class Versions:
    """Says what a store would answer: by key and content hash."""

    hashes: dict[tuple[str, str], str] = field(default_factory=dict)
    batches: list[int] = field(default_factory=list)

    async def __call__(self, batch: list[CallRecord]) -> Sequence[Outcome]:
        self.batches.append(len(batch))
        return [Outcome(self._kind(record), 1) for record in batch]

    def _kind(self, record: CallRecord) -> Any:
        known = self.hashes.get(record.key)
        self.hashes[record.key] = record.content_hash()
        if known is None:
            return "accepted"
        return "duplicate" if known == record.content_hash() else "updated"


async def run(files: list[Path], profile: Profile, folder: Path, sink: Sink | None = None) -> ImportResult:
    return await import_files(
        files,
        profile,
        sink=sink or Versions(),
        progress=ImportProgress(io.StringIO()),
        rejects_dir=folder / "rejects",
        vault=VAULT,
    )


def unsealed(path: Path) -> Path:
    """A reject file, opened beside the sealed one as a person would."""
    opened = path.with_suffix("")
    opened.write_bytes(b"".join(read_sealed(path, VAULT)))
    return opened


def counts(result: ImportResult) -> tuple[int, int, int, int]:
    return result.accepted, result.updated, result.duplicates, result.rejected


async def test_counts_and_the_line_of_the_contract(put: Put, city: Profile, tmp_path: Path) -> None:
    rows = (
        GOOD.format(n=1)
        + GOOD.format(n=2)
        + GOOD.format(n=1)
        + GOOD.format(n=2).replace("件事", "件别的事")
        + "A5,昨天,话,,\n"
    )
    result = await run([put("a.csv", HEAD + rows)], city, tmp_path)
    assert counts(result) == (2, 1, 1, 1)
    assert result.exit_code == 3
    assert json.loads(result.to_line()) == {
        "accepted": 2,
        "updated": 1,
        "duplicates": 1,
        "rejected": 1,
        "reject_files": [str(tmp_path / "rejects" / "a.rejects.csv.sealed")],
    }
    assert "\n" not in result.to_line()
    assert result.reasons[0].startswith("a.csv 第 6 行 时间：")


async def test_batches_stay_small_and_in_order(put: Put, city: Profile, tmp_path: Path) -> None:
    text = HEAD + "".join(GOOD.format(n=n) for n in range(BATCH_ROWS * 2 + 7))
    seen: list[str] = []
    sink = Versions()

    async def record_order(batch: list[CallRecord]) -> Sequence[Outcome]:
        seen.extend(record.external_id for record in batch)
        return await sink(batch)

    result = await run([put("a.csv", text)], city, tmp_path, record_order)
    assert sink.batches == [BATCH_ROWS, BATCH_ROWS, 7]
    assert seen == [f"A{n}" for n in range(BATCH_ROWS * 2 + 7)]
    assert result.exit_code == 0
    assert result.reject_files == []


async def test_an_error_of_the_store_is_raised_and_nothing_is_left_open(
    put: Put, city: Profile, tmp_path: Path
) -> None:
    async def broken(batch: list[CallRecord]) -> Sequence[Outcome]:
        raise ConnectionError("gone")

    text = HEAD + "A0,昨天,话,,\n" + "".join(GOOD.format(n=n) for n in range(2000))
    with pytest.raises(ConnectionError, match="gone"):
        await run([put("a.csv", text)], city, tmp_path, broken)
    assert unsealed(tmp_path / "rejects" / "a.rejects.csv.sealed").read_text(encoding="utf-8-sig").count("\n") == 2


async def test_one_unreadable_file_does_not_stop_the_others(put: Put, city: Profile, tmp_path: Path) -> None:
    files = [
        tmp_path / "missing.csv",
        put("b.csv", "甲,乙\n"),
        put("c.csv", HEAD + GOOD.format(n=1)),
        put("d.pdf", "%PDF"),
    ]
    result = await run(files, city, tmp_path)
    assert counts(result) == (1, 0, 0, 0)
    assert result.exit_code == 3
    told = zip(["missing.csv", "b.csv", "d.pdf"], result.unreadable, strict=True)
    assert all(name in sentence for name, sentence in told)
    assert (await run(files[:2], city, tmp_path)).exit_code == 2


def mend_csv(path: Path, change: Callable[[list[dict[str, str]]], None]) -> None:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        rows = list(reader)
    change(rows)
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, reader.fieldnames or [])
        writer.writeheader()
        writer.writerows(rows)


async def test_a_mended_csv_is_taken_and_an_untouched_one_is_not(put: Put, city: Profile, tmp_path: Path) -> None:
    bad = [
        "20261012000001,昨天,话,13800138000,李",
        "A2,2026-10-12 08:00:00,话",
        "A3,2026-10-12 08:00:00,话里有,逗号,李,王",
        'A4,2026-10-12 08:00:00,"没收住,13800138000,李',
        "=1+1,,话,+8613800138000,-李",
    ]
    source = put("a.csv", (HEAD + "\n".join(bad) + "\n" + GOOD.format(n=9)).encode("gb18030"))
    first = await run([source], city, tmp_path)
    assert counts(first) == (1, 0, 0, 5)
    (rejects,) = first.reject_files
    assert rejects.name == "a.rejects.csv.sealed"
    assert stat.S_IMODE(rejects.stat().st_mode) == 0o600
    assert not any(word in rejects.read_bytes() for word in ("李".encode(), b"13800138000"))
    refused = await run([rejects], city, tmp_path)
    assert "hotline rejects show" in refused.unreadable[0]
    rejects = unsealed(rejects)

    with rejects.open(encoding="utf-8-sig", newline="") as file:
        kept = list(csv.DictReader(file))
    assert [row["行号"] for row in kept] == ["2", "3", "4", "5", "6"]
    assert kept[0]["字段"] == "时间"
    # What a spreadsheet would run or round is shielded in the file and comes back as it was.
    assert kept[0]["编号"] == "20261012000001\t"
    assert (kept[4]["编号"], kept[4]["电话"], kept[4]["姓名"]) == ("'=1+1", "'+8613800138000", "'-李")

    again = await run([rejects], city, tmp_path)
    assert counts(again) == (0, 0, 0, 5)
    assert again.reject_files[0].name == "a-2.rejects.csv.sealed"
    assert counts(await run([unsealed(again.reject_files[0])], city, tmp_path)) == (0, 0, 0, 5)

    def change(rows: list[dict[str, str]]) -> None:
        rows[0]["时间"] = "2026-10-12 08:00:00"
        rows[1]["姓名"] = "李"
        rows[2].update(内容="话里有,逗号", 电话="李", 姓名="王")
        rows[3]["原因"] = ""  # the guess is right
        rows[4]["时间"] = "2026-10-12 08:00:00"

    mend_csv(rejects, change)
    sink = Versions()
    mended: list[CallRecord] = []

    async def keep(batch: list[CallRecord]) -> Sequence[Outcome]:
        mended.extend(batch)
        return await sink(batch)

    result = await run([rejects], city, tmp_path, keep)
    assert counts(result) == (5, 0, 0, 0), result.reasons
    assert [record.external_id for record in mended] == ["20261012000001", "A2", "A3", "A4", "=1+1"]
    assert mended[2].text == "话里有,逗号"
    assert (mended[3].text, mended[3].caller_name) == ("没收住", "李")
    assert mended[4].caller_name == "-李"
    assert mended[4].caller_number == "+8613800138000"
    assert not any(key in record.source for record in mended for key in ("行号", "字段", "原因"))


async def test_a_mended_workbook_is_taken(city: Profile, tmp_path: Path) -> None:
    path = tmp_path / "工单.xlsx"
    book = xlsxwriter.Workbook(str(path), {"strings_to_formulas": False})
    sheet = book.add_worksheet()
    moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    sheet.write_row(0, 0, ["标题行"])
    sheet.write_row(1, 0, ["编号", "时间", "内容", "电话"])
    sheet.write_row(2, 0, ["A1", "昨天", "=cmd()", 13800138000.0])
    sheet.write_row(3, 0, ["", "", "话", 13800138000.0])
    sheet.write_number(3, 1, 46307.5, moment)
    book.close()
    first = await run([path], city, tmp_path)
    assert counts(first) == (0, 0, 0, 2)
    (rejects,) = first.reject_files
    assert rejects.name == "工单.rejects.xlsx.sealed"
    rejects = unsealed(rejects)
    table = python_calamine.CalamineWorkbook.from_path(rejects).get_sheet_by_index(0).to_python()
    assert table[0] == ["编号", "时间", "内容", "电话", "行号", "字段", "原因"]
    assert [row[4] for row in table[1:]] == ["3", "4"]
    assert table[1][2] == "=cmd()"
    assert table[1][3] == "13800138000"

    table[1][1], table[2][0] = "2026-10-12 08:00:00", "A2"
    book = xlsxwriter.Workbook(str(rejects), {"strings_to_formulas": False})
    sheet = book.add_worksheet()
    for number, row in enumerate(table):
        sheet.write_row(number, 0, row)
    sheet.write_number(2, 1, 46307.5)
    book.close()
    assert counts(await run([rejects], city, tmp_path)) == (2, 0, 0, 0)


@pytest.mark.parametrize("name", ["a.json", "a.jsonl"])
async def test_mended_json_is_taken(put: Put, city: Profile, tmp_path: Path, name: str) -> None:
    rows = ['{"id": "A1", "time": "昨天", "text": "话"}', '{"id": "A2", "time": 1791763181000, "text: "话"}']
    text = "\n".join(rows) if name.endswith("l") else '{"data": {"list": [' + ",".join(rows) + "]}}"
    first = await run([put(name, text)], city, tmp_path)
    assert counts(first) == (0, 0, 0, 2)
    rejects = unsealed(first.reject_files[0])
    kept = rejects.read_text(encoding="utf-8")
    records = (
        [json.loads(line) for line in kept.splitlines()] if name.endswith("l") else json.loads(kept)["data"]["list"]
    )
    assert [record["行号"] for record in records] == [1, 2]
    assert records[0]["id"] == "A1"
    assert records[1]["原文"] == rows[1]
    assert counts(await run([rejects], city, tmp_path)) == (0, 0, 0, 2)

    mended = kept.replace("昨天", "2026-10-12 08:00:00").replace(
        json.dumps(rows[1], ensure_ascii=False), '"", "id": "A2", "time": 1791763181000, "text": "话"'
    )
    rejects.write_text(mended, encoding="utf-8")
    assert counts(await run([rejects], city, tmp_path)) == (2, 0, 0, 0)


def test_progress_tells_rows_a_second_on_standard_error_only(capsys: pytest.CaptureFixture[str]) -> None:
    with ImportProgress() as progress:
        progress.begin(Path("a.csv"))
        progress.at(500, 1, 2)
        progress.at(100_000, 1, 2)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("行/秒") == 1
    assert "100,000 行" in captured.err


@dataclass
class Store:
    sink: Versions
    vault: FileVault = VAULT
    triaged: int = 0
    imported: tuple[str, int] | None = None

    async def profile_for(self, profile: Profile) -> Profile:
        return profile

    async def recorded(self, line: str, result: ImportResult) -> None:
        self.imported = line, result.accepted

    async def triage_pending(self) -> None:
        self.triaged += 1


def invoke(store: Store, folder: Path, *arguments: str) -> tuple[int, str, list[str]]:
    opened: list[str] = []

    @asynccontextmanager
    async def open_store(settings: Settings, intake_as: import_.IntakeAs) -> AsyncIterator[Store]:
        opened.append(intake_as)
        yield store

    app = typer.Typer()
    app.callback()(lambda: None)
    import_.register(app, open_store)
    answer = CliRunner().invoke(app, ["import", *arguments], env={"HOTLINE_STATE_DIR": str(folder / "state")})
    return answer.exit_code, answer.stdout, opened


def test_the_command_prints_its_line_last_and_triages(put: Put, tmp_path: Path) -> None:
    path = put("a.csv", "接警单号,报警时间,报警内容\nA1,20261012080000,有人吵架\nA2,昨天,话\n")
    store = Store(Versions())
    code, out, opened = invoke(store, tmp_path, "--line", "110", "--as", "history", str(path))
    assert code == 3
    assert json.loads(out.strip().splitlines()[-1])["accepted"] == 1
    assert (opened, store.triaged) == (["history"], 1)
    code, _, opened = invoke(store, tmp_path, "--line", "110", "--no-triage", str(path))
    assert (code, opened, store.triaged) == (3, ["backlog"], 1)


def test_nothing_readable_opens_no_database(tmp_path: Path) -> None:
    code, out, opened = invoke(Store(Versions()), tmp_path, "--line", "110", str(tmp_path / "missing.csv"))
    assert code == 2
    assert json.loads(out)["rejected"] == 0
    assert opened == []


def test_the_exit_code_reaches_the_shell(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hotline", "import", "--line", "110", str(tmp_path / "missing.csv")]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == 2, answer.stderr
    assert json.loads(answer.stdout)["accepted"] == 0
    assert "missing.csv" in answer.stderr
