"""Marks stand over their words, whatever the characters."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hotline.console.accounts import own_path
from hotline.console.marks import Span, cut, utterances


def _segment(text: str, *, is_caller: bool = True) -> dict[str, Any]:
    return {"speaker": "甲" if is_caller else "乙", "text": text, "is_caller": is_caller, "at": None}


def test_offsets_count_the_callers_words_only() -> None:
    segments = [
        _segment("您好", is_caller=False),
        _segment("😀有人"),
        _segment("请讲", is_caller=False),
        _segment("持刀"),
    ]
    spans = [Span(4, 6, "持刀", "danger2", "危险：持械")]
    shown = utterances(segments, spans)
    assert [[p.text for p in u.pieces if p.kinds] for u in shown] == [[], [], [], ["持刀"]]
    assert shown[3].pieces[0].title == "危险：持械"


def test_overlapping_marks_are_cut_at_every_edge() -> None:
    pieces = cut("拿刀砸门", 0, [Span(0, 2, "拿刀", "danger2", "a"), Span(1, 4, "刀砸门", "evidence", "b")])
    assert [(p.text, p.kinds) for p in pieces] == [
        ("拿", ("danger2",)),
        ("刀", ("danger2", "evidence")),
        ("砸门", ("evidence",)),
    ]


def test_a_span_that_lost_its_words_is_left_out() -> None:
    assert [p.kinds for p in cut("完全不同的话", 0, [Span(0, 2, "持刀", "danger2", "")])] == [()]


def test_masked_numbers_still_fit() -> None:
    pieces = cut("打139****5678", 0, [Span(1, 12, "139****5678", "entity", "电话号码")])
    assert [p.text for p in pieces] == ["打", "139****5678"]


@given(st.text(min_size=1, max_size=40), st.data())
def test_nothing_is_lost_or_added(text: str, data: st.DataObject) -> None:
    spans = []
    for _ in range(data.draw(st.integers(0, 5))):
        start = data.draw(st.integers(0, len(text) - 1))
        end = data.draw(st.integers(start + 1, len(text)))
        spans.append(Span(start, end, text[start:end], "evidence", ""))
    assert "".join(piece.text for piece in cut(text, 0, spans)) == text


def test_log_in_leads_to_own_paths_only() -> None:
    assert own_path("/calls?line=110") == "/calls?line=110"
    for foreign in (
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "evil",
        "",
        "/a\\b",
        "/a\nb",
        "/login",
    ):
        assert own_path(foreign) == "/"
