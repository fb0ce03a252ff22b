"""The three samples: 740 calls, 6 duplicates, 6 rejected, and nothing else lost."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path

import pytest
import python_calamine
import xlsxwriter

from hotline.intake.importer import ImportResult, import_files
from hotline.intake.profile import Profile
from hotline.intake.progress import ImportProgress
from hotline.sealing.files import read_sealed
from routing.calls.record import CallRecord
from routing.calls.store import Outcome
from tests.service_fixtures import some_vault

pytestmark = pytest.mark.shared

#: Line -> rows rejected, as a person counts them in the file.
REJECTED = {"12345": [425, 426, 427], "110": [177, 178], "12348": [149]}


class Kept:
    """What a store would hold and answer."""

    def __init__(self) -> None:
        self.records: dict[tuple[str, str], CallRecord] = {}

    async def __call__(self, batch: list[CallRecord]) -> Sequence[Outcome]:
        outcomes = []
        for record in batch:
            known = self.records.get(record.key)
            self.records[record.key] = record
            same = known is not None and known.content_hash() == record.content_hash()
            outcomes.append(Outcome("accepted" if known is None else "duplicate" if same else "updated", 1))
        return outcomes


async def load(shared_dir: Path, profiles: dict[str, Profile], kept: Kept, folder: Path) -> dict[str, ImportResult]:
    return {
        line: await import_files(
            sorted((shared_dir / "samples").glob(f"{line}_*")),
            profiles[line],
            sink=kept,
            progress=ImportProgress(io.StringIO()),
            rejects_dir=folder / line,
            vault=some_vault(),
        )
        for line in REJECTED
    }


def counts(results: dict[str, ImportResult]) -> dict[str, tuple[int, int, int, int]]:
    return {line: (r.accepted, r.updated, r.duplicates, r.rejected) for line, r in results.items()}


async def test_the_samples_are_read_whole(shared_dir: Path, shipped: dict[str, Profile], tmp_path: Path) -> None:
    kept = Kept()
    first = await load(shared_dir, shipped, kept, tmp_path)
    assert counts(first) == {"12345": (419, 0, 3, 3), "110": (173, 0, 2, 2), "12348": (148, 0, 1, 1)}
    for line, rows in REJECTED.items():
        assert [int(reason.split(" 第 ")[1].split(" 行")[0]) for reason in first[line].reasons] == rows
    with (shared_dir / "samples" / "truth.csv").open(encoding="utf-8", newline="") as file:
        truth = {(row["line"], row["external_id"]) for row in csv.DictReader(file)}
    assert set(kept.records) == truth
    again = await load(shared_dir, shipped, kept, tmp_path)
    assert counts(again) == {"12345": (0, 0, 422, 3), "110": (0, 0, 175, 2), "12348": (0, 0, 149, 1)}


async def test_only_the_caller_s_words_are_the_caller_s(
    shared_dir: Path, shipped: dict[str, Profile], tmp_path: Path
) -> None:
    kept = Kept()
    await load(shared_dir, shipped, kept, tmp_path)
    records = kept.records.values()
    assert all(record.text for record in records)
    assert all(record.caller_number and record.caller_number.startswith("+86199") for record in records)
    lawyers = [s for r in records if r.line == "12348" for s in r.segments if s.speaker == "律师"]
    assert len(lawyers) == 148
    assert not any(segment.is_caller for segment in lawyers)
    assert not any(segment.text in record.text for segment in lawyers[:1] for record in records)


async def test_mended_reject_files_go_in(shared_dir: Path, shipped: dict[str, Profile], tmp_path: Path) -> None:
    kept = Kept()
    files = {}
    for line, result in (await load(shared_dir, shipped, kept, tmp_path)).items():
        sealed = result.reject_files[0]
        files[line] = sealed.with_suffix("")
        files[line].write_bytes(b"".join(read_sealed(sealed, some_vault())))
    _mend_workbook(files["12345"])
    _mend_table(files["110"])
    text = files["12348"].read_text(encoding="utf-8")
    files["12348"].write_text(text.replace('"not-a-time"', "1791765692000"), encoding="utf-8")
    for line, path in files.items():
        result = await import_files(
            [path],
            shipped[line],
            sink=kept,
            progress=ImportProgress(io.StringIO()),
            rejects_dir=tmp_path / "second",
            vault=some_vault(),
        )
        assert (result.accepted, result.rejected, result.exit_code) == (len(REJECTED[line]), 0, 0), result.reasons
    assert len(kept.records) == 746
    assert json.loads(text)["records"][0]["行号"] == 149


def _mend_workbook(path: Path) -> None:
    table = python_calamine.CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
    place = {name: table[0].index(name) for name in ("工单编号", "来电时间", "诉求内容")}
    table[1][place["诉求内容"]] = "补录：来电人说路灯坏了"
    table[2][place["来电时间"]] = "2026-10-12 15:00:00"
    table[3][place["工单编号"]] = "GD2026101399993"
    book = xlsxwriter.Workbook(str(path), {"default_date_format": "yyyy-mm-dd hh:mm:ss"})
    sheet = book.add_worksheet()
    for number, row in enumerate(table):
        sheet.write_row(number, 0, row)
    book.close()


def _mend_table(path: Path) -> None:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        rows = list(reader)
    rows[0]["报警时间"] = "20261030250000".replace("25", "05")
    rows[1]["报警内容"] = "补录：接通后没有说话"
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, reader.fieldnames or [])
        writer.writeheader()
        writer.writerows(rows)
