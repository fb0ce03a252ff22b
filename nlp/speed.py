"""Measures the first reader against the plain way, interleaved, so that a busy machine slows both alike.

The plain way is what one writes first: ``jieba.lcut`` and scikit-learn's TF-IDF
of words with logistic regression, giving the class alone. The reader gives class, topic, danger and cues with
evidence, the same without evidence, and everything the service stores, which has entities too.
"""

from __future__ import annotations

import gc
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlp.labels import LabelledRow
from nlp.reading import CallReader

_ROUNDS = 3
_CHUNK = 128
_SINGLES = 600
_PLAIN_ROWS = 1200
_DRAWS, _SEED = 400, 20


@dataclass(frozen=True, slots=True)
class Timed:
    """A figure with its 95 % bootstrap interval over the chunks or the single calls that were timed."""

    value: float
    low: float
    high: float

    def rounded(self, digits: int) -> dict[str, float]:
        """For the report."""
        return {name: round(getattr(self, name), digits) for name in ("value", "low", "high")}


@dataclass(frozen=True, slots=True)
class Speed:
    """Ratios are time of the plain way over time of the reader."""

    texts: int
    batch_ratio: Timed
    """Class, topic, danger, cues and evidence."""
    batch_ratio_without_evidence: Timed
    batch_ratio_with_everything: Timed
    """With entities too: what the service stores."""
    single_ratio: Timed
    plain_ms: Timed
    """Plain way, per text in batches."""
    reader_ms: Timed
    p50_ms: Timed
    """One call alone, with evidence; each is read right after the plain way has read it, so no cache is warm."""
    p99_ms: Timed
    p50_with_everything_ms: Timed
    p99_with_everything_ms: Timed
    plain_p50_ms: Timed
    """One call alone, the plain way: how fast the machine was in this run."""
    plain_p99_ms: Timed


def plain_pipeline(rows: Sequence[LabelledRow]) -> Callable[[Sequence[str]], Any]:
    """jieba.lcut, TF-IDF and logistic regression, fitted on some of ``rows``."""
    import jieba
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    jieba.setLogLevel(logging.WARNING)
    some = rows[:: max(1, len(rows) // _PLAIN_ROWS)]
    pipeline = make_pipeline(
        TfidfVectorizer(tokenizer=jieba.lcut, token_pattern=None, lowercase=False), LogisticRegression(max_iter=200)
    )
    pipeline.fit([row.text for row in some], [row.route for row in some])
    return lambda texts: pipeline.predict_proba(list(texts))


@dataclass(frozen=True, slots=True)
class Readers:
    """The same model three times."""

    usual: CallReader
    """Without entities."""
    bare: CallReader
    """Without evidence and entities."""
    whole: CallReader


def measure(rows: Sequence[LabelledRow], readers: Readers, *, limit: int = 2048) -> Speed:
    """Speed on ``rows`` (at most ``limit``)."""
    plain = plain_pipeline(rows)
    chosen = rows[:: max(1, len(rows) // limit)][:limit]
    texts = [row.text for row in chosen]
    items = [(row.text, row.line) for row in chosen]
    ways: tuple[Callable[[Any], object], ...] = tuple(
        reader.read_batch for reader in (readers.usual, readers.bare, readers.whole)
    )
    for read in ways:
        read(items[:_CHUNK])
    lows = range(0, len(texts), _CHUNK)
    spent = np.full((len(lows), 4), np.inf)
    # As a worker does once it is loaded: what was loaded before, jieba's dictionary above all, is not walked again.
    gc.collect()
    gc.freeze()
    for _ in range(_ROUNDS):
        for place, low in enumerate(lows):
            chunk, pairs = texts[low : low + _CHUNK], items[low : low + _CHUNK]
            once = (_seconds(plain, chunk), *(_seconds(read, pairs) for read in ways))
            # The least of the rounds, for all alike: what other processes took is no property of either way.
            spent[place] = np.minimum(spent[place], once)
    singles = np.array(
        [
            (
                _seconds(plain, [text]),
                _seconds(readers.usual.read_batch, [(text, line)]),
                _seconds(plain, [text]),
                _seconds(readers.whole.read_batch, [(text, line)]),
            )
            for text, line in items[:: max(1, len(items) // _SINGLES)]
        ]
    )
    gc.unfreeze()
    sizes = np.array([len(texts[low : low + _CHUNK]) for low in lows])
    batches, alone = np.column_stack((spent, sizes)), singles * 1000
    return Speed(
        texts=len(texts),
        batch_ratio=_timed(batches, lambda rows: rows[:, 0].sum() / rows[:, 1].sum()),
        batch_ratio_without_evidence=_timed(batches, lambda rows: rows[:, 0].sum() / rows[:, 2].sum()),
        batch_ratio_with_everything=_timed(batches, lambda rows: rows[:, 0].sum() / rows[:, 3].sum()),
        single_ratio=_timed(alone, lambda rows: np.median(rows[:, 0]) / np.median(rows[:, 1])),
        plain_ms=_timed(batches, lambda rows: rows[:, 0].sum() / rows[:, 4].sum() * 1000),
        reader_ms=_timed(batches, lambda rows: rows[:, 1].sum() / rows[:, 4].sum() * 1000),
        p50_ms=_timed(alone, lambda rows: np.median(rows[:, 1])),
        p99_ms=_timed(alone, lambda rows: np.quantile(rows[:, 1], 0.99)),
        p50_with_everything_ms=_timed(alone, lambda rows: np.median(rows[:, 3])),
        p99_with_everything_ms=_timed(alone, lambda rows: np.quantile(rows[:, 3], 0.99)),
        plain_p50_ms=_timed(alone, lambda rows: np.median(rows[:, 0])),
        plain_p99_ms=_timed(alone, lambda rows: np.quantile(rows[:, 0], 0.99)),
    )


def _timed(rows: NDArray[np.float64], figure: Callable[[NDArray[np.float64]], Any]) -> Timed:
    draw = np.random.default_rng(_SEED)
    values = [float(figure(rows[draw.integers(0, len(rows), len(rows))])) for _ in range(_DRAWS)]
    low, high = np.quantile(values, (0.025, 0.975))
    return Timed(float(figure(rows)), float(low), float(high))


def _seconds(work: Callable[[Any], object], argument: object) -> float:
    start = time.perf_counter()
    work(argument)
    return time.perf_counter() - start
