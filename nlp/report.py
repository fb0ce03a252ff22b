"""The evaluation report as text and as one HTML page without outside resources."""

from __future__ import annotations

from html import escape
from typing import Any

from nlp.classification import ROUTES

_NAMES = {
    "macro_f1": "macro-F1 over four classes",
    "accuracy": "accuracy",
    "lenient_accuracy": "lenient accuracy (second class counts)",
    "police_recall_at_5_percent_false_alarms": "police_incident recall at 5 % false alarms",
    "danger_recall": "danger recall",
    "danger_false_alarms": "danger false alarms",
    "level_two_recall": "level 2 among dangerous calls",
    "level_two_false": "level 2 among calls without danger",
    "ece": "calibration error (ECE, 10 bins)",
    "accuracy_top_80_percent": "accuracy on the 80 % most certain",
    "review_share": "review share",
    "accuracy_where_sure": "accuracy where no review is asked",
    "topic_accuracy": "topic, first choice among those accepted",
}


def text_report(report: dict[str, Any]) -> str:
    """For a terminal."""
    lines = [f"model {report['model']}"]
    for name, part in report["sets"].items():
        lines += ["", f"{name}: {part['rows']} rows"]
        for key, title in _NAMES.items():
            lines.append(f"  {title:<42} {_interval(part[key])}")
        if part["hard_called_police"] is not None:
            lines.append(f"  {'hard, no police matter, called police':<42} {_interval(part['hard_called_police'])}")
        lines.append(f"  {'class':<20}{'precision':>22}{'recall':>22}{'F1':>22}{'rows':>7}")
        for route, figures in part["classes"].items():
            lines.append(f"  {route:<20}" + "".join(f"{_short(f):>22}" for f in figures.values()) + _rows_of(figures))
        lines.append("  confusion (rows gold, columns answer): " + ", ".join(ROUTES))
        lines += ["    " + "".join(f"{value:>6}" for value in row) for row in part["confusion"]]
        lines.append("  coverage: " + ", ".join(f"{one['share']:.0%} {_short(one)}" for one in part["coverage"]))
    if report.get("second"):
        asked = report["second"]
        share = f"{asked['share']:.1%} [{asked['low']:.1%}, {asked['high']:.1%}]"
        lines += ["", f"second reader asked about {asked['asked']} of {asked['rows']} calls, {share}"]
    if report.get("speed"):
        lines += ["", "speed:", *(f"  {name:<42} {told_speed(value)}" for name, value in report["speed"].items())]
    return "\n".join(lines)


def html_report(report: dict[str, Any]) -> str:
    """One readable page."""
    parts = [
        "<!doctype html><html lang='en'><meta charset='utf-8'><title>Triage report</title>",
        "<style>body{font:15px/1.5 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
        "table{border-collapse:collapse;margin:1rem 0}td,th{border:1px solid #bbb;padding:.2rem .6rem;text-align:right}"
        "th:first-child,td:first-child{text-align:left}</style>",
        f"<h1>Triage report</h1><p>Model {escape(report['model'])}; intervals are 95 % bootstrap.</p>",
    ]
    for name, part in report["sets"].items():
        parts.append(f"<h2>{escape(name)} ({part['rows']} rows)</h2>")
        parts.append(_table(["measure", "value", "from", "to", "rows"], [_row(_NAMES[k], part[k]) for k in _NAMES]))
        classes = [[r, *map(_short, f.values()), _rows_of(f)] for r, f in part["classes"].items()]
        parts.append(_table(["class", "precision", "recall", "F1", "rows"], classes))
        if part["hard_called_police"] is not None:
            parts.append(
                _table(
                    ["measure", "value", "from", "to", "rows"],
                    [_row("hard, called police", part["hard_called_police"])],
                )
            )
        parts.append("<h3>Confusion (rows: gold, columns: answer)</h3>")
        confusion = [[route, *row] for route, row in zip(ROUTES, part["confusion"], strict=True)]
        parts.append(_table(["", *ROUTES], confusion))
        parts.append("<h3>Calibration</h3>")
        parts.append(_plot([(b["confidence"], b["accuracy"]) for b in part["calibration"]]))
        bins = [[b["from"], b["confidence"], _short(b["interval"]), b["rows"]] for b in part["calibration"]]
        parts.append(_table(["bin from", "confidence", "accuracy", "rows"], bins))
        parts.append("<h3>Coverage: accuracy on the most certain share</h3>")
        parts.append(_curve([(one["share"], one["value"]) for one in part["coverage"]]))
        parts.append(_table(["share", "accuracy"], [[f"{one['share']:.0%}", _short(one)] for one in part["coverage"]]))
    if report.get("speed"):
        parts.append("<h2>Speed against the plain way, one run</h2>")
        parts.append(_table(["measure", "value"], [[name, told_speed(v)] for name, v in report["speed"].items()]))
    if report.get("second"):
        asked = report["second"]
        parts.append(
            f"<h2>Second reader</h2><p>Asked about {asked['asked']} of {asked['rows']} calls, {asked['share']:.1%} "
            f"[{asked['low']:.1%}, {asked['high']:.1%}].</p>"
        )
    if report.get("mistakes"):
        parts.append("<h2>The mistakes the model was surest of, numbers masked</h2>")
        rows = [
            [m["id"], m["gold"], m["answer"], m["confidence"], "、".join(m["words"]), m["text"]]
            for m in report["mistakes"]
        ]
        parts.append(_table(["row", "gold", "answer", "confidence", "evidence", "text"], rows))
    return "\n".join(parts) + "\n"


def _interval(figure: dict[str, float]) -> str:
    return f"{figure['value']:.3f}  [{figure['low']:.3f}, {figure['high']:.3f}]  n={figure['rows']}"


def _short(figure: dict[str, float]) -> str:
    return f"{figure['value']:.3f} [{figure['low']:.3f}, {figure['high']:.3f}]"


def _rows_of(figures: dict[str, dict[str, float]]) -> str:
    return f"{next(iter(figures.values()))['rows']:>7}"


def told_speed(value: Any) -> str:
    """A figure of the speed measurement with its interval; names and counts as they are."""
    return f"{value['value']:g} [{value['low']:g}, {value['high']:g}]" if isinstance(value, dict) else str(value)


def _row(title: str, figure: dict[str, float]) -> list[Any]:
    return [title, figure["value"], figure["low"], figure["high"], figure["rows"]]


def _table(head: list[str], rows: list[list[Any]]) -> str:
    cells = "".join(f"<th>{escape(str(title))}</th>" for title in head)
    body = "".join("<tr>" + "".join(f"<td>{escape(str(value))}</td>" for value in row) + "</tr>" for row in rows)
    return f"<table><tr>{cells}</tr>{body}</table>"


def _curve(points: list[tuple[float, float]]) -> str:
    """Accuracy from 0.5 to 1 over the share of calls answered."""
    wide, high = 360, 200
    places = [(share * wide, high - max(0.0, (value - 0.5) * 2) * high) for share, value in points]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    return (
        f"<svg viewBox='-8 -8 {wide + 16} {high + 16}' width='{wide + 16}' role='img' aria-label='coverage curve'>"
        f"<rect width='{wide}' height='{high}' fill='none' stroke='#888'/>"
        f"<polyline points='{line}' fill='none' stroke='#0a58ca' stroke-width='2'/></svg>"
    )


def _plot(points: list[tuple[float, float]]) -> str:
    side = 240
    dots = "".join(f"<circle cx='{x * side:.1f}' cy='{side - y * side:.1f}' r='4' fill='#0a58ca'/>" for x, y in points)
    return (
        f"<svg viewBox='-8 -8 {side + 16} {side + 16}' width='{side + 16}' role='img' aria-label='calibration plot'>"
        f"<rect width='{side}' height='{side}' fill='none' stroke='#888'/>"
        f"<line x1='0' y1='{side}' x2='{side}' y2='0' stroke='#bbb'/>{dots}</svg>"
    )
