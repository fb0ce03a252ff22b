"""Trains the second reader: kernel ridge regression on sentence vectors, joined with the first on held-out scores."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import minimize

from nlp.classification import ROUTES
from nlp.deep.model import SecondModel, centred, in_steps
from nlp.features import Floats
from nlp.labels import LabelledRow
from nlp.training.bars import review_bar

#: Chosen by leave-one-out on the calls of a line.
_GAMMA = 0.3
_RIDGE = 0.1
#: As for the first reader: police calls and empty calls are rare and dear to miss; calls count more than letters.
_ROUTE_WEIGHTS = np.array([2.0, 1.0, 1.0, 1.0, 2.0])
_CALL_WEIGHT = 1.5
#: Share of out-of-fold training rows of a line that the second reader is asked about.
ASKED_SHARE = 0.46


def train_second(
    rows: Sequence[LabelledRow], vectors: Floats, first: Floats, first_name: str
) -> tuple[SecondModel, dict[str, float]]:
    """The model and its held-out figures.

    ``first`` holds the first reader's out-of-fold probabilities of the rows; the second one's scores are
    leave-one-out, exact for ridge regression. So neither is trusted for what it has seen. A bias per class would
    fit the mixture of the training rows rather than the calls of a line, and is left out.
    """
    gold = np.array([ROUTES.index(row.route) for row in rows])
    calls = np.array([row.line is not None for row in rows])
    mean = vectors.mean(axis=0).astype(np.float16).astype(np.float32)
    centres = in_steps(centred(vectors, mean))
    points = centres.astype(np.float32) / 127
    near = points @ points.T
    kernel = np.exp(-2 * _GAMMA * (1 - near)).astype(np.float64)
    weight = _ROUTE_WEIGHTS[gold] * np.where(calls, _CALL_WEIGHT, 1.0)
    kernel[np.diag_indices_from(kernel)] += _RIDGE / weight
    target = np.where(gold[:, None] == np.arange(len(ROUTES)), 1.0, -1.0)
    for place, row in enumerate(rows):
        if row.also:
            target[place, ROUTES.index(row.also)] = 0.0
    factor = cho_factor(kernel, lower=True, overwrite_a=True)
    inverse = cho_solve(factor, np.eye(len(rows)))
    weights = inverse @ target
    held_out = target - weights / np.diag(inverse)[:, None]
    first_scale, second_scale = _join(first, held_out, gold, np.where(calls, 2.0, 1.0))
    model = SecondModel(
        name="",
        first=first_name,
        mean=mean,
        centres=centres,
        weights=weights.astype(np.float16).astype(np.float32),
        gamma=_GAMMA,
        first_scale=first_scale,
        second_scale=second_scale,
        ask_below=0.0,
        review_below=0.0,
    )
    joint = model.joint(first, held_out.astype(np.float32))
    confidence = first.max(axis=1)
    ask_below = float(np.quantile(confidence[calls] if calls.any() else confidence, ASKED_SHARE))
    asked = confidence < ask_below
    also = np.array([ROUTES.index(row.also) if row.also else -1 for row in rows])
    said = joint.argmax(axis=1)
    final = np.where(asked, said, first.argmax(axis=1))
    figures = {
        "first_accuracy": float((first.argmax(axis=1) == gold).mean()),
        "second_accuracy": float((held_out.argmax(axis=1) == gold).mean()),
        "joint_accuracy": float((said == gold).mean()),
        "asked_accuracy": float((final == gold).mean()),
        "asked_share": float(asked.mean()),
        "calls_first_accuracy": float((first.argmax(axis=1) == gold)[calls].mean()),
        "calls_joint_accuracy": float((said == gold)[calls].mean()),
    }
    review_below = review_bar(joint.max(axis=1), (said == gold) | (said == also))
    model = replace(model, ask_below=round(ask_below, 4), review_below=review_below)
    return beside(model, first_name), figures


def beside(model: SecondModel, first_name: str) -> SecondModel:
    """The model as it is named beside the first reader ``first_name``, whose class probabilities it was joined with."""
    digest = hashlib.sha256(b"".join((model.centres.tobytes(), model.weights.tobytes(), first_name.encode())))
    return replace(model, name=f"second-{digest.hexdigest()[:10]}", first=first_name)


def _join(first: Floats, margins: NDArray[Any], gold: NDArray[Any], weight: NDArray[Any]) -> tuple[float, float]:
    """Both scales that make the labels most likely."""
    logs = np.log(np.maximum(first, 1e-6))
    rows = np.arange(len(gold))

    def loss(values: NDArray[Any]) -> float:
        logits = np.exp(values[0]) * logs + np.exp(values[1]) * margins
        top = logits.max(axis=1)
        total = top + np.log(np.exp(logits - top[:, None]).sum(axis=1))
        missed = (total - logits[rows, gold]) * weight
        return float(missed.sum() / weight.sum())

    best = minimize(loss, np.array([-0.5, 0.5]), method="L-BFGS-B").x
    return float(np.exp(best[0])), float(np.exp(best[1]))
