"""Labelled rows, as ../shared/labels/README.md gives them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from nlp.classification import ROUTES, Route
from nlp.errors import LabelledRowError


@dataclass(frozen=True, slots=True)
class LabelledRow:
    """One call with what a person decided about it."""

    id: str
    text: str
    line: str | None
    route: Route
    also: Route | None
    """A second class that is defensible."""
    topics: tuple[str, ...]
    """Accepted topic codes, best first."""
    danger: bool
    hard: bool
    """Written to mislead; see the label guide."""
    source: str
    """Stem of the file it came from."""


def read_labels(paths: Iterable[Path]) -> list[LabelledRow]:
    """All rows of the files, in order.

    Raises LabelledRowError naming file, row number and field of the first row
    that cannot be used, or the file that cannot be read.
    """
    rows: list[LabelledRow] = []
    for path in paths:
        try:
            lines = path.read_text(encoding="utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise LabelledRowError(f"{path} cannot be read: {error}. Give JSON Lines in UTF-8.") from error
        rows.extend(_row(line, path, number) for number, line in enumerate(lines, start=1) if line.strip())
    if not rows:
        raise LabelledRowError("No labelled rows were given; name at least one JSON Lines file that has some.")
    return rows


def _row(line: str, path: Path, number: int) -> LabelledRow:
    where = f"{path} row {number}"
    try:
        data: Any = json.loads(line)
    except json.JSONDecodeError as error:
        raise LabelledRowError(f"{where} is no JSON: {error}.") from error
    if not isinstance(data, dict):
        raise LabelledRowError(f"{where} must be a JSON object.")
    text = data.get("text")
    if not isinstance(text, str):
        raise LabelledRowError(f"{where}: text must be a string.")
    for field in ("route", "also"):
        value = data.get(field)
        if value not in ROUTES and not (field == "also" and value in (None, "-")):
            raise LabelledRowError(f"{where}: {field} is {value!r}; use one of {', '.join(ROUTES)}.")
    topics = data.get("topic") or []
    topics = [topics] if isinstance(topics, str) else topics
    if not isinstance(topics, list) or not all(isinstance(topic, str) for topic in topics):
        raise LabelledRowError(f"{where}: topic must be a list of codes.")
    if data.get("danger", 0) not in (0, 1, 2):
        raise LabelledRowError(f"{where}: danger is {data['danger']!r}; use 0 or 1.")
    also = data.get("also")
    return LabelledRow(
        id=str(data.get("id", number)),
        text=text,
        line=str(data["line"]) if data.get("line") else None,
        route=data["route"],
        also=None if also == "-" else cast("Route | None", also),
        topics=tuple(topics),
        danger=bool(data.get("danger", 0)),
        hard=bool(data.get("hard")),
        source=path.stem,
    )
