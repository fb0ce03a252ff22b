"""Finds phrases of the lexicon (``danger.toml``, ``cues.toml``) in many texts at once.

A text is searched with a phrase only where two characters stand that the phrase
needs; those are found for a whole batch by one table look-up on the character
pairs that the classifier hashes anyway.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from config.errors import ConfigError
from config.files import ConfigFiles
from nlp.features import FeatureSpace, Occurrences

_GAP = re.compile(r"\.\.(\d{1,2})?$")
_DEFAULT_GAP = 4


@dataclass(frozen=True, slots=True)
class Phrase:
    """One pattern of the lexicon."""

    source: str
    """File the phrase came from, such as ``lexicon/danger.toml``."""
    kind: str
    level: int
    """Danger level; 0 for a cue."""
    firm: bool
    """A negation before it does not undo it."""
    pattern: re.Pattern[str]
    needs: frozenset[str]
    """Characters or pairs of characters; a match holds at least one of them."""


@dataclass(frozen=True, slots=True)
class Hit:
    """Where a phrase stands in the normal text."""

    phrase: Phrase
    start: int
    end: int


def load_phrases(files: ConfigFiles, name: str, kinds: Mapping[str, str]) -> tuple[list[Phrase], Mapping[str, Any]]:
    """The phrases of one file and its other tables.

    Raises ConfigError naming the file and the pattern that cannot be used.
    """
    path = files.path(name)
    try:
        data = tomllib.loads(files.read(name))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is no valid TOML: {error}.") from error
    phrases = []
    for entry in data.get("phrases", []):
        kind = entry.get("kind")
        if kind not in kinds:
            raise ConfigError(f"{path}: {kind!r} is no kind of taxonomy.toml; use one of {', '.join(kinds)}.")
        for say in entry.get("say", []):
            try:
                pattern, needs = compile_phrase(say)
            except ValueError as error:
                raise ConfigError(f"{path}: pattern {say!r} {error}.") from error
            phrases.append(Phrase(name, kind, int(entry.get("level", 0)), bool(entry.get("firm")), pattern, needs))
    return phrases, data


def compile_phrase(say: str) -> tuple[re.Pattern[str], frozenset[str]]:
    """A pattern of the lexicon as an expression, and the characters or pairs one of which it needs.

    Raises ValueError when a part is empty or there is none.
    """
    runs: list[list[list[str]]] = [[]]
    expression = ""
    for token in say.split():
        gap = _GAP.match(token)
        if gap:
            expression += rf"[^。!?\n]{{0,{gap[1] or _DEFAULT_GAP}}}?"
            runs.append([])
        else:
            choices = [choice for choice in token.split("|") if choice]
            if not choices:
                raise ValueError("has an empty part")
            # Longer alternatives first, so that a hit shows the whole word.
            ordered = sorted(choices, key=lambda choice: (-len(choice), choice))
            expression += "(?:" + "|".join(map(re.escape, ordered)) + ")"
            runs[-1].append(choices)
    options: list[frozenset[str]] = []
    for run in runs:
        options.extend(frozenset(choice[:2] for choice in part) for part in run)
        for left, right in zip(run, run[1:], strict=False):
            if sum(map(len, (left, right))) <= 40:
                options.append(frozenset((a + b)[:2] for a, b in product(left, right)))
    if not options:
        raise ValueError("has no words")
    # Pairs are rarer than single characters, so parts with pairs only are looked for first.
    return re.compile(expression), min(options, key=lambda option: (any(len(need) < 2 for need in option), len(option)))


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Buckets that call for phrases: which phrases each calls for, and a table of all buckets."""

    phrases: dict[int, list[int]]
    table: NDArray[np.bool_]


class PhraseFinder:
    """Finds all phrases of a lexicon in a batch whose features are known."""

    def __init__(self, phrases: Sequence[Phrase], space: FeatureSpace) -> None:
        self._phrases = tuple(phrases)
        self._ones = _Wanted({}, np.zeros(1 << space.bits, dtype=np.bool_))
        self._twos = _Wanted({}, np.zeros(1 << space.bits, dtype=np.bool_))
        for number, phrase in enumerate(self._phrases):
            for need in phrase.needs:
                wanted, bucket = (
                    (self._twos, space.pair_bucket(need)) if len(need) == 2 else (self._ones, space.one_bucket(need))
                )
                wanted.table[bucket] = True
                wanted.phrases.setdefault(bucket, []).append(number)

    def find(self, texts: Sequence[str], found: Occurrences) -> list[list[Hit]]:
        """Per text its hits in order of place; of one kind none inside another."""
        candidates: list[set[int] | None] = [None] * len(texts)
        for wanted, at, buckets in (
            (self._ones, found.one_at, found.one_bucket),
            (self._twos, found.two_at, found.two_bucket),
        ):
            marked = np.flatnonzero(wanted.table[buckets])
            docs = (np.searchsorted(found.starts, at[marked], side="right") - 1).tolist()
            for doc, bucket in zip(docs, buckets[marked].tolist(), strict=True):
                chosen = candidates[doc]
                if chosen is None:
                    chosen = candidates[doc] = set()
                chosen.update(wanted.phrases[bucket])
        return [
            self._search(text, sorted(chosen)) if chosen else [] for text, chosen in zip(texts, candidates, strict=True)
        ]

    def _search(self, text: str, numbers: Sequence[int]) -> list[Hit]:
        hits = [
            Hit(self._phrases[number], match.start(), match.end())
            for number in numbers
            for match in self._phrases[number].pattern.finditer(text)
        ]
        if len(hits) < 2:
            return hits
        hits.sort(key=lambda hit: (hit.start, -hit.phrase.level, -hit.end))
        kept: list[Hit] = []
        for hit in hits:
            inside = any(
                other.phrase.kind == hit.phrase.kind
                and other.phrase.source == hit.phrase.source
                and other.start <= hit.start
                and hit.end <= other.end
                and other.phrase.level >= hit.phrase.level
                for other in kept
            )
            if not inside:
                kept.append(hit)
        return kept
