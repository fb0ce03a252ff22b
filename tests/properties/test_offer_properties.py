"""What holds for every choice of an agent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from routing.queues.agents import PRESENCES, AgentView, ItemView
from routing.queues.eligibility import available, matches
from routing.queues.strategies import STRATEGIES, choose_agent
from routing.queues.tiers import TierRules, open_levels

NOW = datetime(2026, 3, 2, 3, tzinfo=UTC)
CODES = ["labour", "debt", "medical"]
GRIDS = ["330106", "330106.003", "330107"]

near = st.integers(-300, 300).map(lambda s: NOW + timedelta(seconds=s))
past = st.integers(0, 3000).map(lambda s: NOW - timedelta(seconds=s))


def agents_list() -> st.SearchStrategy[list[AgentView]]:
    agent = st.builds(
        AgentView,
        user_id=st.integers(1, 1000),
        presence=st.sampled_from(PRESENCES) | st.just("available"),
        since=past,
        skills=st.frozensets(st.sampled_from(CODES), max_size=2),
        grids=st.frozensets(st.sampled_from(GRIDS), max_size=2),
        languages=st.frozensets(st.sampled_from(["粤语", "闽南语"]), max_size=1),
        tier_level=st.integers(1, 4),
        position=st.integers(1, 5),
        penalty_until=st.none() | near,
        last_completed_at=st.none() | past,
        calls_taken_today=st.integers(0, 9),
        wrap_up_until=st.none() | near,
        open_calls=st.integers(0, 3),
    )
    return st.lists(agent, max_size=8, unique_by=lambda a: a.user_id)


items = st.builds(
    ItemView,
    id=st.integers(1, 10**6),
    priority=st.integers(1, 9),
    enqueued_at=past,
    topics=st.lists(st.sampled_from(CODES), max_size=2, unique=True).map(tuple),
    language=st.none() | st.just("粤语"),
    grid=st.none() | st.sampled_from(["330106", "330106.003.012", "330107"]),
)
rules = st.builds(TierRules, wait_s=st.integers(0, 600), no_agent_no_wait=st.booleans())
limits = st.none() | st.integers(1, 3)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(STRATEGIES), items, agents_list(), rules, limits, st.data())
def test_only_free_matching_agents_of_open_tiers_are_offered(strategy, item, agents, tiers, limit, data):
    last = data.draw(st.none() | st.sampled_from(agents)) if agents else None
    chosen = choose_agent(strategy, item, agents, NOW, tiers=tiers, fair_limit=limit, last_offered=last)
    suited = [agent for agent in agents if matches(agent, item)]
    levels = open_levels(suited, item.waited_s(NOW), NOW, tiers, fair_limit=limit)
    free = [a for a in suited if available(a, NOW, fair_limit=limit) and a.tier_level in levels]
    if chosen is None:
        assert not free
    else:
        assert chosen in free
        assert chosen.tier_level == min(agent.tier_level for agent in free)


@settings(max_examples=200, deadline=None)
@given(agents_list(), rules, st.floats(0, 3000), st.floats(0, 3000), limits)
def test_tiers_only_ever_open(agents, tiers, one, other, limit):
    sooner = open_levels(agents, min(one, other), NOW, tiers, fair_limit=limit)
    later = open_levels(agents, max(one, other), NOW, tiers, fair_limit=limit)
    assert later[: len(sooner)] == sooner
    assert bool(sooner) == bool(agents)


@settings(max_examples=200, deadline=None)
@given(agents_list(), items)
def test_with_a_rota_by_turns_everybody_free_in_the_tier_gets_a_turn(agents, item):
    tiers = TierRules(wait_s=10**6)
    free = [agent for agent in agents if matches(agent, item) and available(agent, NOW)]
    if not free:
        return
    level = min(agent.tier_level for agent in free)
    tier = {agent.user_id for agent in free if agent.tier_level == level}
    last, seen = None, []
    for _ in tier:
        last = choose_agent("round-robin", item, agents, NOW, tiers=tiers, last_offered=last)
        if last is None:  # a nearer tier is staffed by people who are busy, and keeps the item waiting
            return
        seen.append(last.user_id)
    assert set(seen) == tier
