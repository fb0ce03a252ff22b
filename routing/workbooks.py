"""Looks into an Excel workbook before it is opened: what unpacks to gigabytes, or to a billion cells, stays shut.

The sizes that a package states about itself may be lies, so every part is unpacked piece by piece and counted, and
nothing is kept. The reader (python-calamine) lays a sheet out as a full rectangle from the first to the last cell: two
cells in opposite corners are a valid file of a few hundred bytes and 400 GB of memory.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from routing.errors import RoutingError


class WorkbookRefused(RoutingError):
    """The workbook is damaged, or too large once unpacked; the message says what to hand in instead."""


@dataclass(frozen=True, slots=True)
class WorkbookLimits:
    """What a workbook may become."""

    unpacked_bytes: int
    ratio: int = 200
    """Unpacked to packed bytes, once 64 MiB are unpacked; deflate reaches 1,000, sheets of real text below 100."""
    parts: int = 5_000
    cells: int = 20_000_000
    """Of the rectangle around all cells of a sheet."""


_CHUNK = 1 << 20
_FREE_RATIO_BYTES = 64 << 20
_LOCAL_HEADER = 30
_SHEET = re.compile(r"xl/worksheets/[^/]+\.xml", re.IGNORECASE)
#: A cell's or a row's place; attributes may stand in any order and either kind of quote.
_PLACE = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]{0,7})([0-9]{1,9})["']""")
#: Longest text of a place that may lie across two chunks.
_OVERLAP = 64


def check_workbook(file: BinaryIO, limits: WorkbookLimits) -> None:
    """Raise WorkbookRefused, one sentence, for what must not be opened. XLSX only; ``file`` stays open."""
    try:
        with zipfile.ZipFile(file) as package:
            parts = package.infolist()
            if len(parts) > limits.parts:
                raise WorkbookRefused("工作簿的部件过多，不像正常的文件。请另存为 CSV 再导入。")
            if not any(part.filename.lower() == "xl/workbook.xml" for part in parts):
                raise WorkbookRefused("这不是 XLSX 工作簿。请用 Excel 或 WPS 另存为 xlsx。")
            _check_parts(file, parts, limits)
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError, ValueError) as error:
        raise WorkbookRefused(f"工作簿已损坏（{error}）。请重新另存，或另存为 CSV。") from error


def _check_parts(file: BinaryIO, parts: list[zipfile.ZipInfo], limits: WorkbookLimits) -> None:
    total = packed = 0
    for part in parts:
        sheet = _SheetExtent(limits.cells) if _SHEET.fullmatch(part.filename) else None
        size = 0
        for piece in _unpacked(file, part):
            if size == 0:
                _check_head(part.filename, piece)
            size += len(piece)
            total += len(piece)
            spread = total > _FREE_RATIO_BYTES and total > limits.ratio * max(packed + part.compress_size, 1)
            if total > limits.unpacked_bytes or spread:
                raise WorkbookRefused("工作簿解开后过大，不像正常的文件。请另存为 CSV 再导入。")
            if sheet is not None:
                sheet.feed(piece)
        packed += part.compress_size
        if size != part.file_size:
            raise WorkbookRefused("工作簿已损坏（部件的大小与所写的不符）。请重新另存，或另存为 CSV。")


def _unpacked(file: BinaryIO, part: zipfile.ZipInfo) -> Iterator[bytes]:
    """The part's true content, whatever the directory says of its size."""
    if part.flag_bits & 1:
        raise WorkbookRefused("工作簿有密码。请去掉密码再导入。")
    if part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise WorkbookRefused("工作簿用了不常见的压缩方式。请用 Excel 或 WPS 另存为 xlsx。")
    file.seek(part.header_offset)
    header = file.read(_LOCAL_HEADER)
    if len(header) < _LOCAL_HEADER or header[:4] != b"PK\x03\x04":
        raise zipfile.BadZipFile("part without header")
    file.seek(int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little"), 1)
    left = part.compress_size
    unpack = zlib.decompressobj(-zlib.MAX_WBITS) if part.compress_type == zipfile.ZIP_DEFLATED else None
    while left > 0:
        raw = file.read(min(left, _CHUNK))
        if not raw:
            raise EOFError("the file ends early")
        left -= len(raw)
        if unpack is None:
            yield raw
            continue
        while raw:
            if piece := unpack.decompress(raw, _CHUNK):
                yield piece
            raw = unpack.unconsumed_tail
            if unpack.eof:
                return


def _check_head(name: str, piece: bytes) -> None:
    """XML parts are plain UTF-8 without a document type: entities cannot swell, and places can be counted."""
    if not name.lower().endswith((".xml", ".rels")):
        return
    head = piece[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()
    if (head and not head.startswith(b"<")) or b"\0" in head or b"<!DOCTYPE" in piece.upper():
        raise WorkbookRefused("工作簿里有不该有的内容（DOCTYPE 或其他编码）。请用 Excel 或 WPS 另存为 xlsx。")


class _SheetExtent:
    """The rectangle around all places of a sheet, fed piece by piece."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._rest = b""
        self._columns: set[bytes] = set()
        self._width = self._height = 1

    def feed(self, piece: bytes) -> None:
        """Raise WorkbookRefused once the rectangle passes the limit."""
        window = self._rest + piece
        self._rest = window[-_OVERLAP:]
        for letters, digits in set(_PLACE.findall(window)):
            if letters not in self._columns:
                self._columns.add(letters)
                self._width = max(self._width, _column_number(letters))
            self._height = max(self._height, int(digits))
        if self._width * self._height > self._limit:
            raise WorkbookRefused("工作表的范围过大（很远的地方还有单元格）。请删去多余的行列，或另存为 CSV 再导入。")


def _column_number(letters: bytes) -> int:
    """1 for A, 27 for AA."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number
