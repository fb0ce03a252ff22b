"""Calibration and bars, all chosen on out-of-fold training scores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict

from config.files import ConfigFiles
from nlp.danger import COUNTS, DangerLexicon, phrase_counts, strong_kinds
from nlp.model import DangerWeights, Model
from nlp.phrases import PhraseFinder
from nlp.taxonomy import load_taxonomy

#: Where the model does not abstain, this share of out-of-fold training rows gets the row's class or its
#: second, defensible one.
SURE_ACCURACY = 0.96
#: Share of calls without danger that level 1 and level 2 may wrongly take, out of fold.
FALSE_LEVEL_ONE = 0.06
FALSE_LEVEL_TWO = 0.007
_CHUNK = 512


def temperature_scale(margins: NDArray[Any], labels: NDArray[Any]) -> float:
    """The inverse temperature at which the softmax of the margins makes the labels most likely."""
    best = minimize(lambda p: _nll(margins * np.exp(p[0]), labels), np.array([1.0]), method="L-BFGS-B").x
    return float(np.exp(best[0]))


def _nll(logits: NDArray[Any], labels: NDArray[Any]) -> float:
    top = logits.max(axis=1)
    total = top + np.log(np.exp(logits - top[:, None]).sum(axis=1))
    return float((total - logits[np.arange(len(labels)), labels]).mean())


def review_bar(confidence: NDArray[Any], defensible: NDArray[Any]) -> float:
    """The lowest confidence above which SURE_ACCURACY of the rows have a defensible class."""
    order = np.argsort(-confidence, kind="stable")
    right = np.cumsum(defensible[order]) / np.arange(1, len(order) + 1)
    enough = np.flatnonzero(right >= SURE_ACCURACY)
    return round(float(confidence[order[enough[-1]]]), 4) if len(enough) else 1.0


def danger_weights(
    model: Model,
    files: ConfigFiles,
    texts: Sequence[str],
    margins: NDArray[Any],
    danger: NDArray[Any],
    *,
    seed: int,
) -> tuple[DangerWeights, dict[str, float]]:
    """Weights that join margin and phrases, and the bars of both levels."""
    lexicon = DangerLexicon(files, load_taxonomy(files))
    finder = PhraseFinder(lexicon.phrases, model.space, np.sqrt(model.squares))
    kinds = list(dict.fromkeys(phrase.label.kind for phrase in lexicon.phrases))
    counts = np.zeros((len(texts), COUNTS + len(kinds)))
    alarming = np.zeros(len(texts), dtype=np.bool_)
    space = model.space
    for low in range(0, len(texts), _CHUNK):
        chunk = texts[low : low + _CHUNK]
        # Phrases need character pairs alone; the words are of no account here.
        found = space.occurrences(chunk, [part for text in chunk for part in (text, "\n")])
        for index, hits in enumerate(finder.find(chunk, found), start=low):
            seen = lexicon.sightings(texts[index], hits)
            now = bool(seen) and lexicon.is_now(texts[index])
            counts[index, :COUNTS] = phrase_counts(seen, len(texts[index]), now)
            strong = strong_kinds(seen)
            counts[index, COUNTS:] = [kind in strong for kind in kinds]
            alarming[index] = any(s.level == 2 for s in seen) or (now and bool(seen))
    features = np.column_stack((margins, counts))
    judge = LogisticRegression(C=1.0, max_iter=1000, random_state=seed)
    folds = max(2, min(5, int(danger.sum())))
    probability = cross_val_predict(judge, features, danger, cv=folds, method="predict_proba")[:, 1]
    judge.fit(features, danger)
    level_one = _bar(probability[danger == 0], FALSE_LEVEL_ONE)
    level_two = max(level_one, _bar(np.where(alarming, probability, 0)[danger == 0], FALSE_LEVEL_TWO))
    figures = {
        "danger_recall": float((probability[danger == 1] >= level_one).mean()),
        "danger_false_alarms": float((probability[danger == 0] >= level_one).mean()),
        "level_two_recall": float(((probability >= level_two) & alarming)[danger == 1].mean()),
        "level_two_false": float(((probability >= level_two) & alarming)[danger == 0].mean()),
    }
    weights = [float(weight) for weight in judge.coef_[0]]
    return (
        DangerWeights(
            margin=weights[0],
            phrases=tuple(weights[1 : COUNTS + 1]),
            kinds=dict(zip(kinds, weights[COUNTS + 1 :], strict=True)),
            bias=float(judge.intercept_[0]),
            level_one=level_one,
            level_two=level_two,
        ),
        figures,
    )


def _bar(scores: NDArray[Any], share: float) -> float:
    """The score that at most ``share`` of ``scores`` reach."""
    return round(float(np.quantile(scores, 1 - share)) + 1e-4, 4) if len(scores) else 0.5
