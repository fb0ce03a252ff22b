"""What must hold for any times of escalation and any moments at which somebody looks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from routing.danger.escalation import ALL, HOLDER, Escalation, Listener, shown, sounds

RAISED = datetime(2026, 11, 20, 8, tzinfo=UTC)
ROLES = ("operator", "police", "manager", "admin", "lawyer", "mediator", "department")


@st.composite
def rules(draw: st.DrawFn) -> Escalation:
    """Three times that rise."""
    times = sorted(draw(st.lists(st.integers(5, 3600), min_size=3, max_size=3, unique=True)))
    return Escalation(*times)


looks = st.lists(st.floats(0, 4000, allow_nan=False), min_size=1, max_size=30).map(sorted)
listeners = st.builds(Listener, st.integers(1, 5), st.sampled_from(ROLES), st.booleans())


@given(rules(), looks)
def test_every_stage_begins_once_in_order_and_never_early(given_rules: Escalation, seconds: list[float]) -> None:
    reached, begun = HOLDER, []
    for second in seconds:
        now = RAISED + timedelta(seconds=second)
        for stage in given_rules.due(reached, RAISED, now):
            assert second >= given_rules.after_s[stage - 1] - 1e-6
            begun.append(stage)
            reached = stage
    assert begun == list(range(1, reached + 1)), "a stage came twice, out of order or not at all"
    # however seldom anybody looked: by the last look everything due has begun
    assert reached == sum(seconds[-1] >= after - 1e-6 for after in given_rules.after_s)


@given(rules(), st.integers(HOLDER, ALL))
def test_the_countdown_ends_when_the_next_stage_begins(given_rules: Escalation, reached: int) -> None:
    then = given_rules.next_at(reached, RAISED)
    if reached == ALL:
        assert then is None
        return
    assert then is not None
    assert list(given_rules.due(reached, RAISED, then)) == [reached + 1]
    assert list(given_rules.due(reached, RAISED, then - timedelta(microseconds=1))) == []


@given(rules(), listeners, st.none() | st.integers(1, 5), st.integers(HOLDER, ALL - 1))
def test_whom_an_alarm_has_reached_it_does_not_leave(
    given_rules: Escalation, listener: Listener, holder: int | None, stage: int
) -> None:
    if sounds(stage, holder, listener, given_rules):
        assert sounds(stage + 1, holder, listener, given_rules)
        assert shown(stage, holder, listener, given_rules), "what sounds has to be seen"


@given(rules(), listeners, st.none() | st.integers(1, 5))
def test_first_it_sounds_only_at_the_holder_or_where_nobody_holds_at_the_operators(
    given_rules: Escalation, listener: Listener, holder: int | None
) -> None:
    expected = listener.user_id == holder or (holder is None and listener.role == "operator")
    assert sounds(HOLDER, holder, listener, given_rules) == expected
