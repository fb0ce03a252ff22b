"""The compiled engine: nlp.engine's findings out of the kernel."""

from __future__ import annotations

import struct
from array import array
from collections.abc import Sequence
from typing import Any

import numpy as np

from nlp.classification import ROUTES
from nlp.engine import DANGER_COLUMN, NO_EVIDENCE, Findings
from nlp.evidence import Shown
from nlp.features import DAMPED, mixed_codes
from nlp.kernel import library
from nlp.kernel.cutting import KernelTokenizer
from nlp.kernel.library import HEAD_COLUMNS, ROW_COLUMNS, Kernel, Words, pack_rows
from nlp.model import Model
from nlp.phrases import Hit, PhraseFinder
from nlp.scoring import HEADS, topic_rows

_HEAD = f"={4 * DANGER_COLUMN}x f {4 * (library.ROUTES - DANGER_COLUMN - 1)}x {len(ROUTES)}f"
_TOPICS = f"{4 * (library.TOPIC - library.ROUTES - len(ROUTES))}x {library.TOPICS_SHOWN}i {library.TOPICS_SHOWN}f"
#: What is read of an Answer of kernel.h; the rest of it is stepped over.
_WHOLE = struct.Struct(f"{_HEAD} {_TOPICS} i {2 * library.SHOWN_MOST}i {library.SHOWN_MOST}f")
_BARE = struct.Struct(f"{_HEAD} {_TOPICS} {4 * (library.ANSWER - library.SHOWN_COUNT)}x")
# Places of the numbers so read.
_ROUTES_END = 1 + len(ROUTES)
_COUNT = _ROUTES_END + 2 * library.TOPICS_SHOWN
_LOW = _COUNT + 1
_HIGH, _WEIGHT = _LOW + library.SHOWN_MOST, _LOW + 2 * library.SHOWN_MOST
_ANCHOR = struct.Struct("=3i")


class KernelEngine:
    """Reads normal texts; one call into C for a batch."""

    def __init__(self, model: Model, tokenizer: KernelTokenizer, finder: PhraseFinder) -> None:
        self._topics = model.topics
        self._finder = finder
        rows, width = topic_rows(np.arange(model.space.width, dtype=np.int32), model.space.edges), len(model.topics)
        topics = np.where((rows >= 0)[:, None], model.topic_table.steps[:, :width][rows], np.int8(0))
        scale, intercepts = np.zeros((2, ROW_COLUMNS), dtype=np.float32)
        scale[:HEADS], intercepts[:HEADS] = model.heads.scale[:HEADS], model.intercepts
        scale[HEAD_COLUMNS : HEAD_COLUMNS + width] = model.topic_table.scale[:width]
        intercepts[HEAD_COLUMNS : HEAD_COLUMNS + width] = model.topic_intercepts
        self._kernel = Kernel(
            {
                "rows": pack_rows(model.squares, model.heads.steps[:, :HEADS], topics),
                "scale": scale,
                "intercepts": intercepts,
                "damped": DAMPED,
                "mix": np.concatenate(mixed_codes()),
                "shows": model.shows.astype(np.uint8),
            },
            {
                "words": len(model.words),
                "bits": model.space.bits,
                "routes": len(ROUTES),
                "heads": HEADS,
                "topics": width,
                "route_scale": model.calibration.route_scale,
                "topic_scale": model.calibration.topic_scale,
            },
            {
                "vocabulary": Words(model.space.vocabulary),
                "anchors": Words({word: number for number, word in enumerate(finder.words)}),
                "cutter": tokenizer.cutter,
            },
        )

    def find(self, texts: Sequence[str], column: int) -> list[Findings]:
        """See nlp.engine.Engine."""
        starts = array("i", [0])
        for text in texts:
            starts.append(starts[-1] + len(text) + 1)
        answers, anchors = self._kernel.read("\n".join(texts) + "\n", starts, column)
        hits: list[list[Hit]] = [[] for _ in texts]
        hear = self._finder.hear
        for index, start, number in _ANCHOR.iter_unpack(anchors):
            hear(number, texts[index], start, hits[index])
        outermost, topics = self._finder.outermost, self._topics
        shows = column != NO_EVIDENCE
        findings = []
        for row, heard in zip((_WHOLE if shows else _BARE).iter_unpack(answers), hits, strict=True):
            first, second, third, best, next_best, last = row[_ROUTES_END:_COUNT]
            findings.append(
                Findings(
                    row[1:_ROUTES_END],
                    row[0],
                    ((topics[first], best), (topics[second], next_best), (topics[third], last)),
                    outermost(heard) if len(heard) > 1 else heard,
                    _shown(row, row[_COUNT]) if shows else (),
                )
            )
        return findings


def _shown(row: tuple[Any, ...], count: int) -> list[Shown]:
    return list(zip(row[_LOW : _LOW + count], row[_HIGH : _HIGH + count], row[_WEIGHT : _WEIGHT + count], strict=True))
