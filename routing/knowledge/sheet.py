"""Reads articles from an Excel sheet or a CSV file, row by row: good ones as texts, bad ones with field and reason."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import python_calamine

from routing.errors import InvalidRequest
from routing.headed_sheets import HEADING_ROWS, cell_text, columns_of, rows_below
from routing.knowledge.article import ArticleText
from routing.workbooks import WorkbookLimits, WorkbookRefused, check_workbook

#: Headings by field; blanks in headings are passed over.
COLUMNS: Mapping[str, frozenset[str]] = {
    "标题": frozenset({"标题", "问题", "条目", "title"}),
    "答复口径": frozenset({"答复口径", "答复", "口径", "答案", "answer"}),
    "依据与说明": frozenset({"依据与说明", "依据", "说明", "正文", "body"}),
    "领域": frozenset({"领域", "类别", "主题", "topic"}),
    "承办单位": frozenset({"承办单位", "责任单位", "单位", "owner"}),
    "有效期至": frozenset({"有效期至", "有效期", "到期日", "截止日期", "expires_on"}),
}
NEEDED = ("标题", "答复口径", "领域", "承办单位", "有效期至")
#: A knowledge base of a large city has some ten thousand rows.
LIMITS = WorkbookLimits(unpacked_bytes=64 << 20, cells=500_000)
MAX_ROWS = 20_000
_DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")


@dataclass(frozen=True, slots=True)
class ReadArticle:
    """A row that can be published."""

    row: int
    """As the spreadsheet counts it, from 1."""
    text: ArticleText


@dataclass(frozen=True, slots=True)
class RowProblem:
    """A row that cannot, with the column and what to do."""

    row: int
    field: str
    reason: str


@dataclass(frozen=True, slots=True)
class ArticleSheet:
    """All rows of a file."""

    articles: tuple[ReadArticle, ...]
    problems: tuple[RowProblem, ...]


class _CellError(ValueError):
    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field


def read_articles(
    data: bytes, topics: Mapping[str, str], owners: Mapping[str, int], today: date, change_note: str
) -> ArticleSheet:
    """Every row below the heading.

    ``topics``: what may stand under 领域 (codes and labels) -> code; ``owners``:
    names and codes of organisations -> id. A title that stands twice in the file
    is a problem of the second row. Raises InvalidRequest where the file is neither
    a workbook nor CSV or lacks a column.
    """
    rows = _workbook(data) if data.startswith((b"PK", b"\xd0\xcf\x11\xe0")) else _csv(data)
    at, columns = _heading(rows)
    articles: list[ReadArticle] = []
    problems: list[RowProblem] = []
    seen: dict[str, int] = {}
    for number, cells in rows_below(rows, at, columns):
        row = {field: _text(cell) for field, cell in cells.items()}
        if number - at > MAX_ROWS:
            problems.append(RowProblem(number, "标题", f"一次最多 {MAX_ROWS} 行，从这一行起未导入，请分文件。"))
            break
        try:
            text = _article(row, topics, owners, today, change_note)
            if text.title in seen:
                raise _CellError("标题", f"与第{seen[text.title]}行重复，只导入前一行")
        except _CellError as error:
            problems.append(RowProblem(number, error.field, str(error)))
            continue
        seen[text.title] = number
        articles.append(ReadArticle(number, text))
    return ArticleSheet(tuple(articles), tuple(problems))


def _article(
    row: Mapping[str, str], topics: Mapping[str, str], owners: Mapping[str, int], today: date, change_note: str
) -> ArticleText:
    for field in NEEDED:
        if not row[field]:
            raise _CellError(field, "没有填写")
    if row["领域"] not in topics:
        raise _CellError(
            "领域", f"没有“{row['领域']}”这个领域，可填：{'、'.join(sorted({*topics} - {*topics.values()}))}"
        )
    if row["承办单位"] not in owners:
        raise _CellError("承办单位", f"没有“{row['承办单位']}”这个单位，请先登记单位或改正名称")
    text = ArticleText(
        title=row["标题"],
        answer=row["答复口径"],
        body=row.get("依据与说明", ""),
        topic=topics[row["领域"]],
        org_id=owners[row["承办单位"]],
        expires_on=_day(row["有效期至"]),
        change_note=change_note,
    )
    try:
        text.check(frozenset(topics.values()))
        text.check_term(today)
    except InvalidRequest as error:
        field, _, reason = str(error).partition("：")
        names = {"title": "标题", "answer": "答复口径", "body": "依据与说明", "expires_on": "有效期至"}
        raise _CellError(names.get(field, field), reason.rstrip("。")) from error
    return text


def _day(text: str) -> date:
    match = _DATE.match(text)
    try:
        if match is None:
            raise ValueError
        return date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError as error:
        raise _CellError("有效期至", f"“{text}”不是日期，请写成 2027-06-30") from error


def _text(cell: Any) -> str:
    if isinstance(cell, (datetime, date)):
        return cell.strftime("%Y-%m-%d")
    return cell_text(cell)


def _workbook(data: bytes) -> Sequence[Sequence[Any]]:
    try:
        if data.startswith(b"PK"):
            check_workbook(io.BytesIO(data), LIMITS)
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        # to_python would drop empty rows at the top, and the numbers told would not be the sheet's
        return book.get_sheet_by_index(0).to_python(skip_empty_area=False)
    except WorkbookRefused as error:
        raise InvalidRequest(f"file：{error}") from error
    except (python_calamine.CalamineError, ValueError, OSError, IndexError) as error:
        raise InvalidRequest(f"file：工作簿不能打开（{error}），请另存为 xlsx 后再导入。") from error


def _csv(data: bytes) -> Sequence[Sequence[str]]:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            break
        try:
            return list(csv.reader(io.StringIO(text), strict=True))
        except csv.Error as error:
            raise InvalidRequest(f"file：CSV 不能读取（{error}），请检查引号。") from error
    raise InvalidRequest("file：文件不是 Excel 或 CSV，请用 Excel 或 WPS 另存后再导入。")


def _heading(rows: Sequence[Sequence[Any]]) -> tuple[int, dict[str, int]]:
    missing: Iterable[str] = NEEDED
    for number, row in enumerate(rows[:HEADING_ROWS]):
        columns = columns_of(row, COLUMNS)
        lacking = [field for field in NEEDED if field not in columns]
        if not lacking:
            return number, columns
        if columns:
            missing = lacking
    raise InvalidRequest(f"file：找不到表头，缺少列：{'、'.join(missing)}。表头要在前 {HEADING_ROWS} 行内。")
