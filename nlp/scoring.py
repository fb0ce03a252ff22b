"""Margins and probabilities of a batch, from the model's tables by numpy alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from nlp.classification import ROUTES
from nlp.features import BLOCKS, Floats, Ints, Occurrences, count, lengths
from nlp.model import Model

ROUTE_COUNT = len(ROUTES)
#: Columns of the route and danger heads.
HEADS = ROUTE_COUNT + 1


@dataclass(frozen=True, slots=True)
class Scores:
    """Per text of a batch."""

    margins: Floats
    """texts x (five routes, danger)."""
    routes: Floats
    """texts x five calibrated probabilities."""
    topics: Floats
    """texts x topics, calibrated."""
    norms: Floats
    """texts x blocks: length of each block before it was brought to one; 1 where the block is empty."""


def score(model: Model, found: Occurrences) -> Scores:
    """Score every text; a text without any known feature gets the intercepts."""
    space = model.space
    counted = count(found, space.width)
    norms, block = lengths(counted, model.squares, space.edges, found.texts)
    weight = counted.damped / norms.reshape(-1)[counted.doc * (BLOCKS + 1) + block]
    steps = np.take(model.heads.steps, counted.row, axis=0).astype(np.float32)
    # One small product per text is quicker than weighing all rows and summing them.
    ends = [*counted.first.tolist(), len(weight)]
    sums = np.array([weight[low:high] @ steps[low:high] for low, high in pairwise(ends)], dtype=np.float32)
    margins = (sums * model.heads.scale)[:, :HEADS] + model.intercepts

    topic_row = topic_rows(counted.row, space.edges)
    in_topics = np.flatnonzero(topic_row >= 0)
    topic_steps = np.take(model.topic_table.steps, topic_row[in_topics], axis=0).astype(np.float32)
    topic_weight = weight[in_topics]
    ends = np.searchsorted(counted.doc[in_topics], np.arange(found.texts + 1, dtype=np.int32)).tolist()
    topic_sums = np.array(
        [topic_weight[low:high] @ topic_steps[low:high] for low, high in pairwise(ends)], dtype=np.float32
    )
    count_of_topics = len(model.topics)
    topic_margins = (topic_sums * model.topic_table.scale)[:, :count_of_topics] + model.topic_intercepts
    return Scores(
        margins,
        softmax(margins[:, :ROUTE_COUNT] * model.calibration.route_scale),
        softmax(topic_margins * model.calibration.topic_scale),
        norms,
    )


def topic_rows(row: Ints, edges: Sequence[int]) -> Ints:
    """Rows of the topic table (that of the heads without pairs of words); -1 where topics do not look."""
    _, pairs_at, chars_at, _, _ = edges
    return np.where(row < pairs_at, row, np.where(row >= chars_at, row - (chars_at - pairs_at), -1))


def softmax(logits: Floats) -> Floats:
    """Row-wise, safe for large values."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), dtype=np.float32)
