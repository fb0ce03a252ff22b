"""The report as PDF: figures and charts set by Typst with Chinese fonts out of a package, nothing from the machine."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

from hotline.exports.jobs import check_report
from hotline.statistics.sheets import Book
from hotline.statistics.tables import FIGURES, Table, Value

TEMPLATE = Path(__file__).parent / "report.typ"
#: Longer charts would tell nothing; their tables go on.
BARS = 16
TABLE_ROWS = 40
#: Behind the title of a table: the same of the period compared with.
BEFORE = "（对比期）"
#: Tables that are shown in another form than the rest.
_OWN_PLACE = ("指标", "合计", "星期与时段")
_SHARES = frozenset({"改派占比", "SL", "SL2", "值"})


def report_pdf(book: Book, tell: Callable[[int, int], None] = lambda done, steps: None) -> bytes:
    """The PDF. Raises ReportMissing where the packages are not installed."""
    check_report()
    # half a second and the fonts' memory: who makes no report does not pay for it
    import typst
    from pylopdf_fonts_zh_cn import sans_path

    tables = {table.title: table for table in book.tables}
    data = {
        "title": book.title,
        "period": book.period,
        "filters": list(book.filters),
        "mark": book.mark,
        "indicators": _indicators(tables["指标"]),
        "totals": _totals(tables["合计"]),
        "before": _totals(tables[f"合计{BEFORE}"]) if f"合计{BEFORE}" in tables else [],
        "sections": [_section(table) for table in book.tables if table.title.removesuffix(BEFORE) not in _OWN_PLACE],
        "week": _week(tables["星期与时段"]),
        "notes": list(tables["合计"].notes),
    }
    tell(1, 2)
    with tempfile.TemporaryDirectory(prefix="hotline-report-") as folder:
        (Path(folder) / "data.json").write_bytes(orjson.dumps(data))
        (Path(folder) / "report.typ").write_bytes(TEMPLATE.read_bytes())
        made = typst.compile(
            str(Path(folder) / "report.typ"),
            root=folder,
            font_paths=[str(sans_path().parent)],
            ignore_system_fonts=True,
        )
    if not isinstance(made, bytes):
        raise TypeError("a PDF is one file")
    return made


def _indicators(table: Table) -> list[dict[str, str]]:
    found = []
    for row in table.rows:
        cells = dict(zip(table.columns, row, strict=True))
        part = f"{cells['分子']} / {cells['分母']}" if cells["分子"] is not None else words("", cells["说明"])
        found.append(
            {
                "name": words("", cells["指标"]),
                "value": words("值", cells["值"]),
                "part": part,
                "definition": f"{cells['分子定义']} ÷ {cells['分母定义']}",
                "off": words("", cells["排除"]) if cells["排除"] else "—",
                "source": words("", cells["依据"]),
            }
        )
    return found


def _totals(table: Table) -> list[dict[str, str]]:
    row = table.rows[0] if table.rows else tuple(0 if name == "来电" else None for name in FIGURES)
    return [{"name": name, "value": words(name, value)} for name, value in zip(table.columns, row, strict=True)]


def _section(table: Table) -> dict[str, Any]:
    keys = len(table.columns) - len(FIGURES)
    by_day = table.title.removesuffix(BEFORE) == "日期"
    ordered = table.rows if by_day else sorted(table.rows, key=lambda row: -_number(row[keys]))
    shown = ordered[-31:] if by_day else ordered[:BARS]
    most = max((_number(row[keys]) for row in shown), default=0) or 1
    return {
        "title": table.title,
        "bars": [
            {
                "name": " → ".join(words("", value) for value in row[:keys]),
                "value": words("来电", row[keys]),
                "share": _number(row[keys]) / most,
            }
            for row in shown
        ],
        "columns": list(table.columns),
        "keys": keys,
        "rows": [
            [words(name, value) for name, value in zip(table.columns, row, strict=True)] for row in ordered[:TABLE_ROWS]
        ],
        "left_out": max(0, len(ordered) - TABLE_ROWS),
    }


def _week(table: Table) -> dict[str, Any]:
    cells = {(str(row[0]), row[1]): _number(row[2]) for row in table.rows}
    days = [f"星期{day}" for day in "一二三四五六日"]
    return {
        "days": days,
        "cells": [[cells.get((day, hour), 0) for hour in range(24)] for day in days],
        "most": max(cells.values(), default=0) or 1,
    }


def _number(value: Value) -> int:
    return value if isinstance(value, int) else 0


def words(column: str, value: Value) -> str:
    """A cell as it is printed."""
    if value is None:
        return "—"
    if isinstance(value, float) and column in _SHARES:
        return f"{value * 100:.1f}%"
    if "秒" in column and isinstance(value, (int, float)):
        return _wait(value)
    return f"{value:,}" if isinstance(value, int) else str(value)


def _wait(seconds: float) -> str:
    whole = int(seconds)
    if whole < 60:
        return f"≤{whole} 秒"
    return f"≤{whole // 60} 分" if whole < 3600 else f"≤{whole // 3600} 小时"
