"""Where a call goes that is no police matter, and what may bring it back to the police. Pure.

The police desk has looked; the machine's reading does not outweigh that. Only
danger that was not known then brings the call back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from routing.police_returns.terms import CLASSES
from routing.policy.settings import Policy


@dataclass(frozen=True, slots=True)
class KnownDanger:
    """The danger in a reading: what the police desk knew when it sent the call back, or what is known now."""

    level: int
    kinds: frozenset[str]


def danger_in(reading: Mapping[str, Any] | None) -> KnownDanger:
    """The danger of a stored reading (``Classification.to_row``); none without a reading."""
    if reading is None:
        return KnownDanger(0, frozenset())
    danger = reading["danger"]
    return KnownDanger(danger["level"], frozenset(signal["kind"] for signal in danger["signals"]))


def is_new(known: KnownDanger, now: KnownDanger) -> bool:
    """Whether ``now`` holds danger the police desk did not know: a higher level, or another kind."""
    return now.level > known.level or (now.level > 0 and not now.kinds <= known.kinds)


def queue_instead(policy: Policy, reason: str, *, violence: bool) -> str:
    """The queue for a call that is no police matter, by the reason the police desk gave.

    A reason that names no class, a class that leads to the police again, and
    mediation where violence or control was heard: the operators decide.
    """
    operators = policy.queue_for("operators").name
    route = CLASSES.get(reason)
    if route is None:
        return operators
    queue = policy.queue(policy.class_queues[route])
    if queue.destination == "police" or (queue.destination == "mediators" and violence):
        return operators
    return queue.name
