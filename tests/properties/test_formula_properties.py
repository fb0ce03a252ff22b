"""No table we write holds a cell that a spreadsheet program would run, and nothing is lost by that."""

from __future__ import annotations

import csv
import tempfile
import zipfile
from pathlib import Path

import python_calamine
from hypothesis import given, settings
from hypothesis import strategies as st

from hotline.formulas import harmless, restored
from hotline.intake.errors import FieldError
from hotline.intake.profile import Kind
from hotline.intake.rejects import RejectFile
from hotline.sealing.files import read_sealed
from tests.service_fixtures import some_vault

STARTS = "=+-@\t\r\n＝＋－＠"
#: Anything, and much of what is dangerous.
CELLS = st.one_of(
    st.text(max_size=40),
    st.builds("{}{}{}".format, st.text("' 　", max_size=3), st.sampled_from(STARTS), st.text(max_size=20)),
    st.sampled_from(["=cmd|' /C calc'!A0", "+8613800138000", "@SUM(1+1)", "-2+3", "\t=1", "\r=1", "13800138000"]),
)
#: What no workbook can hold.
PLAIN = st.text(st.characters(min_codepoint=32, exclude_categories=["Cs", "Cc"]), max_size=20)


@given(CELLS)
def test_no_cell_begins_like_a_formula_and_each_comes_back(cell: str) -> None:
    written = harmless(cell)
    assert not written.lstrip(" 　").startswith(tuple(STARTS))
    assert restored(written) == cell


def rejected(kind: Kind, headers: list[str], cells: list[str], folder: Path) -> Path:
    """The reject file of one row, opened as ``hotline rejects show`` opens it."""
    vault = some_vault()
    kept = RejectFile(folder, Path(f"a.{kind}"), kind, vault=vault, headers=headers)
    kept.add(2, dict(zip(headers, cells, strict=True)), [FieldError("时间", "=不对")])
    kept.close()
    assert kept.path is not None
    shown = folder / f"shown.{kind}"
    shown.write_bytes(b"".join(read_sealed(kept.path, vault)))
    return shown


@given(st.lists(CELLS, min_size=2, max_size=2))
@settings(max_examples=40)
def test_reject_files_of_csv_are_harmless(cells: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = rejected("csv", ["=电话", "内容"], cells, Path(folder))
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.reader(file))
        for cell in (cell for row in rows for cell in row):
            assert not cell.lstrip(" 　").startswith(tuple(STARTS))


@given(st.lists(st.one_of(PLAIN, CELLS.filter(lambda text: text.isprintable())), min_size=2, max_size=2))
@settings(max_examples=15)
def test_reject_files_of_workbooks_hold_texts_only(cells: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = rejected("xlsx", ["电话", "内容"], cells, Path(folder))
        sheet = zipfile.ZipFile(path).read("xl/worksheets/sheet1.xml").decode()
        assert "<f>" not in sheet
        assert "<f " not in sheet
        rows = python_calamine.CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
        assert all(isinstance(cell, str) for row in rows for cell in row)
