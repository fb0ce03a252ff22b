"""Tables as CSV or Excel; nothing in them is taken for a formula, and each says who took it out and when."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hotline.console.language import say
from hotline.formulas import harmless
from hotline.statistics.tables import BEFORE, Table, Value

#: Longer names of sheets no spreadsheet program takes.
_NAME_LENGTH = 31
#: So many rows are written between two looks at how far it is.
_TELL_ROWS = 500


@dataclass(frozen=True, slots=True)
class Book:
    """Tables that go out together; its own texts in the language of who takes them out."""

    title: str
    period: str
    filters: tuple[str, ...]
    """In words."""
    mark: str
    """Who takes it out, staff number and time: on every sheet and every printed page."""
    tables: tuple[Table, ...]

    def head(self, table: Table) -> list[str]:
        """The lines above a table."""
        filters = (say("条件：%(filters)s", filters=say("；").join(self.filters)),) if self.filters else ()
        return [self.mark, f"{self.title} {self.period}", *filters, *table.notes]


def csv_bytes(book: Book) -> bytes:
    """CSV with a byte order mark, as spreadsheet programs want it; tables one below the other."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    for table in book.tables:
        writer.writerows([harmless(line)] for line in book.head(table))
        writer.writerow([say(name) for name in table.columns])
        writer.writerows([_cell(table, value) for value in row] for row in table.rows)
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def xlsx_bytes(book: Book, tell: Callable[[int, int], None] = lambda done, steps: None) -> bytes:
    """An Excel file, a sheet for each table, written row by row.

    Texts stay texts (codes and numbers of phones too), only figures are numbers. Its parts stand in a private folder
    meanwhile, which is gone afterwards.
    """
    # loaded where a table is written: every process would start with it otherwise
    import xlsxwriter

    steps = sum(len(table.rows) for table in book.tables)
    done = 0
    with tempfile.TemporaryDirectory(prefix="hotline-export-") as folder:
        path = Path(folder) / "export.xlsx"
        options = {"constant_memory": True, "tmpdir": folder, "strings_to_formulas": False, "strings_to_urls": False}
        with xlsxwriter.Workbook(str(path), options) as file:
            bold = file.add_format({"bold": True})
            for table in book.tables:
                sheet = file.add_worksheet(_name(table))
                sheet.set_column(0, len(table.columns) - 1, 16)
                sheet.set_footer(f"&L{book.mark.replace('&', '&&')}&R&P/&N")
                head = book.head(table)
                sheet.freeze_panes(len(head) + 1, 0)
                for number, line in enumerate(head):
                    sheet.write_string(number, 0, harmless(line), bold if number == 0 else None)
                for column, name in enumerate(table.columns):
                    sheet.write_string(len(head), column, say(name), bold)
                for number, row in enumerate(table.rows, start=len(head) + 1):
                    for column, value in enumerate(row):
                        if isinstance(value, str):
                            sheet.write_string(number, column, value if table.shielded else harmless(value))
                        elif value is not None:
                            sheet.write_number(number, column, value)
                    done += 1
                    if done % _TELL_ROWS == 0:
                        tell(done, steps)
        return path.read_bytes()


def _name(table: Table) -> str:
    mark = say(BEFORE) if table.before else ""
    return say(table.title)[: _NAME_LENGTH - len(mark)] + mark


def _cell(table: Table, value: Value) -> str | int | float:
    if value is None:
        return ""
    return harmless(value) if isinstance(value, str) and not table.shielded else value
