"""Reads a tree of grids from an Excel sheet (XLSX and XLS by python-calamine)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from routing.errors import GridError
from routing.grids.tree import LEVEL_LABELS, LEVELS, GridRow, Level
from routing.headed_sheets import SheetRefused, Told, cell_text, find_heading, open_sheets, rows_below
from routing.rosters.imported import RowProblem
from routing.workbooks import WorkbookLimits

#: Headings by column; white space in headings is ignored.
COLUMNS: Mapping[str, frozenset[str]] = {
    "编码": frozenset({"编码", "网格编码", "代码", "区划代码", "code"}),
    "名称": frozenset({"名称", "网格名称", "区划名称", "name"}),
    "上级编码": frozenset({"上级编码", "上级", "上级代码", "父级编码", "所属编码", "parent"}),
    "级别": frozenset({"级别", "层级", "类型", "level"}),
    "负责人": frozenset({"负责人", "网格长", "网格员", "责任人", "responsible"}),
    "调解组": frozenset({"调解组", "调解组织", "调委会", "人民调解委员会", "mediators"}),
}
_NEEDED = ("编码", "名称", "级别")
_LEVEL_WORDS: Mapping[str, Level] = {
    **{label: level for level, label in LEVEL_LABELS.items()},
    **{level: level for level in LEVELS},
    "地市": "region",
    "市级": "region",
    "区": "district",
    "县": "district",
    "县区": "district",
    "街道": "township",
    "乡镇": "township",
    "镇街": "township",
    "社区": "community",
    "村": "community",
    "村社": "community",
    "村社区": "community",
    "专属": "exclusive",
    "专属网格": "exclusive",
}
#: A city of ten million has some tens of thousands of grids.
LIMITS = WorkbookLimits(unpacked_bytes=128 << 20, cells=4_000_000)
_CODE = re.compile(r"[0-9A-Za-z._-]{1,64}")
_LONGEST = 80


def read_grids(data: bytes, told: Told | None = None) -> tuple[tuple[GridRow, ...], tuple[RowProblem, ...]]:
    """Rows of the first sheet that has the headings 编码, 名称 and 级别, and those that cannot be used.

    Raises GridError where the file is no workbook or no sheet has the headings.
    """
    try:
        sheets = open_sheets(data, "网格表", LIMITS)
    except SheetRefused as error:
        raise GridError(str(error)) from error
    for _, _, rows in sheets:
        heading = find_heading(rows, COLUMNS, _NEEDED)
        if heading is not None:
            return _read(rows, *heading, told)
    raise GridError("网格表里找不到表头：前20行内要有“编码”“名称”“级别”三列，另可有“上级编码”“负责人”“调解组”。")


def _read(
    rows: Sequence[Sequence[Any]], heading: int, columns: Mapping[str, int], told: Told | None
) -> tuple[tuple[GridRow, ...], tuple[RowProblem, ...]]:
    good: list[GridRow] = []
    problems: list[RowProblem] = []
    for number, cells in rows_below(rows, heading, columns, told):
        row = _row(f"第{number}行", {field: cell_text(cell) for field, cell in cells.items()})
        if isinstance(row, GridRow):
            good.append(row)
        else:
            problems += row
    return tuple(good), tuple(problems)


def _row(label: str, values: Mapping[str, str]) -> GridRow | list[RowProblem]:
    problems = []
    code, parent = values["编码"], values.get("上级编码", "")
    for field, text in (("编码", code), ("上级编码", parent)):
        if text and not _CODE.fullmatch(text):
            problems.append(RowProblem(label, field, f"“{text[:_LONGEST]}”不可用，请用字母、数字和 . _ - ，最多64个"))
    if not code:
        problems.append(RowProblem(label, "编码", "没有填写"))
    if not values["名称"]:
        problems.append(RowProblem(label, "名称", "没有填写"))
    level = _LEVEL_WORDS.get(values["级别"])
    if level is None:
        shown = f"“{values['级别']}”不是级别" if values["级别"] else "没有填写"
        problems.append(RowProblem(label, "级别", f"{shown}，可填：{'、'.join(LEVEL_LABELS.values())}"))
    for field in ("名称", "负责人", "调解组"):
        if len(values.get(field, "")) > _LONGEST:
            problems.append(RowProblem(label, field, f"超过{_LONGEST}个字，请写短些"))
    if problems or level is None:
        return problems
    return GridRow(
        label, code, values["名称"], parent, level, values.get("负责人") or None, values.get("调解组") or None
    )
