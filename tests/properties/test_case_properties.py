"""What holds for cases whatever happens: states, deadlines by the calendar, what brings a call back to the police."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.files import ConfigFiles
from routing.cases.deadlines import (
    NEARNESS,
    OBJECTION_WORKDAYS,
    REPLY_WORKDAYS,
    due_at,
    nearness,
    objection_until,
)
from routing.cases.states import ALL, BEGINNINGS, OPEN, TRANSITIONS, UndertakingState
from routing.police_returns.declined import KnownDanger, is_new, queue_instead
from routing.police_returns.terms import CLASSES, REASONS
from routing.policy.facts import LOCAL_ZONE
from routing.policy.loading import read_policy
from routing.policy.settings import Policy
from routing.policy.workdays import Workdays

#: Years the State Council has published, and one it may not have.
MOMENTS = st.integers(0, 3 * 365 * 24 * 60).map(lambda n: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=n))
DANGERS = st.builds(
    KnownDanger, st.integers(0, 2), st.frozensets(st.sampled_from(["violence", "weapon", "fire", "self_harm"]))
)


def _reached(start: set[UndertakingState]) -> set[UndertakingState]:
    found, todo = set(start), list(start)
    while todo:
        for following in TRANSITIONS[todo.pop()] - found:
            found.add(following)
            todo.append(following)
    return found


def test_every_state_is_reached_and_every_open_one_can_end() -> None:
    assert _reached(set(BEGINNINGS)) == set(ALL)
    ends = {state for state in ALL if not TRANSITIONS[state]}
    assert ends == {"appraised", "handed_on"}
    for state in ALL:
        assert _reached({state}) & ends, f"{state} could never end"
    assert not ends & OPEN


@given(MOMENTS)
def test_a_department_has_whole_workdays(dispatched: datetime) -> None:
    calendar = Workdays()
    for until, count in (
        (due_at("departments", dispatched, None, calendar), REPLY_WORKDAYS),
        (objection_until(dispatched, calendar), OBJECTION_WORKDAYS),
    ):
        first, last = dispatched.astimezone(LOCAL_ZONE).date(), until.astimezone(LOCAL_ZONE).date()
        days = [first + timedelta(days=n) for n in range(1, (last - first).days + 1)]
        assert sum(calendar.kind(day).workday for day in days) == count
        assert calendar.kind(last).workday, "it ends on a day on which people work"
        assert until > dispatched
    assert objection_until(dispatched, calendar) < due_at("departments", dispatched, None, calendar)


@given(MOMENTS, MOMENTS, MOMENTS)
def test_the_nearer_deadline_never_looks_farther(now: datetime, one: datetime, other: datetime) -> None:
    order = list(NEARNESS)
    nearer, farther = sorted((one, other))
    assert order.index(nearness(nearer, now)) <= order.index(nearness(farther, now))
    assert (nearness(nearer, now) == "overdue") == (nearer <= now)


@given(DANGERS, DANGERS)
def test_only_danger_that_was_not_known_is_new(known: KnownDanger, now: KnownDanger) -> None:
    assert not is_new(known, known)
    assert not is_new(known, KnownDanger(0, frozenset()))
    if now.level > known.level or (now.level and now.kinds - known.kinds):
        assert is_new(known, now)


@pytest.fixture(scope="module")
def shipped() -> Policy:
    return read_policy(ConfigFiles())


@pytest.mark.parametrize("reason", REASONS)
@pytest.mark.parametrize("violence", [False, True])
def test_no_police_matter_never_goes_back_to_the_police(shipped: Policy, reason: str, violence: bool) -> None:
    destination = shipped.queue(queue_instead(shipped, reason, violence=violence)).destination
    assert destination != "police"
    assert not (violence and destination == "mediators"), "violence is never mediated away"
    if reason not in CLASSES:
        assert destination == "operators"
