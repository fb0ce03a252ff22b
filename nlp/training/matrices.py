"""Labelled rows as sparse feature matrices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from nlp.features import FeatureSpace, Floats, count
from nlp.normalise import normalise
from nlp.tokens import Tokenizer

#: A word in fewer training texts is left out: it is noise, or the name of a person.
MIN_TEXTS = 3
#: Hash buckets filled by fewer training texts carry no weight.
MIN_TEXTS_HASHED = 2
#: Length of the block of lead words, where the other blocks have length one; chosen out of fold.
LEAD_SHARE = 0.5
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


def counts(cut: Cut, space: FeatureSpace) -> Any:
    """1 + ln of how often each feature stands in each text, as the reader makes them; texts x rows of the tables."""
    parts = []
    for low in range(0, len(cut.texts), _CHUNK):
        texts = cut.texts[low : low + _CHUNK]
        found = space.occurrences(texts, flat(cut.words[low : low + _CHUNK]))
        counted = count(found, space.width)
        parts.append(sparse.csr_matrix((counted.damped, (counted.doc, counted.row)), shape=(len(texts), space.width)))
    return sparse.vstack(parts).tocsr()


def flat(words: Sequence[Sequence[str]]) -> list[str]:
    """The words of all texts as FeatureSpace.occurrences wants them."""
    return [word for text in words for word in (*text, "\n")]


def idf(counted: Any, space: FeatureSpace) -> Floats:
    """Smoothed inverse document frequency; 0 for what stands in too few texts, and for the row without weight.

    Lead words stand in few texts but are words of the vocabulary: they are left out like words.
    """
    texts = counted.shape[0]
    frequency = counted.getnnz(axis=0)
    weights = np.log((1 + texts) / (1 + frequency)) + 1
    weights[frequency < MIN_TEXTS_HASHED] = 0
    lead_at, nothing = space.edges[3:]
    weights[lead_at:][frequency[lead_at:] < MIN_TEXTS] = 0
    weights[nothing] = 0
    # Stored as half precision; training must see what inference will see.
    return np.asarray(weights.astype(np.float16), dtype=np.float32)


def weighted(counted: Any, weights: Floats, space: FeatureSpace) -> Any:
    """Counts times idf, each block of each row brought to length one; lead words weigh LEAD_SHARE."""
    scaled = (counted @ sparse.diags(weights)).tocsr()
    _, _, chars_at, lead_at, nothing = space.edges
    blocks = []
    for low, high, share in ((0, chars_at, 1.0), (chars_at, lead_at, 1.0), (lead_at, nothing + 1, LEAD_SHARE)):
        block = scaled[:, low:high]
        length = np.sqrt(np.asarray(block.multiply(block).sum(axis=1)).ravel())
        length[length == 0] = 1
        blocks.append(sparse.diags(share / length) @ block)
    return sparse.hstack(blocks).tocsr().astype(np.float32)


def for_topics(columns: Any, space: FeatureSpace) -> Any:
    """The columns that topics look at: all but pairs of words."""
    _, pairs_at, chars_at, _, _ = space.edges
    return sparse.hstack((columns[:, :pairs_at], columns[:, chars_at:])).tocsr()
