"""Finds phrases of the lexicon (``danger.toml``, ``cues.toml``) in many texts at once.

A phrase is tried only where a word of it stands; such places are found for a whole
batch by one table look-up on the characters that the classifier hashes anyway.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from config.errors import ConfigError
from config.files import ConfigFiles
from nlp.features import FeatureSpace, Floats, Occurrences

_GAP = re.compile(r"\.\.(\d{1,2})?$")
_DEFAULT_GAP = 4
_MOST_JOINED = 40


@dataclass(frozen=True, slots=True)
class Label:
    """What a phrase stands for."""

    source: str
    """File the phrase came from, such as ``lexicon/danger.toml``."""
    kind: str
    level: int
    """Danger level; 0 for a cue."""
    firm: bool
    """A negation before it does not undo it."""
    sure: bool = False
    """Heard plainly, it means danger whatever else the text says."""
    unless: re.Pattern[str] | None = None
    """What makes something else of the phrase when it follows."""
    not_with: re.Pattern[str] | None = None
    """What makes something else of the phrase when it stands inside."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """One pattern of the lexicon."""

    label: Label
    pattern: re.Pattern[str] | None
    """None where the phrase is nothing but alternatives: then ``anchors`` are the whole of it."""
    anchors: tuple[tuple[str, ...], ...]
    """Sets of words; a match holds one word of each set. The finder looks for the rarest set."""
    longest: int
    """Most characters a match can have."""


class Hit(NamedTuple):
    """Where a phrase stands in the normal text."""

    phrase: Label
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
                phrase = compile_phrase(
                    say,
                    Label(
                        source=name,
                        kind=kind,
                        level=int(entry.get("level", 0)),
                        firm=bool(entry.get("firm")),
                        sure=bool(entry.get("sure")),
                        unless=_following(entry.get("unless", ())),
                        not_with=_inside(entry.get("not_with", ())),
                    ),
                )
            except ValueError as error:
                raise ConfigError(f"{path}: pattern {say!r} {error}.") from error
            phrases.append(phrase)
    return phrases, data


def _following(words: Sequence[str]) -> re.Pattern[str] | None:
    return re.compile(rf"[^。,!?\n]{{0,4}}?(?:{'|'.join(map(re.escape, words))})") if words else None


def _inside(words: Sequence[str]) -> re.Pattern[str] | None:
    return re.compile("|".join(map(re.escape, words))) if words else None


def compile_phrase(say: str, label: Label) -> Phrase:
    """A pattern of the lexicon; raises ValueError when a part is empty or there is none."""
    runs: list[list[list[str]]] = [[]]
    expression = ""
    longest = 0
    for token in say.split():
        gap = _GAP.match(token)
        if gap:
            width = int(gap[1] or _DEFAULT_GAP)
            expression += rf"[^。!?\n]{{0,{width}}}?"
            longest += width
            runs.append([])
        else:
            choices = [choice for choice in token.split("|") if choice]
            if not choices:
                raise ValueError("has an empty part")
            # Longer alternatives first, so that a hit shows the whole word.
            ordered = sorted(set(choices), key=lambda choice: (-len(choice), choice))
            expression += "(?:" + "|".join(map(re.escape, ordered)) + ")"
            longest += len(ordered[0])
            runs[-1].append(ordered)
    anchors = [tuple(part) for run in runs for part in run]
    if not anchors:
        raise ValueError("has no words")
    for run in runs:
        for left, right in pairwise(run):
            if len(left) * len(right) <= _MOST_JOINED:
                anchors.append(tuple(a + b for a, b in product(left, right)))
    plain = len(anchors) == 1 and len(runs) == 1
    return Phrase(label, None if plain else re.compile(expression), tuple(anchors), longest)


@dataclass(frozen=True, slots=True)
class _Anchor:
    """A word whose place is looked up in the bucket tables."""

    word: str
    at: int
    """Place of the looked-up character or pair within the word."""
    phrase: Phrase


class PhraseFinder:
    """Finds all phrases of a lexicon in a batch whose features are known."""

    def __init__(self, phrases: Sequence[Phrase], space: FeatureSpace, idf: Floats | None = None) -> None:
        """``idf`` per row, where known, lets the finder look for the rarest characters."""
        self._space = space
        self._idf = idf
        self._ones: dict[int, list[_Anchor]] = {}
        self._twos: dict[int, list[_Anchor]] = {}
        by_word: dict[str, list[Phrase]] = {}
        for phrase in phrases:
            for anchor in min((self._anchors(phrase, words) for words in phrase.anchors), key=self._cost):
                by_word.setdefault(anchor.word, []).append(phrase)
                key = anchor.word[anchor.at : anchor.at + 2]
                table = self._twos if len(key) == 2 else self._ones
                table.setdefault(space.character_row(key), []).append(anchor)
        self._tables = [(anchors, _wanted(anchors, space.width)) for anchors in (self._ones, self._twos)]
        self.words: Sequence[str] = tuple(by_word)
        """The words to look for, where another than ``find`` looks for them; ``hear`` takes their numbers."""
        self._spoken = tuple(
            (len(word), tuple((phrase.label, phrase.pattern, phrase.longest) for phrase in spoken))
            for word, spoken in by_word.items()
        )

    def _anchors(self, phrase: Phrase, words: Sequence[str]) -> list[_Anchor]:
        return [
            _Anchor(word, min(range(max(1, len(word) - 1)), key=lambda at: self._frequency(word[at : at + 2])), phrase)
            for word in words
        ]

    def _cost(self, anchors: Sequence[_Anchor]) -> float:
        return sum(self._frequency(anchor.word[anchor.at : anchor.at + 2]) for anchor in anchors)

    def _frequency(self, key: str) -> float:
        """About how often the characters stand in a text; without idf, pairs are taken as rare."""
        if self._idf is None:
            return 1.0 if len(key) == 1 else 0.05
        weight = float(self._idf[self._space.character_row(key)])
        return math.exp(-weight) if weight > 0 else 0.0

    def find(self, texts: Sequence[str], found: Occurrences) -> list[list[Hit]]:
        """Per text its hits in order of place; of one kind none inside another."""
        hits: list[list[Hit]] = [[] for _ in texts]
        for (anchors, wanted), rows in zip(self._tables, (found.one, found.two), strict=True):
            marked = np.flatnonzero(wanted[rows])
            docs = found.char_doc[marked]
            places = (marked - found.starts[docs]).tolist()
            for index, place, bucket in zip(docs.tolist(), places, rows[marked].tolist(), strict=True):
                text = texts[index]
                for anchor in anchors[bucket]:
                    start = place - anchor.at
                    if start >= 0 and text.startswith(anchor.word, start):
                        _collect(anchor.phrase, len(anchor.word), text, start, hits[index])
        return [self.outermost(one) if len(one) > 1 else one for one in hits]

    def hear(self, number: int, text: str, start: int, hits: list[Hit]) -> None:
        """Add to ``hits`` what ``words[number]``, which stands at ``start``, is part of."""
        size, phrases = self._spoken[number]
        for label, pattern, reach in phrases:
            if pattern is None:
                hits.append(Hit(label, start, start + size))
            else:
                low = start - reach
                for match in pattern.finditer(text, low if low > 0 else 0, start + size + reach):
                    hits.append(Hit(label, *match.span()))

    @staticmethod
    def outermost(hits: list[Hit]) -> list[Hit]:
        """Hits in order, without those inside another of the same kind that is no less grave."""
        return _outermost(hits)


def _wanted(anchors: Mapping[int, object], width: int) -> NDArray[np.bool_]:
    table = np.zeros(width, dtype=np.bool_)
    table[list(anchors)] = True
    return table


def _collect(phrase: Phrase, size: int, text: str, start: int, hits: list[Hit]) -> None:
    if phrase.pattern is None:
        hits.append(Hit(phrase.label, start, start + size))
        return
    reach = phrase.longest
    hits.extend(
        Hit(phrase.label, match.start(), match.end())
        for match in phrase.pattern.finditer(text, max(0, start - reach), start + size + reach)
    )


def _outermost(hits: list[Hit]) -> list[Hit]:
    """Hits in order, without those inside another of the same kind that is no less grave."""
    # What weighs most comes first, so that neither the order of discovery nor a double of it shows.
    hits.sort(key=lambda hit: (hit.start, -hit.phrase.level, not hit.phrase.sure, -hit.end))
    kept: list[Hit] = []
    around: list[Hit] = []
    for hit in hits:
        label, start, end = hit
        # Only what reaches beyond this place can hold it: few, however many phrases a text has.
        around = [other for other in around if other.end > start]
        for other in around:
            if (
                end <= other.end
                and other.phrase.kind == label.kind
                and other.phrase.source == label.source
                and other.phrase.level >= label.level
                and other.phrase.sure >= label.sure
            ):
                break
        else:
            kept.append(hit)
            around.append(hit)
    return kept
