"""The form after a call: filled in from what is known, and from nothing else."""

from __future__ import annotations

from typing import Any

from config.files import ConfigFiles
from hotline.console.wrap_up import draft
from nlp.taxonomy import load_taxonomy
from routing.danger.settings import load_danger

TAXONOMY = load_taxonomy()
QUESTIONS = load_danger(ConfigFiles()).questions
CALL = {"line": "12345", "region": "桐花街道", "address": ""}
TRIAGE = {
    "route": "dispute",
    "topic": [["labour", 0.9], ["debt", 0.1]],
    "evidence": [
        {"text": "工钱", "start": 20, "weight": 0.2},
        {"text": "拖欠", "start": 3, "weight": 0.4},
        {"text": "天气", "start": 1, "weight": 0.01},
        {"text": "老板", "start": 9, "weight": 0.3},
    ],
    "entities": [{"text": "6万4"}, {"text": "6万4"}, {"text": "启程公司"}],
}


def shown(**fields: Any) -> dict[str, Any]:
    """A call as the pages show it."""
    empty: dict[str, Any] = {
        "answers": [],
        "choices": [],
        "transfers": [],
        "timeline": [],
        "danger_panel": {"answers": {}},
    }
    return {"call": CALL, "triage": TRIAGE, **empty, **fields}


def transfer(number: int, **fields: Any) -> dict[str, Any]:
    """A forward as the pages show it."""
    row = {"id": number, "state": "pending", "destination": "lawyers", "mode": "manual", "our_ticket": None}
    return row | fields


def test_the_summary_puts_together_what_was_heard_and_done() -> None:
    made = draft(shown(transfers=[transfer(1)]), TAXONOMY, QUESTIONS)
    assert (made["route"], made["topic"], made["region"], made["disposition"]) == (
        "dispute",
        "labour",
        "桐花街道",
        "已转办",
    )
    assert made["summary"] == (
        "12345来电，矛盾纠纷（劳动人事）。来电人说到“拖欠”、“老板”、“工钱”。涉及：6万4、启程公司。地点：桐花街道。\n"
        "已转12348 律师（人工转接）。"
    )


def test_a_forward_taken_back_is_none() -> None:
    made = draft(shown(transfers=[transfer(1, state="cancelled")]), TAXONOMY, QUESTIONS)
    assert made["disposition"] is None
    assert "已转" not in made["summary"]


def test_answers_of_the_danger_panel_and_the_direct_answer_stand_in_it() -> None:
    panel = {"answers": {"where": {"answer": "三号楼"}, "what": {"answer": ""}}}
    made = draft(shown(danger_panel=panel, answers=[{"answer": "请打 13812345678"}]), TAXONOMY, QUESTIONS)
    assert "危险问询：在哪里：三号楼。" in made["summary"]
    assert made["disposition"] == "直接答复"
    assert "13812345678" not in made["summary"], "numbers stay masked"


def test_a_call_nobody_has_read_yet_leaves_the_form_open() -> None:
    made = draft(shown(triage=None), TAXONOMY, QUESTIONS)
    assert (made["route"], made["topic"], made["disposition"], made["summary"]) == (None, None, None, "")
