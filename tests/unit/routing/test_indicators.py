"""Indicators: the shipped definitions, periods, exclusions, and what is said about a file that cannot be used."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest

from config.files import ConfigFiles
from routing.errors import InvalidRequest, PolicyError
from routing.policy.facts import LOCAL_ZONE
from routing.statistics.counts import COUNTS, WAIT_BOUNDS_S, bucket_figures, wait_quantile_s
from routing.statistics.indicators import NOTHING, Indicators, figures, load_indicators

#: Named in the issue; the file may define more.
ASKED_FOR = {"接通率", "15秒接通率", "按时办结率", "满意率", "解决率", "首次解决率", "退单率", "SL", "SL2"}


@pytest.fixture(scope="module")
def shipped() -> Indicators:
    """The packaged definitions."""
    return load_indicators()


def overlaid(folder: Path, text: str) -> Indicators:
    (folder / "indicators.toml").write_text(text, encoding="utf-8")
    return load_indicators(ConfigFiles(folder))


def test_every_indicator_says_what_it_is_and_where_it_comes_from(shipped: Indicators) -> None:
    assert {indicator.name for indicator in shipped.all} >= ASKED_FOR
    assert shipped.version
    for indicator in shipped.all:
        assert indicator.numerator.text
        assert indicator.denominator.text
        assert indicator.source
        assert indicator.counted == bool(indicator.numerator.counts) == bool(indicator.denominator.counts)
        assert indicator.counted or indicator.missing


def test_a_reporting_period_runs_from_the_26th_to_the_25th(shipped: Indicators) -> None:
    def midnight(year: int, month: int, day: int) -> datetime:
        return datetime(year, month, day, tzinfo=LOCAL_ZONE)

    assert shipped.period("2026-11") == (midnight(2026, 10, 26), midnight(2026, 11, 26))
    assert shipped.period("2026-01") == (midnight(2025, 12, 26), midnight(2026, 1, 26))
    assert [shipped.period_of(date(2026, 12, day)) for day in (25, 26)] == ["2026-12", "2027-01"]
    with pytest.raises(InvalidRequest, match="2026-11"):
        shipped.period("2026-13")


def test_calendar_months_by_configuration(tmp_path: Path) -> None:
    text = load_text().replace("first_day = 26", "first_day = 1")
    own = overlaid(tmp_path, text)
    begin, end = own.period("2026-12")
    assert (begin.date(), end.date()) == (date(2026, 12, 1), date(2027, 1, 1))
    assert own.period_of(date(2026, 12, 31)) == "2026-12"


def load_text() -> str:
    return ConfigFiles().read("indicators.toml")


def test_exclusions_leave_out_intake_classes_and_counts(shipped: Indicators) -> None:
    found = {indicator.code: indicator for indicator in shipped.all}
    buckets = [
        ({"intake": "live", "route": "dispute"}, {"within": 3, "answered": 4, "abandoned": 3, "abandoned_5s": 1}),
        ({"intake": "backlog", "route": "dispute"}, {"within": 9, "answered": 9, "rated_1": 1, "rated_5": 1}),
        ({"intake": "live", "route": "invalid"}, {"rated_1": 7}),
    ]
    (level,) = figures(found["service_level"], buckets, ())
    assert (level.value, level.numerator, level.denominator) == (0.75, 3, 4)
    (connected,) = figures(found["queue_connection_rate"], buckets, ())
    assert (connected.numerator, connected.denominator) == (4, 6)
    (satisfied,) = figures(found["satisfaction_rate"], buckets, ())
    assert satisfied.value == 0.5
    (returned,) = figures(found["return_rate"], buckets, ())
    assert (returned.value, returned.denominator, returned.reason) == (None, 0, NOTHING)
    (unknown,) = figures(found["connection_rate"], buckets, ())
    assert (unknown.value, unknown.numerator, unknown.reason) == (None, None, "线路未提供振铃数据")


def test_connection_is_told_of_the_lines_that_tell_how_calls_rang(shipped: Indicators) -> None:
    found = {indicator.code: indicator for indicator in shipped.all}
    buckets = [
        (
            {"line": "12345", "intake": "live", "route": "dispute"},
            {"calls": 8, "rang": 8, "connected": 8, "rang_timed": 6, "connected_15s": 3},
        ),
        ({"line": "12345", "intake": "live", "route": ""}, {"rang": 2, "rang_timed": 2}),
        ({"line": "110", "intake": "live", "route": "police"}, {"calls": 30}),
    ]
    silent, told = figures(found["connection_rate"], buckets, ("line",))
    assert (told.value, told.numerator, told.denominator, told.reason) == (0.8, 8, 10, None)
    assert (silent.value, silent.numerator, silent.denominator, silent.reason) == (
        *(None, None, None),
        "线路未提供振铃数据",
    )
    (soon,) = figures(found["connection_rate_15s"], buckets, ())
    assert (soon.value, soon.numerator, soon.denominator) == (0.375, 3, 8)


def test_figures_are_split_by_key(shipped: Indicators) -> None:
    indicator = next(indicator for indicator in shipped.all if indicator.code == "return_rate")
    buckets = [
        ({"line": line, "intake": "live", "route": "dispute"}, {"transfers": 4, "returned": n})
        for n, line in enumerate(("110", "12345"))
    ]
    assert [(f.keys, f.value) for f in figures(indicator, buckets, ("line",))] == [
        ({"line": "110"}, 0.0),
        ({"line": "12345"}, 0.25),
    ]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('counts = ["on_time"]', 'counts = ["in_time"]', "in_time"),
        (', counts = ["due"] }', " }", "names nothing"),
        ('route = ["invalid"] }\nsource = "安徽', 'route = ["nonsense"] }\nsource = "安徽', "nonsense"),
        ("target = 0.95", "target = 95", "target"),
        ('code = "return_rate"', 'code = "service_level"', "twice"),
        ("first_day = 26", "first_day = 31", "first_day"),
        ('version = "2026-11-5"', "", "version"),
        (
            'numerator = { text = "接通的来电", counts = ["connected"] }',
            'numerator = { text = "接通的来电" }',
            "both counts",
        ),
        ('source = "12345 实践"', 'sauce = "12345 实践"', "sauce"),
    ],
)
def test_a_file_that_cannot_be_used_names_line_key_and_reason(tmp_path: Path, old: str, new: str, said: str) -> None:
    text = load_text()
    assert old in text
    with pytest.raises(PolicyError, match=rf"indicators\.toml:\d+: .*{said}"):
        overlaid(tmp_path, text.replace(old, new, 1))


def test_percentiles_are_bounds_of_buckets() -> None:
    counts = {"wait_5": 5, "wait_60": 4, "wait_more": 1}
    assert wait_quantile_s(counts, 0.5) == 5.0
    assert wait_quantile_s(counts, 0.9) == 60.0
    assert wait_quantile_s(counts, 0.95) is None
    assert wait_quantile_s({}, 0.5) is None
    assert {f"wait_{bound}" for bound in WAIT_BOUNDS_S} < set(COUNTS)


def test_sl2_counts_who_hung_up() -> None:
    counts = {"calls": 9, "answered": 4, "within": 3, "abandoned": 4, "abandoned_within": 1}
    told = bucket_figures(counts)
    assert (told["service_level"], told["service_level_2"], told["abandoned"]) == (0.75, 0.5, 4)
