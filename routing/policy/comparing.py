"""Compares two policies on past calls before one is published."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from routing.policy.deciding import decide
from routing.policy.decision import Decision
from routing.policy.facts import Facts
from routing.policy.settings import Policy

#: So many calls are kept to be looked at, those with danger before all others.
MOST_CALLS = 300
CLOSE, REVIEW = "close", "review"


@dataclass(frozen=True, slots=True)
class Difference:
    """One call that the two policies treat differently."""

    call_id: int
    facts: Facts
    before: Decision
    after: Decision

    @property
    def danger(self) -> int:
        """The call's danger level."""
        return self.facts.classification.danger.level

    @property
    def elsewhere(self) -> bool:
        """Whether the call goes to another place."""
        return place(self.before) != place(self.after)


@dataclass(slots=True)
class Comparison:
    """What a new policy would change, counted call by call; both decide as if everybody were on duty."""

    before: Policy
    after: Policy
    total: int = 0
    elsewhere: int = 0
    """Calls with another queue, that are closed or left to a person instead, or the other way round."""
    mode_changed: int = 0
    priority_changed: int = 0
    joint_changed: int = 0
    """Others are brought in, or modes of transfer forbidden, than before."""
    danger_changed: int = 0
    """Calls with danger that are treated differently in any of these ways."""
    moves: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(from, to) -> calls; see :func:`place`."""
    _with_danger: list[Difference] = field(default_factory=list)
    _others: list[Difference] = field(default_factory=list)

    def add(self, call_id: int, facts: Facts) -> None:
        """Decide one call by both."""
        self.total += 1
        old = decide(self.before, facts, lambda _queue, _at: 1, facts.received_at)
        new = decide(self.after, facts, lambda _queue, _at: 1, facts.received_at)
        difference = Difference(call_id, facts, old, new)
        mode, priority = old.mode != new.mode, old.priority != new.priority
        joint = set(old.joint) != set(new.joint) or set(old.forbid) != set(new.forbid)
        self.mode_changed += mode
        self.priority_changed += priority
        self.joint_changed += joint
        if difference.elsewhere:
            self.elsewhere += 1
            self.moves[place(old), place(new)] += 1
        alarm = old.alarm != new.alarm or old.check_task != new.check_task
        if difference.danger and (difference.elsewhere or mode or priority or joint or alarm):
            self.danger_changed += 1
            _keep(self._with_danger, difference)
        elif difference.elsewhere:
            _keep(self._others, difference)

    @property
    def calls(self) -> list[Difference]:
        """The calls to look at, gravest danger first, then as they were added."""
        found = sorted(self._with_danger, key=lambda one: -one.danger) + self._others
        return found[:MOST_CALLS]

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; nothing in it quotes a caller."""
        both = (self.before, self.after)
        labels = {key: agency.label for policy in both for key, agency in policy.agencies.items()}
        labels |= {name: queue.label for policy in both for name, queue in policy.queues.items()}
        return {
            "before": self.before.version,
            "after": self.after.version,
            "total": self.total,
            "elsewhere": self.elsewhere,
            "danger_changed": self.danger_changed,
            "mode_changed": self.mode_changed,
            "priority_changed": self.priority_changed,
            "joint_changed": self.joint_changed,
            "moves": [[a, b, count] for (a, b), count in self.moves.most_common()],
            "labels": {CLOSE: "关闭", REVIEW: "待人工", **labels},
            "calls": [_view(one) for one in self.calls],
        }


def place(decision: Decision) -> str:
    """Where a decision sends its call: a queue, or ``close``, or ``review`` where a person has to decide."""
    if decision.outcome == "close":
        return CLOSE
    return REVIEW if decision.mode == "review" else decision.target_queue


def _keep(calls: list[Difference], difference: Difference) -> None:
    if len(calls) < MOST_CALLS:
        calls.append(difference)


def _view(one: Difference) -> dict[str, Any]:
    return {
        "call_id": one.call_id,
        "call": one.facts.call_key,
        "received_at": one.facts.received_at.isoformat(),
        "route": one.facts.classification.route,
        "danger": one.danger,
        "before": place(one.before),
        "after": place(one.after),
        "rules": [one.before.rule, one.after.rule],
        "priority": [one.before.priority, one.after.priority],
        "joint": [sorted(one.before.joint), sorted(one.after.joint)],
    }
