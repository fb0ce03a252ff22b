"""XLSX and XLS workbooks, checked for size before they are opened."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.parsers import expat

import python_calamine

from hotline.intake.errors import FileUnreadable
from hotline.intake.normalise import is_blank
from hotline.intake.profile import Profile
from hotline.intake.readers.header import Header, find_header, missing_header
from hotline.intake.readers.rows import Row, RowError
from routing.workbooks import WorkbookLimits, WorkbookRefused, check_workbook

ROW_LIMIT = 100_000
#: 100,000 rows of 12 long cells stay well below a gigabyte.
LIMITS = WorkbookLimits(unpacked_bytes=1 << 30)
_CHUNK = 1 << 20
#: With title and heading rows; the exact limit is held once the heading row is known.
_FILLED_LIMIT = ROW_LIMIT + 1000


class ExcelRows:
    """The rows of one workbook: of the profile's sheet, else of the first with a heading row.

    Raises FileUnreadable for damaged, locked or oversized workbooks and where no heading row is found.
    """

    def __init__(self, path: Path, profile: Profile) -> None:
        self.path = path
        filled = _check_package(path) if zipfile.is_zipfile(path) else 0
        try:
            self._workbook = python_calamine.CalamineWorkbook.from_path(path)
            self._sheet, self.header = self._choose(profile)
        except python_calamine.PasswordError as error:
            raise FileUnreadable(f"{path} 有密码，请在 Excel 里去掉密码再导入。") from error
        except (python_calamine.CalamineError, OSError) as error:
            raise FileUnreadable(f"{path} 不是可读的 Excel 文件（{error}）。请重新另存，或另存为 CSV。") from error
        if max(filled, self._sheet.height if filled == 0 else 0) - self.header.index - 1 > ROW_LIMIT:
            raise FileUnreadable(_too_many(path))
        self._done = 0

    @property
    def headers(self) -> tuple[str, ...]:
        return self.header.names

    def progress(self) -> tuple[int, int]:
        return self._done, self._sheet.end[0] + 1 if self._sheet.end else 0

    def close(self) -> None:
        self._workbook.close()

    def __iter__(self) -> Iterator[Row | RowError]:
        width = self.header.width
        for number, cells in _numbered(self._sheet):
            self._done = number
            if number <= self.header.index + 1 or all(map(is_blank, cells)) or self.header.repeats(cells[:width]):
                continue
            yield self.header.row(number, [*cells, *([""] * (width - len(cells)))])

    def _choose(self, profile: Profile) -> tuple[python_calamine.CalamineSheet, Header]:
        names = self._workbook.sheet_names
        if profile.file.sheet:
            names = [name for name in names if name.strip() == profile.file.sheet] or names
        seen: list[list[Any]] = []
        for name in names:
            sheet = self._workbook.get_sheet_by_name(name)
            top = _top(sheet, profile.file.header_search)
            header = find_header(top, profile)
            if header:
                return sheet, header
            seen = seen or top
        raise FileUnreadable(f"{self.path}：{missing_header(seen, profile)}")


def _numbered(sheet: python_calamine.CalamineSheet) -> Iterator[tuple[int, list[Any]]]:
    """(row as Excel numbers it, cells from column A on)."""
    if sheet.start is None:
        return
    # calamine begins with the sheet's first row, but with the first column that holds something.
    blank = [""] * sheet.start[1]
    yield from ((number, [*blank, *cells]) for number, cells in enumerate(sheet.iter_rows(), 1))


def _top(sheet: python_calamine.CalamineSheet, count: int) -> list[list[Any]]:
    rows: list[list[Any]] = []
    for number, cells in _numbered(sheet):
        if number > count:
            break
        rows.extend([] for _ in range(number - 1 - len(rows)))
        rows.append(cells)
    return rows


def _check_package(path: Path) -> int:
    """Refuse what would fill the memory before anything is unpacked into it.

    Gives the filled rows of the largest sheet where that is near or above the limit, else 0.
    """
    try:
        with path.open("rb") as file:
            check_workbook(file, LIMITS)
        with zipfile.ZipFile(path) as package:
            sheets = [info for info in package.infolist() if re.fullmatch(r"xl/worksheets/[^/]+\.xml", info.filename)]
            filled = max((_filled_rows(package, info) for info in sheets), default=0)
    except WorkbookRefused as error:
        raise FileUnreadable(f"{path}：{error}") from error
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, EOFError) as error:
        raise FileUnreadable(f"{path} 已损坏（{error}）。请重新导出，或另存为 CSV。") from error
    if filled > _FILLED_LIMIT:
        raise FileUnreadable(_too_many(path))
    return filled


def _filled_rows(package: zipfile.ZipFile, info: zipfile.ZipInfo) -> int:
    """Rows with a value in them; 0 where a quick look shows fewer than the limit, counting ends above it."""
    tags, rest = 0, b""
    with package.open(info) as sheet:
        while chunk := sheet.read(_CHUNK):
            window = rest + chunk
            tags += window.count(b"<row ") + window.count(b"<row>")
            rest = window[-4:]
    # Tags of formatted but empty rows are common; only a sheet full of tags is parsed to count real rows.
    if tags <= ROW_LIMIT:
        return 0
    filled = 0
    has_value = False

    def start(name: str, _attributes: dict[str, str]) -> None:
        nonlocal has_value
        if name == "row":
            has_value = False
        elif name in {"v", "t"}:
            has_value = True

    def end(name: str) -> None:
        nonlocal filled
        if name == "row":
            filled += has_value

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    try:
        with package.open(info) as sheet:
            while filled <= _FILLED_LIMIT and (chunk := sheet.read(_CHUNK)):
                parser.Parse(chunk)
    except expat.ExpatError as error:
        raise FileUnreadable(f"{info.filename} 已损坏（{error}）。请重新导出，或另存为 CSV。") from error
    return filled


def _too_many(path: Path) -> str:
    return f"{path} 超过 {ROW_LIMIT:,} 行，没有导入。请另存为 CSV（UTF-8）再导入，行数不限。"
