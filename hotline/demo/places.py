"""The demo's fictional city: grids, slots, people and phrases out of ``city.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hotline.accounts.permissions import Role

_FILE = Path(__file__).with_name("city.toml")


@dataclass(frozen=True, slots=True)
class Grid:
    """One jurisdiction; the code holds those above it, joined by dots."""

    code: str
    name: str
    level: str
    responsible: str | None


@dataclass(frozen=True, slots=True)
class Person:
    """One demo account."""

    name: str
    display: str
    role: Role
    printed: str | None
    """How the log-in is called where log-ins are printed; None: not printed."""
    skills: tuple[str, ...]
    grids: tuple[str, ...]
    """Codes."""
    level: int
    night: bool
    """Serves at night instead of by day."""


@dataclass(frozen=True, slots=True)
class City:
    """Everything of ``city.toml``."""

    grids: tuple[Grid, ...]
    """Each after the one above it."""
    streets: tuple[tuple[str, str], ...]
    """(district, street)."""
    slots: Mapping[str, list[str]]
    surnames: str
    forms: tuple[str, ...]
    people: tuple[Person, ...]
    words: Mapping[str, Any]


def load_city() -> City:
    """Read ``city.toml``."""
    data = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    surnames: str = data["callers"]["surnames"]
    grids = tuple(_grids(data, surnames))
    codes = {grid.name: grid.code for grid in grids}
    people = tuple(
        Person(
            name=each["name"],
            display=each["display"],
            role=each["role"],
            printed=each.get("printed"),
            skills=tuple(each.get("skills", ())),
            grids=tuple(codes[name] for name in each.get("grids", ())),
            level=each.get("level", 1),
            night=each.get("night", False),
        )
        for each in data["people"]
    )
    streets = tuple((district, street) for district, below in data["districts"].items() for street in below)
    return City(grids, streets, data["slots"], surnames, tuple(data["callers"]["forms"]), people, data["words"])


def _grids(data: Mapping[str, Any], surnames: str) -> Iterator[Grid]:
    top = data["code"]
    yield Grid(top, data["name"], "region", None)
    for d, (district, streets) in enumerate(data["districts"].items(), 1):
        yield Grid(f"{top}.{d:02}", district, "district", f"{surnames[d]}区长")
        for s, (street, communities) in enumerate(streets.items(), 1):
            code = f"{top}.{d:02}.{s:02}"
            yield Grid(code, street, "township", f"{surnames[d * 4 + s]}主任")
            for c, community in enumerate(communities, 1):
                yield Grid(f"{code}.{c:02}", community, "community", f"{surnames[d + s * 2 + c]}书记")
                for g, ordinal in enumerate("一二", 1):
                    name = f"{community}第{ordinal}网格"
                    yield Grid(f"{code}.{c:02}.{g}", name, "grid", f"{surnames[d + s + c * 3 + g]}网格员")
            for x, firm in enumerate(data["exclusive"].get(street, ()), 1):
                yield Grid(f"{code}.x{x}", firm, "exclusive", f"{surnames[-d - x]}网格长")
