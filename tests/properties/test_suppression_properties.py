"""Whatever is exported: no small cell below county level is shown or can be worked out from a sum."""

from __future__ import annotations

from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from routing.statistics.suppression import SMALL, Cell, below_county, hidden, safe_count, safe_share

LEVELS = {"东城区": "district", "梧桐街道": "township", "新安社区": "community", "钢铁厂": "exclusive"}
REGIONS = [*LEVELS, "", "没有登记的地方"]

tables = st.lists(
    st.tuples(st.sampled_from(REGIONS), st.sampled_from(["1日", "2日", "3日"]), st.integers(1, 12)),
    max_size=18,
    unique_by=lambda row: row[:2],
).map(lambda rows: [Cell({"day": day, "region": region}, count) for region, day, count in rows])


@given(tables)
def test_no_small_cell_is_shown_or_stands_alone(cells: list[Cell]) -> None:
    hiding, lone = hidden(cells, LEVELS)
    assert lone <= hiding
    for number, cell in enumerate(cells):
        if below_county(cell.keys["region"], LEVELS) and cell.count < SMALL:
            assert number in hiding
    for key in ("day", "region"):
        lines = defaultdict(list)
        for number, cell in enumerate(cells):
            lines[cell.keys["region" if key == "day" else "day"]].append(number)
        for line in lines.values():
            alone = [number for number in line if number in hiding]
            assert len(alone) != 1 or (len(line) == 1 and alone[0] in lone)


@given(tables)
def test_counties_alone_hide_nothing(cells: list[Cell]) -> None:
    above = [cell for cell in cells if not below_county(cell.keys["region"], LEVELS)]
    assert hidden(above, LEVELS) == (frozenset(), frozenset())
    assert hidden([Cell({"line": "110"}, 1)], LEVELS) == (frozenset(), frozenset())


@given(st.integers(0, 30), st.integers(0, 30))
def test_no_share_tells_of_few(part: int, whole: int) -> None:
    if part <= whole and safe_share(0.5, part, whole) is not None:
        assert all(n == 0 or n >= SMALL for n in (part, whole, whole - part))
    assert safe_count(part) == ("<5" if 0 < part < SMALL else part)
