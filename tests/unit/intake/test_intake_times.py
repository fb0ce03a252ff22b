"""Times of foreign systems."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.intake.times import TimeFormError, UnreadableTime, time_reader

SHANGHAI = ZoneInfo("Asia/Shanghai")
READER = time_reader(
    [
        "%Y%m%d%H%M%S",
        "iso",
        "excel",
        "%Y年%m月%d日 %H:%M:%S",
        "%Y年%m月%d日%H时%M分",
        "%Y年%m月%d日",
        "%Y/%m/%d %H:%M",
        "%Y/%m/%d %p%I:%M",
        "epoch_ms",
        "epoch_s",
    ],
    SHANGHAI,
)
MORNING = datetime(2026, 10, 12, 7, 59, 41, tzinfo=SHANGHAI).astimezone(UTC)


@pytest.mark.parametrize(
    "written",
    [
        "20261012075941",
        20261012075941,
        20261012075941.0,
        "２０２６１０１２０７５９４１",
        "2026-10-12 07:59:41",
        " 2026-10-12  07:59:41 ",
        "2026-10-11T23:59:41Z",
        "2026-10-12T07:59:41+08:00",
        "2026年10月12日 07:59:41",
        "2026年10月12日 7:59:41",
        "2026年10月12日07：59：41",
        1791763181,
        "1791763181",
        1791763181000,
        1791763181000.0,
        "1791763181000",
        datetime(2026, 10, 12, 7, 59, 41),  # noqa: DTZ001 - as a workbook gives it
        46307.333113426,
        "46307.333113426",
    ],
)
def test_one_moment_in_many_forms(written: object) -> None:
    assert READER.read(written) == MORNING


@pytest.mark.parametrize(
    ("written", "hour", "minute"),
    [
        ("2026年10月12日7时5分", 7, 5),
        ("2026/10/12 7:05", 7, 5),
        ("2026/10/12 下午3:20", 15, 20),
        ("2026/10/12 上午12:10", 0, 10),
        ("2026/10/12 PM12:10", 12, 10),
        ("2026年10月12日", 0, 0),
        (date(2026, 10, 12), 0, 0),
        (46307, 0, 0),
    ],
)
def test_forms_without_seconds(written: object, hour: int, minute: int) -> None:
    assert READER.read(written) == datetime(2026, 10, 12, hour, minute, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    "written",
    [
        "昨天下午",
        "20261301250000",
        "2026-02-30 10:00:00",
        "not-a-time",
        "20261012",
        12,
        -5,
        True,
        "0001-01-01 00:00:00",
        "1979-12-31 12:00:00",
        "2100-01-01 00:00:00",
        float("inf"),
        "20260101000000000",
        "2026-10-12 25:00:00",
    ],
)
def test_what_is_no_time_is_told(written: object) -> None:
    with pytest.raises(UnreadableTime):
        READER.read(written)


def test_a_blank_cell_is_no_error() -> None:
    assert READER.read("  ") is None
    assert READER.read(None) is None


def test_the_profile_s_zone_holds_only_without_an_own() -> None:
    reader = time_reader(["iso"], ZoneInfo("Asia/Urumqi"))
    assert reader.read("2026-10-12 07:00:00") == datetime(2026, 10, 12, 1, 0, tzinfo=UTC)
    assert reader.read("2026-10-12T07:00:00+08:00") == datetime(2026, 10, 11, 23, 0, tzinfo=UTC)


@pytest.mark.parametrize("form", ["%Y-%Q", "%H:%M", "plain", "%Y %Y"])
def test_a_form_that_cannot_be_used_is_told(form: str) -> None:
    with pytest.raises(TimeFormError):
        time_reader([form], SHANGHAI)


@given(st.one_of(st.text(), st.integers(), st.floats(), st.none(), st.booleans(), st.datetimes()))
def test_reading_a_time_raises_nothing_else(value: object) -> None:
    try:
        moment = READER.read(value)
    except UnreadableTime:
        return
    assert moment is None or moment.utcoffset() == timedelta(0)


@given(st.datetimes(min_value=datetime(1992, 1, 1), max_value=datetime(2099, 12, 30)))  # noqa: DTZ001
def test_each_form_reads_back_what_was_written(moment: datetime) -> None:
    second = moment.replace(microsecond=0)
    expected = second.replace(tzinfo=SHANGHAI)
    assert READER.read(second.strftime("%Y%m%d%H%M%S")) == expected
    assert READER.read(second.isoformat(sep=" ")) == expected
    assert READER.read(second.strftime("%Y年%m月%d日 %H:%M:%S")) == expected
    assert READER.read(int(expected.timestamp() * 1000)) == expected
    serial = (second - datetime(1899, 12, 30)) / timedelta(days=1)  # noqa: DTZ001
    assert READER.read(serial) == expected
