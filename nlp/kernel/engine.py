"""The compiled engine: nlp.engine's findings out of the kernel."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nlp.classification import ROUTES
from nlp.engine import DANGER_COLUMN, Findings
from nlp.features import DAMPED, mixed_codes
from nlp.kernel import library
from nlp.kernel.cutting import KernelTokenizer
from nlp.kernel.library import HEAD_COLUMNS, ROW_COLUMNS, Kernel, Words, codes_of, pack_rows
from nlp.model import Model
from nlp.phrases import Hit, PhraseFinder
from nlp.scoring import HEADS, topic_rows

_DANGER = library.MARGINS + DANGER_COLUMN
_ROUTES = slice(library.ROUTES, library.ROUTES + len(ROUTES))
_TOPIC = slice(library.TOPIC, library.TOPIC_SHARE)
_TOPIC_SHARE = slice(library.TOPIC_SHARE, library.SHOWN_COUNT)
_LOW, _HIGH, _WEIGHT = (library.SHOWN + part * library.SHOWN_MOST for part in range(3))


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
        codes = codes_of("\n".join(texts) + "\n")
        starts = [0]
        for text in texts:
            starts.append(starts[-1] + len(text) + 1)
        answers, anchors = self._kernel.read(codes, np.array(starts, dtype=np.int32), column)
        hits: list[list[Hit]] = [[] for _ in texts]
        hear = self._finder.hear
        for index, start, number in anchors.tolist():
            hear(number, texts[index], start, hits[index])
        outermost, topics = self._finder.outermost, self._topics
        findings = []
        # A view of the same bytes: what is a whole number in one is in the other no number of use.
        for row, whole, heard in zip(answers.tolist(), answers.view(np.int32).tolist(), hits, strict=True):
            first, second, third = whole[_TOPIC]
            best, next_best, last = row[_TOPIC_SHARE]
            count = whole[library.SHOWN_COUNT]
            findings.append(
                Findings(
                    row[_ROUTES],
                    row[_DANGER],
                    ((topics[first], best), (topics[second], next_best), (topics[third], last)),
                    outermost(heard) if len(heard) > 1 else heard,
                    list(zip(whole[_LOW : _LOW + count], whole[_HIGH : _HIGH + count], row[_WEIGHT:], strict=False)),
                )
            )
        return findings
