"""Evidence is what the class rests on: without it the class scores lower than without as many other words."""

from __future__ import annotations

import random

import pytest

from nlp.calls import CALLS
from nlp.classification import Classification
from nlp.labels import read_labels
from nlp.reading import CallReader


@pytest.fixture(scope="module")
def calls(reader: CallReader) -> list[tuple[str, Classification]]:
    texts = [row.text for row in read_labels([CALLS / "written.jsonl", CALLS / "weak_kinds.jsonl"])]
    answers = reader.read_batch([(text, None) for text in texts])
    return [(text, one) for text, one in zip(texts, answers, strict=True) if one.evidence and one.route != "invalid"]


def _without(text: str, places: set[int]) -> str:
    return "".join(char for place, char in enumerate(text) if place not in places)


def test_deleting_evidence_costs_more_than_deleting_other_words(
    reader: CallReader, calls: list[tuple[str, Classification]]
) -> None:
    draw = random.Random(20)
    lower = 0
    lost = lost_at_random = 0.0
    for text, answer in calls:
        places = {place for one in answer.evidence for place in range(one.start, one.end)}
        others = [place for place in range(len(text)) if place not in places]
        if len(others) < len(places):
            continue
        start = draw.randrange(0, len(others) - len(places) + 1)
        shorter = [_without(text, places), _without(text, set(others[start : start + len(places)]))]
        left = [dict(one.ranking)[answer.route] for one in reader.read_batch([(one, None) for one in shorter])]
        lost += answer.confidence - left[0]
        lost_at_random += answer.confidence - left[1]
        lower += left[0] < left[1]
    assert lost > 2 * lost_at_random
    assert lower / len(calls) > 0.7
