"""The report as PDF: figures and charts set by Typst with Chinese fonts out of a package, nothing from the machine."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

from hotline.console.language import current, say
from hotline.exports.jobs import check_report
from hotline.statistics.sheets import Book
from hotline.statistics.tables import BEFORE, FIGURES, WEEKDAYS, Table, Value

TEMPLATE = Path(__file__).parent / "report.typ"
#: Longer charts would tell nothing; their tables go on.
BARS = 16
TABLE_ROWS = 40
#: Tables that are shown in another form than the rest.
_OWN_PLACE = ("指标", "合计", "星期与时段")
#: What the template says of itself, by the names it has there.
PHRASES = {
    "product": "热线分流",
    "period": "时段",
    "events": "评价来电和事件，不评价个人：本报告不含个人排名，也不含可识别来电人的内容。",
    "totals": "合计",
    "compared": "对比期",
    "indicators": "指标",
    "value": "值",
    "parts": "分子 / 分母，或缺少的原因",
    "week": "星期与时段",
    "no_calls": "本时段没有来电。",
    "left_out": "另有 {0} 行，见 Excel 导出。",
    "definitions": "口径",
    "fraction": "分子 ÷ 分母",
    "excluded": "排除",
    "source": "依据",
    "measures": (
        "等候从进入队列起到第一次接单止，显示为所在档的上限；改派占比 = 转办时人工改变了建议去向的来电 ÷ 转办过的来电；"
        "SL = 在队列时限内接单 ÷ 有人接单；SL2 另计排队挂断；承办组为最后接办人当时所在的单位。"
    ),
}
_SHARES = frozenset({"改派占比", "SL", "SL2", "值"})


def report_pdf(book: Book, tell: Callable[[int, int], None] = lambda done, steps: None) -> bytes:
    """The PDF. Raises ReportMissing where the packages are not installed."""
    check_report()
    # half a second and the fonts' memory: who makes no report does not pay for it
    import typst
    from pylopdf_fonts_zh_cn import sans_path

    tables = {(table.title, table.before): table for table in book.tables}
    compared = tables.get(("合计", True))
    data = {
        "language": current(),
        "say": {name: say(text) for name, text in PHRASES.items()},
        "title": book.title,
        "period": book.period,
        "filters": list(book.filters),
        "mark": book.mark,
        "indicators": _indicators(tables["指标", False]),
        "totals": _totals(tables["合计", False]),
        "before": _totals(compared) if compared else [],
        "sections": [_section(table) for table in book.tables if table.title not in _OWN_PLACE],
        "week": _week(tables["星期与时段", False]),
        "notes": list(tables["合计", False].notes),
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
    return [{"name": say(name), "value": words(name, value)} for name, value in zip(table.columns, row, strict=True)]


def _section(table: Table) -> dict[str, Any]:
    keys = len(table.columns) - len(FIGURES)
    by_day = table.title == "日期"
    ordered = table.rows if by_day else sorted(table.rows, key=lambda row: -_number(row[keys]))
    shown = ordered[-31:] if by_day else ordered[:BARS]
    most = max((_number(row[keys]) for row in shown), default=0) or 1
    return {
        "title": say(table.title) + (say(BEFORE) if table.before else ""),
        "bars": [
            {
                "name": " → ".join(words("", value) for value in row[:keys]),
                "value": words("来电", row[keys]),
                "share": _number(row[keys]) / most,
            }
            for row in shown
        ],
        "columns": [say(name) for name in table.columns],
        "keys": keys,
        "rows": [
            [words(name, value) for name, value in zip(table.columns, row, strict=True)] for row in ordered[:TABLE_ROWS]
        ],
        "left_out": max(0, len(ordered) - TABLE_ROWS),
    }


def _week(table: Table) -> dict[str, Any]:
    cells = {(str(row[0]), row[1]): _number(row[2]) for row in table.rows}
    days = [say(day) for day in WEEKDAYS]
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
        return say("≤%(n)s 秒", n=whole)
    if whole < 3600:
        return say("≤%(n)s 分", n=whole // 60)
    return say("≤%(n)s 小时", n=whole // 3600)
