"""Who may take an item, whom it is offered to, and what answering or refusing costs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from routing.queues.agents import AgentView, ItemView
from routing.queues.eligibility import available, matches, order_items
from routing.queues.penalties import after_answer, after_completion, after_no_answer, after_refusal, after_wrap_up
from routing.queues.strategies import STRATEGIES, choose_agent
from routing.queues.tiers import TierRules, next_opening_s, open_levels

NOW = datetime(2026, 3, 2, 3, tzinfo=UTC)
RULES = TierRules(wait_s=30)


def agent(user_id: int = 1, **changes: object) -> AgentView:
    return replace(AgentView(user_id, "available", NOW - timedelta(minutes=user_id)), **changes)


def item(**changes: object) -> ItemView:
    return replace(ItemView(1, 5, NOW, topics=("labour", "debt"), grid="330106.003.012"), **changes)


def offer(strategy: str, agents: list[AgentView], waited_s: float = 0, **options: object) -> int | None:
    waiting = item(enqueued_at=NOW - timedelta(seconds=waited_s))
    chosen = choose_agent(strategy, waiting, agents, NOW, **{"tiers": RULES, **options})
    return None if chosen is None else chosen.user_id


def test_an_agent_without_skills_grids_or_languages_takes_anything():
    assert matches(agent(), item(language="粤语"))


@pytest.mark.parametrize(
    ("has", "fits"),
    [
        ({"skills": frozenset({"labour"})}, True),
        ({"skills": frozenset({"debt", "medical"})}, True),
        ({"skills": frozenset({"medical"})}, False),
        ({"grids": frozenset({"330106"})}, True),
        ({"grids": frozenset({"330106.003.012"})}, True),
        ({"grids": frozenset({"330106.003.0"})}, False),
        ({"grids": frozenset({"330107"})}, False),
        ({"skills": frozenset({"labour"}), "grids": frozenset({"330107"})}, False),
    ],
)
def test_skill_and_grid_must_both_fit(has, fits):
    assert matches(agent(**has), item()) is fits
    assert matches(agent(**has), item(topics=(), grid=None))


def test_language_must_fit_where_one_is_asked_for():
    speaker = agent(languages=frozenset({"粤语"}))
    assert matches(speaker, item(language="粤语"))
    assert not matches(speaker, item(language="维吾尔语"))
    assert matches(speaker, item(language=None))


@pytest.mark.parametrize(
    "changes",
    [
        {"presence": "on_call"},
        {"presence": "paused"},
        {"presence": "offline"},
        {"wrap_up_until": NOW + timedelta(seconds=1)},
        {"penalty_until": NOW + timedelta(seconds=1)},
        {"open_calls": 3},
    ],
)
def test_who_is_busy_wrapping_up_in_penalty_or_at_the_limit_is_not_offered(changes):
    assert available(agent(), NOW, fair_limit=3)
    assert not available(agent(**changes), NOW, fair_limit=3)
    assert offer("top-down", [agent(**changes)], fair_limit=3) is None


def test_wrap_up_and_penalty_end_on_the_second():
    assert available(agent(wrap_up_until=NOW, penalty_until=NOW), NOW)


def test_order_is_priority_then_wait_then_closeness():
    old, urgent = item(id=1, enqueued_at=NOW - timedelta(hours=1)), item(id=2, priority=1)
    near, far = item(id=3, grid="330106.003"), item(id=4, grid=None, topics=())
    order = [entry.id for entry in order_items([far, near, old, urgent], agent(grids=frozenset({"330106"})))]
    assert order == [2, 1, 3, 4]
    assert [entry.id for entry in order_items([old, urgent], agent(skills=frozenset({"medical"})))] == []


def test_longest_idle_counts_from_the_last_completed_call():
    idle = [
        agent(1, last_completed_at=NOW - timedelta(minutes=5)),
        agent(2, last_completed_at=NOW - timedelta(minutes=50)),
        agent(3, last_completed_at=NOW - timedelta(minutes=1)),
    ]
    assert offer("longest-idle-agent", idle) == 2


def test_fewest_calls_and_top_down():
    agents = [agent(1, calls_taken_today=4, position=1), agent(2, calls_taken_today=1, position=2)]
    assert offer("agent-with-fewest-calls", agents) == 2
    assert offer("top-down", agents) == 1


def test_round_robin_goes_on_after_the_last_and_begins_again():
    agents = [agent(n, position=n) for n in (1, 2, 3)]
    assert offer("round-robin", agents) == 1
    assert offer("round-robin", agents, last_offered=agents[0]) == 2
    assert offer("round-robin", agents, last_offered=agents[2]) == 1
    assert offer("round-robin", [agents[0], agents[2]], last_offered=agents[1]) == 3


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_further_tier_waits_while_the_nearer_has_somebody(strategy):
    busy, second = agent(1), agent(2, tier_level=2)
    assert offer(strategy, [busy, second]) == 1
    away = agent(1, presence="on_call")
    assert offer(strategy, [away, second], tiers=TierRules(30, no_agent_no_wait=False), waited_s=29) is None
    assert offer(strategy, [away, second], tiers=TierRules(30, no_agent_no_wait=False), waited_s=30) == 2
    assert offer(strategy, [away, second], waited_s=0) == 2


def test_a_tier_of_people_without_the_skill_counts_as_empty():
    first = agent(1, skills=frozenset({"medical"}))
    assert offer("top-down", [first, agent(2, tier_level=2)]) == 2


def test_tiers_open_one_after_another():
    agents = [agent(1), agent(2, tier_level=2), agent(3, tier_level=5, presence="paused"), agent(4, tier_level=9)]
    opened = [open_levels(agents, waited, NOW, RULES) for waited in (0, 29, 30, 59, 60)]
    assert opened == [(1,), (1,), (1, 2), (1, 2), (1, 2, 5, 9)]
    assert next_opening_s(agents, 10, NOW, RULES) == 20
    assert next_opening_s(agents, 45, NOW, RULES) == 15
    assert next_opening_s(agents, 60, NOW, RULES) is None
    assert open_levels([], 999, NOW, RULES) == ()


def test_missed_offers_bring_a_penalty_and_then_a_pause():
    missed = agent(presence="ringing")
    for number in (1, 2, 3):
        missed = after_no_answer(missed, NOW, penalty_s=30, pause_after=3)
        assert missed.no_answers == number
        assert missed.presence == ("paused" if number == 3 else "available")
        assert not available(missed, NOW)
    assert after_no_answer(agent(no_answers=99), NOW, penalty_s=0, pause_after=0).presence == "available"


def test_a_refusal_brings_a_penalty_but_no_pause():
    refused = after_refusal(agent(presence="ringing", no_answers=2), NOW, penalty_s=60)
    assert (refused.presence, refused.no_answers) == ("available", 0)
    assert not available(refused, NOW + timedelta(seconds=59))
    assert available(refused, NOW + timedelta(seconds=60))


def test_from_answer_over_wrap_up_to_available():
    talking = after_answer(agent(no_answers=2), NOW)
    assert (talking.presence, talking.open_calls, talking.calls_taken_today, talking.no_answers) == ("on_call", 1, 1, 0)
    done = after_completion(talking, NOW, wrap_up_s=60)
    assert (done.presence, done.open_calls, done.last_completed_at) == ("wrap_up", 0, NOW)
    assert after_wrap_up(done, NOW + timedelta(seconds=59)) == done
    ready = after_wrap_up(done, NOW + timedelta(seconds=75))
    assert ready.presence == "available"
    assert ready.since == NOW + timedelta(seconds=60)
    assert available(ready, NOW + timedelta(seconds=75))


def test_another_open_call_comes_before_wrap_up():
    talking = agent(presence="on_call", open_calls=2)
    assert after_completion(talking, NOW, wrap_up_s=60).presence == "on_call"
    assert after_completion(agent(presence="on_call", open_calls=1), NOW, wrap_up_s=0).presence == "available"
