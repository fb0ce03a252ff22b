"""What follows at once from a decision: the call's next state, its queue items, what is told. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from nlp.classification import Classification
from routing.policy.decision import DESTINATIONS, Decision

#: A second topic counts for finding an agent from this probability on.
TOPIC_BAR = 0.25


@dataclass(frozen=True, slots=True)
class ReadCall:
    """The circumstances of a call that was just read."""

    call_id: int
    revision: int
    line: str
    intake: str
    live: bool
    grid: str | None
    language: str | None


@dataclass(frozen=True, slots=True)
class Settlement:
    """Everything that is written for one call beside reading and decision."""

    state: str
    """proposed, queued or closed."""
    action: str
    close_reason: str | None = None
    detail: dict[str, Any] = field(default_factory=dict)
    items: tuple[dict[str, Any], ...] = ()
    """Queue items, lead first."""


def settle(call: ReadCall, reading: Classification, decision: Decision, queue_of: Callable[[str], str]) -> Settlement:
    """Where the call stands after its first reading.

    ``queue_of`` names the main queue of a destination. Live calls are held by
    their operator: the decision is a proposal and no queue item arises.
    History is counted and never queued.
    """
    if call.intake == "history":
        return Settlement("closed", "counted", close_reason="历史记录，仅统计")
    if decision.outcome == "close":
        return Settlement("closed", "closed_by_policy", close_reason=decision.close_reason)
    if call.live:
        return Settlement("proposed", "proposed", detail={"destination": decision.destination})
    return Settlement(
        "queued", "queued", detail={"queue": decision.queue}, items=queue_items(call, reading, decision, queue_of)
    )


def queue_items(
    call: ReadCall, reading: Classification, decision: Decision, queue_of: Callable[[str], str]
) -> tuple[dict[str, Any], ...]:
    """The lead item and, where the policy acts by itself, one for each joint destination."""
    queues = [decision.queue]
    if decision.mode == "auto":
        queues += [queue_of(joint) for joint in decision.joint if joint in DESTINATIONS]
    return tuple(
        queue_item(call, reading, decision, queue, "joint" if index else "lead")
        for index, queue in enumerate(dict.fromkeys(queues))
    )


def queue_item(call: ReadCall, reading: Classification, decision: Decision, queue: str, role: str) -> dict[str, Any]:
    """One item as ``settle`` of queries.sql stores it."""
    return {
        "call_id": call.call_id,
        "queue": queue,
        "role": role,
        "priority": decision.priority,
        "deadline": decision.deadline.isoformat() if decision.deadline else None,
        # police, operators and departments take any topic; asking for one would leave calls lying
        "topics": list(skill_topics(reading)) if queue in ("lawyers", "mediators") else [],
        "grid": call.grid if queue != "operators" else None,
        "language": call.language,
        "live": call.live,
        "counted": call.intake == "live",
    }


def skill_topics(reading: Classification) -> tuple[str, ...]:
    """The topics by which an agent is sought: the first, and others that are nearly as likely."""
    return tuple(code for index, (code, p) in enumerate(reading.topic) if index == 0 or p >= TOPIC_BAR)


def never_closing(decision: Decision) -> Decision:
    """``decision`` for a call that a queue or a person has already: a machine does not close it any more."""
    if decision.outcome != "close":
        return decision
    return replace(
        decision,
        outcome="route",
        close_reason=None,
        quality_sample=False,
        mode="review",
        queue="operators",
        reasons=(*decision.reasons, "后到的内容像无效来电，由人工确认"),
    )
