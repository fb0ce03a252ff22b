"""Reads a roster from an Excel sheet (XLSX and XLS by python-calamine)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import python_calamine

from routing.errors import RosterError
from routing.headed_sheets import SheetRefused, Told, find_heading, is_blank, open_sheets, rows_below
from routing.policy.facts import LOCAL_ZONE
from routing.rosters.imported import NamedShift, RosterImport, RowProblem, split_names
from routing.workbooks import WorkbookLimits

#: Headings by column; white space in headings is ignored.
COLUMNS: Mapping[str, frozenset[str]] = {
    "日期": frozenset({"日期", "值班日期", "排班日期", "时间日期", "date"}),
    "班次": frozenset({"班次", "班别", "班种", "值班班次", "shift"}),
    "开始": frozenset({"开始", "开始时间", "上班时间", "上班", "起始时间", "start"}),
    "结束": frozenset({"结束", "结束时间", "下班时间", "下班", "截止时间", "终止时间", "end"}),
    "姓名": frozenset({"姓名", "值班人员", "值班人", "值班律师", "人员", "人员姓名", "name"}),
    "队列": frozenset({"队列", "岗位", "值班岗位", "席位", "queue"}),
}
#: Hours of named shifts where the sheet has no start and end; a city may pass its own.
SHIFT_HOURS: Mapping[str, tuple[int, int]] = {
    "早班": (8, 16),
    "白班": (9, 17),
    "日班": (9, 17),
    "中班": (16, 24),
    "晚班": (17, 24),
    "夜班": (17, 9),
    "全天": (0, 24),
}

#: A year of a large roster is some thousand rows.
LIMITS = WorkbookLimits(unpacked_bytes=64 << 20, cells=2_000_000)
#: A day of another year is a slip of the hand; nothing can be reckoned beyond the year 9999.
_YEARS = range(1954, 2120)
_EXCEL_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 - a day count, not a moment
_DAY = timedelta(days=1)


class _CellError(ValueError):
    """A cell cannot be read; ``field`` names its column."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field


def read_excel(
    data: bytes,
    queues: Mapping[str, str],
    *,
    default_queue: str | None = None,
    shift_hours: Mapping[str, tuple[int, int]] = SHIFT_HOURS,
    told: Told | None = None,
) -> RosterImport:
    """Shifts of every sheet that has the headings 日期 and 姓名.

    ``queues`` maps what may stand under 队列 (names and labels) to queue names;
    ``default_queue`` counts where the sheet has no such column or the cell is
    empty. A merged date counts for all its rows. Raises RosterError where the file
    is no workbook or no sheet has the headings.
    """
    try:
        sheets = open_sheets(data, "值班表", LIMITS)
    except SheetRefused as error:
        raise RosterError(str(error)) from error
    shifts: list[NamedShift] = []
    problems: list[RowProblem] = []
    found = False
    for name, sheet, rows in sheets:
        _fill_merged(sheet, rows)
        heading = find_heading(rows, COLUMNS, ("日期", "姓名"))
        if heading is None:
            continue
        found = True
        for number, row in rows_below(rows, *heading, told):
            label = f"第{number}行" if len(sheets) == 1 else f"“{name}”第{number}行"
            try:
                shifts += _read_row(label, row, queues, default_queue, shift_hours)
            except _CellError as error:
                problems.append(RowProblem(label, error.field, str(error)))
    if not found:
        raise RosterError("值班表里找不到表头：前20行内要有“日期”和“姓名”两列。")
    return RosterImport(tuple(shifts), tuple(problems))


def _fill_merged(sheet: python_calamine.CalamineSheet, rows: list[list[Any]]) -> None:
    """Every cell of a merged range gets what stands in its first."""
    for (top, left), (bottom, right) in sheet.merged_cell_ranges or []:
        for row in range(top, min(bottom + 1, len(rows))):
            for column in range(left, min(right + 1, len(rows[row]))):
                rows[row][column] = rows[top][left]


def _read_row(
    label: str,
    row: Mapping[str, Any],
    queues: Mapping[str, str],
    default_queue: str | None,
    shift_hours: Mapping[str, tuple[int, int]],
) -> list[NamedShift]:
    names = split_names(str(row["姓名"]))
    if not names:
        raise _CellError("姓名", "没有填写，请写值班人姓名")
    day = _date(row["日期"])
    start_at, end_at = _hours(row, shift_hours)
    if end_at <= start_at:
        end_at += _DAY  # a night shift ends on the next day
    midnight = datetime.combine(day, time(), LOCAL_ZONE)
    start, end = ((midnight + offset).astimezone(UTC) for offset in (start_at, end_at))
    queue = _queue(row.get("队列"), queues, default_queue)
    return [NamedShift(label, name, queue, start, end) for name in names]


def _queue(cell: Any, queues: Mapping[str, str], default_queue: str | None) -> str:
    if is_blank(cell):
        if default_queue is None:
            raise _CellError("队列", f"没有填写，可填：{'、'.join(queues)}")
        return default_queue
    text = str(cell).strip()
    if text not in queues:
        raise _CellError("队列", f"“{text}”不是队列，可填：{'、'.join(queues)}")
    return queues[text]


def _date(cell: Any) -> date:
    day = _written_date(cell)
    if day.year not in _YEARS:
        raise _CellError("日期", f"“{day.isoformat()}”离现在太远，请检查年份")
    return day


def _written_date(cell: Any) -> date:
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        if not 20_000 <= cell <= 80_000:  # 1954 to 2119 as _YEARS: anything else is no date
            raise _CellError("日期", f"“{cell:g}”不是日期，请写成2026-03-02这样")
        return (_EXCEL_EPOCH + timedelta(days=int(cell))).date()
    text = str(cell).strip()
    parts = re.match(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?", text)
    if parts:
        try:
            return date(int(parts[1]), int(parts[2]), int(parts[3]))
        except ValueError:
            raise _CellError("日期", f"“{text}”没有这一天") from None
    if not text:
        raise _CellError("日期", "没有填写，请写成2026-03-02这样")
    raise _CellError("日期", f"“{text}”不是完整日期，请写成2026-03-02这样，带年份")


def _hours(row: Mapping[str, Any], shift_hours: Mapping[str, tuple[int, int]]) -> tuple[timedelta, timedelta]:
    start, end = row.get("开始"), row.get("结束")
    if is_blank(start) and is_blank(end):
        name = "" if is_blank(row.get("班次")) else str(row["班次"]).strip()
        if name not in shift_hours:
            allowed = "、".join(shift_hours)
            what = f"“{name}”没有规定时间" if name else "没有填写"
            raise _CellError("班次", f"{what}，请填开始和结束时间，或用：{allowed}")
        first, last = shift_hours[name]
        return timedelta(hours=first), timedelta(hours=last)
    return _time("开始", start), _time("结束", end)


def _time(field: str, cell: Any) -> timedelta:
    if isinstance(cell, datetime | time):
        return timedelta(hours=cell.hour, minutes=cell.minute)
    if isinstance(cell, timedelta) and timedelta() <= cell <= 2 * _DAY:
        return cell
    if isinstance(cell, int | float) and not isinstance(cell, bool) and 0 <= cell <= 1:
        return timedelta(minutes=round(cell * 24 * 60))  # Excel keeps a time as a share of the day
    text = str(cell).strip()
    parts = re.fullmatch(
        r"(次日|翌日)?\s*(\d{1,2})\s*(?:[:：]\s*(\d{2})(?:[:：]\d{2})?|[点时]\s*(?:(\d{1,2})分?|(半))?)", text
    )
    if parts:
        hour, minute = int(parts[2]), 30 if parts[5] else int(parts[3] or parts[4] or 0)
        if (hour < 24 and minute < 60) or (hour, minute) == (24, 0):
            return timedelta(hours=hour, minutes=minute) + (_DAY if parts[1] else timedelta())
    shown = f"“{text}”不是时间" if text else "没有填写"
    raise _CellError(field, f"{shown}，请写成08:30这样")
