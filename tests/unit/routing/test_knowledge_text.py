"""Articles as text: layout, validity, differences, and rows of an import."""

from __future__ import annotations

import io
from datetime import date, timedelta

import pytest
import xlsxwriter

from routing.errors import InvalidRequest
from routing.knowledge.article import Block, blocks, differences, validity
from routing.knowledge.sheet import read_articles

TODAY = date(2027, 3, 1)
TOPICS = {"labour": "labour", "劳动人事": "labour"}
OWNERS = {"市人社局": 7}


def test_plain_text_is_laid_out_and_nothing_else_means_anything() -> None:
    text = "# 材料\n- 身份证\n- 合同\n\n先到窗口。\n再填表。\n\n1. 受理\n2. 决定\n<b>不是标记</b> [不是](链接)"
    assert blocks(text) == [
        Block("heading", ("材料",)),
        Block("bullets", ("身份证", "合同")),
        Block("paragraph", ("先到窗口。", "再填表。")),
        Block("numbers", ("受理", "决定")),
        Block("paragraph", ("<b>不是标记</b> [不是](链接)",)),
    ]
    assert blocks(" \n\n") == []


@pytest.mark.parametrize(
    ("days", "expected"), [(-1, "expired"), (0, "expiring"), (14, "expiring"), (15, "valid"), (400, "valid")]
)
def test_an_article_may_be_cited_to_the_end_of_its_last_day(days: int, expected: str) -> None:
    assert validity(TODAY + timedelta(days=days), TODAY) == expected


def test_differences_rebuild_both_texts() -> None:
    before, after = "甲\n乙\n丙\n丁", "甲\n丙\n戊\n丁\n己"
    changes = differences(before, after)
    assert "\n".join(c.text for c in changes if c.kind != "added") == before
    assert "\n".join(c.text for c in changes if c.kind != "removed") == after
    assert [c.text for c in changes if c.kind == "added"] == ["戊", "己"]


def test_a_workbook_is_read_with_the_numbers_of_its_rows() -> None:
    data = io.BytesIO()
    with xlsxwriter.Workbook(data) as book:
        sheet = book.add_worksheet()
        sheet.write_row(2, 0, ["问题", "答复", "类别", "责任单位", "到期日"])
        sheet.write_row(3, 0, ["加班费怎么算", "按一点五倍算。", "劳动人事", "市人社局"])
        sheet.write_datetime(3, 4, date(2027, 9, 30), book.add_format({"num_format": "yyyy-mm-dd"}))
        sheet.write_row(5, 0, ["年假几天", "五天起。", "劳动人事", "市某局", "2027年9月30日"])
    read = read_articles(data.getvalue(), TOPICS, OWNERS, TODAY, "导入")
    (article,) = read.articles
    assert (article.row, article.text.org_id, article.text.expires_on) == (4, 7, date(2027, 9, 30))
    assert [(p.row, p.field) for p in read.problems] == [(6, "承办单位")]


def test_a_file_without_the_columns_is_refused_by_name() -> None:
    with pytest.raises(InvalidRequest, match="有效期至"):
        read_articles("标题,答复口径,领域,承办单位\n一,二,三,四".encode(), TOPICS, OWNERS, TODAY, "导入")
    with pytest.raises(InvalidRequest, match="已损坏"):
        read_articles(b"PK\x03\x04broken", TOPICS, OWNERS, TODAY, "导入")
