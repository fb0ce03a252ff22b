"""A table as CSV or Excel; nothing in it is taken for a formula."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path

import xlsxwriter

from hotline.formulas import harmless
from hotline.statistics.tables import Table, Value


def csv_bytes(table: Table) -> bytes:
    """CSV with a byte order mark, as spreadsheet programs want it."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerows([harmless(note)] for note in table.notes)
    writer.writerow(table.columns)
    writer.writerows([_cell(value) for value in row] for row in table.rows)
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def xlsx_bytes(table: Table) -> bytes:
    """An Excel file; its parts stand in a private folder meanwhile, which is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="hotline-export-") as folder:
        path = Path(folder) / "statistics.xlsx"
        options = {"constant_memory": True, "tmpdir": folder, "strings_to_formulas": False, "strings_to_urls": False}
        with xlsxwriter.Workbook(str(path), options) as book:
            sheet = book.add_worksheet(table.title)
            bold = book.add_format({"bold": True})
            sheet.set_column(0, len(table.columns) - 1, 16)
            for number, note in enumerate(table.notes):
                sheet.write_string(number, 0, note)
            head = len(table.notes)
            sheet.freeze_panes(head + 1, 0)
            for column, name in enumerate(table.columns):
                sheet.write_string(head, column, name, bold)
            for number, row in enumerate(table.rows, start=head + 1):
                for column, value in enumerate(row):
                    if isinstance(value, str):
                        sheet.write_string(number, column, harmless(value))
                    elif value is not None:
                        sheet.write_number(number, column, value)
        return path.read_bytes()


def _cell(value: Value) -> str | int | float:
    if value is None:
        return ""
    return harmless(value) if isinstance(value, str) else value
