"""Exports of the list of calls as CSV or Excel: marked with who made them, harmless to open."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import xlsxwriter

from hotline.formulas import harmless
from nlp.masking import mask_address, mask_number
from routing.calls.record import CONTACTS, REQUEST_KINDS
from routing.calls.states import STATES
from routing.policy.facts import LOCAL_ZONE

COLUMNS: tuple[str, ...] = (
    "编号", "线路", "来电编号", "来电时间", "状态", "联系方式", "类别", "危险", "主题", "去向", "诉求", "区域",
    "来电号码", "姓名", "地址", "主办单位", "关闭原因",
)  # fmt: skip
HIDDEN = "（保密）"


def export_row(row: Mapping[str, Any], names: Mapping[str, Mapping[str, str]], *, clear: bool) -> list[str]:
    """One call as a row; ``names`` holds the screen words of routes, topics and destinations.

    Of confidential calls number, name and address are left out, whoever exports.
    """
    received: datetime = row["received_at"]
    number, name, address = (row["caller_number"] or "", row["caller_name"] or "", row["address"] or "")
    if row["confidential"]:
        number = name = address = HIDDEN
    elif not clear:
        number = mask_number(number.removeprefix("+86"))
        name = f"{name[0]}**" if name else ""
        address = mask_address(address)
    return [
        harmless(str(value))
        for value in (
            row["id"],
            row["line"],
            row["external_id"],
            received.astimezone(LOCAL_ZONE).strftime("%Y-%m-%d %H:%M:%S"),
            STATES[row["state"]],
            CONTACTS[row["contact"]],
            names["routes"].get(row["route"], ""),
            "" if row["danger_level"] is None else row["danger_level"],
            "、".join(names["topics"].get(code, code) for code in (row["topics"] or [])[:3]),
            names["destinations"].get(row["destination"], ""),
            REQUEST_KINDS.get(row["request_kind"], "") if row["request_kind"] else "",
            row["region"] or "",
            number,
            name,
            address,
            row["lead_unit"] or "",
            row["close_reason"] or "",
        )
    ]


def watermark(who: str, user_id: int, at: datetime, *, clear: bool, count: int) -> str:
    """The first row: who exported what and when."""
    kind = "含明文，请妥善保管" if clear else "已脱敏"
    moment = at.astimezone(LOCAL_ZONE).strftime("%Y-%m-%d %H:%M:%S")
    return f"导出人 {who}（工号 {user_id}） {moment} 共 {count} 条 {kind} 仅供内部工作使用"


def csv_bytes(mark: str, rows: Sequence[Sequence[str]]) -> Iterator[bytes]:
    """The export as CSV with a byte order mark, in pieces."""
    yield b"\xef\xbb\xbf"
    for part in _parts(mark, rows):
        text = io.StringIO()
        csv.writer(text, lineterminator="\r\n").writerows(part)
        yield text.getvalue().encode()


def _parts(mark: str, rows: Sequence[Sequence[str]]) -> Iterator[Sequence[Sequence[str]]]:
    yield [[harmless(mark)], list(COLUMNS)]
    for start in range(0, len(rows), 500):
        yield rows[start : start + 500]


def xlsx_bytes(mark: str, rows: Sequence[Sequence[str]]) -> bytes:
    """The export as an Excel file; its parts stand in a private folder meanwhile, which is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="hotline-export-") as folder:
        path = Path(folder) / "calls.xlsx"
        options = {"constant_memory": True, "tmpdir": folder, "strings_to_formulas": False, "strings_to_urls": False}
        with xlsxwriter.Workbook(str(path), options) as book:
            sheet = book.add_worksheet("来电")
            bold = book.add_format({"bold": True})
            sheet.set_column(0, len(COLUMNS) - 1, 16)
            sheet.freeze_panes(2, 0)
            sheet.set_footer(f"&L{mark.replace('&', '&&')}&R&P/&N")
            sheet.write_string(0, 0, mark, bold)
            for column, name in enumerate(COLUMNS):
                sheet.write_string(1, column, name, bold)
            for number, row in enumerate(rows, start=2):
                for column, value in enumerate(row):
                    sheet.write_string(number, column, value)
        return path.read_bytes()
