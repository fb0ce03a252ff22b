"""Agreement figures of a period out of stored judgements; pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from nlp.classification import ROUTES
from routing.policy.decision import DESTINATIONS
from routing.supervision.agreement import Agreement, agreement

#: Whom the machine is compared with.
AGAINST = ("supervisors", "operators")
STEPS = ("week", "day")


def agreement_figures(rows: Sequence[Mapping[str, Any]], against: str, step: str) -> dict[str, Any]:
    """``{overall, classes, matrix, over_time, danger?, topic?}`` as the API gives them.

    Supervisors say a class, operators a destination; rows are those of ``judged`` or ``forwarded``. Agreement with
    operators counts what they did after seeing the proposal.
    """
    mine, theirs = ("read_route", "route") if against == "supervisors" else ("read_destination", "destination")
    names: Sequence[str] = ROUTES if against == "supervisors" else DESTINATIONS
    whole = agreement([(row[mine], row[theirs]) for row in rows])
    steps: dict[date, list[tuple[str, str]]] = {}
    for row in rows:
        steps.setdefault(_begin(row["day"], step), []).append((row[mine], row[theirs]))
    found: dict[str, Any] = {
        "overall": _view(whole),
        "classes": [{"name": name, **_class_view(whole, name)} for name in names],
        "names": list(names),
        "matrix": [[whole.matrix.get((a, b), 0) for b in names] for a in names],
        "over_time": [{"day": day, **_view(agreement(pairs))} for day, pairs in sorted(steps.items())],
    }
    if against == "supervisors":
        found["danger"] = _view(agreement([(str(r["read_danger"] > 0), str(r["danger"] > 0)) for r in rows]))
        found["danger"] |= {
            "missed": sum(r["danger"] > 0 and r["read_danger"] == 0 for r in rows),
            "false": sum(r["danger"] == 0 and r["read_danger"] > 0 for r in rows),
        }
        found["topic"] = _view(agreement([(r["read_topic"] or "", r["topic"] or "") for r in rows]))
    return found


#: What of the pairs a figure counts; ``pair``: those of one class of each.
BEHIND = ("pairs", "agreed", "missed", "false", "topic_agreed", "pair")


def calls_behind(
    rows: Sequence[Mapping[str, Any]], against: str, which: str, machine: str | None, person: str | None
) -> list[int]:
    """Ids of the calls that a figure counts, once for each pair, by ``BEHIND``; of one class of either where named."""
    mine, theirs = ("read_route", "route") if against == "supervisors" else ("read_destination", "destination")
    counts: Mapping[str, Callable[[Mapping[str, Any]], bool]] = {
        "agreed": lambda row: row[mine] == row[theirs],
        "missed": lambda row: row["danger"] > 0 and row["read_danger"] == 0,
        "false": lambda row: row["danger"] == 0 and row["read_danger"] > 0,
        "topic_agreed": lambda row: (row["read_topic"] or "") == (row["topic"] or ""),
    }
    counted = counts.get(which)
    return [
        row["call_id"]
        for row in rows
        if (counted is None or counted(row)) and machine in (None, row[mine]) and person in (None, row[theirs])
    ]


def _begin(day: date, step: str) -> date:
    return day if step == "day" else day - timedelta(days=day.weekday())


def _view(figures: Agreement) -> dict[str, Any]:
    return {
        "pairs": figures.pairs,
        "agreed": figures.agreed,
        "share": _rounded(figures.share),
        "kappa": _rounded(figures.kappa),
        "low": _rounded(figures.low),
        "high": _rounded(figures.high),
    }


def _class_view(figures: Agreement, name: str) -> dict[str, Any]:
    one = figures.per_class(name)
    return {"machine": one.first, "person": one.second, "both": one.both, "kappa": _rounded(one.kappa)}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
