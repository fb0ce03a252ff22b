"""Periods, comparisons and addresses of the statistics."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import parse_qsl, urlsplit

import pytest

from hotline.statistics.asked import Asked, Pairs, asked, behind
from hotline.statistics.glance import polyline
from routing.errors import InvalidRequest
from routing.policy.facts import LOCAL_ZONE


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LOCAL_ZONE)


@pytest.mark.parametrize(
    ("compare", "first", "last"),
    [
        ("before", "2026-11-09", "2026-11-19"),
        # ten days need two weeks, so that each weekday stands beside its like
        ("week", "2026-11-05", "2026-11-15"),
        ("year", "2025-11-19", "2025-11-29"),
    ],
)
def test_what_a_period_is_compared_with(compare: str, first: str, last: str) -> None:
    wanted = asked(Pairs([("from", "2026-11-19"), ("to", "2026-11-29"), ("compare", compare)]))
    assert wanted.before() == (at(first), at(last))


def test_any_two_periods_are_compared_and_stay_so_in_an_address() -> None:
    chosen = [("from", "2026-11-19"), ("to", "2026-11-29"), ("compare", "period")]
    wanted = asked(Pairs([*chosen, ("compare_from", "2026-02-01"), ("compare_to", "2026-02-05")]))
    assert wanted.before() == (at("2026-02-01"), at("2026-02-05"))
    assert asked(Pairs([*wanted.words(), *wanted.comparison_words()])) == wanted
    for missing in ([], [("compare_from", "2026-02-05"), ("compare_to", "2026-02-05")]):
        with pytest.raises(InvalidRequest):
            asked(Pairs([*chosen, *missing]))


def test_a_leap_day_has_a_day_to_be_compared_with() -> None:
    assert Asked(at("2028-02-29"), at("2028-03-01"), compare="year").before() == (at("2027-02-28"), at("2027-03-01"))


def test_an_address_leads_to_the_same_calls_again() -> None:
    where = {"line": ("110", "12348"), "region": ("",), "hour": (9,), "org": ("2", "3")}
    wanted = Asked(at("2026-11-19T08:30"), at("2026-11-20"), where)
    link = wanted.link("rated_4", "rated_5", uncounted=("abandoned_5s",), topic="", hour=10)
    found = behind(Pairs(parse_qsl(urlsplit(link).query)))
    assert found is not None
    assert (found.from_at, found.to_at) == (wanted.from_at, wanted.to_at)
    assert found.where == {**where, "topic": ("",), "hour": (10,)}
    assert (found.counted, found.uncounted) == (("rated_4", "rated_5"), ("abandoned_5s",))
    assert behind(Pairs([("line", "110")])) is None, "no figure: the ordinary list"


@pytest.mark.parametrize(
    "pairs",
    [
        [("counted", "callers")],
        [("counted", "calls"), ("hour", "25")],
        [("counted", "calls"), ("weekday", "0")],
        [("counted", "calls"), ("from", "2026-11-02"), ("to", "2026-11-01")],
        [("counted", "calls"), ("from", "gestern")],
        [("counted", "calls"), ("compare", "moon")],
    ],
)
def test_what_cannot_be_asked_is_refused_in_words(pairs: list[tuple[str, str]]) -> None:
    with pytest.raises(InvalidRequest):
        behind(Pairs(pairs))


def test_trends_pass_over_days_without_a_value() -> None:
    assert polyline([None, 1.0]) == ""
    points = polyline([1.0, None, 3.0]).split()
    assert [point.split(",")[0] for point in points] == ["2.0", "82.0"]
    assert float(points[0].split(",")[1]) > float(points[1].split(",")[1]), "more is higher"
