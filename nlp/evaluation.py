"""Measures a reader on labelled rows; every figure comes with a bootstrap interval."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlp.classification import ROUTES, Classification, Reader
from nlp.labels import LabelledRow
from nlp.masking import masked_excerpt

#: macro-F1 is averaged over these; ``invalid`` is too rare to average (labels/README.md).
AVERAGED = ROUTES[:4]
_ECE_BINS = 10
_DRAWS = 400
_MISTAKES, _MISTAKE_CHARS, _MISTAKE_WORDS = 20, 60, 20
_COVERAGES = (1.0, 0.95, 0.9, 0.8, 0.7, 0.6, 0.5)


@dataclass(frozen=True, slots=True)
class Figure:
    """A measure with its 95 % bootstrap interval; ``rows`` it rests on."""

    value: float
    low: float
    high: float
    rows: int

    def to_json(self) -> dict[str, float | int]:
        """Rounded for the report."""
        return {
            "value": round(self.value, 4),
            "low": round(self.low, 4),
            "high": round(self.high, 4),
            "rows": self.rows,
        }


@dataclass(frozen=True, slots=True)
class Judged:
    """Gold and answer of all rows as arrays; one entry per row."""

    gold: NDArray[np.int64]
    also: NDArray[np.int64]
    """-1 where there is no second class."""
    route: NDArray[np.int64]
    confidence: NDArray[np.float64]
    police: NDArray[np.float64]
    """Probability of police_incident."""
    review: NDArray[np.bool_]
    gold_danger: NDArray[np.bool_]
    level: NDArray[np.int64]
    topic_right: NDArray[np.bool_]
    hard: NDArray[np.bool_]


def judge(rows: Sequence[LabelledRow], answers: Sequence[Classification]) -> Judged:
    """Pair gold rows with a reader's answers."""
    place = {route: index for index, route in enumerate(ROUTES)}
    return Judged(
        gold=np.array([place[row.route] for row in rows]),
        also=np.array([place[row.also] if row.also else -1 for row in rows]),
        route=np.array([place[answer.route] for answer in answers]),
        confidence=np.array([answer.confidence for answer in answers]),
        police=np.array([dict(answer.ranking)["police_incident"] for answer in answers]),
        review=np.array([answer.review for answer in answers]),
        gold_danger=np.array([row.danger for row in rows]),
        level=np.array([answer.danger.level for answer in answers]),
        topic_right=np.array(
            [bool(answer.topic) and answer.topic[0][0] in row.topics for row, answer in zip(rows, answers, strict=True)]
        ),
        hard=np.array([row.hard for row in rows]),
    )


def evaluate(reader: Reader, rows: Sequence[LabelledRow], *, seed: int = 20) -> dict[str, Any]:
    """The report: one section per source file, and ``pooled`` over all of them.

    Keys of a section are explained in docs/triage.md.
    """
    answers = reader.read_batch([(row.text, row.line) for row in rows])
    report: dict[str, Any] = {"model": reader.model, "seed": seed, "sets": {}, "mistakes": mistakes(rows, answers)}
    sources = list(dict.fromkeys(row.source for row in rows))
    groups = [(source, [i for i, row in enumerate(rows) if row.source == source]) for source in sources]
    if len(groups) > 1:
        groups.append(("pooled", list(range(len(rows)))))
    for source, chosen in groups:
        report["sets"][source] = section(judge([rows[i] for i in chosen], [answers[i] for i in chosen]), seed)
    return report


def mistakes(rows: Sequence[LabelledRow], answers: Sequence[Classification]) -> list[dict[str, Any]]:
    """The mistakes the model was surest of, numbers masked and cut short: for reading, never for training."""
    wrong = [
        (answer.confidence, row, answer)
        for row, answer in zip(rows, answers, strict=True)
        if answer.route not in (row.route, row.also)
    ]
    wrong.sort(key=lambda one: -one[0])
    return [
        {
            "set": row.source,
            "id": row.id,
            "gold": row.route,
            "answer": answer.route,
            "confidence": round(confidence, 4),
            "words": [masked_excerpt(one.text, _MISTAKE_WORDS) for one in answer.evidence],
            "text": masked_excerpt(row.text, _MISTAKE_CHARS),
        }
        for confidence, row, answer in wrong[:_MISTAKES]
    ]


def section(judged: Judged, seed: int) -> dict[str, Any]:
    """All figures of one set of rows."""
    drawn = resampled(judged, seed)

    def interval(measure: Callable[[Judged], float], rows: int) -> dict[str, float | int]:
        return bootstrap(judged, drawn, measure, rows).to_json()

    count = len(judged.gold)
    per_class = {
        route: {
            name: interval(_of_class(index, place), int((judged.gold == index).sum()))
            for place, name in enumerate(("precision", "recall", "f1"))
        }
        for index, route in enumerate(ROUTES)
    }
    hard = judged.hard & (judged.gold != 0)
    return {
        "rows": count,
        "macro_f1": interval(macro_f1, count),
        "accuracy": interval(accuracy, count),
        "lenient_accuracy": interval(lenient, count),
        "classes": per_class,
        "confusion": _confusion(judged),
        "police_recall_at_5_percent_false_alarms": interval(police_recall, int((judged.gold == 0).sum())),
        "danger_recall": interval(danger_recall, int(judged.gold_danger.sum())),
        "danger_false_alarms": interval(danger_false_alarms, int((~judged.gold_danger).sum())),
        "level_two_recall": interval(lambda j: _share(j.level[j.gold_danger] == 2), int(judged.gold_danger.sum())),
        "level_two_false": interval(lambda j: _share(j.level[~j.gold_danger] == 2), int((~judged.gold_danger).sum())),
        "hard_called_police": interval(hard_called_police, int(hard.sum())) if hard.any() else None,
        "ece": interval(calibration_error, count),
        "accuracy_top_80_percent": interval(lambda j: accuracy_at(j, 0.8), count),
        "review_share": interval(lambda j: _share(j.review), count),
        "accuracy_where_sure": interval(lambda j: _share((j.gold == j.route)[~j.review]), int((~judged.review).sum())),
        "topic_accuracy": interval(lambda j: _share(j.topic_right), count),
        "coverage": [{"share": share} | interval(_accuracy_at(share), _kept(count, share)) for share in _COVERAGES],
        "calibration": [
            entry | {"interval": interval(_accuracy_in_bin(entry["from"]), entry["rows"])} for entry in _bins(judged)
        ],
    }


def resampled(judged: Judged, seed: int) -> list[Judged]:
    """The bootstrap's draws, shared by all measures of a section."""
    draw = np.random.default_rng(seed)
    count = len(judged.gold)
    return [taken(judged, draw.integers(0, count, count)) for _ in range(_DRAWS)]


def bootstrap(judged: Judged, drawn: Sequence[Judged], measure: Callable[[Judged], float], rows: int) -> Figure:
    """``measure`` with its 95 % interval over resampled rows."""
    low, high = np.quantile([measure(one) for one in drawn], (0.025, 0.975))
    return Figure(measure(judged), float(low), float(high), rows)


def share_interval(part: int, rows: int, seed: int) -> tuple[float, float]:
    """The 95 % bootstrap interval of ``part`` among ``rows``."""
    # Resampled rows hold a binomial number of the part.
    drawn = np.random.default_rng(seed).binomial(rows, part / max(rows, 1), _DRAWS) / max(rows, 1)
    low, high = np.quantile(drawn, (0.025, 0.975))
    return float(low), float(high)


def macro_f1(judged: Judged) -> float:
    """Mean F1 of the four classes that are averaged and present in gold or answers."""
    present = [i for i in range(len(AVERAGED)) if (judged.gold == i).any() or (judged.route == i).any()]
    return float(np.mean([_prf(judged, index)[2] for index in present])) if present else 0.0


def class_f1(index: int) -> Callable[[Judged], float]:
    """F1 of one class."""
    return _of_class(index, 2)


def _of_class(index: int, place: int) -> Callable[[Judged], float]:
    return lambda judged: _prf(judged, index)[place]


def accuracy(judged: Judged) -> float:
    """Share of rows with the right class, invalid included."""
    return _share(judged.gold == judged.route)


def lenient(judged: Judged) -> float:
    """Accuracy where the second defensible class counts as right."""
    return _share((judged.gold == judged.route) | (judged.also == judged.route))


def police_recall(judged: Judged) -> float:
    """Recall of police_incident by its probability, at 5 % false alarms among the other calls."""
    others = judged.police[judged.gold != 0]
    wanted = judged.police[judged.gold == 0]
    if not len(wanted):
        return 0.0
    bar = float(np.quantile(others, 0.95)) if len(others) else 0.0
    return _share(wanted > bar)


def danger_recall(judged: Judged) -> float:
    """Share of dangerous calls at level 1 or 2."""
    return _share(judged.level[judged.gold_danger] > 0)


def danger_false_alarms(judged: Judged) -> float:
    """Share of calls without danger at level 1 or 2."""
    return _share(judged.level[~judged.gold_danger] > 0)


def calibration_error(judged: Judged) -> float:
    """Expected calibration error of the route, ten bins of equal width."""
    gap = sum(abs(entry["accuracy"] - entry["confidence"]) * entry["rows"] for entry in _bins(judged))
    return float(gap) / max(len(judged.gold), 1)


def accuracy_at(judged: Judged, share: float) -> float:
    """Accuracy on the ``share`` of rows with the highest confidence."""
    order = np.argsort(-judged.confidence, kind="stable")[: _kept(len(judged.gold), share)]
    return _share((judged.gold == judged.route)[order])


def _accuracy_at(share: float) -> Callable[[Judged], float]:
    return lambda judged: accuracy_at(judged, share)


def _kept(rows: int, share: float) -> int:
    return max(1, round(rows * share))


def hard_called_police(judged: Judged) -> float:
    """Share of the rows written to mislead, and no police matter, that are called one."""
    return _share((judged.route == 0)[judged.hard & (judged.gold != 0)])


def _prf(judged: Judged, index: int) -> tuple[float, float, float]:
    hit = float(((judged.gold == index) & (judged.route == index)).sum())
    said = float((judged.route == index).sum())
    real = float((judged.gold == index).sum())
    precision = hit / said if said else 0.0
    recall = hit / real if real else 0.0
    return precision, recall, 2 * hit / (said + real) if said + real else 0.0


def _confusion(judged: Judged) -> list[list[int]]:
    table = np.zeros((len(ROUTES), len(ROUTES)), dtype=np.int64)
    np.add.at(table, (judged.gold, judged.route), 1)
    return [[int(value) for value in row] for row in table]


def _bin_of(judged: Judged) -> NDArray[np.int64]:
    return np.minimum((judged.confidence * _ECE_BINS).astype(np.int64), _ECE_BINS - 1)


def _accuracy_in_bin(low: float) -> Callable[[Judged], float]:
    index = round(low * _ECE_BINS)
    return lambda judged: _share((judged.gold == judged.route)[_bin_of(judged) == index])


def _bins(judged: Judged) -> list[dict[str, Any]]:
    place = _bin_of(judged)
    right = judged.gold == judged.route
    return [
        {
            "from": index / _ECE_BINS,
            "rows": int((place == index).sum()),
            "confidence": round(float(judged.confidence[place == index].mean()), 4),
            "accuracy": round(float(right[place == index].mean()), 4),
        }
        for index in range(_ECE_BINS)
        if (place == index).any()
    ]


def _share(flags: NDArray[np.bool_]) -> float:
    return float(flags.mean()) if len(flags) else 0.0


def taken(judged: Judged, chosen: NDArray[np.int64]) -> Judged:
    """The chosen rows, repeats included."""
    return Judged(*(getattr(judged, name)[chosen] for name in Judged.__slots__))
