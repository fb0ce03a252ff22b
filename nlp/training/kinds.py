"""Teaches the guess of the kind of a danger (nlp.danger_kinds): from calls written for it, and from labelled rows."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import compress, pairwise
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from config.files import ConfigFiles
from nlp.danger import DangerLexicon, strong_kinds
from nlp.danger_kinds import NONE, OTHER, KindTable, Senses, keys_of
from nlp.errors import LabelledRowError
from nlp.labels import LabelledRow
from nlp.model import Model
from nlp.normalise import normalise
from nlp.phrases import PhraseFinder
from nlp.taxonomy import load_taxonomy

EXAMPLES = Path(__file__).resolve().parent / "kinds.txt"
#: Labelled rows without danger beside the written ones: with all of them hardly any danger is left.
_ROWS_WITHOUT = 1500
_MIN_TEXTS = 3
_C = 20.0


def examples(path: Path = EXAMPLES) -> Iterator[tuple[str, str]]:
    """The written calls with their kinds; raises LabelledRowError naming the line that stands under none."""
    kind = ""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        text = line.strip()
        if text.startswith("["):
            kind = text.strip("[]")
        elif text and not text.startswith("#"):
            if not kind:
                raise LabelledRowError(f"{path.name} line {number} stands under no [kind]; write one above it.")
            yield kind, text


def train_kinds(rows: Sequence[LabelledRow], model: Model, files: ConfigFiles, seed: int) -> KindTable:
    """The table; ``model`` lends its space to find phrases.

    Dangerous rows of which the phrases name one kind are examples of it, and a draw of those without danger are NONE.
    Raises LabelledRowError when a written call is of no kind of the taxonomy.
    """
    taught = list(examples())
    unknown = {kind for kind, _ in taught} - {*load_taxonomy(files).danger_kinds, NONE}
    if unknown:
        raise LabelledRowError(f"{EXAMPLES.name} has calls of {', '.join(sorted(unknown))}; taxonomy.toml lacks them.")
    taught = [(kind, normalise(text).text) for kind, text in taught]
    taught += _heard([row for row in rows if row.danger], model, files)
    calm = [row.text for row in rows if not row.danger]
    drawn = np.random.default_rng(seed).permutation(len(calm))[:_ROWS_WITHOUT]
    taught += [(NONE, normalise(calm[place]).text) for place in sorted(drawn.tolist())]

    parts = [_grams(text) for _, text in taught]
    texts = Counter(gram for grams in parts for gram in grams)
    grams = tuple(sorted(gram for gram, count in texts.items() if count >= _MIN_TEXTS))
    idf = np.array([math.log((len(taught) + 1) / (texts[gram] + 1)) + 1 for gram in grams])
    idf = idf.astype(np.float16).astype(np.float32)
    senses = Senses(files)
    touched = np.zeros((len(taught), len(senses.names)))
    for place, (_, text) in enumerate(taught):
        numbers, weights = senses.touched(text, keys_of(text))
        touched[place, numbers] = weights
    columns = sparse.hstack((_weighted(parts, grams, idf), sparse.csr_matrix(touched))).tocsr()
    fitted = LogisticRegression(C=_C, max_iter=3000).fit(columns, [kind for kind, _ in taught])
    return KindTable(
        kinds=tuple(fitted.classes_.tolist()),
        grams=grams,
        idf=idf,
        senses=senses.names,
        weights=fitted.coef_.T.astype(np.float16).astype(np.float32),
        intercepts=fitted.intercept_.astype(np.float32),
    )


def _grams(text: str) -> set[str]:
    """Its letters and pairs of neighbouring letters."""
    return {gram for gram in {*text, *map("".join, pairwise(text))} if gram.isalpha()}


def _weighted(parts: Sequence[set[str]], grams: Sequence[str], idf: Any) -> Any:
    at = {gram: column for column, gram in enumerate(grams)}
    known = [sorted(at[gram] for gram in text if gram in at) for text in parts]
    values = []
    for row in known:
        weight = idf[row]
        values.append(weight / max(math.sqrt(float(weight @ weight)), 1e-9))
    where = (np.repeat(np.arange(len(known)), [len(row) for row in known]), np.concatenate(known))
    return sparse.csr_matrix((np.concatenate(values), where), shape=(len(known), len(grams)))


def _heard(rows: Sequence[LabelledRow], model: Model, files: ConfigFiles) -> list[tuple[str, str]]:
    """The rows of which phrases happening now name exactly one kind."""
    lexicon = DangerLexicon(files, load_taxonomy(files))
    finder = PhraseFinder(lexicon.phrases, model.space, np.sqrt(model.squares))
    texts = [normalise(row.text).text for row in rows]
    found = model.space.occurrences(texts, [part for text in texts for part in (text, "\n")])
    kinds = [
        strong_kinds(lexicon.sightings(text, hits)) - {OTHER}
        for text, hits in zip(texts, finder.find(texts, found), strict=True)
    ]
    alone = [len(one) == 1 for one in kinds]
    return list(zip((next(iter(one)) for one in compress(kinds, alone)), compress(texts, alone), strict=True))
