"""Sheets that people hand in: opened within limits, their heading found by its words, their rows read by field."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

import python_calamine

from routing.errors import RoutingError
from routing.workbooks import WorkbookLimits, WorkbookRefused, check_workbook

#: A heading stands within so many rows from the top.
HEADING_ROWS = 20
_OLE = b"\xd0\xcf\x11\xe0"

#: One row of a sheet, as the reader gives it.
Cells = Sequence[Any]
#: Told how many rows of how many are read; may be called from a thread.
Told = Callable[[int, int], object]


class SheetRefused(RoutingError):
    """The file is no workbook, or too large once unpacked; the message says what to hand in instead."""


def open_workbook(data: bytes, called: str, limits: WorkbookLimits) -> python_calamine.CalamineWorkbook:
    """The XLSX or XLS workbook in ``data``, checked before anything of it is unpacked.

    ``called``: what the sender calls it, such as 值班表. Raises SheetRefused.
    """
    if data.startswith(b"PK"):
        try:
            check_workbook(io.BytesIO(data), limits)
        except WorkbookRefused as error:
            raise SheetRefused(str(error)) from error
    elif not data.startswith(_OLE) or zipfile.is_zipfile(io.BytesIO(data)):
        raise SheetRefused(f"{called}不是Excel文件。请用Excel或WPS另存为xlsx后再导入。")
    try:
        return python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
    except (python_calamine.CalamineError, ValueError, OSError) as error:
        raise _damaged(called, error) from error


def open_sheets(
    data: bytes, called: str, limits: WorkbookLimits
) -> list[tuple[str, python_calamine.CalamineSheet, list[list[Any]]]]:
    """Name, sheet and cells of every sheet, from its first row on, so that numbers told are the sheet's own.

    Raises SheetRefused.
    """
    book = open_workbook(data, called, limits)
    try:
        sheets = [(name, book.get_sheet_by_name(name)) for name in book.sheet_names]
        return [(name, sheet, [list(row) for row in sheet.to_python(skip_empty_area=False)]) for name, sheet in sheets]
    except (python_calamine.CalamineError, ValueError, OSError) as error:
        raise _damaged(called, error) from error


def _damaged(called: str, error: Exception) -> SheetRefused:
    return SheetRefused(f"{called}不能打开：{error}。请另存为xlsx后再导入。")


def columns_of(row: Cells, words: Mapping[str, Collection[str]]) -> dict[str, int]:
    """The column of each field that ``row`` names; white space and the case of letters do not matter.

    ``words``: what may stand over each field's column.
    """
    columns: dict[str, int] = {}
    for column, cell in enumerate(row):
        written = re.sub(r"\s+", "", str(cell)).lower()
        for field, names in words.items():
            if written in names:
                columns.setdefault(field, column)
    return columns


def find_heading(
    rows: Sequence[Cells], words: Mapping[str, Collection[str]], needed: Collection[str]
) -> tuple[int, dict[str, int]] | None:
    """Index of the first row that names every field of ``needed``, and the columns; None where there is none."""
    for number, row in enumerate(rows[:HEADING_ROWS]):
        columns = columns_of(row, words)
        if all(field in columns for field in needed):
            return number, columns
    return None


def rows_below(
    rows: Sequence[Cells], heading: int, columns: Mapping[str, int], told: Told | None = None
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Number (from 1, as spreadsheets count) and cells by field of every row below the heading that is not empty."""
    for number, cells in enumerate(rows[heading + 1 :], start=heading + 2):
        if told is not None:
            told(number, len(rows))
        row = {field: cells[column] if column < len(cells) else "" for field, column in columns.items()}
        if not all(is_blank(cell) for cell in row.values()):
            yield number, row


def is_blank(cell: Any) -> bool:
    """Whether nothing is written there."""
    return cell is None or (isinstance(cell, str) and not cell.strip())


def cell_text(cell: Any) -> str:
    """A cell as written; whole numbers without the .0 that spreadsheets give them."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return "" if cell is None else str(cell).strip()
