"""The words that speak for the class, spread from the model's own weights.

Every feature's share of the class margin is laid on the characters where it
stands; a word's weight is what lies on it. Greetings, places, names and mere
grammar count in the margin but are not shown.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nlp.features import Floats, Ints, Occurrences
from nlp.model import Model, Table
from nlp.scoring import Scores

#: A word is shown when it holds at least this share of what speaks for the class.
_SHOWN_SHARE = 0.02
_MOST = 5
_LONGEST = 23


@dataclass(frozen=True, slots=True)
class Shown:
    """A stretch of the normal text that speaks for the class."""

    start: int
    end: int
    weight: float
    """Its share of all that speaks for the class, 0..1."""


def word_weights(model: Model, found: Occurrences, scores: Scores, column: Ints) -> Floats:
    """What each word of the batch adds to the margin ``column[text]`` of its text."""
    length = int(found.starts[-1])
    on_character = np.zeros(length + 1, dtype=np.float32)
    one = _weights(model.char_table, found.one_bucket, column[found.one_doc]) / scores.char_norm[found.one_doc]
    on_character[found.one_at] += one
    two = _weights(model.char_table, found.two_bucket, column[found.two_doc]) / scores.char_norm[found.two_doc] / 2
    on_character[found.two_at] += two
    on_character[found.two_at + 1] += two
    weights = np.add.reduceat(on_character[:length], found.word_at)
    word_column = column[found.word_doc]
    known = np.flatnonzero(found.word_id >= 0)
    weights[known] += (
        _weights(model.word_table, found.word_id[known], word_column[known]) / scores.word_norm[found.word_doc[known]]
    )
    left = found.pair_left
    halves = scores.word_norm[found.word_doc[left]] * 2
    pair = _weights(model.word_table, found.pair_bucket + len(model.words), word_column[left]) / halves
    weights[left] += pair
    weights[left + 1] += pair
    return np.asarray(weights, dtype=np.float32)


def _weights(table: Table, row: Ints, column: Ints) -> Floats:
    return table.steps[row, column] * table.scale[column]


def evidence(model: Model, found: Occurrences, scores: Scores, route: Ints) -> list[tuple[Shown, ...]]:
    """Per text the stretches that speak most for ``route[text]``, heaviest first."""
    weights = word_weights(model, found, scores, route)
    for_class = np.maximum(weights, 0)
    mass = np.bincount(found.word_doc, weights=for_class, minlength=found.texts)
    mass[mass == 0] = 1
    share = for_class / mass[found.word_doc]
    chosen = np.flatnonzero((found.word_id >= 0) & model.shows[found.word_id] & (share >= _SHOWN_SHARE))
    ends = np.append(found.word_at[1:], found.starts[-1])
    runs: list[list[tuple[float, int, int]]] = [[] for _ in range(found.texts)]
    before = -2
    for word, doc, start, end, weight in zip(
        chosen.tolist(),
        found.word_doc[chosen].tolist(),
        (found.word_at[chosen] - found.starts[found.word_doc[chosen]]).tolist(),
        (ends[chosen] - found.starts[found.word_doc[chosen]]).tolist(),
        share[chosen].tolist(),
        strict=True,
    ):
        run = runs[doc]
        if word == before + 1 and run and end - run[-1][1] <= _LONGEST:
            weight_before, first, _ = run[-1]
            run[-1] = (weight_before + weight, first, end)
        else:
            run.append((weight, start, end))
        before = word
    return [
        tuple(Shown(start, end, weight) for weight, start, end in sorted(run, key=lambda r: (-r[0], r[1]))[:_MOST])
        for run in runs
    ]
