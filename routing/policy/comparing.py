"""Compares two policies on past calls before one is published."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from routing.policy.deciding import decide
from routing.policy.decision import Decision
from routing.policy.facts import Facts
from routing.policy.settings import Policy

_EXAMPLES = 20


@dataclass(frozen=True, slots=True)
class Difference:
    """One call that the two policies treat differently."""

    call_key: str
    before: Decision
    after: Decision


@dataclass(frozen=True, slots=True)
class DryRun:
    """What a new policy would change."""

    total: int
    elsewhere: int
    """Calls with another destination, queue or outcome."""
    moves: tuple[tuple[str, str, int], ...]
    """(from, to, calls), most frequent first; a place is ``destination/queue``, or ``close``."""
    mode_changed: int
    priority_changed: int
    joint_changed: int
    examples: tuple[Difference, ...]
    """The first twenty calls that go elsewhere."""


def dry_run(before: Policy, after: Policy, facts_list: Iterable[Facts]) -> DryRun:
    """Decide every call by both policies, with everybody on duty, and count what differs."""
    total = mode = priority = joint = 0
    moves: Counter[tuple[str, str]] = Counter()
    examples: list[Difference] = []
    for facts in facts_list:
        total += 1
        old = decide(before, facts, lambda _queue, _at: 1, facts.received_at)
        new = decide(after, facts, lambda _queue, _at: 1, facts.received_at)
        mode += old.mode != new.mode
        priority += old.priority != new.priority
        joint += set(old.joint) != set(new.joint)
        if place(old) != place(new):
            moves[place(old), place(new)] += 1
            if len(examples) < _EXAMPLES:
                examples.append(Difference(facts.call_key, old, new))
    return DryRun(
        total=total,
        elsewhere=sum(moves.values()),
        moves=tuple((a, b, count) for (a, b), count in moves.most_common()),
        mode_changed=mode,
        priority_changed=priority,
        joint_changed=joint,
        examples=tuple(examples),
    )


def place(decision: Decision) -> str:
    """Where a decision sends its call: ``destination/queue``, or ``close``."""
    return "close" if decision.outcome == "close" else f"{decision.destination}/{decision.target_queue}"
