"""Queues in PostgreSQL: what the SQL answers, as the plain values that offering and claiming look at."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any

from routing.queues.agents import AgentView, ItemView
from routing.sql import load_queries

queries = load_queries(__file__)
claims = load_queries(__file__, "claims.sql")


def agent_view(row: Mapping[str, Any]) -> AgentView:
    """An agent of ``queue_agents`` as strategies see it."""
    return AgentView(
        user_id=row["user_id"],
        presence=row["presence"],
        since=row["presence_since"],
        skills=frozenset(row["skills"]),
        grids=frozenset(row["grids"]),
        languages=frozenset(row["languages"]),
        tier_level=row["level"],
        position=row["position"],
        penalty_until=row["penalty_until"],
        no_answers=row["no_answers"],
        last_completed_at=row["last_completed_at"],
        calls_taken_today=row["calls_taken_today"],
        wrap_up_until=row["wrap_up_until"],
        open_calls=row["open_calls"],
        org_id=row["org_id"],
    )


def item_view(row: Mapping[str, Any], first: Set[int] = frozenset()) -> ItemView:
    """An item of ``offerable_items`` as strategies see it; ``first``: users it goes to first."""
    return ItemView(
        id=row["id"],
        priority=row["priority"],
        enqueued_at=row["enqueued_at"],
        topics=tuple(row["topics"]),
        language=row["language"],
        grid=row["grid"],
        concerned=frozenset(row["concerned"]),
        recused=frozenset(row["recused"]),
        first=frozenset(first),
    )
