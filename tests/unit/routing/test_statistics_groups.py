"""Small groups are shown as one, so that no figure is a person's."""

from __future__ import annotations

from routing.statistics.counts import Bucket
from routing.statistics.groups import MERGED, Group, groups_of


def test_small_groups_are_added_up_until_they_are_no_person() -> None:
    groups = groups_of([Group("1", "中心", 9), Group("2", "甲局", 1), Group("3", "乙局", 1), Group("4", "丙队", 4)])
    assert groups.together == {"2", "3", "4"}, "two people alone would still be people"
    assert groups.names["2.3.4"] == MERGED
    buckets = [Bucket({"org": org, "line": "110"}, {"calls": n}) for org, n in (("1", 5), ("2", 1), ("4", 2))]
    merged = groups.merge([*buckets, Bucket({"org": "3", "line": "12345"}, {"calls": 7})])
    assert [(bucket.keys["org"], bucket.keys["line"], bucket.counts["calls"]) for bucket in merged] == [
        ("1", "110", 5),
        ("2.3.4", "110", 3),
        ("2.3.4", "12345", 7),
    ]


def test_who_asks_for_one_of_them_gets_them_all() -> None:
    groups = groups_of([Group("1", "中心", 9), Group("2", "甲局", 1), Group("3", "乙局", 2), Group("4", "丙队", 4)])
    assert groups.widened({"org": ("2", "4"), "line": ("110",)}) == {"org": ("4", "2", "3"), "line": ("110",)}
    assert groups.widened({"org": ("1", "")}) == {"org": ("1", "")}
    assert groups.widened({"line": ("110",)}) == {"line": ("110",)}


def test_groups_of_enough_people_stand_by_themselves_and_empty_ones_do_not_count() -> None:
    groups = groups_of([Group("1", "中心", 9), Group("2", "律师", 3), Group("3", "无人", 0)])
    assert groups.together == frozenset()
    assert groups.merge([Bucket({"org": "3"}, {"calls": 1})])[0].keys == {"org": "3"}
