"""Turns cut texts into feature indices, many texts at once, with numpy only.

Two blocks, each counted once per text and brought to length one by its own
idf weights: *words* (the stored vocabulary, and pairs of neighbouring words
hashed) and *characters* (single ones and pairs, hashed). An index space holds
the vocabulary first and the hash buckets after it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]

# Odd multipliers of a multiplicative hash (Knuth); any fixed odd numbers do, but the model depends on them.
_MIX_ONE = np.uint64(0x9E3779B97F4A7C15)
_MIX_TWO = np.uint64(0xC2B2AE3D27D4EB4F)
_MIX_PAIR = np.uint64(0xD6E8FEB86659FD93)
_WORD = (1 << 64) - 1
_LINE_FEED = 10


@dataclass(frozen=True, slots=True)
class Occurrences:
    """Every feature of a batch where it stands, duplicates included.

    The batch is all texts joined, each followed by one line feed; positions are
    characters of it. ``*_doc`` gives the text a feature belongs to.
    """

    texts: int
    starts: Ints
    """First character of each text in the joined batch; one more entry for its end."""
    word_at: Ints
    """First character of every word in the joined batch, line feeds between texts included."""
    word_id: Ints
    """Vocabulary index of every word, -1 where unknown."""
    word_doc: Ints
    pair_left: Ints
    """Position in ``word_id`` of the left word of each pair of known neighbours."""
    pair_bucket: Ints
    one_at: Ints
    one_doc: Ints
    one_bucket: Ints
    two_at: Ints
    two_doc: Ints
    two_bucket: Ints


@dataclass(frozen=True, slots=True)
class FeatureSpace:
    """The vocabulary and the size of the hash part."""

    vocabulary: Mapping[str, int]
    bits: int
    """The hash part has ``2 ** bits`` buckets."""

    def occurrences(self, texts: Sequence[str], words: Sequence[Sequence[str]]) -> Occurrences:
        """The features of ``texts``, whose ``words`` joined give the texts back."""
        joined = "\n".join(texts) + "\n"
        codes = np.frombuffer(joined.encode("utf-32-le"), dtype=np.uint32).astype(np.uint64)
        flat: list[str] = []
        for cut in words:
            flat.extend(cut)
            flat.append("\n")
        word_id = np.fromiter(map(self.vocabulary.get, flat, repeat(-1)), dtype=np.int64, count=len(flat))
        word_end = np.cumsum(np.fromiter(map(len, flat), dtype=np.int64, count=len(flat)))
        counts = np.fromiter(map(len, words), dtype=np.int64, count=len(words)) + 1
        lengths = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts)) + 1
        word_doc = np.repeat(np.arange(len(texts)), counts)
        pair_left = np.flatnonzero((word_id[:-1] >= 0) & (word_id[1:] >= 0))
        # A line feed is never in the vocabulary, so no pair crosses from one text into the next.
        pairs = (word_id[pair_left].astype(np.uint64) << np.uint64(24)) | word_id[pair_left + 1].astype(np.uint64)
        char_doc = np.repeat(np.arange(len(texts)), lengths)
        solid = codes != _LINE_FEED
        one_at = np.flatnonzero(solid)
        two_at = np.flatnonzero(solid[:-1] & solid[1:])
        return Occurrences(
            texts=len(texts),
            starts=np.concatenate(([0], np.cumsum(lengths))),
            word_at=np.concatenate(([0], word_end[:-1])),
            word_id=word_id,
            word_doc=word_doc,
            pair_left=pair_left,
            pair_bucket=self._bucket(pairs, _MIX_PAIR),
            one_at=one_at,
            one_doc=char_doc[one_at],
            one_bucket=self._bucket(codes[one_at], _MIX_ONE),
            two_at=two_at,
            two_doc=char_doc[two_at],
            two_bucket=self._bucket((codes[two_at] << np.uint64(21)) | codes[two_at + 1], _MIX_TWO),
        )

    def pair_bucket(self, two_characters: str) -> int:
        """The bucket of one pair of characters."""
        return self._one((ord(two_characters[0]) << 21) | ord(two_characters[1]), int(_MIX_TWO))

    def one_bucket(self, character: str) -> int:
        """The bucket of one character."""
        return self._one(ord(character), int(_MIX_ONE))

    def _one(self, key: int, mix: int) -> int:
        # As _bucket, in plain whole numbers: far quicker for a single key.
        hashed = (key + 1) * mix & _WORD
        hashed ^= hashed >> 29
        return (hashed * int(_MIX_ONE) & _WORD) >> (64 - self.bits)

    def _bucket(self, keys: NDArray[np.uint64], mix: np.uint64) -> Ints:
        hashed = (keys + np.uint64(1)) * mix
        hashed ^= hashed >> np.uint64(29)
        hashed *= _MIX_ONE
        return (hashed >> np.uint64(64 - self.bits)).astype(np.int64)


def once(doc: Ints, index: Ints, size: int) -> tuple[Ints, Ints]:
    """``(doc, index)`` pairs, each once, ordered by text; ``size`` bounds ``index``."""
    shift = max(size - 1, 1).bit_length()
    keys = (doc << shift) | index
    keys.sort()
    if len(keys):
        keys = keys[np.concatenate(([True], keys[1:] != keys[:-1]))]
    return keys >> shift, keys & ((1 << shift) - 1)


def word_block(found: Occurrences, vocabulary: int, bits: int) -> tuple[Ints, Ints]:
    """The word block as ``(doc, index)``; indices of pairs follow the vocabulary."""
    known = found.word_id >= 0
    doc = np.concatenate((found.word_doc[known], found.word_doc[found.pair_left]))
    index = np.concatenate((found.word_id[known], found.pair_bucket + vocabulary))
    return once(doc, index, vocabulary + (1 << bits))


def character_block(found: Occurrences, bits: int) -> tuple[Ints, Ints]:
    """The character block as ``(doc, bucket)``."""
    doc = np.concatenate((found.one_doc, found.two_doc))
    return once(doc, np.concatenate((found.one_bucket, found.two_bucket)), 1 << bits)
