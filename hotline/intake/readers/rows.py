"""What every reader yields."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from hotline.intake.errors import FieldError

#: Columns (or keys) a reject file has beside the original ones; ignored when it is imported again.
REJECT_COLUMNS = ("行号", "字段", "原因")
#: Where a record that is no JSON object keeps its original text in a reject file.
RAW_KEY = "原文"


@dataclass(frozen=True, slots=True)
class Row:
    """One row or record as it stands in the file."""

    number: int
    """As a person sees it: the row in Excel (title and heading rows count), the line of a
    JSONL file, the record's place (from 1) in a JSON list."""
    cells: dict[str, Any]


@dataclass(frozen=True, slots=True)
class RowError:
    """A row that cannot even be read; ``cells`` hold what could be saved of it."""

    number: int
    cells: dict[str, Any]
    errors: tuple[FieldError, ...]


class RowSource(Protocol):
    """An opened file."""

    path: Path

    @property
    def headers(self) -> tuple[str, ...]:
        """The headings of a table, in order; empty for JSON."""

    def __iter__(self) -> Iterator[Row | RowError]:
        """The rows, in file order; may be walked once."""

    def progress(self) -> tuple[int, int]:
        """(done, total), in bytes or rows."""

    def close(self) -> None:
        """Give the file back."""


def without_reject_keys(cells: dict[str, Any]) -> dict[str, Any]:
    """``cells`` without the keys a reject file adds."""
    if not all(key in cells for key in REJECT_COLUMNS):
        return cells
    return {key: value for key, value in cells.items() if key not in REJECT_COLUMNS}
