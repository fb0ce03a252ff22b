"""A decision in the making: what the rule and the adjustments say, before the safety rails."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from routing.policy.conditions import Circumstances, Condition
from routing.policy.decision import Destination, Mode
from routing.policy.facts import LOCAL_ZONE
from routing.policy.reasons import render
from routing.policy.settings import Policy, Rule, TimeLimit

_ANYTHING = Condition()


@dataclass(slots=True)
class Draft:
    """Mutable on purpose, and never leaves ``decide``."""

    rule: str
    target_queue: str
    destination: Destination
    mode: Mode
    priority: int
    deadline: datetime | None
    joint: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    forbid: list[str] = field(default_factory=list)
    close_reason: str | None = None
    """Set while the call is to be closed."""

    def send_to(self, policy: Policy, queue: str) -> None:
        """Another queue, and with it another destination."""
        self.target_queue = queue
        self.destination = policy.queue(queue).destination

    def add_joint(self, *names: str) -> None:
        """Bring in more, each once."""
        self.joint.extend(name for name in dict.fromkeys(names) if name not in self.joint)

    def keep_open(self, reason: str) -> None:
        """Not closed after all: a person decides."""
        if self.close_reason is not None:
            self.close_reason = None
            self.mode = "review"
            self.reasons.append(reason)

    def ask_person(self, reason: str) -> None:
        """An operator decides; the destination stays as the proposal."""
        self.close_reason = None
        self.mode = "review"
        self.reasons.append(reason)

    def limit(self, limit: TimeLimit | None, policy: Policy, at: Circumstances) -> None:
        """A time limit from receipt; the earliest of all counts. Calls that are only counted have none."""
        if limit is None or at.facts.intake == "history":
            return
        moment = limit.after(at.facts.received_at, policy.calendar)
        if self.deadline is not None and moment >= self.deadline:
            return
        self.deadline = moment
        day = moment.astimezone(LOCAL_ZONE).date()
        if limit.workdays and policy.calendar.kind(day).provisional:
            self.reasons.append(f"{day.year}年节假日安排尚未录入，期限按周一至周五暂定")


def draft(policy: Policy, at: Circumstances) -> Draft:
    """Apply the first rule that matches and all adjustments."""
    facts = at.facts
    route = facts.classification.route
    own = policy.class_queues[route]
    rule = next((rule for rule in policy.rules_by_class[route] if rule.matches(at)), None)
    queue = policy.queue("operators" if rule and rule.close else (rule and rule.queue) or own)
    made = Draft(
        rule=rule.name if rule else f"class:{route}",
        target_queue=queue.name,
        destination=queue.destination,
        mode=rule.mode if rule else "auto",
        priority=policy.priorities[facts.intake],
        deadline=None,
    )
    if rule:
        _apply_rule(made, rule, policy, at)
    if not made.reasons:
        made.reasons += render(("研判为{class}，把握{confidence}",), at, _ANYTHING, policy.taxonomy)
        made.reasons += render(("依据：{words}",), at, _ANYTHING, policy.taxonomy)
    for adjustment in policy.adjustments:
        if adjustment.matches(at):
            if adjustment.raise_to is not None:
                made.priority = min(made.priority, adjustment.raise_to)
            made.limit(adjustment.deadline, policy, at)
            made.add_joint(*_joint(adjustment.joint, policy, own))
            made.forbid += [mode for mode in adjustment.forbid if mode not in made.forbid]
            made.reasons += render(adjustment.reasons, at, adjustment.when, policy.taxonomy)
    return made


def _apply_rule(made: Draft, rule: Rule, policy: Policy, at: Circumstances) -> None:
    facts = at.facts
    own = policy.class_queues[facts.classification.route]
    if rule.priority is not None:
        made.priority = rule.priority
    made.add_joint(*_joint(rule.joint, policy, own))
    made.reasons += render(rule.reasons, at, rule.when, policy.taxonomy)
    if at.provisional_day and rule.when.workday is not None:
        made.reasons.append(f"{facts.received_local.year}年节假日安排尚未录入，工作日按周一至周五暂定")
    made.limit(rule.deadline, policy, at)
    if rule.close:
        # a template that cannot be filled must not leave a closed call without a reason
        made.close_reason = "；".join(render((rule.close,), at, rule.when, policy.taxonomy)) or "无效来电"


def _joint(joint: tuple[str, ...], policy: Policy, own: str) -> list[str]:
    """``own`` stands for the destination of the call's class; operators have every call in view anyway."""
    home = policy.queue(own).destination
    named = [home if name == "own" else name for name in joint]
    return [name for name in named if name != "operators" or "operators" in joint]
