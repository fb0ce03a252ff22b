"""The compiled engine: nlp.engine's findings out of the kernel."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nlp.engine import Findings
from nlp.evidence import Shown
from nlp.features import DAMPED, mixed_codes
from nlp.kernel.cutting import KernelTokenizer
from nlp.kernel.library import Kernel, Words, codes_of
from nlp.model import Model
from nlp.phrases import Hit, PhraseFinder
from nlp.scoring import HEADS, ROUTE_COUNT, calibrated


class KernelEngine:
    """Reads normal texts; one call into C for a batch."""

    def __init__(self, model: Model, tokenizer: KernelTokenizer, finder: PhraseFinder) -> None:
        self._model = model
        self._tokenizer = tokenizer
        self._finder = finder
        self._kernel = Kernel(
            {
                "steps": model.heads.steps,
                "scale": model.heads.scale.astype(np.float32),
                "intercepts": np.pad(model.intercepts, (0, model.heads.steps.shape[1] - len(model.intercepts))),
                "topic_steps": model.topic_table.steps,
                "squares": model.squares,
                "damped": DAMPED,
                "mix": np.concatenate(mixed_codes()),
                "shows": model.shows.astype(np.uint8),
            },
            bits=model.space.bits,
            routes=ROUTE_COUNT,
            vocabulary=Words(model.space.vocabulary),
            anchors=Words({word: number for number, word in enumerate(finder.words)}),
        )

    def find(self, texts: Sequence[str], column: int) -> Findings:
        """See nlp.engine.Engine."""
        codes = codes_of("\n".join(texts) + "\n")
        starts = np.zeros(len(texts) + 1, dtype=np.int32)
        np.cumsum([len(text) + 1 for text in texts], out=starts[1:])
        batch = self._kernel.score(codes, starts, self._tokenizer.places(codes), column)
        model = self._model
        margins = (batch.sums * model.heads.scale)[:, :HEADS] + model.intercepts
        topics = (batch.topic_sums * model.topic_table.scale)[:, : len(model.topics)] + model.topic_intercepts
        hits: list[list[Hit]] = [[] for _ in texts]
        hear = self._finder.hear
        for text, start, number in batch.anchors.tolist():
            hear(number, texts[text], start, hits[text])
        outermost = self._finder.outermost
        shown: list[tuple[Shown, ...]] = [
            tuple([Shown(low, high, share) for (low, high), share in zip(places[:count], shares, strict=False)])
            for places, shares, count in zip(
                batch.shown.tolist(), batch.shown_weight.tolist(), batch.shown_count.tolist(), strict=True
            )
        ]
        return Findings(
            calibrated(model, margins, topics),
            [outermost(one) if len(one) > 1 else one for one in hits],
            shown,
        )
