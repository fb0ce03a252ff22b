"""The tree of grids as plain values: rows of a sheet become a tree, two trees are compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from routing.queues.eligibility import GRID_SEPARATOR
from routing.rosters.imported import RowProblem

Level = Literal["region", "district", "township", "community", "grid", "exclusive"]
LEVELS: tuple[Level, ...] = get_args(Level)
#: Words of the screens, and what sheets may write.
LEVEL_LABELS: Mapping[Level, str] = {
    "region": "市",
    "district": "区县",
    "township": "街道乡镇",
    "community": "社区村",
    "grid": "网格",
    "exclusive": "专属网格",
}
#: Exclusive grids (firms, markets) hang anywhere; the others below a wider level.
_RANK: Mapping[Level, int] = {level: number for number, level in enumerate(LEVELS)}


@dataclass(frozen=True, slots=True)
class GridRow:
    """One row as written, before its place in the tree is known."""

    row: str
    """Where it stands, for messages."""
    code: str
    name: str
    parent: str
    """Code of the grid above; empty for a top."""
    level: Level
    responsible: str | None
    mediator_group: str | None


@dataclass(frozen=True, slots=True)
class Grid:
    """One jurisdiction. Its code holds those above it, joined by dots, so that a code covers all below it."""

    code: str
    name: str
    parent: str | None
    level: Level
    responsible: str | None
    mediator_group: str | None
    """Who mediates here; None: that of the grid above."""


@dataclass(frozen=True, slots=True)
class GridChange:
    """A grid that stands with other values."""

    before: Grid
    after: Grid

    @property
    def fields(self) -> tuple[str, ...]:
        """What differs."""
        names = ("name", "parent", "level", "responsible", "mediator_group")
        return tuple(name for name in names if getattr(self.before, name) != getattr(self.after, name))


@dataclass(frozen=True, slots=True)
class GridDifference:
    """What taking over a tree does to the one that stands."""

    added: tuple[Grid, ...]
    changed: tuple[GridChange, ...]
    removed: tuple[Grid, ...]
    """Below first, so that each can go before the one above it."""
    same: int


def plant(
    rows: Sequence[GridRow], standing: Mapping[str, Grid] | None = None
) -> tuple[tuple[Grid, ...], tuple[RowProblem, ...]]:
    """The tree of a sheet's rows, tops first, and the rows that have no place in it.

    ``standing``: grids by code that rows may hang below though the sheet leaves them out.

    Codes become paths: ``001`` below ``330106`` is ``330106.001``, and so is
    ``330106001``. A row whose parent is missing or unusable is a problem of
    its own; the rest of the tree stands.
    """
    problems: list[RowProblem] = []
    known: dict[str, GridRow] = {}
    for row in rows:
        if row.code in known:
            problems.append(RowProblem(row.row, "编码", f"“{row.code}”与{known[row.code].row}重复，请改正其中一个"))
        else:
            known[row.code] = row
    planted: dict[str, Grid] = {}
    paths: dict[str, str] = {}
    left = list(known.values())
    outside = {code: grid for code, grid in (standing or {}).items() if code not in known}
    while left:
        ready = [row for row in left if not row.parent or row.parent in planted or row.parent in outside]
        if not ready:
            break
        for row in ready:
            grid = _placed(row, planted.get(row.parent) or outside.get(row.parent), problems)
            if grid is None:
                continue
            if grid.code in paths:
                problems.append(RowProblem(row.row, "编码", f"与{paths[grid.code]}同为“{grid.code}”，请改正其中一个"))
                continue
            planted[row.code] = grid
            paths[grid.code] = row.row
        done = {id(row) for row in ready}
        left = [row for row in left if id(row) not in done]
    problems += [_orphan(row, known) for row in left]
    return tuple(sorted(planted.values(), key=_order)), tuple(problems)


def _placed(row: GridRow, above: Grid | None, problems: list[RowProblem]) -> Grid | None:
    if above is not None and row.level != "exclusive" and _RANK[row.level] <= _RANK[above.level]:
        wider, own = LEVEL_LABELS[above.level], LEVEL_LABELS[row.level]
        problems.append(RowProblem(row.row, "级别", f"“{own}”不能在“{wider}”之下，请改正级别或上级编码"))
        return None
    if above is not None and above.level == "exclusive":
        problems.append(RowProblem(row.row, "上级编码", "专属网格之下不再分网格，请改正上级编码"))
        return None
    return Grid(
        code=_path(row.code, row.parent, above),
        name=row.name,
        parent=above.code if above is not None else None,
        level=row.level,
        responsible=row.responsible,
        mediator_group=row.mediator_group,
    )


def _path(code: str, parent: str, above: Grid | None) -> str:
    """The code below the path of the grid above, whether it was written whole or only its own part."""
    if above is None or code.startswith(above.code + GRID_SEPARATOR):
        return code
    own = code.removeprefix(parent).removeprefix(GRID_SEPARATOR)
    return f"{above.code}{GRID_SEPARATOR}{own or code}"


def _orphan(row: GridRow, known: Mapping[str, GridRow]) -> RowProblem:
    if row.parent in known:
        return RowProblem(row.row, "上级编码", f"上级“{row.parent}”自己没有可用的位置（或互为上级），请先改正那一行")
    return RowProblem(row.row, "上级编码", f"表里没有编码为“{row.parent}”的上级，请补上或改正")


def compare(new: Iterable[Grid], standing: Iterable[Grid], *, kept: frozenset[str] = frozenset()) -> GridDifference:
    """What ``new`` adds to, changes in and takes from ``standing``; ``kept`` codes are never removed."""
    wanted = {grid.code: grid for grid in new}
    there = {grid.code: grid for grid in standing}
    changed = [GridChange(there[code], grid) for code, grid in wanted.items() if code in there and there[code] != grid]
    removed = [grid for code, grid in there.items() if code not in wanted and code not in kept]
    return GridDifference(
        added=tuple(sorted((grid for code, grid in wanted.items() if code not in there), key=_order)),
        changed=tuple(sorted(changed, key=lambda change: _order(change.after))),
        removed=tuple(sorted(removed, key=_order, reverse=True)),
        same=sum(1 for code, grid in wanted.items() if there.get(code) == grid),
    )


def covers(code: str, below: str) -> bool:
    """Whether an agent who serves ``code`` serves ``below``."""
    return below == code or below.startswith(code + GRID_SEPARATOR)


def inherited_groups(grids: Iterable[Grid]) -> dict[str, str | None]:
    """Code -> who mediates there, by the nearest grid at or above it that says so."""
    found: dict[str, str | None] = {}
    for grid in sorted(grids, key=_order):
        found[grid.code] = grid.mediator_group or (found.get(grid.parent) if grid.parent else None)
    return found


def _order(grid: Grid) -> tuple[int, str]:
    """Above before below, siblings by code."""
    return grid.code.count(GRID_SEPARATOR), grid.code
