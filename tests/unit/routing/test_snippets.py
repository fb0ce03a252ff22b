"""Citations in one form, snippets found while typing, the other side as a reading tells it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from routing.errors import InvalidRequest
from routing.promises.service import promised_window
from routing.recusals.counterparty import heard_in
from routing.snippets.citations import citation, in_chinese, meant_by
from routing.snippets.service import Snippet, matching

NOW = datetime(2026, 3, 2, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("劳动合同法47", "《劳动合同法》第四十七条"),
        ("劳动合同法 第47条", "《劳动合同法》第四十七条"),
        ("《劳动合同法》第四十七条", "《劳动合同法》第四十七条"),
        ("中华人民共和国民法典1165", "《民法典》第一千一百六十五条"),
        ("民事诉讼法第122条第（三）项", "《民事诉讼法》第一百二十二条第（三）项"),
        ("劳动合同法八十二条第2款", "《劳动合同法》第八十二条第二款"),
        ("刑法第133条之一", "《刑法》第一百三十三条之一"),
        ("《信访工作条例》", "《信访工作条例》"),
    ],
)
def test_citations_are_written_in_one_form(typed, written):
    assert citation(typed) == written
    assert citation(written) == written


@pytest.mark.parametrize(
    "typed", ["47", "《法", "劳动合同法第0条", "《劳动合同法》第一款", "《劳动合同法》第四十七条等规定"]
)
def test_what_is_no_citation_says_how_one_looks(typed):
    with pytest.raises(InvalidRequest, match="citation"):
        citation(typed)


def test_numbers_are_written_as_laws_write_them():
    numbers = [1, 10, 11, 20, 101, 110, 1005, 1010, 1260, 2000, 9999]
    assert [in_chinese(n) for n in numbers] == [
        *("一", "十", "十一", "二十", "一百零一", "一百一十", "一千零五", "一千零一十", "一千二百六十", "二千"),
        "九千九百九十九",
    ]


def test_words_are_a_citation_only_where_an_article_is_named():
    assert meant_by("劳动合同法 82") == "《劳动合同法》第八十二条"
    assert meant_by("双倍工资") is None
    assert meant_by("拖欠 3 个月") is None


def snippet(number: int, title: str, body: str = "文字", *, own: bool = False, cited: str | None = None) -> Snippet:
    return Snippet(number, title, cited, body, True, own, "沈", 1, "沈", NOW)


def test_snippets_with_the_words_in_their_head_come_first_and_own_ones_before_shared():
    kept = [
        snippet(1, "仲裁时效", "双倍工资也算"),
        snippet(2, "双倍工资", cited="《劳动合同法》第八十二条"),
        snippet(3, "双倍工资 我的说法", own=True),
        snippet(4, "押金"),
    ]
    assert [found.id for found in matching(kept, "双倍")] == [3, 2, 1]
    assert [found.id for found in matching(kept, "双倍 八十二")] == [2]
    assert [found.id for found in matching(kept, "")] == [3, 1, 2, 4]
    assert matching(kept, "不存在") == []


def test_the_other_side_is_named_once_organisations_first():
    reading = {
        "entities": [
            {"kind": "person", "text": "老周"},
            {"kind": "organisation", "text": "启程装饰公司"},
            {"kind": "amount", "text": "两万"},
            {"kind": "organisation", "text": "启程装饰公司"},
        ]
    }
    assert heard_in(reading) == ("启程装饰公司", "老周")
    assert heard_in(None) == heard_in({}) == ()


def test_a_call_back_is_promised_for_later_and_not_for_next_year():
    at = NOW + timedelta(hours=2)
    assert promised_window(at, None, NOW) == (at, at + timedelta(hours=1))
    for wrong in (NOW, NOW + timedelta(days=61)):
        with pytest.raises(InvalidRequest, match="callback_at"):
            promised_window(wrong, None, NOW)
    with pytest.raises(InvalidRequest, match="callback_until"):
        promised_window(at, at, NOW)
