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
from nlp.danger import COUNTS, DangerLexicon, phrase_counts
from nlp.model import Calibration, DangerWeights, Model
from nlp.phrases import PhraseFinder
from nlp.taxonomy import load_taxonomy

#: Where the model does not abstain, this share of out-of-fold training rows is right.
SURE_ACCURACY = 0.95
#: Share of calls without danger that level 1 and level 2 may wrongly take, out of fold.
FALSE_LEVEL_ONE = 0.045
FALSE_LEVEL_TWO = 0.006
_CHUNK = 512


def route_calibration(margins: NDArray[Any], labels: NDArray[Any]) -> tuple[float, tuple[float, ...]]:
    """One inverse temperature and a bias per class that make the softmax of the margins most likely."""
    classes = margins.shape[1]

    def loss(parameters: NDArray[Any]) -> float:
        logits = margins * np.exp(parameters[0]) + parameters[1:]
        # The pull towards zero keeps rare classes from getting wild biases.
        return _nll(logits, labels) + 0.002 * float((parameters[1:] ** 2).sum())

    best = minimize(loss, np.array([1.0] + [0.0] * classes), method="L-BFGS-B").x
    return float(np.exp(best[0])), tuple(round(float(bias), 6) for bias in best[1:])


def topic_scale(margins: NDArray[Any], labels: NDArray[Any]) -> float:
    """The inverse temperature of the topic head."""
    best = minimize(lambda p: _nll(margins * np.exp(p[0]), labels), np.array([1.0]), method="L-BFGS-B").x
    return float(np.exp(best[0]))


def _nll(logits: NDArray[Any], labels: NDArray[Any]) -> float:
    top = logits.max(axis=1)
    total = top + np.log(np.exp(logits - top[:, None]).sum(axis=1))
    return float((total - logits[np.arange(len(labels)), labels]).mean())


def review_bar(margins: NDArray[Any], labels: NDArray[Any], calibration: Calibration) -> float:
    """The lowest confidence above which SURE_ACCURACY of the rows are right."""
    logits = margins * calibration.route_scale + np.array(calibration.route_bias)
    confidence = np.exp(logits.max(axis=1) - np.log(np.exp(logits).sum(axis=1)))
    order = np.argsort(-confidence, kind="stable")
    right = np.cumsum((logits.argmax(axis=1) == labels)[order]) / np.arange(1, len(labels) + 1)
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
    finder = PhraseFinder(lexicon.phrases, model.space, np.sqrt(model.char_table[:, -1]))
    counts = np.zeros((len(texts), COUNTS))
    alarming = np.zeros(len(texts), dtype=np.bool_)
    space = model.space
    for low in range(0, len(texts), _CHUNK):
        chunk = texts[low : low + _CHUNK]
        # Phrases need character pairs alone; the words are of no account here.
        found = space.occurrences(chunk, [[text] if text else [] for text in chunk])
        for index, hits in enumerate(finder.find(chunk, found), start=low):
            seen = lexicon.sightings(texts[index], hits)
            now = bool(seen) and lexicon.is_now(texts[index])
            counts[index] = phrase_counts(seen, now)
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
    return DangerWeights(weights[0], tuple(weights[1:]), float(judge.intercept_[0]), level_one, level_two), figures


def _bar(scores: NDArray[Any], share: float) -> float:
    """The score that at most ``share`` of ``scores`` reach."""
    return round(float(np.quantile(scores, 1 - share)) + 1e-4, 4) if len(scores) else 0.5
