"""What a policy answers: one decision, ready to be stored and shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

Destination = Literal["lawyers", "police", "mediators", "departments", "operators"]
#: Everywhere a call can lead to (DESIGN section 4).
DESTINATIONS: tuple[Destination, ...] = ("lawyers", "police", "mediators", "departments", "operators")

Mode = Literal["auto", "propose", "review"]
#: ``auto`` queues a recorded call at once; ``propose`` and ``review`` leave it to an operator.
MODES: tuple[Mode, ...] = ("auto", "propose", "review")

Outcome = Literal["route", "close"]


@dataclass(frozen=True, slots=True)
class Shortage:
    """Nobody was on duty for ``queue``; ``fallback_to`` is the next queue tried, None at the chain's end."""

    queue: str
    reason: str
    """In Chinese, for the screen."""
    fallback_to: str | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """Where one call goes and why; immutable, stored beside the reading it follows from."""

    destination: Destination
    """Who should have the call. Under ``review`` this is what the class says, for the operator to see."""
    queue: str
    """Where the item of a recorded call is put now: after fallback, and ``operators`` unless mode is ``auto``."""
    target_queue: str
    """The queue of ``destination`` before fallback: where one key sends the call."""
    mode: Mode
    priority: int
    """1 (highest) to 9."""
    rule: str
    """Name of the rule, or of the safety rail, that settled the destination."""
    policy_version: str
    joint: tuple[str, ...] = ()
    """Further destinations, and keys of outside agencies (``Policy.agencies``), to be brought in."""
    deadline: datetime | None = None
    """Aware UTC; None where no time limit runs."""
    reasons: tuple[str, ...] = ()
    """In Chinese, with the words heard."""
    short: tuple[Shortage, ...] = ()
    outcome: Outcome = "route"
    close_reason: str | None = None
    """In Chinese; set exactly when ``outcome`` is ``close``."""
    quality_sample: bool = False
    """A closed call that a person shall look at again."""
    alarm: bool = False
    """Makes noise: danger happening now, on a call that came in live."""
    check_task: bool = False
    """Danger in an old record: somebody checks it, without noise."""
    forbid: tuple[str, ...] = ()
    """Transfer modes that must not be used, such as ``blind`` in self-harm calls."""

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form; times as ISO 8601 with zone."""
        return {
            "destination": self.destination,
            "queue": self.queue,
            "target_queue": self.target_queue,
            "mode": self.mode,
            "priority": self.priority,
            "rule": self.rule,
            "policy_version": self.policy_version,
            "joint": list(self.joint),
            "deadline": None if self.deadline is None else self.deadline.isoformat(),
            "reasons": list(self.reasons),
            "short": [{"queue": s.queue, "reason": s.reason, "fallback_to": s.fallback_to} for s in self.short],
            "outcome": self.outcome,
            "close_reason": self.close_reason,
            "quality_sample": self.quality_sample,
            "alarm": self.alarm,
            "check_task": self.check_task,
            "forbid": list(self.forbid),
        }

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> Decision:
        """The decision that ``to_dict`` wrote. Raises KeyError where a field is missing."""
        deadline = row["deadline"]
        return cls(
            destination=row["destination"],
            queue=row["queue"],
            target_queue=row["target_queue"],
            mode=row["mode"],
            priority=row["priority"],
            rule=row["rule"],
            policy_version=row["policy_version"],
            joint=tuple(row["joint"]),
            deadline=None if deadline is None else datetime.fromisoformat(deadline),
            reasons=tuple(row["reasons"]),
            short=tuple(Shortage(s["queue"], s["reason"], s["fallback_to"]) for s in row["short"]),
            outcome=row["outcome"],
            close_reason=row["close_reason"],
            quality_sample=row["quality_sample"],
            alarm=row["alarm"],
            check_task=row["check_task"],
            forbid=tuple(row["forbid"]),
        )
