"""What holds for every planned week: gaps, overlaps, and what an imported roster changes."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from routing.rosters.duty import on_duty
from routing.rosters.planning import Duty, duties_of, gaps_of, mondays_of, overlaps, week_begin
from routing.rosters.roster import Shift
from routing.rosters.sheets import StoredShift, compare
from tests.properties.test_duty_properties import rosters

MONDAY = date(2026, 3, 9)
BEGIN = week_begin(MONDAY)
shares = st.lists(st.floats(0, 0.9999), min_size=1, max_size=12)
moments = st.integers(0, 7 * 24 * 4 - 1).map(lambda quarters: BEGIN + timedelta(minutes=15 * quarters))
lengths = st.integers(1, 100).map(lambda quarters: timedelta(minutes=15 * quarters))
queues = st.sampled_from(["lawyers", "police", "mediators"])
duties = st.lists(
    st.builds(lambda q, who, at, length: Duty(q, who, at, at + length), queues, st.integers(1, 3), moments, lengths),
    max_size=8,
)
shifts = st.lists(
    st.builds(lambda q, who, at, length: Shift(q, who, at, at + length), queues, st.integers(1, 3), moments, lengths),
    max_size=6,
    unique=True,
)


@settings(max_examples=60, deadline=None)
@given(rosters, shares)
def test_gaps_and_duties_say_the_same_as_on_duty_at_every_moment(roster, places):
    gaps, planned = gaps_of(roster, MONDAY), duties_of(roster, MONDAY)
    assert all(first.end < second.start for first, second in pairwise(gaps)), "disjoint and joined"
    for share in places:
        at = BEGIN + timedelta(days=7) * share
        present = set(on_duty(roster, at))
        assert any(gap.start <= at < gap.end for gap in gaps) == (not present)
        assert {duty.user_id for duty in planned if duty.start <= at < duty.end} == present


@settings(max_examples=150, deadline=None)
@given(duties, shares)
def test_an_overlap_stands_exactly_where_somebody_is_planned_twice(planned, places):
    found = overlaps(planned, lambda first, second: False)
    for share in places:
        at = BEGIN + timedelta(days=8) * share
        for who in (1, 2, 3):
            running = [duty for duty in planned if duty.user_id == who and duty.start <= at < duty.end]
            covered = any(each.user_id == who and each.start <= at < each.end for each in found)
            assert covered == (len(running) > 1)


@settings(max_examples=100, deadline=None)
@given(duties)
def test_queues_served_together_do_not_collide_but_doubled_shifts_always_do(planned):
    found = overlaps(planned, lambda first, second: True)
    assert all(first == second for first, second in (each.queues for each in found))
    alone = [each for each in overlaps(planned, lambda first, second: False) if each.queues[0] == each.queues[1]]
    assert sorted(found, key=repr) == sorted(alone, key=repr)


@settings(max_examples=150, deadline=None)
@given(shifts, shifts, st.booleans())
def test_an_import_leaves_the_file_and_nothing_else_of_its_days(new, standing, replace):
    stored = [StoredShift(number, shift) for number, shift in enumerate(standing, 1)]
    change = compare(new, stored, replace=replace)
    assert sorted((*change.added, *change.standing), key=repr) == sorted(new, key=repr), "nothing good is lost"
    after = {each.shift for each in stored if each not in change.removed} | set(change.added)
    assert set(new) <= after
    assert replace or not change.removed
    again = compare(new, [StoredShift(number, shift) for number, shift in enumerate(after, 1)], replace=replace)
    assert (again.added, again.removed) == ((), ()), "a second import changes nothing"
    kept = {shift for shift in after if shift.queue not in {each.queue for each in new}}
    assert kept == {shift for shift in standing if shift.queue not in {each.queue for each in new}}


@given(moments, lengths)
def test_a_shift_belongs_to_every_week_it_touches(start: datetime, length: timedelta):
    mondays = mondays_of(start, start + length)
    assert mondays == tuple(sorted(set(mondays)))
    for share in (0.0, 0.5, 0.9999):
        at = start + length * share
        assert any(week_begin(monday) <= at < week_begin(monday) + timedelta(days=7) for monday in mondays)
