"""Who may take an item, whom it is offered to, and what answering or refusing costs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from routing.queues.agents import AgentView, ItemView
from routing.queues.eligibility import available, matches
from routing.queues.strategies import STRATEGIES, choose_agent
from routing.queues.tiers import TierRules, open_levels

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
    assert open_levels([], 999, NOW, RULES) == ()
