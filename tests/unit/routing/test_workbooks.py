"""Workbooks that would fill the memory are refused before they are opened."""

from __future__ import annotations

import io
import struct
import zipfile

import pytest
import xlsxwriter

from routing.errors import RosterError
from routing.rosters.excel import read_excel
from routing.workbooks import WorkbookLimits, WorkbookRefused, check_workbook

LIMITS = WorkbookLimits(unpacked_bytes=80 << 20, cells=1_000_000)
SMALL = WorkbookLimits(unpacked_bytes=4 << 20)


def workbook(*cells: tuple[int, int, str]) -> bytes:
    """A real workbook with these cells."""
    made = io.BytesIO()
    book = xlsxwriter.Workbook(made)
    sheet = book.add_worksheet()
    for row, column, text in cells:
        sheet.write_string(row, column, text)
    book.close()
    return made.getvalue()


def package(parts: dict[str, bytes]) -> bytes:
    """A package with these parts beside what makes it a workbook."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as written:
        for name, content in {"xl/workbook.xml": b"<workbook/>", **parts}.items():
            written.writestr(name, content)
    return made.getvalue()


def check(data: bytes) -> None:
    check_workbook(io.BytesIO(data), LIMITS)


def test_a_real_workbook_passes() -> None:
    check(workbook((0, 0, "日期"), (0, 1, "姓名"), (400, 3, "甲")))


def test_what_unpacks_to_too_much_is_refused() -> None:
    with pytest.raises(WorkbookRefused, match="过大"):
        check_workbook(io.BytesIO(package({"xl/sharedStrings.xml": b"<sst>" + b" " * (5 << 20)})), SMALL)


def test_a_high_ratio_is_refused_below_the_limit() -> None:
    with pytest.raises(WorkbookRefused, match="过大"):
        check(package({"xl/sharedStrings.xml": b"<sst>" + b" " * (70 << 20)}))


def test_sizes_that_lie_are_found_by_counting() -> None:
    honest = package({"xl/sharedStrings.xml": b"<sst>" + b" " * (3 << 20)})
    size = (3 << 20) + 5
    lying = honest.replace(struct.pack("<L", size), struct.pack("<L", 1000))
    assert lying != honest
    with pytest.raises(WorkbookRefused, match="大小与所写的不符"):
        check(lying)


def test_two_cells_in_opposite_corners_are_refused() -> None:
    data = workbook((0, 0, "日期"), (999, 16_383, "甲"))
    assert len(data) < 10_000
    with pytest.raises(WorkbookRefused, match="范围过大"):
        check(data)


@pytest.mark.parametrize(
    "places",
    [
        b"<row r='1'><c r='A1'/></row><row r='900000'><c r='Z900000'/></row>",
        b'<row r="1"><c t="s" r = "XFD1"/></row><row\tr="1000"/>',
        b'<row r="1"><c\nr="XFD1"/><c r="A1048576"/></row>',
    ],
)
def test_places_are_found_however_they_are_written(places: bytes) -> None:
    with pytest.raises(WorkbookRefused, match="范围过大"):
        check(package({"xl/worksheets/sheet1.xml": b"<worksheet><sheetData>" + places + b"</sheetData></worksheet>"}))


def test_a_place_across_two_pieces_counts() -> None:
    head = b"<worksheet><sheetData>"
    for shift in (0, 3, 9, 20):
        filling = b" " * ((1 << 20) - len(head) - shift)
        sheet = head + filling + b'<row r="1"><c r="XFD1048576"/></row></sheetData></worksheet>'
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as written:
            written.writestr("xl/workbook.xml", b"<workbook/>")
            written.writestr("xl/worksheets/sheet1.xml", sheet)
        with pytest.raises(WorkbookRefused, match="范围过大"):
            check(made.getvalue())


@pytest.mark.parametrize(
    "part",
    [
        b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "cccccccc">]><sst>&b;</sst>',
        b"<?xml version='1.0'?><!doctype a><sst/>",
        '<?xml version="1.0" encoding="UTF-16"?><sst/>'.encode("utf-16"),
        b"PK\x03\x04",
    ],
)
def test_entities_and_odd_encodings_are_refused(part: bytes) -> None:
    with pytest.raises(WorkbookRefused, match="DOCTYPE"):
        check(package({"xl/sharedStrings.xml": part}))


def test_damaged_locked_and_foreign_packages_are_refused() -> None:
    whole = workbook((0, 0, "日期"))
    for data, said in (
        (whole[: len(whole) // 2], "损坏"),
        (b"PK\x03\x04nothing", "损坏"),
        (package({})[:-4], "损坏"),
        (package({f"xl/{n}.bin": b"" for n in range(5_001)}), "部件过多"),
    ):
        with pytest.raises(WorkbookRefused, match=said):
            check(data)
    other = io.BytesIO()
    with zipfile.ZipFile(other, "w") as written:
        written.writestr("content.xml", b"<office/>")
    with pytest.raises(WorkbookRefused, match="不是 XLSX"):
        check(other.getvalue())
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_LZMA) as written:
        written.writestr("xl/workbook.xml", b"<workbook/>")
    with pytest.raises(WorkbookRefused, match="压缩方式"):
        check(packed.getvalue())


def test_rosters_are_checked_before_they_are_opened() -> None:
    bomb = workbook((0, 0, "日期"), (0, 1, "姓名"), (999, 16_383, "甲"))
    with pytest.raises(RosterError, match="范围过大"):
        read_excel(bomb, {})
    # a workbook hidden behind the first bytes of an old one
    with pytest.raises(RosterError, match="不是Excel"):
        read_excel(b"\xd0\xcf\x11\xe0" + bomb, {})
    with pytest.raises(RosterError, match="不是Excel"):
        read_excel(b"\x1f\x8b\x08", {})
