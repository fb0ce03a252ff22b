"""Agents and items as plain values: all that offering and claiming look at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Presence = Literal["available", "ringing", "on_call", "wrap_up", "paused", "offline"]
#: What an agent is doing (DESIGN section 4).
PRESENCES: tuple[Presence, ...] = ("available", "ringing", "on_call", "wrap_up", "paused", "offline")


@dataclass(frozen=True, slots=True)
class AgentView:
    """One agent, seen from one queue."""

    user_id: int
    presence: Presence
    since: datetime
    """When the presence began; aware UTC."""
    skills: frozenset[str] = frozenset()
    """Topic codes; empty: takes any topic."""
    grids: frozenset[str] = frozenset()
    """Grid codes; empty: takes any grid. A code also covers the grids below it."""
    languages: frozenset[str] = frozenset()
    """Languages and dialects spoken; empty: takes any."""
    tier_level: int = 1
    position: int = 1
    """Order within the tier, lowest first."""
    penalty_until: datetime | None = None
    """No offers before this time, after a refusal or an unanswered offer."""
    no_answers: int = 0
    """Unanswered offers in a row."""
    last_completed_at: datetime | None = None
    calls_taken_today: int = 0
    wrap_up_until: datetime | None = None
    open_calls: int = 0
    org_id: int | None = None
    """Whom the agent works for."""


@dataclass(frozen=True, slots=True)
class ItemView:
    """One waiting item of a queue."""

    id: int
    priority: int
    enqueued_at: datetime
    """Aware UTC; kept over forwards and returns."""
    topics: tuple[str, ...] = ()
    """Most probable first; none: any agent will do."""
    language: str | None = None
    """Language or dialect asked for; None: any."""
    grid: str | None = None
    """Code of the item's grid; None: any."""
    concerned: frozenset[int] = frozenset()
    """Organisations that the call complains about: none of their people gets it."""
    recused: frozenset[int] = frozenset()
    """Agents with a conflict of interest in this call (回避): none of them gets it again."""
    first: frozenset[int] = frozenset()
    """Agents it goes to first: of the grid's group, or of the department that answers for its field."""

    def waited_s(self, now: datetime) -> float:
        """Seconds since the item was first put in a queue; never negative."""
        return max(0.0, (now - self.enqueued_at).total_seconds())
