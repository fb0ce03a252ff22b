"""What holds for every roster."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from routing.rosters.duty import next_change, on_duty, week
from routing.rosters.roster import Override, Roster, Rotation, Shift, WeeklyWindow

START = datetime(2026, 3, 1, tzinfo=UTC)

people = st.integers(1, 6)
moments = st.integers(0, 40 * 24 * 4).map(lambda quarters: START + timedelta(minutes=15 * quarters))
lengths = st.integers(1, 200).map(lambda quarters: timedelta(minutes=15 * quarters))
windows = st.builds(
    WeeklyWindow,
    weekdays=st.frozensets(st.integers(1, 7), min_size=1),
    start_minute=st.integers(0, 95).map(lambda n: n * 15),
    end_minute=st.integers(1, 96).map(lambda n: n * 15),
)
rotations = st.builds(
    Rotation,
    queue=st.just("lawyers"),
    name=st.just("r"),
    participants=st.lists(people, max_size=5, unique=True).map(tuple),
    start=moments,
    shift_length=st.integers(1, 30),
    shift_unit=st.sampled_from(["hours", "days", "weeks"]),
    headcount=st.integers(1, 3),
    windows=st.lists(windows, max_size=2).map(tuple),
    end=st.none() | moments,
)
shifts = st.builds(lambda who, start, length: Shift("lawyers", who, start, start + length), people, moments, lengths)


@st.composite
def overrides(draw: st.DrawFn) -> Override:
    kind = draw(st.sampled_from(["add", "remove", "replace"]))
    start = draw(moments)
    substitute = draw(people) if kind == "replace" else None
    return Override("lawyers", kind, draw(people), start, start + draw(lengths), substitute)


rosters = st.builds(
    Roster,
    queue=st.just("lawyers"),
    rotations=st.lists(rotations, max_size=2).map(tuple),
    shifts=st.lists(shifts, max_size=3).map(tuple),
    overrides=st.lists(overrides(), max_size=3).map(tuple),
)


@settings(max_examples=100, deadline=None)
@given(rosters, moments, st.lists(st.floats(0, 0.999), min_size=1, max_size=6))
def test_duty_is_constant_until_the_next_change(roster, at, shares):
    now = on_duty(roster, at)
    horizon = timedelta(days=10)
    change = next_change(roster, at, horizon)
    assert change is None or at < change <= at + horizon
    until = change or at + horizon
    for share in shares:
        assert on_duty(roster, at + (until - at) * share) == now
    if change is not None:
        assert on_duty(roster, change) != now
        assert on_duty(roster, change - timedelta(seconds=1)) == now


@settings(max_examples=100, deadline=None)
@given(rosters, people, moments, lengths, st.floats(0, 0.999))
def test_the_latest_override_wins(roster, who, start, length, share):
    at = start + length * share
    for kind, expected in (("add", True), ("remove", False)):
        changed = Roster(
            roster.queue,
            roster.rotations,
            roster.shifts,
            (*roster.overrides, Override("lawyers", kind, who, start, start + length)),
        )
        assert (who in on_duty(changed, at)) is expected
        assert set(on_duty(changed, at)) - {who} == set(on_duty(roster, at)) - {who}
        assert on_duty(changed, start + length) == on_duty(roster, start + length)


@settings(max_examples=50, deadline=None)
@given(rosters, st.integers(0, 30))
def test_a_week_tells_what_on_duty_tells(roster, days):
    monday = (START + timedelta(days=days)).date()
    spans = week(roster, monday)
    assert spans[-1].end - spans[0].start == timedelta(days=7)
    for before, after in itertools.pairwise(spans):
        assert before.end == after.start
        assert before.user_ids != after.user_ids
    for span in spans:
        assert on_duty(roster, span.start) == span.user_ids
        assert on_duty(roster, span.end - timedelta(seconds=1)) == span.user_ids
