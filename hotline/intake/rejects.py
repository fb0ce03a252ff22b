"""Reject files: rejected rows of the same kind as the input, to be mended and imported again.

They stand sealed; ``hotline rejects show FILE`` opens one.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, Protocol

from hotline.formulas import harmless
from hotline.intake.errors import FieldError
from hotline.intake.normalise import cell_text, json_value
from hotline.intake.profile import Kind
from hotline.intake.readers.header import WHOLE_ROW, row_mark
from hotline.intake.readers.rows import REJECT_COLUMNS
from hotline.sealing.files import SUFFIX, SealedWriter
from hotline.sealing.vault import FileVault

# A spreadsheet turns longer digit strings into 2.02611E+13 and loses the rest; behind a tab they stay text.
_LONG_NUMBER = re.compile(r"\d{11,}")
_EXTENSIONS: dict[Kind, str] = {"csv": ".csv", "xlsx": ".xlsx", "xls": ".xlsx", "json": ".json", "jsonl": ".jsonl"}


class _Writer(Protocol):
    def write(self, cells: Mapping[str, Any], note: Sequence[str]) -> None:
        """Append one row with its number, fields and reasons."""

    def close(self) -> None:
        """Finish the file."""


class RejectFile:
    """The rejected rows of one input file; created in ``folder`` with the first of them, never overwriting.

    It holds callers' data: sealed by ``vault``, and only its owner may read even that. ``told`` puts a reason into the
    language of who imports; the headings stay as they are, since by them the file is known again.
    """

    def __init__(
        self,
        folder: Path,
        source: Path,
        kind: Kind,
        *,
        vault: FileVault,
        headers: Sequence[str] = (),
        records_path: Sequence[str] = (),
        told: Callable[[str], str] = str,
    ) -> None:
        self._folder = folder
        self._source = source
        self._kind = kind
        self._vault = vault
        self._headers = tuple(headers)
        self._records_path = tuple(records_path)
        self._told = told
        self._writer: _Writer | None = None
        self.path: Path | None = None
        """None until a row was rejected."""

    def add(self, number: int, cells: Mapping[str, Any], errors: Sequence[FieldError]) -> None:
        """Keep one row; ``number`` is where it stood in the input."""
        if self._writer is None:
            self._writer = self._create()
        fields = "、".join(dict.fromkeys(error.field for error in errors))
        if len(errors) == 1:
            reasons = self._told(errors[0].message)
        else:
            reasons = " ".join(f"{error.field}：{self._told(error.message)}" for error in errors)
        if self._headers and any(error.field == WHOLE_ROW for error in errors):
            reasons += self._told(row_mark(cell_text(cells.get(name)) for name in self._headers))
        self._writer.write(cells, (str(number), fields, reasons))

    def close(self) -> None:
        """Finish the file, if there is one."""
        if self._writer is not None:
            self._writer.close()

    def _create(self) -> _Writer:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        base = re.sub(r"(-\d+)?\.rejects$", "", self._source.stem)
        number = 1
        while True:
            name = base if number == 1 else f"{base}-{number}"
            path = self._folder / f"{name}.rejects{_EXTENSIONS[self._kind]}{SUFFIX}"
            try:
                descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
                break
            except FileExistsError:
                number += 1
        self.path = path
        sealed = SealedWriter(os.fdopen(descriptor, "wb"), self._vault)
        match self._kind:
            case "csv":
                return _CsvWriter(sealed, self._headers)
            case "xlsx" | "xls":
                return _XlsxWriter(sealed, self._headers)
            case "json":
                return _JsonWriter(sealed, self._records_path)
            case "jsonl":
                return _JsonlWriter(sealed)


def _text(sealed: SealedWriter, encoding: str = "utf-8") -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BufferedWriter(sealed), encoding, newline="")


class _CsvWriter:
    def __init__(self, sealed: SealedWriter, headers: tuple[str, ...]) -> None:
        self._file = _text(sealed, "utf-8-sig")
        self._headers = headers
        self._csv = csv.writer(self._file)
        self._csv.writerow([*map(harmless, headers), *REJECT_COLUMNS])

    def write(self, cells: Mapping[str, Any], note: Sequence[str]) -> None:
        self._csv.writerow([*(_safe(cell_text(cells.get(name))) for name in self._headers), *map(harmless, note)])

    def close(self) -> None:
        self._file.close()


def _safe(text: str) -> str:
    return f"{text}\t" if _LONG_NUMBER.fullmatch(text) else harmless(text)


class _XlsxWriter:
    def __init__(self, sealed: SealedWriter, headers: tuple[str, ...]) -> None:
        # loaded where a table is written: every process would start with it otherwise
        import xlsxwriter

        self._headers = headers
        self._sealed = sealed
        self._content = io.BytesIO()
        self._book = xlsxwriter.Workbook(
            self._content,
            {
                # no temporary files: rows must not stand on the disk in clear
                "in_memory": True,
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
            },
        )
        self._sheet = self._book.add_worksheet("退回")
        self._times = self._book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        # as text, so that a cell stays what it is when somebody edits it, telephone numbers too
        self._text = self._book.add_format({"num_format": "@"})
        self._row = 0
        self._write([*headers, *REJECT_COLUMNS])

    def write(self, cells: Mapping[str, Any], note: Sequence[str]) -> None:
        self._write([*(cells.get(name) for name in self._headers), *note])

    def close(self) -> None:
        self._book.close()
        self._sealed.write(self._content.getbuffer())
        self._sealed.close()

    def _write(self, values: Sequence[Any]) -> None:
        for column, value in enumerate(values):
            if isinstance(value, (datetime, date)):
                self._sheet.write_datetime(self._row, column, value, self._times)
            else:
                self._sheet.write_string(self._row, column, cell_text(value), self._text)
        self._row += 1


def _json(cells: Mapping[str, Any], note: Sequence[str]) -> str:
    numbered: dict[str, Any] = dict(zip(REJECT_COLUMNS, note, strict=True))
    numbered[REJECT_COLUMNS[0]] = int(note[0])
    return json.dumps(json_value(dict(cells)) | numbered, ensure_ascii=False)


class _JsonlWriter:
    def __init__(self, sealed: SealedWriter) -> None:
        self._file = _text(sealed)

    def write(self, cells: Mapping[str, Any], note: Sequence[str]) -> None:
        self._file.write(_json(cells, note) + "\n")

    def close(self) -> None:
        self._file.close()


class _JsonWriter:
    """The list stands where it stood in the input: ``{"records": [...]}``, or the document itself."""

    def __init__(self, sealed: SealedWriter, records_path: tuple[str, ...]) -> None:
        self._file = _text(sealed)
        self._file.write("".join(f"{{{json.dumps(key, ensure_ascii=False)}: " for key in records_path) + "[\n")
        self._depth = len(records_path)
        self._separator = ""

    def write(self, cells: Mapping[str, Any], note: Sequence[str]) -> None:
        self._file.write(self._separator + _json(cells, note))
        self._separator = ",\n"

    def close(self) -> None:
        self._file.write("\n]" + "}" * self._depth + "\n")
        self._file.close()
