"""Labelled rows as sparse feature matrices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from nlp.features import FeatureSpace, Floats, Occurrences, character_block, once, word_block
from nlp.normalise import normalise
from nlp.tokens import Tokenizer

#: A word in fewer training texts is left out: it is noise, or the name of a person.
MIN_TEXTS = 3
#: Hash buckets filled by fewer training texts carry no weight.
MIN_TEXTS_HASHED = 2
_CHUNK = 512


@dataclass(frozen=True, slots=True)
class Cut:
    """Normal texts and their words."""

    texts: list[str]
    words: list[list[str]]


def cut_texts(texts: Sequence[str], tokenizer: Tokenizer) -> Cut:
    """The texts as the reader reads them."""
    normal = [normalise(text).text for text in texts]
    return Cut(normal, [tokenizer.cut(text) for text in normal])


def vocabulary(cut: Cut, left_out: frozenset[str]) -> tuple[str, ...]:
    """Words of at least MIN_TEXTS texts, sorted; ``left_out`` are never stored."""
    counts = Counter(word for words in cut.words for word in set(words))
    return tuple(
        sorted(word for word, count in counts.items() if count >= MIN_TEXTS and word.strip() and word not in left_out)
    )


@dataclass(frozen=True, slots=True)
class Blocks:
    """Counts (0 or 1) per block, rows are texts."""

    word: Any
    """texts x (vocabulary + buckets)"""
    char: Any
    """texts x buckets"""
    single: Any
    """texts x vocabulary"""


def blocks(cut: Cut, space: FeatureSpace) -> Blocks:
    """The features of all texts, made as the reader makes them."""
    size = len(space.vocabulary)
    parts: list[tuple[Any, Any, Any]] = []
    for low in range(0, len(cut.texts), _CHUNK):
        found = space.occurrences(cut.texts[low : low + _CHUNK], cut.words[low : low + _CHUNK])
        parts.append(
            (
                _matrix(found, *word_block(found, size, space.bits), size + (1 << space.bits)),
                _matrix(found, *character_block(found, space.bits), 1 << space.bits),
                _matrix(found, *_single(found, size), size),
            )
        )
    stacked = [sparse.vstack(column).tocsr() for column in zip(*parts, strict=True)]
    return Blocks(*stacked)


def _single(found: Occurrences, size: int) -> tuple[Any, Any]:
    known = found.word_id >= 0
    return once(found.word_doc[known], found.word_id[known], max(size, 1))


def _matrix(found: Occurrences, doc: Any, index: Any, width: int) -> Any:
    ones = np.ones(len(doc), dtype=np.float32)
    return sparse.csr_matrix((ones, (doc, index)), shape=(found.texts, width))


def idf(counts: Any) -> Floats:
    """Smoothed inverse document frequency; 0 for what stands in fewer than MIN_TEXTS_HASHED texts."""
    texts = counts.shape[0]
    frequency = np.asarray(counts.sum(axis=0)).ravel()
    weights = np.log((1 + texts) / (1 + frequency)) + 1
    weights[frequency < MIN_TEXTS_HASHED] = 0
    # Stored as half precision; training must see what inference will see.
    return np.asarray(weights.astype(np.float16), dtype=np.float32)


def weighted(counts: Any, weights: Floats) -> Any:
    """Counts times idf, each row brought to length one."""
    scaled = counts @ sparse.diags(weights)
    length = np.sqrt(np.asarray(scaled.multiply(scaled).sum(axis=1)).ravel())
    length[length == 0] = 1
    return (sparse.diags(1 / length) @ scaled).tocsr().astype(np.float32)
