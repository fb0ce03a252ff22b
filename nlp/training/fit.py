"""Trains the first reader: linear support vector machines on words and characters, then calibration."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import compress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedKFold
from sklearn.svm import LinearSVC

from config.files import ConfigFiles
from nlp.classification import ROUTES
from nlp.danger import COUNTS
from nlp.errors import LabelledRowError
from nlp.labels import LabelledRow
from nlp.model import Calibration, DangerWeights, Model, Table, feature_space
from nlp.scoring import softmax
from nlp.tokens import JiebaTokenizer, lexicon_words, make_tokenizer
from nlp.training import matrices
from nlp.training.bars import danger_weights, review_bar, temperature_scale
from nlp.training.kinds import train_kinds
from nlp.training.words import hidden_words, shown_words

BITS = 17
FOLDS = 5
_ROUTE_C = 0.3
_DANGER_C = 0.3
_TOPIC_C = 0.6
#: Police calls and empty calls are rare in the texts and dear to miss.
_ROUTE_WEIGHTS = {0: 3.0, 1: 1.0, 2: 1.0, 3: 1.0, 4: 2.0}
#: Calls of a line are few beside letters and public questions, and are what the service reads.
_CALL_WEIGHT = 1.5
#: Letters written for the class are told calmly. With them danger was found less often at the same false alarms.
_FOR_CLASS_ONLY = "letters"
Fit = Callable[[Any, NDArray[Any], NDArray[Any]], Any]
_PROBE = Path(__file__).resolve().parent / "probe.txt"
#: Fewest rows of every class, so that each fold has one.
_FEWEST = 2


@dataclass(frozen=True, slots=True)
class Trained:
    """The model, and what the folds said about it."""

    model: Model
    out_of_fold: dict[str, float]
    """Figures on rows that the fold's model had not seen."""
    routes: NDArray[Any]
    """Calibrated out-of-fold probabilities, rows x routes."""


def train(
    rows: Sequence[LabelledRow],
    *,
    seed: int = 20,
    files: ConfigFiles | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Trained:
    """Train on ``rows``; the same rows and seed give the same model.

    Raises LabelledRowError when a class has too few rows or a topic is unknown.
    """
    files = files or ConfigFiles()
    routes = np.array([ROUTES.index(row.route) for row in rows])
    _check(routes, rows)
    say(f"{len(rows)} rows: cutting")
    jieba = JiebaTokenizer(lexicon_words(files))
    probe = tuple((text, tuple(jieba.cut(text))) for text in _PROBE.read_text(encoding="utf-8").splitlines() if text)
    cut = matrices.cut_texts([row.text for row in rows], make_tokenizer(files, probe))
    words = matrices.vocabulary(cut, hidden_words(cut, jieba))
    space = feature_space(words, BITS)
    counts = matrices.counts(cut, space)
    idf = matrices.idf(counts, space)
    features = matrices.weighted(counts, idf, space)
    topic_features = matrices.for_topics(features, space)

    topics = tuple(sorted({row.topics[0] for row in rows if row.topics}))
    has_topic = np.array([bool(row.topics) for row in rows])
    topic_of = np.array([topics.index(row.topics[0]) if row.topics else 0 for row in rows])
    danger_of = np.array([int(row.danger) for row in rows])
    for_danger = np.array([not row.source.startswith(_FOR_CLASS_ONLY) for row in rows])
    folds = list(_folds(routes, danger_of, seed))
    weight = np.array([_CALL_WEIGHT if row.line else 1.0 for row in rows])
    fit_route = _fitter(_ROUTE_C, seed, dict(_ROUTE_WEIGHTS))
    fit_danger = _fitter(_DANGER_C, seed, "balanced")
    fit_topic = _fitter(_TOPIC_C, seed, None)

    say("out-of-fold margins")
    route_margins = _out_of_fold(features, routes, folds, fit_route, len(ROUTES), weight=weight)
    danger_margins = _out_of_fold(features, danger_of, folds, fit_danger, 1, weight=weight, usable=for_danger)[:, 0]
    topic_margins = _out_of_fold(
        topic_features, topic_of, folds, fit_topic, len(topics), weight=weight, usable=has_topic
    )

    scale = temperature_scale(route_margins, routes)
    route_shares = np.asarray(softmax((route_margins * scale).astype(np.float32)))
    confidence = route_shares.max(axis=1)
    said = route_margins.argmax(axis=1)
    defensible = (said == routes) | (said == np.array([ROUTES.index(row.also) if row.also else -1 for row in rows]))
    calibration = Calibration(
        scale, temperature_scale(topic_margins[has_topic], topic_of[has_topic]), review_bar(confidence, defensible)
    )

    say("fitting on all rows")
    route_weights, route_intercepts = _weights(fit_route(features, routes, weight), len(ROUTES))
    danger_weight, danger_intercept = _weights(
        fit_danger(features[for_danger], danger_of[for_danger], weight[for_danger]), 1
    )
    topic_weights, topic_intercepts = _weights(
        fit_topic(topic_features[has_topic], topic_of[has_topic], weight[has_topic]), len(topics)
    )
    lead_at = space.edges[3]
    heads = np.vstack((route_weights, danger_weight)).T
    heads[lead_at:] *= matrices.LEAD_SHARE
    topic_idf = np.delete(idf, slice(*space.edges[1:3]))
    topic_weights[:, lead_at - (1 << BITS) :] *= matrices.LEAD_SHARE
    model = Model(
        name="",
        words=words,
        space=space,
        squares=idf * idf,
        heads=Table.of(heads, idf),
        intercepts=np.concatenate((route_intercepts, danger_intercept)).astype(np.float32),
        topics=topics,
        topic_table=Table.of(topic_weights.T, topic_idf),
        topic_intercepts=topic_intercepts.astype(np.float32),
        shows=shown_words(words, files, jieba),
        calibration=calibration,
        danger=DangerWeights(1, (0,) * COUNTS, {}, 0, 0.5, 0.5),
        probe=probe,
    )
    say("danger: joining phrases and margin")
    danger, danger_figures = danger_weights(
        model,
        files,
        list(compress(cut.texts, for_danger)),
        danger_margins[for_danger],
        danger_of[for_danger],
        seed=seed,
    )
    sure = confidence >= calibration.review_below
    figures = {
        "accuracy": float((said == routes).mean()),
        "defensible_where_sure": float(defensible[sure].mean()) if sure.any() else 0.0,
        "review_share": float(1 - sure.mean()),
    } | danger_figures
    say("danger: its kinds")
    model = replace(model, danger=danger, kinds=train_kinds(rows, model, files, seed))
    return Trained(named(model), figures, route_shares)


def _check(routes: NDArray[Any], rows: Sequence[LabelledRow]) -> None:
    for index, route in enumerate(ROUTES):
        if int((routes == index).sum()) < _FEWEST:
            raise LabelledRowError(f"Training needs at least {_FEWEST} rows of class {route}; add some.")
    if sum(row.danger for row in rows) < _FEWEST:
        raise LabelledRowError(f"Training needs at least {_FEWEST} rows with danger 1; add some.")


def _folds(routes: NDArray[Any], danger: NDArray[Any], seed: int) -> Any:
    strata = routes * 2 + danger
    # Too rare a stratum joins the rest of its class.
    for stratum in np.unique(strata):
        if (strata == stratum).sum() < FOLDS:
            strata[strata == stratum] = stratum - stratum % 2
    fewest = max(2, min(FOLDS, int(np.bincount(routes).min())))
    return StratifiedKFold(fewest, shuffle=True, random_state=seed).split(strata, strata)


def _fitter(c: float, seed: int, class_weight: Any) -> Fit:
    def fit(features: Any, labels: NDArray[Any], weight: NDArray[Any]) -> Any:
        return LinearSVC(C=c, class_weight=class_weight, random_state=seed).fit(features, labels, weight)

    return fit


def _out_of_fold(
    features: Any,
    labels: NDArray[Any],
    folds: Sequence[Any],
    fit: Fit,
    classes: int,
    *,
    weight: NDArray[Any],
    usable: NDArray[Any] | None = None,
) -> NDArray[Any]:
    margins = np.full((len(labels), classes), -1.0)
    for seen, unseen in folds:
        rows = seen if usable is None else seen[usable[seen]]
        fitted = fit(features[rows], labels[rows], weight[rows])
        found = fitted.decision_function(features[unseen])
        if found.ndim == 1:
            margins[unseen, 0 if classes == 1 else int(fitted.classes_[1])] = found
        else:
            margins[np.ix_(unseen, fitted.classes_)] = found
    return margins


def _weights(fitted: Any, classes: int) -> tuple[NDArray[Any], NDArray[Any]]:
    if classes == 1 or len(fitted.classes_) == classes:
        return fitted.coef_, fitted.intercept_
    raise LabelledRowError("Training needs rows of at least three topics; add some.")


def named(model: Model) -> Model:
    """The model with a name that differs whenever anything in it does."""
    digest = hashlib.sha256(repr((model.words, model.calibration, model.danger, model.probe)).encode())
    for table in (model.heads, model.topic_table):
        digest.update(table.steps.tobytes())
    if model.kinds is not None:
        digest.update(repr((model.kinds.kinds, model.kinds.grams, model.kinds.senses)).encode())
        for part in (model.kinds.idf, model.kinds.weights, model.kinds.intercepts):
            digest.update(part.tobytes())
    return replace(model, name=f"first-{digest.hexdigest()[:10]}")
