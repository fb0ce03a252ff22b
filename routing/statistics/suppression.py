"""Small cells are hidden below county level, so that no figure leads to a person. Pure.

A place below the county (township, community, grid, exclusive grid, or a name
the jurisdictions do not know) with fewer than ``SMALL`` calls shows "<5" and
nothing else. A single hidden cell could be worked out from the sum of its
fellows, so along every key of a table that has one at least a second one is
hidden, the smallest, below the county where there is one; where there is no
second, the hidden cell is left out altogether.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

SMALL = 5
SMALL_TEXT = f"<{SMALL}"
#: Levels of jurisdictions from the county up: figures of theirs are not hidden.
COUNTY_AND_ABOVE = frozenset({"region", "district"})


@dataclass(frozen=True, slots=True)
class Cell:
    """One row of a table before it is exported."""

    keys: Mapping[str, Any]
    count: int


def below_county(region: str | None, levels: Mapping[str, str]) -> bool:
    """Whether figures of ``region`` need hiding; ``levels`` names the level of each known place. '' is no place."""
    return bool(region) and levels.get(region or "") not in COUNTY_AND_ABOVE


def hidden(cells: Sequence[Cell], levels: Mapping[str, str]) -> tuple[frozenset[int], frozenset[int]]:
    """Positions of the cells to hide, and of those among them to leave out altogether."""
    if not cells or "region" not in cells[0].keys:
        return frozenset(), frozenset()
    below = [below_county(cell.keys["region"], levels) for cell in cells]
    hiding = {n for n, cell in enumerate(cells) if below[n] and cell.count < SMALL}
    lines = _lines(cells)
    lone: set[int] = set()
    changed = True
    while changed:
        changed = False
        for line in lines:
            shown = [n for n in line if n not in hiding]
            alone = [n for n in line if n in hiding]
            if len(alone) != 1:
                continue
            if shown:
                hiding.add(min(shown, key=lambda n: (not below[n], cells[n].count, n)))
                changed = True
            else:
                lone.add(alone[0])
    return frozenset(hiding), frozenset(lone)


def _lines(cells: Sequence[Cell]) -> list[list[int]]:
    """Cells that differ in one key only, for each key: what a reader could add up and compare with a sum."""
    lines: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    for number, cell in enumerate(cells):
        for key in cell.keys:
            rest = tuple((other, str(value)) for other, value in cell.keys.items() if other != key)
            lines[key, rest].append(number)
    return list(lines.values())


def safe_count(count: int) -> int | str:
    """A count of a place below the county."""
    return SMALL_TEXT if 0 < count < SMALL else count


def safe_share(value: float | None, part: int, whole: int) -> float | None:
    """A share of a place below the county; None where it would tell of fewer than ``SMALL`` calls."""
    return None if any(0 < n < SMALL for n in (part, whole, whole - part)) else value
