"""To whom an item is offered (FreeSWITCH mod_callcenter's strategies)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Literal

from routing.queues.agents import AgentView, ItemView
from routing.queues.eligibility import available, matches
from routing.queues.tiers import TierRules, open_levels

Strategy = Literal["longest-idle-agent", "round-robin", "top-down", "agent-with-fewest-calls"]
STRATEGIES: tuple[Strategy, ...] = ("longest-idle-agent", "round-robin", "top-down", "agent-with-fewest-calls")


def choose_agent(
    strategy: Strategy,
    item: ItemView,
    agents: Iterable[AgentView],
    now: datetime,
    *,
    tiers: TierRules,
    fair_limit: int | None = None,
    last_offered: AgentView | None = None,
) -> AgentView | None:
    """The agent the item is offered to now, None while nobody may have it.

    Only agents who match the item, are available and stand in an open tier are
    looked at; a nearer tier always goes before a further one. ``last_offered`` is
    where ``round-robin`` goes on from: the agent who had this queue's latest offer.
    Whom the item goes to first are a tier before all others.
    """
    suited = [agent for agent in agents if matches(agent, item)]
    near = [agent for agent in suited if agent.user_id in item.first]
    there = any(available(agent, now, fair_limit=fair_limit) for agent in near)
    if near and (there or not tiers.no_agent_no_wait) and item.waited_s(now) < tiers.wait_s:
        suited = near
    free = [agent for agent in suited if available(agent, now, fair_limit=fair_limit)]
    levels = open_levels(suited, item.waited_s(now), now, tiers, fair_limit=fair_limit)
    for level in levels:
        tier = [agent for agent in free if agent.tier_level == level]
        if tier:
            return _round_robin(tier, last_offered) if strategy == "round-robin" else min(tier, key=_ORDER[strategy])
    return None


def _idle(agent: AgentView) -> tuple[datetime, int, int]:
    """Idle since the last call ended, or since presence began where none was taken."""
    return (agent.last_completed_at or agent.since, agent.position, agent.user_id)


def _top_down(agent: AgentView) -> tuple[int, int]:
    return (agent.position, agent.user_id)


def _fewest(agent: AgentView) -> tuple[int, datetime, int, int]:
    return (agent.calls_taken_today, *_idle(agent))


_ORDER: dict[str, Callable[[AgentView], tuple[object, ...]]] = {
    "longest-idle-agent": _idle,
    "top-down": _top_down,
    "agent-with-fewest-calls": _fewest,
}


def _round_robin(tier: list[AgentView], last: AgentView | None) -> AgentView:
    """The next after ``last`` in the order of positions, from the start again after the end."""
    order = sorted(tier, key=_top_down)
    if last is None or last.tier_level != order[0].tier_level:
        return order[0]
    return next((agent for agent in order if _top_down(agent) > _top_down(last)), order[0])
