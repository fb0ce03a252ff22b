"""Decides: policy, facts and who is on duty in, one decision out. Pure, and never raises on any facts."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime

from routing.policy.conditions import Circumstances, circumstances
from routing.policy.decision import Decision, Shortage
from routing.policy.draft import Draft, draft
from routing.policy.facts import Facts
from routing.policy.rails import apply_rails, bars_mediation
from routing.policy.settings import Policy

#: How many people are on duty for a queue at a time.
Duty = Callable[[str, datetime], int]

_OPERATORS = "operators"
_POLICE_AGENCY = "110"


def decide(policy: Policy, facts: Facts, duty: Duty, now: datetime) -> Decision:
    """Where the call goes, and why.

    ``duty`` is asked about ``now`` (aware UTC) only. The rules give the draft,
    the safety rails (``routing.policy.rails``) mend it, and at last the fallback
    chain finds a queue with somebody on duty.
    """
    at = circumstances(facts, policy.calendar)
    made = draft(policy, at)
    _bring_in_agencies(made, at, policy)
    apply_rails(made, at, policy)
    closed = made.close_reason is not None
    short: list[Shortage] = []
    queue = _OPERATORS
    if not closed:
        target = made.target_queue if made.mode != "review" else _OPERATORS
        staffed, short = _staffed_queue(policy, target, at, duty, now)
        queue = staffed if made.mode == "auto" else _OPERATORS
        if any(gap.queue == made.target_queue for gap in short) and made.destination == "police" and at.level:
            made.add_joint(_POLICE_AGENCY)
    return Decision(
        destination=made.destination,
        queue=queue,
        target_queue=made.target_queue,
        mode=made.mode,
        priority=made.priority,
        rule=made.rule,
        policy_version=policy.version,
        joint=tuple(name for name in made.joint if name != made.destination),
        deadline=None if closed else made.deadline,
        reasons=tuple(dict.fromkeys(made.reasons)),
        short=tuple(short),
        outcome="close" if closed else "route",
        close_reason=made.close_reason,
        quality_sample=closed and drawn(facts.call_key, policy.bars.quality_share),
        alarm=at.level >= 2 and facts.intake == "live",
        check_task=at.level >= 1 and facts.intake != "live",
        forbid=tuple(made.forbid),
    )


def drawn(call_key: str, share: float) -> bool:
    """Whether a call belongs to the quality sample: the same answer for a call at any time, on any machine."""
    digest = hashlib.sha256(f"quality:{call_key}".encode(errors="surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") < share * 2**64


def _bring_in_agencies(made: Draft, at: Circumstances, policy: Policy) -> None:
    if at.level == 0:
        return
    wanted = [key for kind in sorted(at.kinds) for key in policy.kind_agencies.get(kind, ())]
    # the police desk is 110: its number is dialled only when nobody there is on duty
    added = [key for key in dict.fromkeys(wanted) if not (key == _POLICE_AGENCY and made.destination == "police")]
    made.add_joint(*added)
    if added:
        labels = "、".join(policy.joint_label(key) for key in added)
        made.reasons.append(f"危险种类需要联动：{labels}")


def _staffed_queue(
    policy: Policy, target: str, at: Circumstances, duty: Duty, now: datetime
) -> tuple[str, list[Shortage]]:
    """The first queue of the chain with somebody on duty, ``target`` itself where there is none; and what was short."""
    settings = policy.queue(target)
    if duty(target, now) > 0:
        return target, []
    if at.facts.intake not in settings.fallback_for:
        return target, [Shortage(target, f"{settings.label}无人值班，留待下一班", None)]
    short: list[Shortage] = []
    unmediated = at.level > 0 or bars_mediation(at)
    before = target
    for name in settings.fallback:
        if unmediated and policy.queue(name).destination == "mediators":
            continue  # rails c and d hold for the fallback as well
        short.append(Shortage(before, f"{policy.queue(before).label}无人值班", name))
        if duty(name, now) > 0:
            return name, short
        before = name
    tail = f"，回到{settings.label}等候" if before != target else "，没有可替代的队列，在此等候"
    return target, [*short, Shortage(before, f"{policy.queue(before).label}无人值班{tail}", None)]
