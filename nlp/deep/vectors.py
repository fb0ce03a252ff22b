"""Sentence vectors of labelled rows, kept in a file: each takes a tenth of a second to make."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from nlp.deep.embedding import Embedder, embedded_text
from nlp.errors import ModelError
from nlp.features import Floats
from nlp.labels import LabelledRow

#: The file is written anew after so many new vectors: a run that is stopped loses some 30 seconds of work.
KEPT_EVERY = 250


def vectors_of(
    rows: Sequence[LabelledRow],
    cache: Path,
    *,
    most: int | None = None,
    told: Callable[[int, int], None] = lambda done, total: None,
    embedder: Callable[[], Embedder] = Embedder,
) -> tuple[list[int], Floats]:
    """Vectors of rows, and which rows have one; kept in ``cache``, also when the run is stopped.

    At most ``most`` rows that are not in the cache are embedded; ``told`` hears after each how many of how many.
    Raises ModelError when the cache cannot be read.
    """
    keys = [hashlib.sha256(embedded_text(row.text).encode("utf-8", "replace")).hexdigest()[:24] for row in rows]
    known = _stored(cache)
    missing = [place for place, key in enumerate(keys) if key not in known][:most]
    if missing:
        made = embedder()
        unsaved = 0
        try:
            for done, place in enumerate(missing, start=1):
                known[keys[place]] = made.vector(rows[place].text)
                unsaved += 1
                if unsaved >= KEPT_EVERY:
                    _store(cache, known)
                    unsaved = 0
                told(done, len(missing))
        finally:
            if unsaved:
                _store(cache, known)
    places = [place for place, key in enumerate(keys) if key in known]
    return places, np.array([known[keys[place]] for place in places], dtype=np.float16).astype(np.float32)


def _stored(cache: Path) -> dict[str, Floats]:
    if not cache.is_file():
        return {}
    try:
        with np.load(cache, allow_pickle=False) as stored:
            return dict(zip(stored["keys"].tolist(), stored["vectors"], strict=True))
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        raise ModelError(f"The vectors kept in {cache} cannot be read ({error}); remove the file.") from error


def _store(cache: Path, known: dict[str, Floats]) -> None:
    """Whole or not at all: written beside and renamed."""
    cache.parent.mkdir(parents=True, exist_ok=True)
    beside = cache.with_suffix(".part")
    with beside.open("wb") as file:
        np.savez(file, keys=np.array(list(known)), vectors=np.array(list(known.values()), dtype=np.float16))
    os.replace(beside, cache)
