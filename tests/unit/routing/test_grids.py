"""Trees of grids out of sheets: paths of codes, rows without a place, what a new tree changes."""

from __future__ import annotations

import io
from typing import Any

import pytest
import xlsxwriter

from routing.errors import GridError
from routing.grids.excel import read_grids
from routing.grids.tree import Grid, GridRow, compare, inherited_groups, plant


def sheet(*rows: tuple[Any, ...]) -> bytes:
    made = io.BytesIO()
    book = xlsxwriter.Workbook(made)
    page = book.add_worksheet()
    for number, row in enumerate((("编码", "名称", "上级编码", "级别", "负责人", "调解组"), *rows)):
        for column, value in enumerate(row):
            page.write(number, column, value)
    book.close()
    return made.getvalue()


def row(number: int, code: str, parent: str, level: Any = "grid", group: str | None = None) -> GridRow:
    return GridRow(f"第{number}行", code, f"格{code}", parent, level, None, group)


def test_numbers_stay_codes_and_every_bad_cell_is_named() -> None:
    good, bad = read_grids(
        sheet(
            (330106, "澄湖区", "", "区县", "", ""),
            ("330106001", "柳荫街道", 330106, "街道", "陈主任", "柳荫调委会"),
            ("", "没有编码", "", "社区", "", ""),
            ("3301 06", "坏编码", "", "网格", "", ""),
            ("330106002", "", "330106", "大区", "", ""),
        )
    )
    assert [(each.code, each.parent, each.level) for each in good] == [
        ("330106", "", "district"),
        ("330106001", "330106", "township"),
    ]
    assert [(each.row, each.field) for each in bad] == [
        ("第4行", "编码"),
        ("第5行", "编码"),
        ("第6行", "名称"),
        ("第6行", "级别"),
    ]


@pytest.mark.parametrize("data", [b"", b"rubbish", b"PK\x03\x04", sheet()[:200]])
def test_what_is_no_sheet_is_refused_in_words(data: bytes) -> None:
    with pytest.raises(GridError):
        read_grids(data)


def test_codes_become_paths_however_they_are_written() -> None:
    planted, problems = plant(
        [
            row(4, "330106001002", "330106001", "community"),
            row(2, "330106", "", "district"),
            row(3, "330106001", "330106", "township"),
            row(5, "x1", "330106001", "exclusive"),
            row(6, "330106.001.003", "330106001", "community"),
        ]
    )
    assert problems == ()
    assert [grid.code for grid in planted] == [
        "330106",
        "330106.001",
        "330106.001.002",
        "330106.001.003",
        "330106.001.x1",
    ]
    assert planted[2].parent == "330106.001", "so that who serves the street serves the community"


def test_rows_without_a_place_are_named_and_the_rest_stands() -> None:
    planted, problems = plant(
        [
            row(2, "a", "", "district"),
            row(3, "b", "nowhere", "community"),
            row(4, "c", "b", "grid"),
            row(5, "d", "e", "community"),
            row(6, "e", "d", "community"),
            row(7, "f", "a", "region"),
            row(8, "a", "", "district"),
            row(9, "g", "a", "township"),
        ]
    )
    assert [grid.code for grid in planted] == ["a", "a.g"]
    assert sorted((each.row, each.field) for each in problems) == [
        ("第3行", "上级编码"),
        ("第4行", "上级编码"),
        ("第5行", "上级编码"),
        ("第6行", "上级编码"),
        ("第7行", "级别"),
        ("第8行", "编码"),
    ]


def test_rows_may_hang_below_grids_that_stand() -> None:
    standing = {"a": Grid("a", "旧区", None, "district", None, None)}
    planted, problems = plant([row(2, "a1", "a", "township")], standing)
    assert (problems, [grid.code for grid in planted]) == ((), ["a.1"])


def test_a_difference_names_what_comes_changes_and_goes_from_below() -> None:
    old = [
        Grid("a", "甲区", None, "district", None, None),
        Grid("a.1", "一街道", "a", "township", "陈", None),
        Grid("a.1.1", "一社区", "a.1", "community", None, None),
    ]
    new = [Grid("a", "甲区", None, "district", None, "区调委会"), Grid("a.2", "二街道", "a", "township", None, None)]
    change = compare(new, old)
    assert [grid.code for grid in change.added] == ["a.2"]
    assert [each.fields for each in change.changed] == [("mediator_group",)]
    assert [grid.code for grid in change.removed] == ["a.1.1", "a.1"]
    assert compare(new, old, kept=frozenset({"a.1", "a.1.1"})).removed == ()
    assert compare(old, old).same == 3


def test_the_nearest_grid_above_says_who_mediates() -> None:
    tree = [
        Grid("a", "甲区", None, "district", None, "区调委会"),
        Grid("a.1", "一街道", "a", "township", None, None),
        Grid("a.2", "二街道", "a", "township", None, "二街道调委会"),
        Grid("a.2.1", "社区", "a.2", "community", None, None),
        Grid("b", "乙区", None, "district", None, None),
    ]
    assert inherited_groups(tree) == {
        "a": "区调委会",
        "a.1": "区调委会",
        "a.2": "二街道调委会",
        "a.2.1": "二街道调委会",
        "b": None,
    }
