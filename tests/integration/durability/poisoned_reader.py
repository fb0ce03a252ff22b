"""A reading process whose reader some words end, stall or make raise: ``python poisoned_reader.py FD``."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence

from hotline.worker.reading_child import serve
from nlp import load_reader
from nlp.classification import Classification

ENDS, STALLS, RAISES = "毒句终结", "毒句停滞", "毒句出错"


class Poisoned:
    """The shipped reader, and what three words do to it."""

    def __init__(self) -> None:
        self._reader = load_reader()
        self.model = self._reader.model

    def read(self, text: str, *, line: str | None = None) -> Classification:
        return self.read_batch([(text, line)])[0]

    def read_batch(self, items: Sequence[tuple[str, str | None]]) -> list[Classification]:
        words = "".join(text for text, _ in items)
        if ENDS in words:
            os._exit(9)
        if STALLS in words:
            # holds the interpreter's lock for ages, as a pattern that backtracks does: no thread could end it
            re.match(r"(a+)+$", "a" * 64 + "b")
        if RAISES in words:
            raise ValueError(words)
        return self._reader.read_batch(items)


if __name__ == "__main__":
    serve(int(sys.argv[1]), Poisoned)
