"""Delimited text: any encoding, any delimiter, quoted line breaks, broken quotes."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from hotline.formulas import restored
from hotline.intake.errors import FieldError, FileUnreadable
from hotline.intake.profile import Profile
from hotline.intake.readers.encoding import UNKNOWN_BYTE, TextFile, open_text, visible
from hotline.intake.readers.header import WHOLE_ROW, Header, find_header, missing_header
from hotline.intake.readers.rows import Row, RowError

DELIMITERS = (",", "\t", ";", "|", "，")
_LINE_LIMIT = 4 << 20
_RECORD_LINES = 500


class _OpenQuote(Exception):
    """A quote did not close within _RECORD_LINES lines."""


class _Lines:
    """Physical lines that can be pushed back; remembers those of the record being read."""

    def __init__(self, file: TextFile) -> None:
        self._file = file
        self._pending: deque[str] = deque()
        self.record: list[str] = []

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        if len(self.record) >= _RECORD_LINES:
            raise _OpenQuote
        line = self._pending.popleft() if self._pending else self._read()
        if not line:
            raise StopIteration
        self.record.append(line)
        return line

    def _read(self) -> str:
        line = self._file.readline(_LINE_LIMIT)
        if len(line) == _LINE_LIMIT and not line.endswith(("\n", "\r")):
            while (rest := self._file.readline(_LINE_LIMIT)) and not rest.endswith(("\n", "\r")):
                pass
        return line

    def push_back(self, lines: list[str]) -> None:
        self._pending.extendleft(reversed(lines))


class CsvRows:
    """The rows of one delimited text file; raises FileUnreadable when it has no heading row."""

    def __init__(self, path: Path, profile: Profile) -> None:
        self.path = path
        self._profile = profile
        self._file = open_text(path, profile.file.encoding)
        try:
            self.delimiter, self.header = self._find_header()
        except (FileUnreadable, UnicodeError):
            self._file.close()
            raise

    @property
    def headers(self) -> tuple[str, ...]:
        return self.header.names

    def progress(self) -> tuple[int, int]:
        return self._file.progress()

    def close(self) -> None:
        self._file.close()

    def __iter__(self) -> Iterator[Row | RowError]:
        # Rows are counted as a spreadsheet does: a record is one row however many lines it has; blank ones count.
        for number, item in enumerate(self._records(self.delimiter, self.header.width), 1):
            if number <= self.header.index + 1:
                continue
            if isinstance(item, str):
                yield RowError(number, self._salvaged(item), (FieldError(WHOLE_ROW, _BROKEN),))
            elif any(cell.strip() for cell in item) and not self.header.repeats(item):
                yield self._row(number, item)

    def _row(self, number: int, cells: list[str]) -> Row | RowError:
        if self.header.is_reject_file:
            cells = [restored(cell) for cell in cells]
        damaged = [i for i, cell in enumerate(cells) if UNKNOWN_BYTE in cell]
        row = self.header.row(number, [visible(cell) for cell in cells] if damaged else cells)
        if not damaged or isinstance(row, RowError):
            return row
        names = [self.header.names[i] for i in damaged if i < len(self.header.names)]
        errors = tuple(FieldError(name, "有无法识别的字节（显示为 �），请改成正确的文字。") for name in names)
        return RowError(number, row.cells, errors or (FieldError(WHOLE_ROW, "有无法识别的字节（显示为 �）。"),))

    def _records(self, delimiter: str, width: int | None = None) -> Iterator[list[str] | str]:
        """Each record's cells, or the one line that stands where a quote is broken.

        With the table's ``width`` known, a quote that ran over whole rows is told too.
        """
        self._file.seek(0)
        lines = _Lines(self._file)
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except (csv.Error, _OpenQuote):
                broken, *rest = lines.record
                lines.push_back(rest)
                lines.record.clear()
                reader = csv.reader(lines, delimiter=delimiter, strict=True)
                yield broken
                continue
            if (
                width
                and len(lines.record) > 1
                and len(cells) != width
                and _holds_a_row(lines.record[1:], delimiter, width)
            ):
                broken, *rest = lines.record
                lines.push_back(rest)
                lines.record.clear()
                yield broken
                continue
            lines.record.clear()
            yield cells

    def _salvaged(self, line: str) -> dict[str, str]:
        cells = [cell.strip().strip('"') for cell in visible(line).rstrip("\r\n").split(self.delimiter)]
        last = self.header.width - 1
        return {
            name: str(value)
            for name, value in self.header.named([*cells[:last], self.delimiter.join(cells[last:])]).items()
        }

    def _find_header(self) -> tuple[str, Header]:
        chosen = self._profile.file.delimiter
        best: tuple[str, Header] | None = None
        seen: list[list[str]] = []
        for delimiter in DELIMITERS if chosen == "auto" else (chosen,):
            records = islice(self._records(delimiter), self._profile.file.header_search)
            table = [[] if isinstance(record, str) else record for record in records]
            header = find_header(table, self._profile)
            if header and (best is None or header.matched > best[1].matched):
                best = delimiter, header
            seen = max(seen, table, key=lambda rows: max(map(len, rows), default=0))
        if best is None:
            raise FileUnreadable(f"{self.path}：{missing_header(seen, self._profile)}")
        return best


def _holds_a_row(lines: list[str], delimiter: str, width: int) -> bool:
    """Whether one of ``lines`` is a whole row by itself: then an open quote ran over it."""
    for line in lines:
        try:
            if any(len(cells) == width for cells in csv.reader([line], delimiter=delimiter)):
                return True
        except csv.Error:
            continue
    return False


_BROKEN = "引号没有成对，这一行读不出各列。请补上或删去多余的引号。"
