"""The parts of a loaded policy: queues, agencies, rules and the bars."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from nlp.classification import Route
from nlp.taxonomy import Taxonomy
from routing.errors import QueueNotFound
from routing.policy.conditions import Circumstances, Condition
from routing.policy.decision import Destination, Mode
from routing.policy.facts import Intake
from routing.policy.workdays import Workdays
from routing.queues.strategies import Strategy

NightOption = Literal["wait", "callback", "message"]
#: What a caller may choose where few people are on duty (section 4 of the work).
NIGHT_OPTIONS: tuple[NightOption, ...] = ("wait", "callback", "message")


@dataclass(frozen=True, slots=True)
class QueueSettings:
    """How one queue works."""

    name: str
    destination: Destination
    label: str
    """In Chinese, for the screen."""
    fallback: tuple[str, ...]
    """Queues tried in this order while nobody is on duty here."""
    fallback_for: frozenset[Intake]
    """Calls of other intakes wait here for the next shift instead."""
    phone: str | None
    """The number an operator dials in a manual forward."""
    strategy: Strategy
    ring_timeout_s: int
    lease_s: int
    """A claim lapses this long after its last heartbeat."""
    wrap_up_s: int
    wrap_up_extension_s: int
    """Once after each call the agent may take so much longer; 0: not at all."""
    tier_wait_s: int
    """Each further tier opens after this wait (mod_callcenter tier-rule-wait-second)."""
    tier_no_agent_no_wait: bool
    """A tier with nobody available opens the next at once (tier-rule-no-agent-no-wait)."""
    fair_limit: int | None
    """At most this many open calls per agent; None: no limit."""
    no_answer_penalty_s: int
    refuse_penalty_s: int
    pause_after_no_answers: int
    """An agent is paused after so many unanswered offers in a row (Asterisk autopause); 0: never."""
    service_level_s: int
    """Answered within this time counts as served (GB/T 33358-2016: 15 s on the line)."""
    ticket_receipt_limit_h: int
    """A ticket must be received or returned with a reason within this time."""
    night_options: tuple[NightOption, ...]
    callback_hours: tuple[int, int]
    """Local hours from (inclusive) to (exclusive) in which calling back is offered."""
    callback_reserve_s: int
    """A promised call-back is kept this long for whoever promised it; then anybody of the queue is given it."""
    expected_service_s: int
    """Usual length of one consultation, used until real ones are counted."""


@dataclass(frozen=True, slots=True)
class Agency:
    """Somebody outside to be brought in, such as the fire service."""

    key: str
    label: str
    phone: str | None
    """None: the city has not entered the number."""


@dataclass(frozen=True, slots=True)
class TimeLimit:
    """A deadline counted from receipt; exactly one part is set."""

    minutes: int = 0
    workdays: int = 0

    def after(self, received_at: datetime, calendar: Workdays) -> datetime:
        """The moment the limit ends, aware UTC."""
        if self.workdays:
            return calendar.add_workdays(received_at, self.workdays)
        return received_at + timedelta(minutes=self.minutes)


@dataclass(frozen=True, slots=True)
class Rule:
    """The first rule that matches settles where a call goes."""

    name: str
    when: Condition
    unless: Condition | None
    queue: str | None
    """None: the queue of the class."""
    joint: tuple[str, ...]
    priority: int | None
    deadline: TimeLimit | None
    mode: Mode
    reasons: tuple[str, ...]
    close: str | None
    """Reason template for closing; only ever for class ``invalid``."""

    def matches(self, at: Circumstances) -> bool:
        """Whether ``when`` holds and ``unless`` does not."""
        return self.when.matches(at) and (self.unless is None or not self.unless.matches(at))


@dataclass(frozen=True, slots=True)
class Adjustment:
    """Every adjustment that matches applies, after the rule; it never moves a call elsewhere."""

    name: str
    when: Condition
    unless: Condition | None
    raise_to: int | None
    """Priority is at least this urgent."""
    joint: tuple[str, ...]
    deadline: TimeLimit | None
    forbid: tuple[str, ...]
    reasons: tuple[str, ...]

    def matches(self, at: Circumstances) -> bool:
        """Whether ``when`` holds and ``unless`` does not."""
        return self.when.matches(at) and (self.unless is None or not self.unless.matches(at))


@dataclass(frozen=True, slots=True)
class Bars:
    """The figures that tell a machine's decision from a person's."""

    confidence: float
    """Below this probability of the class a person decides."""
    confidence_by_class: Mapping[Route, float]
    close_confidence: float
    """``invalid`` is closed only from this probability on."""
    danger_auto_level: Literal[1, 2]
    """From this danger level on, an unsure class does not hold the call back for review."""
    min_talk_s: float
    """Talk of at least this length without text is a failed transcription."""
    quality_share: float
    """Share of closed calls that a person looks at again."""


@dataclass(frozen=True, slots=True)
class Policy:
    """A loaded policy; make it with ``load_policy``."""

    name: str
    version: str
    """Changes with every change of the text, its preset or the name: ``NAME@HASH``, or the hash alone."""
    source: str
    preset: str | None
    bars: Bars
    priorities: Mapping[Intake, int]
    class_queues: Mapping[Route, str]
    danger_queue: str
    """Where a safety rail sends a call with danger that a rule would have closed or mediated."""
    violence_queue: str
    """Where a safety rail sends a call with violence or control that a rule would have mediated."""
    kind_agencies: Mapping[str, tuple[str, ...]]
    queues: Mapping[str, QueueSettings]
    agencies: Mapping[str, Agency]
    roles: Mapping[str, tuple[str, ...]]
    calendar: Workdays
    adjustments: tuple[Adjustment, ...]
    rules: tuple[Rule, ...]
    rules_by_class: Mapping[Route, tuple[Rule, ...]]
    """The rules that can match a class, in order."""
    taxonomy: Taxonomy

    def queue(self, name: str) -> QueueSettings:
        """The settings of a queue. Raises QueueNotFound."""
        try:
            return self.queues[name]
        except KeyError:
            known = "、".join(self.queues)
            raise QueueNotFound(f"没有名为“{name}”的队列；现有队列：{known}。") from None

    def queues_of_role(self, role: str) -> tuple[str, ...]:
        """The queues that a role may serve; none for roles the policy does not name."""
        return self.roles.get(role, ())

    def queue_for(self, destination: Destination) -> QueueSettings:
        """The main queue of a destination: the first listed in the policy."""
        return next(queue for queue in self.queues.values() if queue.destination == destination)

    def joint_label(self, joint: str) -> str:
        """The screen name of a joint entry: a destination's main queue or an outside agency."""
        if joint in self.agencies:
            return self.agencies[joint].label
        found = next((queue.label for queue in self.queues.values() if queue.destination == joint), None)
        return found or joint
