"""Reads calls in batches, without building spaCy documents: the way of bulk work and the live path.

:mod:`nlp.pipeline` gives the same answers as a spaCy pipeline; both are made of
the same parts.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from operator import itemgetter
from typing import NamedTuple

import numpy as np

from nlp.classification import ROUTES, Classification, Cue, Danger, DangerSignal, Entity, Evidence, Route
from nlp.cues import CUE_LEXICON, CueRules
from nlp.danger import GUESSED, NEARLY, DangerLexicon, Sighting, danger_level, danger_probability, unheard_danger
from nlp.danger_kinds import OTHER, KindGuess, Senses
from nlp.engine import BEST_ROUTE, DANGER_COLUMN, NO_EVIDENCE, ArrayEngine, Engine, Findings
from nlp.entities import Named, find_entities
from nlp.evidence import Shown
from nlp.features import FeatureSpace
from nlp.kernel.cutting import KernelTokenizer
from nlp.kernel.engine import KernelEngine
from nlp.model import Model
from nlp.normalise import NormalText, normalise_many
from nlp.phrases import Hit, Phrase, PhraseFinder
from nlp.taxonomy import Taxonomy
from nlp.tokens import Tokenizer

_STOP = re.compile(r"[,。!?;:\s]+")
_CLAUSE = 14
_SPOKEN = re.compile(r"[^\W_]")
#: Texts scored together; more brings no more speed and takes memory.
_BATCH = 128
_BATCH_CHARS = 200_000
_BY_SHARE = itemgetter(1)
#: Makes a named tuple of a tuple; its own way of being made is a call in Python, and a text takes ten of them.
_made = tuple.__new__
_NO_DANGER = Danger()
#: Cues after which a call on 110 goes to a person.
_NEVER_CLOSED = frozenset({"silence", "veiled_call"})
#: Somebody who comes back to an earlier matter says little of it; that little is no misdial.
_COMES_BACK = "earlier_matter"


class Parts(NamedTuple):
    """What was found in one normal text, before it becomes a Classification."""

    normal: NormalText
    line: str | None
    found: Findings
    entities: Sequence[Named]


class CallReader:
    """The shipped Reader (see nlp.classification.Reader): first reader, CPU only, numpy only."""

    def __init__(
        self,
        model: Model,
        tokenizer: Tokenizer,
        taxonomy: Taxonomy,
        danger: DangerLexicon,
        *,
        cues: CueRules,
        names: Sequence[Phrase],
        senses: Senses,
        with_evidence: bool = True,
        with_entities: bool = True,
    ) -> None:
        self._model = model
        self.tokenizer = tokenizer
        self.taxonomy = taxonomy
        self._danger = danger
        self._cues = cues
        self._guess = KindGuess(model.kinds, senses) if model.kinds is not None else None
        self._with_evidence = with_evidence
        self._with_entities = with_entities
        self.space: FeatureSpace = model.space
        self.finder = PhraseFinder(
            [*danger.phrases, *cues.phrases, *(names if with_entities else ())], self.space, np.sqrt(model.squares)
        )
        self.engine: Engine = (
            KernelEngine(model, tokenizer, self.finder)
            if isinstance(tokenizer, KernelTokenizer)
            else ArrayEngine(model, tokenizer, self.finder)
        )

    @property
    def model(self) -> str:
        """Name and version of the model, stored with each triage."""
        return self._model.name

    def read(self, text: str, *, line: str | None = None) -> Classification:
        """Read one transcript; never raises on text."""
        return self.read_batch([(text, line)])[0]

    def read_batch(self, items: Sequence[tuple[str, str | None]]) -> list[Classification]:
        """Read many ``(text, line)`` pairs; the answers stand in the same order."""
        answers: list[Classification] = []
        for batch in _batches(items):
            answers.extend(self._read_batch(batch))
        return answers

    def _read_batch(self, items: Sequence[tuple[str, str | None]]) -> Iterator[Classification]:
        normals = normalise_many([text for text, _ in items])
        texts = [normal.text for normal in normals]
        findings = self.engine.find(texts, BEST_ROUTE if self._with_evidence else NO_EVIDENCE)
        for (original, line), normal, found in zip(items, normals, findings, strict=True):
            entities = find_entities(normal.text, found.hits) if self._with_entities else ()
            yield self.classification(original, Parts(normal, line, found, entities))

    def judge_danger(self, text: str, margin: float, hits: Sequence[Hit]) -> tuple[int, float, list[Sighting]]:
        """Level, probability and the phrases that stand."""
        weights = self._model.danger
        sightings = self._danger.sightings(text, hits) if hits else []
        if sightings:
            now = self._danger.is_now(text)
            probability = danger_probability(weights, margin, sightings, len(text), now=now)
            level = danger_level(weights, probability, sightings, now)
        else:
            level, probability = unheard_danger(weights, margin)
        if not level and probability >= weights.level_one * NEARLY and self._guess is not None:
            level = int(self._guess.danger(text) >= GUESSED)
        return level, probability, sightings

    def classification(self, original: str, parts: Parts) -> Classification:
        """Join the parts, with every offset brought back to the original."""
        normal, found = parts.normal, parts.found
        text = normal.text
        spoken = _SPOKEN.search(text) is not None
        ranking = sorted(zip(ROUTES, found.routes, strict=True), key=_BY_SHARE, reverse=True)
        if not spoken:
            # Nothing was said: no weight of words can speak for a class.
            ranking = [("invalid", 1.0), *((route, 0.0) for route in ROUTES if route != "invalid")]
        route, confidence = ranking[0]
        level, _, sightings = self.judge_danger(text, found.danger_margin, found.hits)
        cue_hits = self._cues.select(
            text, parts.line, [hit for hit in found.hits if hit.phrase.source == CUE_LEXICON] if found.hits else ()
        )
        review = (
            not spoken
            or not normal.complete
            or confidence < self._model.calibration.review_below
            or always_reviewed(route, parts.line, level, {kind for kind, _, _ in cue_hits} if cue_hits else ())
        )
        return _made(
            Classification,
            (
                route,
                confidence,
                review,
                tuple(ranking),
                found.topics if spoken else (("other", 1.0),),
                self._danger_of(original, parts, level, sightings) if level else _NO_DANGER,
                _evidence(original, normal, found.shown) if spoken and found.shown else (),
                _entities(original, normal, parts.entities) if parts.entities else (),
                _cues(original, normal, cue_hits) if cue_hits else (),
                self._model.name,
            ),
        )

    def evidence_for(self, text: str, route: Route) -> tuple[Evidence, ...]:
        """What in ``text`` speaks for another class than the most probable one."""
        normal = normalise_many([text])[0]
        return _evidence(text, normal, self.engine.find([normal.text], ROUTES.index(route))[0].shown)

    def _clauses_for_danger(self, text: str) -> list[tuple[int, int]]:
        """Up to two clauses that add most to the danger margin; read anew, since it is seldom asked.

        Single words out of a score say nothing to a reader ("爸妈"); the clause they stand in does.
        """
        shown = self.engine.find([text], DANGER_COLUMN)[0].shown
        clauses = {_clause(text, start, end) for start, end, _ in shown[:2]}
        return sorted(clauses) or [_clause(text, 0, min(1, len(text)))]

    def _danger_of(self, original: str, parts: Parts, level: int, sightings: Sequence[Sighting]) -> Danger:
        spans = [(s.hit.phrase.kind, s.hit.start, s.hit.end, min(s.level, level)) for s in sightings]
        if not spans:
            # No phrase stands: the learnt score alone speaks, and the clauses that carry most of it are shown.
            spans = [(OTHER, start, end, 1) for start, end in self._clauses_for_danger(parts.normal.text)]
        signals = tuple(
            DangerSignal(kind, original[start:end], start, end, rank)
            for kind, low, high, rank in spans
            for start, end in (parts.normal.span(low, high),)
        )
        if self._guess is None or not all(signal.kind == OTHER for signal in signals):
            return Danger(level, signals)
        return Danger(level, signals, self._guess.likely(parts.normal.text))


def _clause(text: str, start: int, end: int) -> tuple[int, int]:
    """The stretch between two stops around a place, at most _CLAUSE characters to either side."""
    low, high = max(0, start - _CLAUSE), min(len(text), end + _CLAUSE)
    before = max((stop.end() for stop in _STOP.finditer(text, low, start)), default=low)
    stop = _STOP.search(text, end, high)
    after = stop.start() if stop else high
    return before, max(after, before + 1)


def always_reviewed(route: Route, line: str | None, danger: int, cues: Collection[str]) -> bool:
    """Whether a person decides however sure the model is.

    On 110 silence, veiled talk and what sounds like nothing go to a person; nowhere are danger or a question after an
    earlier matter closed as invalid.
    """
    if line == "110":
        return route == "invalid" or any(kind in cues for kind in _NEVER_CLOSED)
    return route == "invalid" and (danger > 0 or _COMES_BACK in cues)


def _evidence(original: str, normal: NormalText, shown: Sequence[Shown]) -> tuple[Evidence, ...]:
    if normal.origin is None:
        return tuple([_made(Evidence, (original[low:high], low, high, weight)) for low, high, weight in shown])
    places = [(*normal.span(low, high), weight) for low, high, weight in shown]
    return tuple(Evidence(original[start:end], start, end, weight) for start, end, weight in places)


def _entities(original: str, normal: NormalText, entities: Sequence[Named]) -> tuple[Entity, ...]:
    if normal.origin is None:
        return tuple(
            [_made(Entity, (kind, original[low:high], low, high, value)) for kind, low, high, value in entities]
        )
    places = [(kind, *normal.span(low, high), value) for kind, low, high, value in entities]
    return tuple(Entity(kind, original[start:end], start, end, value) for kind, start, end, value in places)


def _cues(original: str, normal: NormalText, hits: Sequence[tuple[str, int, int]]) -> tuple[Cue, ...]:
    places = [(kind, *(normal.span(low, high) if high > low else (0, 0))) for kind, low, high in hits]
    return tuple(Cue(kind, original[start:end], start, end) for kind, start, end in places)


def _batches(items: Sequence[tuple[str, str | None]]) -> Iterator[list[tuple[str, str | None]]]:
    """Batches bounded in texts and in characters, so that memory stays bounded."""
    batch: list[tuple[str, str | None]] = []
    chars = 0
    for item in items:
        batch.append(item)
        chars += len(item[0])
        if len(batch) >= _BATCH or chars >= _BATCH_CHARS:
            yield batch
            batch, chars = [], 0
    if batch:
        yield batch
