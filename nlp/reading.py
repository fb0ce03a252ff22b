"""Reads calls in batches, without building spaCy documents: the way of bulk work and the live path.

:mod:`nlp.pipeline` gives the same answers as a spaCy pipeline; both are made of
the same parts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter

import numpy as np

from nlp.classification import ROUTES, Classification, Cue, Danger, DangerSignal, Entity, Evidence
from nlp.cues import CUE_LEXICON, CueRules
from nlp.danger import DangerLexicon, Sighting, danger_level, danger_probability
from nlp.entities import Named, find_entities
from nlp.engine import BEST_ROUTE, NO_EVIDENCE, ArrayEngine, Engine
from nlp.evidence import Shown, evidence
from nlp.features import FeatureSpace, Occurrences
from nlp.kernel.cutting import KernelTokenizer
from nlp.kernel.engine import KernelEngine
from nlp.model import Model
from nlp.normalise import NormalText, normalise_many
from nlp.phrases import Hit, Phrase, PhraseFinder
from nlp.scoring import Scores, score
from nlp.taxonomy import Taxonomy
from nlp.tokens import Tokenizer

_SPOKEN = re.compile(r"[^\W_]")
#: Texts scored together; more brings no more speed and takes memory.
_BATCH = 64
_BATCH_CHARS = 200_000
_TOPICS_SHOWN = 3
_BY_SHARE = itemgetter(1)
#: Column of the danger margin in Scores.margins.
DANGER_COLUMN = 5


@dataclass(frozen=True, slots=True)
class Parts:
    """What was found in one normal text, before it becomes a Classification."""

    normal: NormalText
    line: str | None
    routes: Sequence[float]
    topics: Sequence[tuple[str, float]]
    """The most probable ones, best first."""
    danger_margin: float
    hits: Sequence[Hit]
    entities: Sequence[Named]
    shown: Sequence[Shown]


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
        with_evidence: bool = True,
    ) -> None:
        self._model = model
        self.tokenizer = tokenizer
        self.taxonomy = taxonomy
        self._danger = danger
        self._cues = cues
        self._with_evidence = with_evidence
        self.space: FeatureSpace = model.space
        self.finder = PhraseFinder([*danger.phrases, *cues.phrases, *names], self.space, np.sqrt(model.squares))
        self._engine: Engine = (
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
        findings = self._engine.find(texts, BEST_ROUTE if self._with_evidence else NO_EVIDENCE)
        scores, hits, shown = findings.scores, findings.hits, findings.shown
        routes = scores.routes.tolist()
        topics = self.top_topics(scores)
        margins = scores.margins[:, DANGER_COLUMN].tolist()
        for index, (original, line) in enumerate(items):
            parts = Parts(
                normal=normals[index],
                line=line,
                routes=routes[index],
                topics=topics[index],
                danger_margin=margins[index],
                hits=hits[index],
                entities=find_entities(texts[index], hits[index]),
                shown=shown[index],
            )
            yield self.classification(original, parts)

    def score(self, found: Occurrences) -> Scores:
        """Margins and calibrated probabilities of a batch."""
        return score(self._model, found)

    def show(self, found: Occurrences, scores: Scores) -> list[tuple[Shown, ...]]:
        """Evidence for the most probable class of each text."""
        if not self._with_evidence:
            return [()] * found.texts
        return evidence(self._model, found, scores, np.argmax(scores.routes, axis=1))

    def top_topics(self, scores: Scores) -> list[list[tuple[str, float]]]:
        """The three most probable topics of each text."""
        names = self._model.topics
        best = np.argsort(-scores.topics, axis=1, kind="stable")[:, :_TOPICS_SHOWN]
        shares = np.take_along_axis(scores.topics, best, axis=1)
        return [
            [(names[place], share) for place, share in zip(places, row, strict=True)]
            for places, row in zip(best.tolist(), shares.tolist(), strict=True)
        ]

    def judge_danger(self, text: str, margin: float, hits: Sequence[Hit]) -> tuple[int, float, list[Sighting]]:
        """Level, probability and the phrases that stand."""
        sightings = self._danger.sightings(text, hits)
        now = bool(sightings) and self._danger.is_now(text)
        probability = danger_probability(self._model.danger, margin, sightings, len(text), now=now)
        return danger_level(self._model.danger, probability, sightings, now), probability, sightings

    def classification(self, original: str, parts: Parts) -> Classification:
        """Join the parts, with every offset brought back to the original."""
        normal = parts.normal
        spoken = _SPOKEN.search(normal.text) is not None
        ranking = sorted(zip(ROUTES, parts.routes, strict=True), key=_BY_SHARE, reverse=True)
        if not spoken:
            # Nothing was said: no weight of words can speak for a class.
            ranking = [("invalid", 1.0), *((route, 0.0) for route in ROUTES if route != "invalid")]
        level, _, sightings = self.judge_danger(normal.text, parts.danger_margin, parts.hits)
        cue_hits = self._cues.select(normal.text, parts.line, [h for h in parts.hits if h.phrase.source == CUE_LEXICON])
        kinds = {kind for kind, _, _ in cue_hits}
        review = (
            not spoken
            or not normal.complete
            or ranking[0][1] < self._model.calibration.review_below
            # Silence and veiled talk on 110 always go to a person; danger is never closed as invalid.
            or (parts.line == "110" and bool(kinds & {"silence", "veiled_call"}))
            or (ranking[0][0] == "invalid" and (level > 0 or parts.line == "110"))
        )
        return Classification(
            route=ranking[0][0],
            confidence=ranking[0][1],
            review=review,
            ranking=tuple(ranking),
            topic=tuple(parts.topics) if spoken else (("other", 1.0),),
            danger=self._danger_of(original, parts, level, sightings),
            evidence=tuple(_evidence(original, normal, parts.shown)) if spoken else (),
            entities=tuple(_entities(original, normal, parts.entities)),
            cues=tuple(_cues(original, normal, cue_hits)),
            model=self._model.name,
        )

    def _heaviest_for_danger(self, text: str) -> list[tuple[int, int]]:
        """Up to two stretches that add most to the danger margin; read anew, since it is seldom asked."""
        shown = self._engine.find([text], DANGER_COLUMN).shown[0]
        return sorted((one.start, one.end) for one in shown[:2])

    def _danger_of(self, original: str, parts: Parts, level: int, sightings: Sequence[Sighting]) -> Danger:
        if level == 0:
            return Danger()
        spans = [(s.hit.phrase.kind, s.hit.start, s.hit.end, min(s.level, level)) for s in sightings]
        if not spans:
            # No phrase stands: the learnt score alone speaks, and the words that carry most of it are shown.
            spans = [("other_danger", start, end, 1) for start, end in self._heaviest_for_danger(parts.normal.text)]
        return Danger(
            level,
            tuple(
                DangerSignal(kind, original[start:end], start, end, rank)
                for kind, low, high, rank in spans
                for start, end in (parts.normal.span(low, high),)
            ),
        )


def _evidence(original: str, normal: NormalText, shown: Sequence[Shown]) -> Iterator[Evidence]:
    for low, high, weight in shown:
        start, end = normal.span(low, high)
        yield Evidence(original[start:end], start, end, weight)


def _entities(original: str, normal: NormalText, entities: Sequence[Named]) -> Iterator[Entity]:
    for kind, low, high, value in entities:
        start, end = normal.span(low, high)
        yield Entity(kind, original[start:end], start, end, value)


def _cues(original: str, normal: NormalText, hits: Sequence[tuple[str, int, int]]) -> Iterator[Cue]:
    for kind, low, high in hits:
        start, end = normal.span(low, high) if high > low else (0, 0)
        yield Cue(kind, original[start:end], start, end)


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
