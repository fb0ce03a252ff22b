"""Margins and probabilities of a batch, from the model's tables by numpy alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nlp.classification import ROUTES
from nlp.features import Floats, Ints, Occurrences, character_block, once, word_block
from nlp.model import Model, Table

ROUTE_COUNT = len(ROUTES)
#: Columns of the route and danger heads; topics follow them in the character table.
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
    word_norm: Floats
    char_norm: Floats
    """Length of each block before it was brought to one; 1 where the block is empty."""


def score(model: Model, found: Occurrences) -> Scores:
    """Score every text; a text without any known feature gets the intercepts."""
    word_sum, word_norm = _block_sums(model.word_table, *word_block(found, len(model.words), model.bits), found.texts)
    char_sum, char_norm = _block_sums(model.char_table, *character_block(found, model.bits), found.texts)
    by_chars = char_sum / char_norm[:, None]
    margins = word_sum / word_norm[:, None] + by_chars[:, :HEADS] + model.intercepts
    calibration = model.calibration
    logits = margins[:, :ROUTE_COUNT] * calibration.route_scale
    known = found.word_id >= 0
    doc, index = once(found.word_doc[known], found.word_id[known], max(len(model.words), 1))
    topic_sum, topic_norm = _block_sums(model.topic_table, doc, index, found.texts)
    topic_margins = topic_sum / topic_norm[:, None] + by_chars[:, HEADS:] + model.topic_intercepts
    return Scores(margins, softmax(logits), softmax(topic_margins * calibration.topic_scale), word_norm, char_norm)


def softmax(logits: Floats) -> Floats:
    """Row-wise, safe for large values."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), dtype=np.float32)


def _block_sums(table: Table, doc: Ints, index: Ints, texts: int) -> tuple[Floats, Floats]:
    """Per text the sum of its features' weights, and the length of the block (1 where it is empty)."""
    sums = np.zeros((texts, len(table.scale)), dtype=np.float32)
    norm = np.ones(texts, dtype=np.float32)
    if len(doc):
        first = np.flatnonzero(np.concatenate(([True], doc[1:] != doc[:-1])))
        steps = np.take(table.steps, index, axis=0).astype(np.float32)
        sums[doc[first]] = np.add.reduceat(steps, first, axis=0) * table.scale
        norm[doc[first]] = np.sqrt(np.add.reduceat(np.take(table.squares, index), first))
        norm[norm == 0] = 1
    return sums, norm
