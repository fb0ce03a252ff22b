"""Which tiers are open after a wait (mod_callcenter: tier-rule-wait-second, tier-rule-no-agent-no-wait)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from routing.queues.agents import AgentView
from routing.queues.eligibility import available


@dataclass(frozen=True, slots=True)
class TierRules:
    """When further tiers open."""

    wait_s: float
    """The n-th tier after the first opens after n times this wait."""
    no_agent_no_wait: bool = True
    """A tier with nobody available takes no share of the wait: the next opens at once."""


def open_levels(
    agents: Iterable[AgentView],
    waited_s: float,
    now: datetime,
    rules: TierRules,
    *,
    fair_limit: int | None = None,
) -> tuple[int, ...]:
    """The levels open to an item that waited ``waited_s`` seconds, nearest first.

    ``agents`` are those who match the item, whatever their presence. With a wait
    that grows, levels only ever open. Without agents no level is open.
    """
    staffed: dict[int, bool] = {}
    for agent in agents:
        free = available(agent, now, fair_limit=fair_limit)
        staffed[agent.tier_level] = staffed.get(agent.tier_level, False) or free
    levels = []
    needed_s = 0.0
    for level in sorted(staffed):
        if waited_s < needed_s:
            break
        levels.append(level)
        if staffed[level] or not rules.no_agent_no_wait:
            needed_s += rules.wait_s
    return tuple(levels)
