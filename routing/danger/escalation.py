"""To whom an alarm sounds that nobody acknowledges, and from when on. Pure: time comes in as an argument."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

#: Numbers of the stages, as ``danger_alarms.stage`` holds them.
HOLDER, DESK, LEADER, ALL = range(4)
#: With the words on screen.
STAGE_LABELS: dict[int, str] = {HOLDER: "接听席", DESK: "话务台和警务台", LEADER: "班长", ALL: "全体"}


@dataclass(frozen=True, slots=True)
class Escalation:
    """How an alarm goes on. Seconds count from the moment it was raised and rise from stage to stage."""

    desk_after_s: int = 20
    leader_after_s: int = 40
    all_after_s: int = 60
    desk_roles: tuple[str, ...] = ("operator", "police")
    all_roles: tuple[str, ...] = ("operator", "police", "manager", "admin", "lawyer", "mediator")

    @property
    def after_s(self) -> tuple[int, int, int]:
        """When the stages DESK, LEADER and ALL begin."""
        return self.desk_after_s, self.leader_after_s, self.all_after_s

    def stage(self, raised_at: datetime, now: datetime) -> int:
        """The stage an alarm raised at ``raised_at`` has reached by ``now`` while nobody acknowledged it."""
        waited = now - raised_at
        return sum(waited >= timedelta(seconds=seconds) for seconds in self.after_s)

    def due(self, reached: int, raised_at: datetime, now: datetime) -> range:
        """Stages that begin now, in order; several where nobody was there to begin the earlier ones in time."""
        return range(reached + 1, self.stage(raised_at, now) + 1)

    def next_at(self, reached: int, raised_at: datetime) -> datetime | None:
        """When the stage after ``reached`` begins; None after the last."""
        if reached >= ALL:
            return None
        return raised_at + timedelta(seconds=self.after_s[reached])


@dataclass(frozen=True, slots=True)
class Listener:
    """Somebody at a console, as an alarm sees them."""

    user_id: int
    role: str
    leads: bool
    """Whether this is the shift leader on duty."""


def sounds(stage: int, holder: int | None, listener: Listener, rules: Escalation) -> bool:
    """Whether an alarm at ``stage`` makes noise at this console. A call that nobody holds concerns all operators.

    Whom an alarm has reached it does not leave again: every stage adds people.
    """
    if listener.user_id == holder or (holder is None and listener.role == "operator"):
        return True
    if stage >= DESK and listener.role in rules.desk_roles:
        return True
    if stage >= LEADER and listener.leads:
        return True
    return stage >= ALL and listener.role in rules.all_roles


def shown(stage: int, holder: int | None, listener: Listener, rules: Escalation) -> bool:
    """Whether the alarm stands on this screen, with or without noise: the desks and leaders see it from the start."""
    if listener.leads or listener.role in rules.desk_roles or listener.role in ("manager", "admin"):
        return True
    return sounds(stage, holder, listener, rules)
