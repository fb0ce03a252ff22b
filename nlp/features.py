"""Turns cut texts into rows of the model's tables, many texts at once, with numpy only.

Four blocks, each weighted by idf and brought to length one by itself: *words*
(the stored vocabulary) with *pairs* of neighbouring words (hashed), *characters*
(single ones and pairs, hashed), and *lead* words, those of the first sentence,
where a letter says what it is about and a caller what happened. A feature that
stands n times counts 1 + ln n. The rows of the tables are the vocabulary, the
buckets of pairs, the buckets of characters, the vocabulary again for lead words,
and a last row that weighs nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import repeat

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int32]
Floats = NDArray[np.float32]

#: The first sentence that counts has at least so many characters, and no more of it is looked at than so many.
_LEAD = (4, 40)
_SENTENCE_END = re.compile(r"[。!?;\n]")
#: Words with their pairs, characters, lead words.
BLOCKS = 3
_LINE_FEED = 10
_PLANE = 0x10000
#: 1 + ln n, for n up to 255; what stands more often counts no more.
DAMPED = np.concatenate(([0.0], 1 + np.log(np.arange(1, 256)))).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Occurrences:
    """Every feature of a batch where it stands.

    The batch is all texts joined, each followed by one line feed; positions are
    characters of it. Features are rows of the tables.
    """

    texts: int
    starts: Ints
    """First character of each text in the joined batch; one more entry for its end."""
    char_doc: Ints
    """The text of every character."""
    word_at: Ints
    """First character of every word, line feeds between texts included."""
    word_doc: Ints
    word: Ints
    """The word itself: its vocabulary index, or the row without weight where unknown."""
    pair: Ints
    """The pair that begins at each word."""
    lead: Ints
    one: Ints
    """The character at each position."""
    two: Ints
    """The pair of characters that begins at each position."""


@dataclass(frozen=True, slots=True)
class Counted:
    """The features of a batch, each once per text, ordered by text and row."""

    row: Ints
    doc: Ints
    damped: Floats
    """1 + ln of how often it stands in the text."""
    first: NDArray[np.intp]
    """Where the features of each text begin."""


@dataclass(frozen=True, slots=True)
class FeatureSpace:
    """The vocabulary and the size of the hashed parts."""

    vocabulary: Mapping[str, int]
    bits: int
    """Each hashed part has ``2 ** bits`` buckets."""

    @property
    def edges(self) -> tuple[int, int, int, int, int]:
        """First row of: words, pairs, characters, lead words, and the row without weight."""
        words, buckets = len(self.vocabulary), 1 << self.bits
        return 0, words, words + buckets, words + 2 * buckets, 2 * words + 2 * buckets

    @property
    def width(self) -> int:
        """How many rows the tables have."""
        return self.edges[4] + 1

    def occurrences(self, texts: Sequence[str], words: Sequence[str]) -> Occurrences:
        """The features of ``texts``; ``words`` are those of all texts, a line feed after each text."""
        joined = "\n".join(texts) + "\n"
        codes = np.frombuffer(joined.encode("utf-32-le"), dtype=np.int32)
        _, pairs_at, chars_at, lead_at, nothing = self.edges
        count = len(words)
        word = np.fromiter(map(self.vocabulary.get, words, repeat(nothing)), dtype=np.int32, count=count)
        ends = np.cumsum(np.fromiter(map(len, words), dtype=np.int32, count=count), dtype=np.int32)
        word_at = np.concatenate((_ZERO, ends[:-1]))
        lengths = np.fromiter(map(len, texts), dtype=np.int32, count=len(texts)) + 1
        starts = np.concatenate((_ZERO, np.cumsum(lengths, dtype=np.int32)))
        char_doc = np.repeat(np.arange(len(texts), dtype=np.int32), lengths)
        word_doc = char_doc[word_at]
        known = word < nothing
        pair = np.full(count, nothing, dtype=np.int32)
        # A line feed is never in the vocabulary, so no pair crosses from one text into the next.
        left = np.flatnonzero(known[:-1] & known[1:])
        pair[left] = pairs_at + self._pair_of_words(word[left], word[left + 1])
        leads = np.fromiter(map(_lead_end, texts), dtype=np.int32, count=len(texts))
        in_lead = known & (word_at < (starts[:-1] + leads)[word_doc])
        first, second, third = mixed_codes()
        one = (first.take(codes, mode="clip") >> np.uint32(32 - self.bits)).astype(np.int32) + chars_at
        mixed = second.take(codes, mode="clip")
        mixed[:-1] ^= third.take(codes[1:], mode="clip")
        two = (mixed >> np.uint32(32 - self.bits)).astype(np.int32) + chars_at
        feeds = np.flatnonzero(codes == _LINE_FEED)
        one[feeds] = two[feeds] = two[np.maximum(feeds - 1, 0)] = nothing
        return Occurrences(
            texts=len(texts),
            starts=starts,
            char_doc=char_doc,
            word_at=word_at,
            word_doc=word_doc,
            word=word,
            pair=pair,
            lead=np.where(in_lead, word + lead_at, nothing),
            one=one,
            two=two,
        )

    def character_row(self, characters: str) -> int:
        """The row of one character or of a pair."""
        first, second, third = mixed_codes()
        codes = [min(ord(char), _PLANE - 1) for char in characters]
        mixed = int(first[codes[0]]) if len(codes) == 1 else int(second[codes[0]] ^ third[codes[1]])
        return self.edges[2] + (mixed >> (32 - self.bits))

    def _pair_of_words(self, left: Ints, right: Ints) -> Ints:
        # Odd multipliers of multiplicative hashes (Knuth); the model depends on them.
        keys = left.astype(np.uint32) * np.uint32(0x9E3779B1) + right.astype(np.uint32) * np.uint32(0x85EBCA77)
        keys ^= keys >> np.uint32(15)
        return ((keys * np.uint32(0xC2B2AE3D)) >> np.uint32(32 - self.bits)).astype(np.int32)


def _lead_end(text: str) -> int:
    end = _SENTENCE_END.search(text, *_LEAD)
    return end.start() if end else _LEAD[1]


_ZERO = np.zeros(1, dtype=np.int32)


@lru_cache(maxsize=1)
def mixed_codes() -> tuple[NDArray[np.uint32], NDArray[np.uint32], NDArray[np.uint32]]:
    """Hashes of every character of the basic plane, rarer ones sharing its last: alone, as left and as right."""
    codes = np.arange(_PLANE, dtype=np.uint32)
    tables = []
    for mix in (0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D):
        keys = (codes + np.uint32(1)) * np.uint32(mix)
        keys ^= keys >> np.uint32(15)
        keys *= np.uint32(0x27D4EB2F)
        tables.append(keys ^ (keys >> np.uint32(13)))
    return tables[0], tables[1], tables[2]


def count(found: Occurrences, width: int) -> Counted:
    """Each feature of each text once; every text has at least the row without weight."""
    shift = width.bit_length()
    # Whole numbers of 32 bits sort twice as fast; a batch of calls always fits.
    narrow = found.texts << shift < 1 << 31
    kind = np.dtype(np.int32 if narrow else np.int64)
    text = np.arange(found.texts, dtype=kind) * (1 << shift)
    of_word, of_char = text[found.word_doc], text[found.char_doc]
    keys = np.concatenate(
        (of_word | found.word, of_word | found.pair, of_word | found.lead, of_char | found.one, of_char | found.two)
    )
    keys.sort()
    first = np.flatnonzero(np.concatenate((_TRUE, keys[1:] != keys[:-1])))
    times = np.concatenate((first[1:], [len(keys)])) - first
    keys = keys[first]
    return Counted(
        row=(keys & ((1 << shift) - 1)).astype(np.int32),
        doc=(keys >> shift).astype(np.int32),
        damped=DAMPED.take(times, mode="clip"),
        first=np.asarray(np.searchsorted(keys, text), dtype=np.intp),
    )


_TRUE = np.ones(1, dtype=np.bool_)


def lengths(counted: Counted, squares: Floats, edges: Sequence[int], texts: int) -> tuple[Floats, Ints]:
    """Per text and block the length of the block (1 where it is empty), and the block of each feature.

    ``squares`` holds the squared idf of every row. Block BLOCKS holds the row without weight.
    """
    block = np.searchsorted(np.array(edges[2:5], dtype=np.int32), counted.row, side="right").astype(np.int32)
    weight = squares[counted.row] * counted.damped * counted.damped
    sums = np.bincount(counted.doc * (BLOCKS + 1) + block, weights=weight, minlength=texts * (BLOCKS + 1))
    norm = np.sqrt(sums).astype(np.float32).reshape(texts, BLOCKS + 1)
    norm[norm == 0] = 1
    return norm, block
