"""A learnt guess of the kind of a danger, for what callers say in words no phrase knows.

A guess, never a fact: phrases heard stand with their words in ``danger.signals`` and switch on rules; what is guessed
here is shown as "可能" beside them and switches on none (docs/triage.md). It looks at the characters and pairs of
characters of a call and at the senses its words touch (``lexicon/danger_senses.toml``).
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Collection
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from config.errors import ConfigError
from config.files import ConfigFiles
from nlp.features import Floats

SENSES = "lexicon/danger_senses.toml"
#: The column of calls without danger.
NONE = "none"
#: Kinds of at least this share of all danger are named, at most so many.
_NAMED_FROM, _MOST_NAMED = 0.3, 2
#: What a sense weighs beside the characters, which are brought to length one; chosen by cross-validation.
_SENSE_WEIGHT = 0.4
_AGAIN = 0.5
_RUN = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class KindTable:
    """What was learnt of the kinds; see nlp.training.kinds."""

    kinds: tuple[str, ...]
    """The columns: keys of ``[danger_kinds]`` in taxonomy.toml, and NONE."""
    grams: tuple[str, ...]
    """Characters and pairs of characters."""
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
        self._of: dict[str, list[int]] = {}
        for number, words in enumerate(senses.values()):
            for word in dict.fromkeys(words):
                self._of.setdefault(word, []).append(number)
        lengths: dict[str, set[int]] = {}
        for word in self._of:
            lengths.setdefault(word[0], set()).add(len(word))
        self._lengths = {char: sorted(sizes, reverse=True) for char, sizes in lengths.items()}

    def weights(self, text: str) -> Floats:
        """Per sense what it weighs in a normal text: none where no word of it stands, hardly more where many do."""
        times = [0] * len(self.names)
        ends = [0] * len(self.names)
        for start, char in enumerate(text):
            for size in self._lengths.get(char, ()):
                for number in self._of.get(text[start : start + size], ()):
                    # A word inside a longer one of the same sense is no second one.
                    if ends[number] <= start:
                        times[number] += 1
                        ends[number] = start + size
        return np.array(
            [_SENSE_WEIGHT * (1 + _AGAIN * math.log(count)) if count else 0.0 for count in times], dtype=np.float32
        )


def grams_of(text: str) -> set[str]:
    """Its letters and pairs of neighbouring letters; digits, punctuation and blanks part them."""
    found: set[str] = set()
    for run in _RUN.findall(text):
        found.update(run)
        found.update(left + right for left, right in pairwise(run))
    return found


class KindGuess:
    """Guesses the kind of a danger from a normal text."""

    def __init__(self, table: KindTable, senses: Senses) -> None:
        """Senses the table does not know count for nothing, and those the lexicon lacks are never touched."""
        self._table = table
        self._senses = senses
        self._row = {gram: row for row, gram in enumerate(table.grams)}
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
        # In order, so that the same text gives the same sum to the last bit.
        rows = sorted({self._row[gram] for gram in grams_of(text) if gram in self._row})
        margins = table.intercepts + self._senses.weights(text) @ self._of_senses
        if rows:
            weight = table.idf[rows]
            margins = margins + (weight / math.sqrt(float(weight @ weight))) @ table.weights[rows]
        powers = np.exp(margins - margins.max())
        return dict(zip(table.kinds, (powers / powers.sum()).tolist(), strict=True))

    def likely(self, text: str, heard: Collection[str] = ()) -> tuple[tuple[str, float], ...]:
        """The likeliest kinds of a danger that is there, best first, without those ``heard``.

        The number is the kind's share of all danger: how likely there is any is for the joint judgement to say.
        """
        shares = self.shares(text)
        danger = 1 - shares.pop(NONE)
        if danger <= 0:
            return ()
        ranked = sorted(((kind, share / danger) for kind, share in shares.items()), key=lambda one: -one[1])
        return tuple(
            (kind, share) for kind, share in ranked[:_MOST_NAMED] if share >= _NAMED_FROM and kind not in heard
        )

    def danger(self, text: str) -> float:
        """How likely it is a danger of any kind."""
        return 1 - self.shares(text)[NONE]
