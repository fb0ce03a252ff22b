"""Finds the heading row of a table and names its columns."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from hotline.intake.errors import FieldError
from hotline.intake.normalise import cell_text, heading, is_blank
from hotline.intake.profile import Profile
from hotline.intake.readers.rows import REJECT_COLUMNS, Row, RowError

#: The field told for a fault of the row as a whole.
WHOLE_ROW = "整行"
#: In whatever language the sentence before it was told.
_MARKED = ("若各列已正确，清空本格即可导入。", "If its columns are right, empty this cell to import the row. ")
_MARK = re.compile(rf" ?(?:{'|'.join(map(re.escape, _MARKED))})〔([0-9a-f]{{8}})〕")


def row_mark(texts: Iterable[str]) -> str:
    """Marks a row's cells in its reason: while they are unchanged, the row is rejected again.

    A row of the wrong length is kept as best guess; imported unread, it could pass with its cells displaced.
    """
    return f"若各列已正确，清空本格即可导入。〔{_marked(texts)}〕"


def _marked(texts: Iterable[str]) -> str:
    joined = "\x1f".join(" ".join(text.split()) for text in texts)
    return hashlib.sha256(joined.encode("utf-8", "replace")).hexdigest()[:8]


@dataclass(frozen=True, slots=True)
class Header:
    """The heading row of one table."""

    index: int
    """Rows before it."""
    names: tuple[str, ...]
    """Unique headings, without those a reject file adds."""
    keys: tuple[str, ...]
    """All headings of the row, folded."""
    places: tuple[int, ...]
    """Where in the row each of ``names`` stands."""
    is_reject_file: bool
    matched: int
    """How many fields of the profile it holds."""

    @property
    def width(self) -> int:
        return len(self.keys)

    def repeats(self, cells: Sequence[Any]) -> bool:
        """Whether ``cells`` are the headings again (files put one behind the other)."""
        if len(cells) < self.width:
            return False
        return all(heading(cell) == key for cell, key in zip(cells, self.keys, strict=False))

    def row(self, number: int, cells: Sequence[Any]) -> Row | RowError:
        """Name the cells; a row too short or too long is an error."""
        named = self.named(cells)
        if self.is_reject_file and (reason := self._unmended(cells, named)):
            return RowError(number, named, (FieldError(WHOLE_ROW, reason),))
        if len(cells) < self.width:
            return RowError(number, named, (FieldError(WHOLE_ROW, self._short(cells)),))
        extra = [cell for cell in cells[self.width :] if not is_blank(cell)]
        if extra:
            message = (
                f"这一行有 {len(cells)} 列，表头只有 {self.width} 列：文字里可能有没加引号的分隔符。"
                "请把多出的内容并回原来的列。"
            )
            named[self.names[-1]] = " ".join(map(cell_text, [named[self.names[-1]], *extra]))
            return RowError(number, named, (FieldError(WHOLE_ROW, message),))
        return Row(number, named)

    def named(self, cells: Sequence[Any]) -> dict[str, Any]:
        """The cells by heading; missing ones are empty."""
        given = len(cells)
        return {
            name: cells[place] if place < given else "" for name, place in zip(self.names, self.places, strict=True)
        }

    def _unmended(self, cells: Sequence[Any], named: dict[str, Any]) -> str | None:
        """The old reason of a row that was rejected as a whole and has not been touched since."""
        reason = cell_text(cells[self.width - 1]) if len(cells) >= self.width else ""
        mark = _MARK.search(reason)
        if mark is None or mark[1] != _marked(map(cell_text, named.values())):
            return None
        return _MARK.sub("", reason)

    def _short(self, cells: Sequence[Any]) -> str:
        missing = "、".join(name for name, place in zip(self.names, self.places, strict=True) if place >= len(cells))
        return f"这一行只有 {len(cells)} 列，应有 {self.width} 列，可能被截断。请补上：{missing}。"


def find_header(rows: Sequence[Sequence[Any]], profile: Profile) -> Header | None:
    """The row of ``rows`` that matches most columns of ``profile``.

    None when no row has what each record needs: the required columns and one
    of those the text is joined from.
    """
    best: Header | None = None
    for index, cells in enumerate(rows):
        keys = tuple(map(heading, cells))
        present = set(keys)
        fields = {field for field, column in profile.columns.items() if not present.isdisjoint(column.keys)}
        if not fields.issuperset(profile.required) or fields.isdisjoint(profile.text.join):
            continue
        if best is None or len(fields) > best.matched:
            best = _header(index, cells, keys, len(fields))
    return best


def missing_header(rows: Sequence[Sequence[Any]], profile: Profile) -> str:
    """Why no heading row was found, in Chinese, naming what is wanted and which headings of this line were seen.

    Other cells are counted and not named: a file without headings begins with what a caller said.
    """
    wanted = [profile.label(field) for field in profile.required]
    wanted.append("或".join(profile.label(part) for part in profile.text.join))
    known = {key for column in profile.columns.values() for key in column.keys}
    fullest = max(
        rows,
        key=lambda cells: (sum(heading(cell) in known for cell in cells), sum(not is_blank(cell) for cell in cells)),
        default=[],
    )
    named = [cell_text(cell).strip() for cell in fullest if heading(cell) in known]
    others = sum(not is_blank(cell) for cell in fullest) - len(named)
    return (
        f"前 {profile.file.header_search} 行里没有找到表头，需要列：{'、'.join(wanted)}；"
        f"认得的列：{'、'.join(named) or '（无）'}，另有 {others} 列不认得。"
        f"请检查文件是否属于线路 {profile.line}，或在 {profile.path} 里补上列名。"
    )


def _header(index: int, cells: Sequence[Any], keys: tuple[str, ...], matched: int) -> Header:
    width = max((i + 1 for i, key in enumerate(keys) if key), default=0)
    is_reject_file = tuple(keys[width - len(REJECT_COLUMNS) : width]) == tuple(map(heading, REJECT_COLUMNS))
    kept = width - len(REJECT_COLUMNS) if is_reject_file else width
    names: list[str] = []
    for place in range(kept):
        name = " ".join(cell_text(cells[place]).split()).strip("\ufeff") or f"列{place + 1}"
        names.append(name if name not in names else f"{name}（列{place + 1}）")
    return Header(index, tuple(names), keys[:width], tuple(range(kept)), is_reject_file, matched)
