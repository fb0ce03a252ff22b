"""Sentences with values in the language of the browser: recognised, taken apart, put together; else left alone."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest

from hotline.console import language
from hotline.console.sentences import Pattern, patterns, tell, told_problem, told_rows
from routing.errors import QueueNotFound
from routing.policy.loading import load_policy
from routing.policy.sections import PolicyInvalid
from routing.rosters.imported import RowProblem

CHINESE = re.compile(r"[\u3400-\u9fff]")


@pytest.fixture
def english() -> Iterator[None]:
    token = language._current.set("en")
    yield
    language._current.reset(token)


def test_without_a_chosen_language_all_stays_as_it_was_made() -> None:
    body = json.dumps({"title": "没有这个队列", "detail": "没有名为“甲”的队列；现有队列：乙。"}).encode()
    assert tell("没有名为“甲”的队列；现有队列：乙。") == "没有名为“甲”的队列；现有队列：乙。"
    assert told_problem(body) is body


@pytest.mark.parametrize(
    ("chinese", "shown"),
    [
        ("来电已由陈立接单，由接单人退回。", "陈立 has claimed the call and can give it back."),
        # what people wrote stays as they wrote it, though the word is in the catalogue
        ("没有名为“保密”的队列；现有队列：甲、乙。", "There is no queue named “保密”; there are: 甲, 乙."),
        # one sentence inside another
        ("现为 'x'；可用：甲、乙", "is 'x'; there are: 甲, 乙"),
        ("研判把握只有43%，请人工判断", "the confidence is only 43%; a person has to decide"),
        ("警情.toml 第 3 行，columns.a：没有编码 foo。", "警情.toml, line 3, columns.a: there is no encoding foo."),
        # several, one after the other
        (
            "text：文本过长，最多 40 个字符；note：不能为空",
            "text: the text is too long, at most 40 characters; note: must not be empty",
        ),
        ("有危险，不得结案；研判没有把握", "there is danger, so it must not be closed; the reading is unsure"),
        # nobody's sentence
        ("谁也没有写过这一句，真的没有", "谁也没有写过这一句，真的没有"),
        ("plain English", "plain English"),
        ("", ""),
    ],
)
def test_a_sentence_is_told_with_its_values(english: None, chinese: str, shown: str) -> None:
    assert tell(chinese) == shown


def test_a_problem_keeps_type_and_status(english: None) -> None:
    body = {
        "type": "urn:hotline:problem:invalid-request",
        "title": "请求内容有误",
        "status": 422,
        "detail": "note：不能为空",
        "errors": [{"field": "note", "message": "不能为空"}],
    }
    told = json.loads(told_problem(json.dumps(body).encode()))
    assert told == body | {
        "title": "Bad request",
        "detail": "note: must not be empty",
        "errors": [{"field": "note", "message": "must not be empty"}],
    }


def test_rows_keep_the_heading_of_the_sheet(english: None) -> None:
    told = told_rows([RowProblem("第3行", "日期", "“昨天”不是日期，请写成2026-03-02这样")])
    assert told == [{"row": "row 3", "field": "日期", "reason": "“昨天” is no date; write it like 2026-03-02"}]


def test_what_the_policy_says_of_a_draft_is_english_throughout(english: None) -> None:
    text = 'preset = "nowhere"\nnonsense = 1\n[queues.operators]\ndestination = "moon"\n[[rules]]\nname = "a"\n'
    with pytest.raises(PolicyInvalid) as raised:
        load_policy(text, "policy.toml")
    assert len(raised.value.problems) > 3
    for problem in raised.value.problems:
        assert not CHINESE.search(tell(problem.reason)), problem.reason
    assert not CHINESE.search(tell(str(raised.value)))


def test_an_error_of_the_domain_is_recognised(english: None) -> None:
    assert tell(str(QueueNotFound("没有名为“甲”的队列；现有队列：乙。"))).startswith("There is no queue named")


def test_hostile_text_is_neither_slow_nor_taken_apart_wrongly(english: None) -> None:
    # no pattern goes back: each fixed part is looked for once
    one = Pattern(("“", "”第", "行"), ("0", "1"), "“{0}” row {1}")
    assert one.values("“”第行") == {"0": "", "1": ""}
    assert one.values("“”行") is None
    assert one.values("行") is None
    assert one.values("“甲”第第行行") == {"0": "甲", "1": "第行"}
    for text in (
        "：" * 3_000,
        "{0}" * 900,
        "“" * 2_000 + "”第行" * 600,
        "；、" * 1_900 + "甲",
        "没有名为“{class}”的队列；现有队列：%(n)s。",
    ):
        assert isinstance(tell(text), str)
    assert tell("没有名为“{1}”的队列；现有队列：%(n)s。") == "There is no queue named “{1}”; there are: %(n)s."
    assert tell("没有名为" * 2_000) == "没有名为" * 2_000


def test_patterns_that_say_more_come_first() -> None:
    weights = [sum(len(part) for part in one.parts) for one in patterns("en")]
    assert weights == sorted(weights, reverse=True)
    assert patterns("zh") == []
