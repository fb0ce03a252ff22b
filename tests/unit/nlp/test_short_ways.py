"""What is spared for speed changes no answer: each short way beside the long one it stands for."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from nlp import entities
from nlp.danger import danger_level, danger_probability, unheard_danger
from nlp.model import DEFAULT_FOLDER, load_model
from nlp.numerals import parse_number

_WEIGHTS = load_model(DEFAULT_FOLDER).danger
_DATE_CHARS = "0123456789一二三四五六七八九十零〇去今前明上下这本昨后年月日号份周星期礼拜天晚早个-./正腊我"
# What a date's first character is followed by is asked first; without that question the same dates are found.
_DATE_UNASKED = re.compile(re.sub(r"\(\?=\[\\d.*?\]\)", "", entities._DATE.pattern, count=1))
_NAME_BEFORE = re.compile(r"[\u4e00-\u9fffa-z0-9]*\Z")


@settings(max_examples=400, deadline=None)
@given(text=st.text(alphabet=_DATE_CHARS, max_size=24))
def test_dates_are_those_found_without_looking_ahead(text: str) -> None:
    assert _DATE_UNASKED.pattern != entities._DATE.pattern
    assert [m.span() for m in entities._DATE.finditer(text)] == [m.span() for m in _DATE_UNASKED.finditer(text)]


@settings(max_examples=400, deadline=None)
@given(text=st.text(alphabet="大同幸福路街区a1号 ，。在住", max_size=24), data=st.data())
def test_a_name_read_backwards_begins_where_it_does_forwards(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    match = _NAME_BEFORE.search(text, max(0, start - 10), start)
    begin = match.start() if match else start
    lead = entities._LEAD.match(text, begin, start)
    assert entities._name_start(text, start, 10) == (lead.end() if lead else begin)


@given(digits=st.text(alphabet="0123456789", min_size=1, max_size=15))
def test_plain_digits_are_worth_what_is_read_of_them(digits: str) -> None:
    # a comma is taken out on the long way
    assert parse_number(digits) == parse_number(digits + ",") == float(digits)


@given(margin=st.floats(-60, 60, allow_nan=False))
def test_danger_without_a_phrase_is_as_danger_of_no_phrases(margin: float) -> None:
    probability = danger_probability(_WEIGHTS, margin, (), 80, now=False)
    assert unheard_danger(_WEIGHTS, margin) == (danger_level(_WEIGHTS, probability, (), now=False), probability)
