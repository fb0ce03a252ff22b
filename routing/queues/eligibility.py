"""Whether an agent may take an item, and whether the agent is free to be offered one."""

from __future__ import annotations

from datetime import datetime

from routing.queues.agents import AgentView, ItemView

#: Joins the codes of a grid path, such as ``330106.003.012``.
GRID_SEPARATOR = "."


def matches(agent: AgentView, item: ItemView) -> bool:
    """Whether skill, language and grid fit, and the call is no complaint about the agent's own organisation
    and no conflict of interest of the agent's.

    An agent without skills (grids, languages) takes any topic (grid, language);
    an item that names none goes to anyone. One fitting topic out of the item's is enough.
    """
    return (
        agent.org_id not in item.concerned
        and agent.user_id not in item.recused
        and (not agent.skills or not item.topics or not agent.skills.isdisjoint(item.topics))
        and (not agent.languages or item.language is None or item.language in agent.languages)
        and (not agent.grids or item.grid is None or any(_covers(grid, item.grid) for grid in agent.grids))
    )


def _covers(grid: str, wanted: str) -> bool:
    """A district covers the grids below it."""
    return wanted == grid or wanted.startswith(grid + GRID_SEPARATOR)


def available(agent: AgentView, now: datetime, *, fair_limit: int | None = None) -> bool:
    """Whether the agent may be offered a call now: present, wrapped up, not in penalty, below the fair limit."""
    return (
        agent.presence == "available"
        and (agent.wrap_up_until is None or agent.wrap_up_until <= now)
        and (agent.penalty_until is None or agent.penalty_until <= now)
        and (fair_limit is None or agent.open_calls < fair_limit)
    )
