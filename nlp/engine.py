"""What is computed for a whole batch before anything is judged: scores, phrases, evidence.

Two engines give the same: :class:`ArrayEngine` on numpy, and the compiled one of
:mod:`nlp.kernel.engine`, several times as fast.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from typing import NamedTuple, Protocol

import numpy as np

from nlp.evidence import Shown, evidence
from nlp.features import Ints
from nlp.model import Model
from nlp.phrases import Hit, PhraseFinder
from nlp.scoring import score
from nlp.tokens import Tokenizer

#: Column of the danger head.
DANGER_COLUMN = 5
#: Instead of a column of the heads: evidence for the most probable route, or none.
BEST_ROUTE = -1
NO_EVIDENCE = -2
_TOPICS_SHOWN = 3
_BY_SHARE = itemgetter(1)


class Findings(NamedTuple):
    """What was found in one text."""

    routes: Sequence[float]
    """Calibrated probabilities in the order of ROUTES."""
    danger_margin: float
    topics: tuple[tuple[str, float], ...]
    """The three most probable, best first, calibrated."""
    hits: Sequence[Hit]
    shown: Sequence[Shown]
    """Evidence, heaviest first."""


class Engine(Protocol):
    """Reads normal texts; never raises on what they hold."""

    def find(self, texts: Sequence[str], column: int) -> list[Findings]:
        """What each text holds; evidence for head ``column``, BEST_ROUTE or NO_EVIDENCE."""


class ArrayEngine:
    """The reference: numpy and a tokenizer of Python strings."""

    def __init__(self, model: Model, tokenizer: Tokenizer, finder: PhraseFinder) -> None:
        self._model = model
        self._tokenizer = tokenizer
        self._finder = finder

    def find(self, texts: Sequence[str], column: int) -> list[Findings]:
        """See Engine."""
        model = self._model
        found = model.space.occurrences(texts, self._tokenizer.cut("\n".join(texts) + "\n"))
        scores = score(model, found)
        shown: Sequence[tuple[Shown, ...]] = [()] * len(texts)
        if column != NO_EVIDENCE:
            columns: Ints = np.full(len(texts), column, dtype=np.int32)
            wanted = np.argmax(scores.routes, axis=1).astype(np.int32) if column == BEST_ROUTE else columns
            shown = evidence(model, found, scores, wanted)
        topics = [
            tuple(sorted(zip(model.topics, row, strict=True), key=_BY_SHARE, reverse=True)[:_TOPICS_SHOWN])
            for row in scores.topics.tolist()
        ]
        margins = scores.margins[:, DANGER_COLUMN].tolist()
        hits = self._finder.find(texts, found)
        return [Findings(*parts) for parts in zip(scores.routes.tolist(), margins, topics, hits, shown, strict=True)]
