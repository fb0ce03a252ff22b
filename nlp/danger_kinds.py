"""A learnt guess of the kind of a danger, for what callers say in words no phrase knows.

A guess, never a fact: phrases heard stand with their words in ``danger.signals`` and switch on rules; what is guessed
here is shown as "可能" beside them and switches on none (docs/triage.md). It looks at the characters and pairs of
characters of a call and at the senses its words touch (``lexicon/danger_senses.toml``).
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from config.errors import ConfigError
from config.files import ConfigFiles
from nlp.features import Floats

SENSES = "lexicon/danger_senses.toml"
#: The column of calls without danger.
NONE = "none"
#: Danger of no kind of its own: heard, never guessed.
OTHER = "other_danger"
#: Kinds of at least this share of all danger are named, at most so many.
_NAMED_FROM, _MOST_NAMED = 0.3, 2
#: What a sense weighs beside the characters, which are brought to length one; chosen by cross-validation.
_SENSE_WEIGHT = 0.4
_AGAIN = 0.5
#: A pair of characters as one number: the left one stands this many bits higher.
_SHIFT = 21
#: Of a longer text so much of its beginning and of its end is looked at.
_HEAD, _TAIL = 120, 80
Keys = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class KindTable:
    """What was learnt of the kinds; see nlp.training.kinds."""

    kinds: tuple[str, ...]
    """The columns: keys of ``[danger_kinds]`` in taxonomy.toml, and NONE."""
    grams: tuple[str, ...]
    """Characters and pairs of characters; no digits and no punctuation."""
    idf: Floats
    """Of each gram."""
    senses: tuple[str, ...]
    weights: Floats
    """Grams, then senses x kinds."""
    intercepts: Floats


class Senses:
    """Finds which senses the words of a text touch."""

    def __init__(self, files: ConfigFiles) -> None:
        """Raises ConfigError naming the sense that is no list of words."""
        path = files.path(SENSES)
        try:
            senses = tomllib.loads(files.read(SENSES)).get("senses", {})
        except tomllib.TOMLDecodeError as error:
            raise ConfigError(f"{path} is no valid TOML: {error}.") from error
        for name, words in senses.items():
            if not isinstance(words, list) or not all(isinstance(word, str) and word for word in words):
                raise ConfigError(f"{path}: [senses] {name} needs a list of words.")
        self.names: tuple[str, ...] = tuple(senses)
        of: dict[str, list[int]] = {}
        for number, words in enumerate(senses.values()):
            for word in dict.fromkeys(words):
                of.setdefault(word, []).append(number)
        begun: dict[str, list[tuple[str, list[int]]]] = {}
        for word, numbers in of.items():
            begun.setdefault(word[:2], []).append((word, numbers))
        self._starts = _Keys(list(begun))
        self._begun = list(begun.values())

    def touched(self, text: str, keys: Keys) -> tuple[list[int], Floats]:
        """The senses of a normal text of these ``keys``, and what each weighs: little more where many words stand."""
        times: dict[int, int] = {}
        for place in self._starts.places(keys).tolist():
            for word, numbers in self._begun[place]:
                if len(word) < 3 or word in text:
                    for number in numbers:
                        times[number] = times.get(number, 0) + 1
        weights = [_SENSE_WEIGHT * (1 + _AGAIN * math.log(count)) for count in times.values()]
        return list(times), np.array(weights, dtype=np.float32)


def keys_of(text: str) -> Keys:
    """Its characters and pairs of neighbouring characters as numbers, each once, in order."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.int64)
    keys = np.concatenate((codes, codes[:-1] << _SHIFT | codes[1:]))
    keys.sort()
    first = np.ones(len(keys), dtype=np.bool_)
    np.not_equal(keys[1:], keys[:-1], out=first[1:])
    return keys[first]


class _Keys:
    """Finds the numbers of characters and pairs."""

    def __init__(self, grams: Sequence[str]) -> None:
        keys = np.array([ord(gram) if len(gram) == 1 else ord(gram[0]) << _SHIFT | ord(gram[1]) for gram in grams])
        self._order: NDArray[np.intp] = np.argsort(keys)
        self._keys: Keys = np.append(keys[self._order], np.iinfo(np.int64).max)

    def places(self, keys: Keys) -> NDArray[np.intp]:
        """Where the grams of these ``keys`` stand in the list it was made of, in the order of the keys."""
        found = self._keys.searchsorted(keys)
        # One past the end stands a key that no text has.
        places: NDArray[np.intp] = self._order[found[self._keys[found] == keys]]
        return places


class KindGuess:
    """Guesses the kind of a danger from a normal text."""

    def __init__(self, table: KindTable, senses: Senses) -> None:
        """Senses the table does not know count for nothing, and those the lexicon lacks are never touched."""
        self._table = table
        self._senses = senses
        self._rows = _Keys(table.grams)
        known = {name: row for row, name in enumerate(table.senses, len(table.grams))}
        width = len(table.kinds)
        self._of_senses = np.array(
            [table.weights[known[name]] if name in known else np.zeros(width) for name in senses.names],
            dtype=np.float32,
        ).reshape(len(senses.names), width)
        self._none = table.kinds.index(NONE)

    def shares(self, text: str) -> dict[str, float]:
        """Probability of each kind, and of NONE; they sum to one."""
        table = self._table
        if len(text) > _HEAD + _TAIL:
            text = f"{text[:_HEAD]}\n{text[-_TAIL:]}"
        keys = keys_of(text)
        rows = self._rows.places(keys)
        margins: Floats = table.intercepts
        if len(rows):
            weight = table.idf[rows]
            margins = margins + (weight @ table.weights[rows]) / np.float32(math.sqrt(float(weight @ weight)))
        numbers, weights = self._senses.touched(text, keys)
        if numbers:
            margins = margins + weights @ self._of_senses[numbers]
        powers = np.exp(margins - margins.max())
        return dict(zip(table.kinds, (powers / powers.sum()).tolist(), strict=True))

    def likely(self, text: str) -> tuple[tuple[str, float], ...]:
        """The likeliest kinds of a danger that is there, best first.

        The number is the kind's share of all danger: how likely there is any is for the joint judgement to say.
        """
        shares = self.shares(text)
        danger = 1 - shares.pop(NONE)
        if danger <= 0:
            return ()
        ranked = sorted(((kind, share / danger) for kind, share in shares.items()), key=lambda one: -one[1])
        return tuple(one for one in ranked[:_MOST_NAMED] if one[1] >= _NAMED_FROM and one[0] != OTHER)

    def danger(self, text: str) -> float:
        """How likely it is a danger of any kind."""
        return 1 - self.shares(text)[NONE]
