"""Rosters from Excel and ICS: good rows kept, bad ones named."""

from __future__ import annotations

import io
import re
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import xlsxwriter

from routing.errors import RosterError
from routing.rosters.excel import read_excel
from routing.rosters.ics import read_ics
from routing.rosters.imported import NamedShift, resolve_names
from routing.rosters.roster import Shift

QUEUES = {"值班律师": "lawyers", "lawyers": "lawyers", "调解员": "mediators"}
SHANGHAI = ZoneInfo("Asia/Shanghai")


def at(day: int, hour: int, minute: int = 0, month: int = 3) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=SHANGHAI).astimezone(UTC)


def workbook(rows: list[list[Any]], *, merge: tuple[int, int, int, int, Any] | None = None) -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out)
    sheet = book.add_worksheet("三月")
    formats = {
        datetime: book.add_format({"num_format": "yyyy-mm-dd hh:mm"}),
        date: book.add_format({"num_format": "yyyy-mm-dd"}),
        time: book.add_format({"num_format": "hh:mm"}),
    }
    for r, row in enumerate(rows):
        for c, cell in enumerate(row):
            if type(cell) in formats:
                sheet.write_datetime(r, c, cell, formats[type(cell)])
            elif cell is not None:
                sheet.write(r, c, cell)
    if merge:
        *where, value = merge
        sheet.merge_range(*where, "")
        sheet.write_datetime(where[0], where[1], value, formats[date])
    book.close()
    return out.getvalue()


def test_a_plain_sheet_with_a_title_above_and_two_names_in_a_cell():
    data = workbook(
        [
            ["三月份值班表"],
            [],
            ["值班日期", "班 次", "上班时间", "下班时间", "值班律师", "岗位"],
            [date(2026, 3, 2), "白班", time(9, 0), time(17, 30), "周正、吴敏", "值班律师"],
            ["2026年3月3日", None, "17:30", "次日8点半", "郑重", "lawyers"],
        ]
    )
    found = read_excel(data, QUEUES)
    assert found.problems == ()
    assert [(s.row, s.name, s.queue, s.start, s.end) for s in found.shifts] == [
        ("第4行", "周正", "lawyers", at(2, 9), at(2, 17, 30)),
        ("第4行", "吴敏", "lawyers", at(2, 9), at(2, 17, 30)),
        ("第5行", "郑重", "lawyers", at(3, 17, 30), at(4, 8, 30)),
    ]


def test_named_shifts_have_hours_and_nights_end_on_the_next_day():
    data = workbook([["日期", "班次", "姓名"], ["2026/3/2", "夜班", "周正"], ["2026.3.3", "全天", "吴敏"]])
    found = read_excel(data, QUEUES, default_queue="lawyers")
    assert [(s.start, s.end) for s in found.shifts] == [(at(2, 17), at(3, 9)), (at(3, 0), at(4, 0))]
    own = read_excel(data, QUEUES, default_queue="lawyers", shift_hours={"夜班": (20, 8), "全天": (8, 8)})
    assert [(s.start, s.end) for s in own.shifts] == [(at(2, 20), at(3, 8)), (at(3, 8), at(4, 8))]


def test_a_merged_date_counts_for_all_its_rows():
    rows = [["日期", "班次", "姓名"], [None, "白班", "周正"], [None, "夜班", "吴敏"]]
    data = workbook(rows, merge=(1, 0, 2, 0, date(2026, 3, 2)))
    found = read_excel(data, QUEUES, default_queue="lawyers")
    assert [(s.name, s.start) for s in found.shifts] == [("周正", at(2, 9)), ("吴敏", at(2, 17))]


def test_bad_rows_are_named_and_good_ones_kept():
    data = workbook(
        [
            ["日期", "班次", "开始", "结束", "姓名", "队列"],
            ["3月2日", "白班", None, None, "周正", "值班律师"],
            ["2026-02-30", "白班", None, None, "周正", "值班律师"],
            [None, "白班", None, None, "周正", "值班律师"],
            ["2026-03-02", "白班", None, None, None, "值班律师"],
            ["2026-03-02", "花班", None, None, "周正", "值班律师"],
            ["2026-03-02", None, "9:00", "很晚", "周正", "值班律师"],
            ["2026-03-02", None, "9:00", "25:00", "周正", "值班律师"],
            ["2026-03-02", "白班", None, None, "周正", "公证员"],
            ["2026-03-02", "白班", None, None, "周正", None],
            [12, "白班", None, None, "周正", "值班律师"],
            ["2026-03-02", "白班", None, None, "吴敏", "值班律师"],
        ]
    )
    found = read_excel(data, QUEUES)
    assert [(p.row, p.field) for p in found.problems] == [
        ("第2行", "日期"),
        ("第3行", "日期"),
        ("第4行", "日期"),
        ("第5行", "姓名"),
        ("第6行", "班次"),
        ("第7行", "结束"),
        ("第8行", "结束"),
        ("第9行", "队列"),
        ("第10行", "队列"),
        ("第11行", "日期"),
    ]
    assert [s.name for s in found.shifts] == ["吴敏"]
    with pytest.raises(RosterError, match="第2行 日期：“3月2日”不是完整日期"):
        found.require_clean()


def test_a_file_that_is_no_roster_says_what_is_missing():
    with pytest.raises(RosterError, match="另存为xlsx"):
        read_excel(b"not a workbook", QUEUES)
    with pytest.raises(RosterError, match="“日期”和“姓名”"):
        read_excel(workbook([["电话", "地址"]]), QUEUES)


def test_names_are_matched_with_users():
    shifts = [
        NamedShift(f"第{n}行", name, "lawyers", at(2, 9), at(2, 17))
        for n, name in ((2, "周 正"), (3, "无名"), (4, "周正"))
    ]
    resolved, problems = resolve_names(shifts, {"周正": 7})
    assert resolved == (Shift("lawyers", 7, at(2, 9), at(2, 17)),)
    assert [(p.row, p.field) for p in problems] == [("第3行", "姓名")]
    assert "无名" in problems[0].reason


def calendar(*events: str) -> bytes:
    body = "".join(f"BEGIN:VEVENT\r\n{event.strip()}\r\nEND:VEVENT\r\n".replace("\n    ", "\r\n") for event in events)
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//\r\n{body}END:VCALENDAR\r\n".encode()


def test_single_repeated_moved_and_skipped_events():
    data = calendar(
        """UID:a
    SUMMARY:周正、吴敏
    CATEGORIES:值班律师
    DTSTART;TZID=Asia/Shanghai:20260302T090000
    DTEND;TZID=Asia/Shanghai:20260302T170000""",
        """UID:b
    SUMMARY:郑重
    LOCATION:调解员
    DTSTART;TZID=Asia/Shanghai:20260302T200000
    DURATION:PT12H
    RRULE:FREQ=WEEKLY;BYDAY=MO,WE;COUNT=5
    EXDATE;TZID=Asia/Shanghai:20260304T200000""",
        """UID:b
    SUMMARY:孙平
    LOCATION:调解员
    RECURRENCE-ID;TZID=Asia/Shanghai:20260309T200000
    DTSTART;TZID=Asia/Shanghai:20260310T200000
    DURATION:PT12H""",
        """UID:c
    SUMMARY:作废
    STATUS:CANCELLED
    DTSTART:20260302T010000Z
    DTEND:20260302T020000Z""",
    )
    found = read_ics(data, QUEUES, start=at(1, 0), end=at(31, 0))
    assert found.problems == ()
    assert [(s.name, s.queue, s.start, s.end) for s in found.shifts] == [
        ("周正", "lawyers", at(2, 9), at(2, 17)),
        ("吴敏", "lawyers", at(2, 9), at(2, 17)),
        ("郑重", "mediators", at(2, 20), at(3, 8)),
        ("郑重", "mediators", at(11, 20), at(12, 8)),
        ("郑重", "mediators", at(16, 20), at(17, 8)),
        ("孙平", "mediators", at(10, 20), at(11, 8)),
    ]


def test_repeats_stay_within_the_span_and_all_day_events_last_a_day():
    data = calendar(
        """UID:d
    SUMMARY:周正
    DTSTART;VALUE=DATE:20260101
    RRULE:FREQ=DAILY""",
        """UID:e
    SUMMARY:吴敏
    DTSTART:20260101T220000
    DTEND:20260102T060000
    RRULE:FREQ=DAILY;UNTIL=20260303T220000""",
    )
    found = read_ics(data, QUEUES, start=at(2, 0), end=at(4, 0), default_queue="lawyers")
    assert [(s.name, s.start, s.end) for s in found.shifts] == [
        ("周正", at(2, 0), at(3, 0)),
        ("周正", at(3, 0), at(4, 0)),
        ("吴敏", at(1, 22), at(2, 6)),
        ("吴敏", at(2, 22), at(3, 6)),
        ("吴敏", at(3, 22), at(4, 6)),
    ]


def test_bad_events_are_named_and_good_ones_kept():
    data = calendar(
        "UID:f\n    DTSTART:20260302T010000Z\n    DTEND:20260302T020000Z",
        "UID:g\n    SUMMARY:周正\n    DTEND:20260302T020000Z",
        "UID:h\n    SUMMARY:周正\n    DTSTART:20260302T010000Z\n    DTEND:20260302T010000Z",
        "UID:i\n    SUMMARY:周正\n    DTSTART:20260302T010000Z",
        "UID:j\n    SUMMARY:周正\n    LOCATION:食堂\n    DTSTART:20260302T010000Z\n    DTEND:20260302T020000Z",
        "UID:k\n    SUMMARY:周正\n    CATEGORIES:lawyers\n    DTSTART:20260302T010000Z\n    DTEND:20260302T020000Z",
        "UID:l\n    SUMMARY:周正\n    CATEGORIES:lawyers\n    DTSTART:20200101T000000Z\n    DURATION:PT1M"
        "\n    RRULE:FREQ=SECONDLY",
    )
    found = read_ics(data, QUEUES, start=at(1, 0), end=at(31, 0))
    assert [p.field for p in found.problems] == ["标题", "类别", "类别", "类别", "类别", "重复规则"]
    assert "食堂" in found.problems[4].reason
    assert len(found.shifts) == 1
    timed = read_ics(data, QUEUES, start=at(1, 0), end=at(3, 0), default_queue="lawyers")
    assert [p.field for p in timed.problems] == ["标题", "开始", "结束", "结束", "重复规则"]


def test_a_file_that_is_no_calendar_is_refused():
    with pytest.raises(RosterError, match="日历文件不能读取"):
        read_ics(b"PK\x03\x04 no calendar", QUEUES, start=at(1, 0), end=at(2, 0))


def test_days_that_nobody_means_are_told_and_crash_nothing():
    rows = [["日期", "班次", "姓名"], ["9999-12-31", "夜班", "周正"], ["1890-01-01", "白班", "周正"]]
    found = read_excel(workbook([*rows, ["2026-03-02", "白班", "吴敏"]]), QUEUES, default_queue="lawyers")
    assert [(p.row, p.field) for p in found.problems] == [("第2行", "日期"), ("第3行", "日期")]
    assert [s.name for s in found.shifts] == ["吴敏"]
    data = calendar(
        "UID:a\n    SUMMARY:周正\n    DTSTART;VALUE=DATE:00010101",
        "UID:b\n    SUMMARY:周正\n    DTSTART:notadate\n    DTEND:20260302T020000Z",
        "UID:c\n    SUMMARY:周正\n    DTSTART:20260302T010000Z\n    DURATION:PT1H\n    RRULE:FREQ=WEEKLY;BYDAY=XX",
        "UID:d\n    SUMMARY:吴敏\n    DTSTART:20260302T010000Z\n    DURATION:PT1H",
    )
    timed = read_ics(data, QUEUES, start=at(1, 0), end=at(31, 0), default_queue="lawyers")
    assert [p.field for p in timed.problems] == ["开始", "日程", "重复规则"]
    assert not any(re.search("[a-z]{4}", p.reason) for p in timed.problems), "no parser's own words"
    assert [s.name for s in timed.shifts] == ["吴敏"]
