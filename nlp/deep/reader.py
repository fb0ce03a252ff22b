"""Asks the second reader where the first is unsure, and joins what both say."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nlp.classification import ROUTES, Classification, Route
from nlp.deep.embedding import Embedder, available
from nlp.deep.model import FILE, SecondModel, load_second
from nlp.errors import ModelError
from nlp.model import DEFAULT_FOLDER
from nlp.reading import CallReader, always_reviewed


@dataclass(frozen=True, slots=True)
class SecondReader:
    """The second reader of one process. One call at a time: the engine's threads are bounded, so callers wait."""

    first: CallReader
    model: SecondModel
    embedder: Embedder
    lock: threading.Lock

    @property
    def name(self) -> str:
        """Names of both models, stored with what both said."""
        return f"{self.first.model}+{self.model.name}"

    def wants(self, classification: Classification, *, live: bool = False) -> bool:
        """Whether the second reader should be asked: the first is unsure, or somebody is on the line."""
        if not classification.evidence and classification.confidence == 1.0:
            # Nothing was said.
            return False
        return live or classification.confidence < self.model.ask_below

    def sharpen(self, classification: Classification, text: str, *, line: str | None = None) -> Classification:
        """What both readers say of ``text``, which the first read as ``classification``; takes about 0.1 s.

        Danger, cues and entities stay the first reader's.
        """
        with self.lock:
            vector = self.embedder.vector(text)
        shares = dict(classification.ranking)
        first = np.array([[shares[route] for route in ROUTES]], dtype=np.float32)
        joint = self.model.joint(first, self.model.margins(vector))[0].tolist()
        ranking = sorted(zip(ROUTES, joint, strict=True), key=lambda pair: -pair[1])
        route: Route = ranking[0][0]
        confidence = ranking[0][1]
        changed = route != classification.route
        return classification._replace(
            route=route,
            confidence=confidence,
            ranking=tuple(ranking),
            review=confidence < self.model.review_below
            # nothing is closed on the second reader's word alone
            or (route == "invalid" and (changed or classification.review))
            or always_reviewed(route, line, classification.danger.level, {cue.kind for cue in classification.cues}),
            evidence=self.first.evidence_for(text, route) if changed else classification.evidence,
            model=self.name,
        )


def load_second_reader(first: CallReader, folder: Path | None = None, *, threads: int = 1) -> SecondReader | None:
    """The second reader beside ``first``; None without the extra [deep] or where the model has no second part.

    Raises ModelError when there is one that cannot be read. ``threads`` bounds the engine's threads.
    """
    folder = folder or DEFAULT_FOLDER
    if not available() or not (folder / FILE).is_file():
        return None
    model = load_second(folder)
    if model.first != first.model.partition("~")[0]:
        # A first reader trained anew makes other probabilities: joining them would be guesswork.
        return None
    return SecondReader(first, model, Embedder(threads), threading.Lock())


class BothReaders:
    """A Reader that asks the second one at once where it is wanted: for measuring and for work without a queue."""

    def __init__(self, second: SecondReader, *, most: int | None = None) -> None:
        """At most ``most`` calls are asked about, the first that want it; None: all."""
        self._second = second
        self._most = most
        self.asked = 0
        self.read_calls = 0

    @property
    def model(self) -> str:
        """Names of both models."""
        return self._second.name

    def read(self, text: str, *, line: str | None = None) -> Classification:
        """Read one transcript."""
        return self.read_batch([(text, line)])[0]

    def read_batch(self, items: Sequence[tuple[str, str | None]]) -> list[Classification]:
        """Read many; the answers stand in the same order."""
        answers = self._second.first.read_batch(items)
        for place, ((text, line), answer) in enumerate(zip(items, answers, strict=True)):
            if self._second.wants(answer) and (self._most is None or self.asked < self._most):
                answers[place] = self._second.sharpen(answer, text, line=line)
                self.asked += 1
        self.read_calls += len(items)
        return answers


class LiveReader:
    """A Reader of live calls: both readers about every call, also where the first is sure."""

    def __init__(self, second: SecondReader) -> None:
        self._second = second

    @property
    def model(self) -> str:
        """Names of both models."""
        return self._second.name

    def read(self, text: str, *, line: str | None = None) -> Classification:
        """Read one transcript."""
        first = self._second.first.read(text, line=line)
        if not self._second.wants(first, live=True):
            return first
        return self._second.sharpen(first, text, line=line)

    def read_batch(self, items: Sequence[tuple[str, str | None]]) -> list[Classification]:
        """Read many, one after the other."""
        return [self.read(text, line=line) for text, line in items]


def load_live_reader(first: CallReader, folder: Path | None = None) -> LiveReader:
    """Both readers of the model in ``folder``; raises ModelError where there is no second one."""
    second = load_second_reader(first, folder)
    if second is None:
        raise ModelError("This model has no second reader, or the extra [deep] is not installed.")
    return LiveReader(second)
