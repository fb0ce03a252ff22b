"""Measures the first reader against the plain way, interleaved, so that a busy machine slows both alike.

The plain way is what one writes first: ``jieba.lcut`` and scikit-learn's TF-IDF
of words with logistic regression, giving the class alone. The reader gives class, topic, danger and cues with
evidence, the same without evidence, and everything the service stores, which has entities too.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nlp.labels import LabelledRow
from nlp.reading import CallReader

_ROUNDS = 3
_CHUNK = 128
_SINGLES = 600
_PLAIN_ROWS = 1200


@dataclass(frozen=True, slots=True)
class Speed:
    """Ratios are time of the plain way over time of the reader."""

    texts: int
    batch_ratio: float
    """Class, topic, danger, cues and evidence."""
    batch_ratio_without_evidence: float
    batch_ratio_with_everything: float
    """With entities too: what the service stores."""
    single_ratio: float
    plain_ms: float
    """Plain way, per text in batches."""
    reader_ms: float
    p50_ms: float
    """One call alone, with everything."""
    p99_ms: float


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
    for _ in range(_ROUNDS):
        for place, low in enumerate(lows):
            chunk, pairs = texts[low : low + _CHUNK], items[low : low + _CHUNK]
            once = (_seconds(plain, chunk), *(_seconds(read, pairs) for read in ways))
            # The least of the rounds, for all alike: what other processes took is no property of either way.
            spent[place] = np.minimum(spent[place], once)
    singles = np.array(
        [
            (_seconds(plain, [text]), _seconds(readers.whole.read_batch, [(text, line)]))
            for text, line in items[:: max(1, len(items) // _SINGLES)]
        ]
    )
    total = spent.sum(axis=0)
    per_text = total / len(texts) * 1000
    return Speed(
        texts=len(texts),
        batch_ratio=float(total[0] / total[1]),
        batch_ratio_without_evidence=float(total[0] / total[2]),
        batch_ratio_with_everything=float(total[0] / total[3]),
        single_ratio=float(np.median(singles[:, 0]) / np.median(singles[:, 1])),
        plain_ms=float(per_text[0]),
        reader_ms=float(per_text[1]),
        p50_ms=float(np.median(singles[:, 1]) * 1000),
        p99_ms=float(np.quantile(singles[:, 1], 0.99) * 1000),
    )


def _seconds(work: Callable[[Any], object], argument: object) -> float:
    start = time.perf_counter()
    work(argument)
    return time.perf_counter() - start
