"""Danger kinds and entities keep what they reach on calls written for them (``make signals`` prints the figures)."""

from __future__ import annotations

import importlib.util
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from nlp.reading import CallReader

_ROOT = Path(__file__).resolve().parents[3]
#: Of the calls that the phrases were mended on, and of entities.
_PRECISION, _RECALL = 0.8, 0.88
_FEWEST = 25
#: Of all kinds together on calls written after the phrases were mended: a third of those are named.
_PRECISION_AFTER, _RECALL_AFTER = 0.9, 0.32
#: The same with the kinds that are only likely, and on calls written after the guess had been taught.
_LIKELY_AFTER, _LIKELY_FRESH = 0.58, 0.13


@pytest.fixture(scope="module")
def measure() -> Iterator[ModuleType]:
    spec = importlib.util.spec_from_file_location("measure_signals", _ROOT / "tools" / "measure_signals.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    # its dataclasses look their module up
    monkey = pytest.MonkeyPatch()
    monkey.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    yield module
    monkey.undo()


def test_every_kind_has_enough_calls_of_both_sorts(measure: ModuleType) -> None:
    for name in ("danger.txt", "entities.txt"):
        calls = Counter((call.kind, bool(call.wanted)) for call in measure.written(name))
        assert min(calls.values()) >= _FEWEST, calls
        assert len(calls) == 2 * len({kind for kind, _ in calls})


def test_dangers_are_heard_by_their_kind(reader: CallReader, measure: ModuleType) -> None:
    for kind, counts in measure.danger_counts(reader).items():
        assert counts.precision >= _PRECISION, (kind, counts.wrong)
        assert counts.recall >= _RECALL, (kind, counts.wrong)


def test_dangers_told_in_other_words_are_seldom_given_a_wrong_kind(reader: CallReader, measure: ModuleType) -> None:
    counts = measure.danger_counts(reader, "danger_after.txt").values()
    right, false, missed = (sum(getattr(one, name) for one in counts) for name in ("right", "false", "missed"))
    assert right / (right + false) >= _PRECISION_AFTER
    assert right / (right + missed) >= _RECALL_AFTER


@pytest.mark.parametrize(("name", "least"), [("danger_after.txt", _LIKELY_AFTER), ("danger_fresh.txt", _LIKELY_FRESH)])
def test_a_likely_kind_is_named_more_often(reader: CallReader, measure: ModuleType, name: str, least: float) -> None:
    counts = measure.danger_counts(reader, name, guessed=True).values()
    right, false, missed = (sum(getattr(one, part) for one in counts) for part in ("right", "false", "missed"))
    assert right / (right + false) >= _PRECISION_AFTER
    assert right / (right + missed) >= least


def test_entities_are_found_to_the_character(reader: CallReader, measure: ModuleType) -> None:
    for kind, counts in measure.entity_counts(reader).items():
        assert min(counts.precision, counts.recall) >= _RECALL, (kind, counts.wrong)
