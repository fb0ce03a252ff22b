"""Who is on duty: rotations, shifts, overrides, and the night's choices."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from routing.errors import RosterError
from routing.rosters.duty import count_on_duty, next_change, on_duty, week
from routing.rosters.night import expected_wait_s, mean_service_s, night_options
from routing.rosters.roster import Override, Roster, Rotation, Shift, WeeklyWindow, roster_of

SHANGHAI = ZoneInfo("Asia/Shanghai")
MONDAY = datetime(2026, 3, 2, 9, tzinfo=SHANGHAI)
DAYS = Rotation("lawyers", "白天", (1, 2, 3), MONDAY, 1, "days")


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """A local time in March 2026, as UTC."""
    return datetime(2026, 3, day, hour, minute, tzinfo=SHANGHAI).astimezone(UTC)


def test_people_take_turns_at_the_hand_over():
    roster = Roster("lawyers", (DAYS,))
    assert on_duty(roster, at(2, 8, 59)) == ()
    assert [on_duty(roster, at(day, 9)) for day in (2, 3, 4, 5)] == [(1,), (2,), (3,), (1,)]
    assert on_duty(roster, at(3, 8, 59)) == (1,)
    assert next_change(roster, at(3, 12)) == at(4, 9)


def test_several_at_a_time_move_on_together():
    roster = Roster("lawyers", (Rotation("lawyers", "r", (1, 2, 3, 4, 5), MONDAY, 12, "hours", headcount=2),))
    assert [on_duty(roster, at(2, 9)), on_duty(roster, at(2, 21)), on_duty(roster, at(3, 9))] == [
        (1, 2),
        (3, 4),
        (1, 5),
    ]
    everyone = Roster("lawyers", (Rotation("lawyers", "r", (7, 8), MONDAY, 1, "weeks", headcount=9),))
    assert on_duty(everyone, at(20, 9)) == (7, 8)
    assert next_change(everyone, at(20, 9)) is None


def test_a_rotation_without_people_and_one_that_ended_have_nobody():
    assert on_duty(Roster("lawyers", (Rotation("lawyers", "r", (), MONDAY, 1, "days"),)), at(3, 12)) == ()
    ended = Rotation("lawyers", "r", (1,), MONDAY, 1, "days", end=at(4, 9))
    assert on_duty(Roster("lawyers", (ended,)), at(4, 8)) == (1,)
    assert on_duty(Roster("lawyers", (ended,)), at(4, 9)) == ()
    assert next_change(Roster("lawyers", (ended,)), at(3, 12)) == at(4, 9)


def test_a_night_window_reaches_into_the_next_day():
    nights = WeeklyWindow(frozenset({5}), 22 * 60, 7 * 60)  # Friday night only
    roster = Roster("lawyers", (Rotation("lawyers", "r", (1,), MONDAY, 1, "weeks", windows=(nights,)),))
    assert on_duty(roster, at(6, 21, 59)) == ()
    assert on_duty(roster, at(6, 22)) == (1,)
    assert on_duty(roster, at(7, 6, 59)) == (1,)
    assert on_duty(roster, at(7, 7)) == ()
    assert on_duty(roster, at(7, 22)) == ()
    assert next_change(roster, at(7, 8)) == at(13, 22)


def test_shifts_and_rotations_add_up_without_repeats():
    roster = Roster(
        "lawyers", (DAYS,), (Shift("lawyers", 1, at(2, 9), at(2, 12)), Shift("lawyers", 9, at(2, 9), at(2, 12)))
    )
    assert on_duty(roster, at(2, 10)) == (1, 9)
    assert on_duty(roster, at(2, 12)) == (1,)


def test_overrides_win_and_later_ones_over_earlier():
    day = (at(2, 0), at(3, 0))
    swap = Override("lawyers", "replace", 1, *day, substitute_id=8)
    assert on_duty(Roster("lawyers", (DAYS,), (), (swap,)), at(2, 10)) == (8,)
    off = Override("lawyers", "remove", 8, *day)
    assert on_duty(Roster("lawyers", (DAYS,), (), (swap, off)), at(2, 10)) == ()
    extra = Override("lawyers", "add", 8, *day)
    assert on_duty(Roster("lawyers", (DAYS,), (), (swap, off, extra)), at(2, 10)) == (8,)
    # who is not on duty has nobody stand in
    absent = Override("lawyers", "replace", 3, *day, substitute_id=8)
    assert on_duty(Roster("lawyers", (DAYS,), (), (absent,)), at(2, 10)) == (1,)


def test_a_week_is_covered_without_gap_or_overlap():
    spans = week(Roster("lawyers", (DAYS,)), date(2026, 3, 2))
    assert spans[0].user_ids == ()
    assert [span.user_ids for span in spans[1:]] == [(1,), (2,), (3,), (1,), (2,), (3,), (1,)]
    assert spans[0].start == at(2, 0)
    assert spans[-1].end == at(9, 0)
    assert all(before.end == after.start for before, after in itertools.pairwise(spans))


def test_rosters_are_told_apart_by_queue():
    other = Shift("police", 5, at(2, 9), at(2, 12))
    rosters = {queue: roster_of(queue, [DAYS], [other]) for queue in ("lawyers", "police")}
    assert on_duty(rosters["lawyers"], at(2, 10)) == (1,)
    assert count_on_duty(rosters, "police", at(2, 10)) == 1
    assert count_on_duty(rosters, "police", at(2, 12)) == 0
    assert count_on_duty(rosters, "mediators", at(2, 10)) == 0
    assert count_on_duty(rosters, "mediators", at(2, 10), unrostered=1) == 1


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Rotation("q", "夜", (1, 1), MONDAY, 1, "days"), "重复"),
        (lambda: Rotation("q", "夜", (1,), MONDAY, 0, "days"), "班次长度"),
        (lambda: Rotation("q", "夜", (1,), MONDAY, 1, "days", headcount=0), "每班人数"),
        (lambda: Rotation("q", "夜", (1,), MONDAY.replace(tzinfo=None), 1, "days"), "时区"),
        (lambda: Shift("q", 1, at(2, 9), at(2, 9)), "不晚于"),
        (lambda: Override("q", "replace", 1, at(2, 9), at(2, 10)), "替班"),
        (lambda: Override("q", "add", 1, at(2, 9), at(2, 10), substitute_id=2), "替班"),
        (lambda: WeeklyWindow(frozenset({0}), 0, 60), "星期"),
        (lambda: WeeklyWindow(frozenset({1}), 1440, 60), "开始"),
        (lambda: WeeklyWindow(frozenset({1}), 0, 0), "结束"),
    ],
)
def test_values_that_make_no_sense_are_refused_by_name(make, said):
    with pytest.raises(RosterError, match=said):
        make()


def test_the_wait_is_shared_by_those_on_duty():
    assert expected_wait_s(ahead=5, on_duty=2, free=0, service_s=600) == 1800
    assert expected_wait_s(ahead=0, on_duty=2, free=1, service_s=600) == 0
    assert expected_wait_s(ahead=0, on_duty=2, free=0, service_s=600) == 300
    assert expected_wait_s(ahead=0, on_duty=0, free=0, service_s=600) is None


def test_real_lengths_outweigh_the_usual_one_as_they_come_in():
    assert mean_service_s([], 600) == 600
    assert mean_service_s([300] * 5, 600) == 450
    assert abs(mean_service_s([300] * 995, 600) - 301.5) < 1e-9


def test_two_lawyers_at_night_leave_the_caller_three_choices(policy):
    choices = night_options(policy.queue("lawyers"), 1750, 2, at(2, 23))
    assert [choice.option for choice in choices] == ["wait", "callback", "message"]
    assert choices[0].expected_wait_s == 1750
    assert "约30分钟" in choices[0].text
    assert "2位" in choices[0].text
    assert (choices[1].window_start, choices[1].window_end) == (at(3, 9), at(3, 18))
    assert "明天09:00至18:00" in choices[1].text


def test_nobody_on_duty_leaves_call_back_and_message(policy):
    choices = night_options(policy.queue("lawyers"), None, 0, at(2, 17, 30))
    assert [choice.option for choice in choices] == ["callback", "message"]
    assert choices[0].window_start == at(3, 9)


def test_a_call_back_today_starts_now_at_the_earliest(policy):
    noon, early = at(2, 12), at(2, 1)
    assert night_options(policy.queue("lawyers"), None, 0, noon)[0].window_start == noon
    assert night_options(policy.queue("lawyers"), None, 0, early)[0].window_start == at(2, 9)
