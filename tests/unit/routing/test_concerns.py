"""Whom a call complains about, and whom it only mentions."""

from __future__ import annotations

import pytest

from routing.calls.concerns import complained_about

NAMES = [(2, "市容管理局"), (2, "城市容貌管理局"), (3, "幸福街道办")]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("我要投诉市容管理局的人", {2}),
        ("城市容貌管理局推诿，三个月没有人管", {2}),
        ("幸福街道办的工作人员骂我，态度很差，还有市容管理局乱收费", {2, 3}),
        ("楼下饭店油烟太大，投诉饭店，市容管理局来看过", set()),
        ("我想问市容管理局的电话是多少", set()),
        ("幸福街道办让我打这个电话问问", set()),
        ("", set()),
    ],
)
def test_a_name_alone_is_no_complaint(text: str, found: set[int]) -> None:
    assert complained_about(text, NAMES) == found
