"""Compares a candidate with the model in force on the same labelled rows, and says whether it may take its place."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nlp.classification import ROUTES, Classification, Reader
from nlp.evaluation import (
    Judged,
    accuracy,
    calibration_error,
    class_f1,
    danger_false_alarms,
    danger_recall,
    judge,
    macro_f1,
    taken,
)
from nlp.labels import LabelledRow

_DRAWS = 400
_SPEED_ROUNDS = 3
#: A fall up to this much is rounding, not worse.
_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Difference:
    """Candidate minus current, with the 95 % interval of paired bootstrap draws."""

    measure: str
    current: float
    candidate: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """What ``hotline evaluate --against`` says."""

    current: str
    candidate: str
    rows: int
    differences: tuple[Difference, ...]
    changed: int
    """Rows that get another class."""
    speed: float
    """Time of the current model over time of the candidate, interleaved; above one the candidate is faster."""
    refusals: tuple[str, ...]
    """Why the candidate may not be promoted; empty: it may."""

    def to_json(self) -> dict[str, Any]:
        """For the report."""
        return {
            "current": self.current,
            "candidate": self.candidate,
            "rows": self.rows,
            "changed": self.changed,
            "speed": round(self.speed, 3),
            "differences": [
                {
                    "measure": d.measure,
                    "current": round(d.current, 4),
                    "candidate": round(d.candidate, 4),
                    "low": round(d.low, 4),
                    "high": round(d.high, 4),
                }
                for d in self.differences
            ],
            "promotion": "refused" if self.refusals else "allowed",
            "refusals": list(self.refusals),
        }


_MEASURES: tuple[tuple[str, Callable[[Judged], float]], ...] = (
    ("macro_f1", macro_f1),
    ("accuracy", accuracy),
    ("danger_recall", danger_recall),
    ("danger_false_alarms", danger_false_alarms),
    ("ece", calibration_error),
    *((f"f1_{route}", class_f1(index)) for index, route in enumerate(ROUTES)),
)
#: A candidate must not be lower in any of these.
_GUARDED = ("macro_f1", "danger_recall")


def compare(current: Reader, candidate: Reader, rows: Sequence[LabelledRow], *, seed: int = 20) -> Comparison:
    """Both readers on ``rows``; a candidate with lower danger recall or macro-F1 is refused."""
    before, after, speed = _answers(current, candidate, rows)
    old, new = judge(rows, before), judge(rows, after)
    draw = np.random.default_rng(seed)
    draws = [draw.integers(0, len(rows), len(rows)) for _ in range(_DRAWS)]
    differences = []
    for name, measure in _MEASURES:
        spread = [measure(taken(new, chosen)) - measure(taken(old, chosen)) for chosen in draws]
        low, high = np.quantile(spread, (0.025, 0.975))
        differences.append(Difference(name, measure(old), measure(new), float(low), float(high)))
    refusals = [
        f"{d.measure} falls from {d.current:.4f} to {d.candidate:.4f} (difference [{d.low:.4f}, {d.high:.4f}])"
        for d in differences
        if d.measure in _GUARDED and d.candidate < d.current - _TOLERANCE
    ]
    return Comparison(
        current.model,
        candidate.model,
        len(rows),
        tuple(differences),
        int((old.route != new.route).sum()),
        speed,
        tuple(refusals),
    )


def _answers(
    current: Reader, candidate: Reader, rows: Sequence[LabelledRow]
) -> tuple[list[Classification], list[Classification], float]:
    items = [(row.text, row.line) for row in rows]
    spent = np.full((2, _SPEED_ROUNDS), np.inf)
    answers: list[list[Classification]] = [[], []]
    for round_ in range(_SPEED_ROUNDS):
        for place, reader in enumerate((current, candidate)):
            start = time.perf_counter()
            answers[place] = reader.read_batch(items)
            spent[place, round_] = time.perf_counter() - start
    least = spent.min(axis=1)
    return answers[0], answers[1], float(least[0] / least[1])


def text_of(comparison: Comparison) -> str:
    """For a terminal."""
    lines = [
        f"{comparison.candidate} against {comparison.current}: {comparison.rows} rows, "
        f"{comparison.changed} get another class, speed ratio {comparison.speed:.2f}",
        f"  {'measure':<28}{'current':>9}{'candidate':>11}   difference, 95 %",
    ]
    lines += [
        f"  {d.measure:<28}{d.current:>9.4f}{d.candidate:>11.4f}   "
        f"{d.candidate - d.current:+.4f} [{d.low:+.4f}, {d.high:+.4f}]"
        for d in comparison.differences
    ]
    lines += [f"refused: {reason}" for reason in comparison.refusals] or ["may be promoted"]
    return "\n".join(lines)
