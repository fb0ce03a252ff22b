"""Workbooks: sizes, locks, blank rows, and cells of every type."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from hotline.intake.errors import FileUnreadable
from hotline.intake.profile import Profile
from hotline.intake.readers import excel_rows
from hotline.intake.readers.excel_rows import ExcelRows
from hotline.intake.readers.opening import open_rows
from hotline.intake.readers.rows import Row

HEAD = ["编号", "时间", "内容", "电话"]


def workbook(path: Path, tables: dict[str, Sequence[Sequence[Any]]], at: tuple[int, int] = (0, 0)) -> Path:
    book = xlsxwriter.Workbook(str(path), {"default_date_format": "yyyy-mm-dd hh:mm:ss"})
    for name, table in tables.items():
        sheet = book.add_worksheet(name)
        for number, row in enumerate(table):
            sheet.write_row(at[0] + number, at[1], row)
    book.close()
    return path


def read(path: Path, profile: Profile) -> list[Any]:
    rows = ExcelRows(path, profile)
    try:
        return list(rows)
    finally:
        rows.close()


def test_rows_are_numbered_as_excel_shows_them(tmp_path: Path, city: Profile) -> None:
    moment = datetime(2026, 10, 12, 8, 0)  # noqa: DTZ001 - workbooks know no zone
    path = workbook(
        tmp_path / "a.xlsx",
        {
            "空": [],
            "说明": [["本表由系统导出"]],
            "数据": [["某市导出"], [], HEAD, ["A1", moment, "话", 13800138000.0], [], ["A2", 1, "", ""]],
        },
        at=(1, 1),
    )
    items = read(path, city)
    assert [(item.number, item.cells["编号"]) for item in items] == [(5, "A1"), (7, "A2")]
    assert items[0].cells["时间"] == moment
    assert items[0].cells["电话"] == 13800138000.0


def test_formatted_empty_rows_do_not_count(tmp_path: Path, city: Profile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(excel_rows, "ROW_LIMIT", 5)
    monkeypatch.setattr(excel_rows, "_FILLED_LIMIT", 8)
    path = tmp_path / "a.xlsx"
    book = xlsxwriter.Workbook(str(path))
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, HEAD)
    sheet.write_row(1, 0, ["A1", "t", "话", ""])
    for row in range(2, 60):
        sheet.set_row(row, 30)
    book.close()
    assert len(read(path, city)) == 1


@pytest.mark.parametrize("count", [6, 50])
def test_too_many_rows_advise_csv(tmp_path: Path, city: Profile, monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.setattr(excel_rows, "ROW_LIMIT", 5)
    monkeypatch.setattr(excel_rows, "_FILLED_LIMIT", 8)
    path = workbook(tmp_path / "a.xlsx", {"数据": [HEAD, *([f"A{n}", "t", "话", ""] for n in range(count))]})
    if count > 8:  # far too many: told before the workbook is unpacked into memory
        monkeypatch.delattr(excel_rows.python_calamine.CalamineWorkbook, "from_path", raising=True)
    with pytest.raises(FileUnreadable, match="CSV"):
        ExcelRows(path, city)


def test_just_the_limit_is_taken(tmp_path: Path, city: Profile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(excel_rows, "ROW_LIMIT", 5)
    path = workbook(tmp_path / "a.xlsx", {"数据": [["标题"], HEAD, *([f"A{n}", "t", "话", ""] for n in range(5))]})
    assert len(read(path, city)) == 5


def test_what_unpacks_to_far_more_is_refused_before_it_is_unpacked(tmp_path: Path, city: Profile) -> None:
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("xl/workbook.xml", "<workbook/>")
        package.writestr("xl/worksheets/sheet1.xml", b"<" + b"0" * (80 << 20))
    with pytest.raises(FileUnreadable, match="过大"):
        ExcelRows(path, city)


def test_damaged_and_foreign_files_are_refused(tmp_path: Path, city: Profile) -> None:
    whole = workbook(tmp_path / "a.xlsx", {"数据": [HEAD, ["A1", "t", "话", ""]]}).read_bytes()
    for name, content in {"cut.xlsx": whole[:-200], "word.xlsx": whole.replace(b"worksheets", b"wordsheets")}.items():
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(FileUnreadable):
            open_rows(path, city)


def test_a_text_table_called_xls_is_read_as_text(tmp_path: Path, city: Profile) -> None:
    path = tmp_path / "a.xls"
    path.write_bytes("编号\t时间\t内容\nA1\t2026-10-12 08:00:00\t话\n".encode("gb18030"))
    kind, rows = open_rows(path, city)
    assert kind == "csv"
    assert [item.cells["编号"] for item in rows if isinstance(item, Row)] == ["A1"]
    rows.close()
