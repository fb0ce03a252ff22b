"""What an import of a roster yields: shifts that still carry names, and the rows that cannot be used."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from routing.errors import RosterError
from routing.rosters.roster import Shift


@dataclass(frozen=True, slots=True)
class NamedShift:
    """One shift as written, before its name is matched with a user."""

    row: str
    """Where it stands, for messages: ``第3行`` or an event's title."""
    name: str
    queue: str
    start: datetime
    """Aware UTC."""
    end: datetime


@dataclass(frozen=True, slots=True)
class RowProblem:
    """One row or event that cannot be used; the others are kept."""

    row: str
    field: str
    reason: str
    """In Chinese: what is wrong and what to write."""

    def __str__(self) -> str:
        """``row field：reason``."""
        return f"{self.row} {self.field}：{self.reason}"


@dataclass(frozen=True, slots=True)
class RosterImport:
    """The good rows and the bad ones."""

    shifts: tuple[NamedShift, ...]
    problems: tuple[RowProblem, ...]

    def require_clean(self) -> tuple[NamedShift, ...]:
        """The shifts; raises RosterError with every problem where there is one."""
        if self.problems:
            raise RosterError("\n".join(str(problem) for problem in self.problems))
        return self.shifts


def resolve_names(
    shifts: Iterable[NamedShift], people: Mapping[str, int]
) -> tuple[tuple[Shift, ...], tuple[RowProblem, ...]]:
    """Match names with user ids. An unknown name makes a problem; a shift written twice counts once."""
    known = {_plain(name): user_id for name, user_id in people.items()}
    resolved: dict[Shift, None] = {}
    problems = []
    for shift in shifts:
        user_id = known.get(_plain(shift.name))
        if user_id is None:
            reason = f"没有名为“{shift.name}”的用户，请先建立账号或改正姓名"
            problems.append(RowProblem(shift.row, "姓名", reason))
        else:
            resolved[Shift(shift.queue, user_id, shift.start, shift.end)] = None
    return tuple(resolved), tuple(problems)


def split_names(text: str) -> list[str]:
    """The names of one cell: ``张三、李四`` or one a line; each once."""
    parts = re.split(r"[、，,;；/\n]+", text)
    return list(dict.fromkeys(part.strip() for part in parts if part.strip()))


def _plain(name: str) -> str:
    """``张 三`` and ``张三`` are one name: sheets pad short names to align them."""
    return re.sub(r"\s+", "", name)
