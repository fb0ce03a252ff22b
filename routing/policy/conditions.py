"""Conditions of rules: what is asked of the facts, compiled once and asked many times."""

from __future__ import annotations

from dataclasses import dataclass

from nlp.classification import ROUTES
from nlp.taxonomy import Taxonomy
from routing.policy.facts import INTAKES, Facts
from routing.policy.sections import Section
from routing.policy.workdays import Workdays


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Facts in the form conditions compare; made once per call."""

    facts: Facts
    topics: tuple[str, ...]
    kinds: frozenset[str]
    cues: frozenset[str]
    level: int
    hour: int
    weekday: int
    """1 Monday to 7 Sunday."""
    workday: bool
    provisional_day: bool


def circumstances(facts: Facts, calendar: Workdays) -> Circumstances:
    """Work out the local hour, weekday and workday, and gather codes."""
    reading = facts.classification
    local = facts.received_local
    day = calendar.kind(local.date())
    return Circumstances(
        facts=facts,
        topics=tuple(code for code, _ in reading.topic),
        kinds=reading.danger.kinds,
        cues=frozenset(cue.kind for cue in reading.cues),
        level=reading.danger.level,
        hour=local.hour,
        weekday=local.isoweekday(),
        workday=day.workday,
        provisional_day=day.provisional,
    )


@dataclass(frozen=True, slots=True)
class Condition:
    """All that is set must hold; an empty set or None asks nothing."""

    lines: frozenset[str] = frozenset()
    intakes: frozenset[str] = frozenset()
    live: bool | None = None
    classes: frozenset[str] = frozenset()
    confidence_min: float | None = None
    confidence_below: float | None = None
    topics: frozenset[str] = frozenset()
    """The most probable topic is one of these."""
    any_topics: frozenset[str] = frozenset()
    """One of the topics found (at most three) is one of these."""
    danger_min: int | None = None
    danger_max: int | None = None
    danger_kinds: frozenset[str] = frozenset()
    cues: frozenset[str] = frozenset()
    persons_min: int | None = None
    persons_max: int | None = None
    regions: frozenset[str] = frozenset()
    hours: frozenset[int] = frozenset()
    weekdays: frozenset[int] = frozenset()
    workday: bool | None = None
    confidential: bool | None = None
    has_number: bool | None = None
    talk_time_min_s: float | None = None

    def matches(self, at: Circumstances) -> bool:
        """Whether everything asked holds."""
        return self._call_matches(at) and self._reading_matches(at) and self._time_matches(at)

    def _call_matches(self, at: Circumstances) -> bool:
        facts = at.facts
        return (
            (not self.lines or facts.line in self.lines)
            and (not self.intakes or facts.intake in self.intakes)
            and (self.live is None or facts.live is self.live)
            and (not self.regions or facts.region in self.regions)
            and (self.confidential is None or facts.confidential is self.confidential)
            and (self.has_number is None or facts.has_number is self.has_number)
            and _within(facts.persons_affected, self.persons_min, self.persons_max)
            and _within(facts.talk_time_s, self.talk_time_min_s, None)
        )

    def _reading_matches(self, at: Circumstances) -> bool:
        reading = at.facts.classification
        return (
            (not self.classes or reading.route in self.classes)
            and (self.confidence_min is None or reading.confidence >= self.confidence_min)
            and (self.confidence_below is None or reading.confidence < self.confidence_below)
            and (not self.topics or (bool(at.topics) and at.topics[0] in self.topics))
            and (not self.any_topics or not self.any_topics.isdisjoint(at.topics))
            and _within(at.level, self.danger_min, self.danger_max)
            and (not self.danger_kinds or not self.danger_kinds.isdisjoint(at.kinds))
            and (not self.cues or not self.cues.isdisjoint(at.cues))
        )

    def _time_matches(self, at: Circumstances) -> bool:
        return (
            (not self.hours or at.hour in self.hours)
            and (not self.weekdays or at.weekday in self.weekdays)
            and (self.workday is None or at.workday is self.workday)
        )


def _within(value: float | None, low: float | None, high: float | None) -> bool:
    """An unknown value lies within no limits but the absent ones."""
    if low is None and high is None:
        return True
    return value is not None and (low is None or value >= low) and (high is None or value <= high)


def read_condition(section: Section, taxonomy: Taxonomy) -> Condition:
    """Read a ``when`` or ``unless`` table; problems are noted in the section's origin."""
    condition = Condition(
        lines=frozenset(section.words("line")),
        intakes=frozenset(section.words("intake", INTAKES)),
        live=_flag(section, "live"),
        classes=frozenset(section.words("class", ROUTES)),
        confidence_min=_number(section, "confidence_min", high=1),
        confidence_below=_number(section, "confidence_below", high=1),
        topics=frozenset(section.words("topic", taxonomy.topics)),
        any_topics=frozenset(section.words("any_topic", taxonomy.topics)),
        danger_min=_whole(section, "danger_min", high=2),
        danger_max=_whole(section, "danger_max", high=2),
        danger_kinds=frozenset(section.words("danger_kind", taxonomy.danger_kinds)),
        cues=frozenset(section.words("cue", taxonomy.cues)),
        persons_min=_whole(section, "persons_min", high=10_000_000),
        persons_max=_whole(section, "persons_max", high=10_000_000),
        regions=frozenset(section.words("region")),
        hours=_hours(section),
        weekdays=frozenset(section.wholes("weekday", low=1, high=7)),
        workday=_flag(section, "workday"),
        confidential=_flag(section, "confidential"),
        has_number=_flag(section, "has_number"),
        talk_time_min_s=_number(section, "talk_time_min_s", high=86_400),
    )
    for low, high in (("danger_min", "danger_max"), ("persons_min", "persons_max")):
        _ordered(section, condition, low, high)
    section.finish()
    return condition


def _ordered(section: Section, condition: Condition, low: str, high: str) -> None:
    least, most = getattr(condition, low), getattr(condition, high)
    if least is not None and most is not None and least > most:
        section.problem(low, f"现为 {least}，大于 {high} = {most}，什么都不会匹配；请改小它或改大 {high}")


def _hours(section: Section) -> frozenset[int]:
    """``[22, 7]``: from 22:00 to before 07:00 on the local clock."""
    if "hour" not in section:
        return frozenset()
    pair = section.wholes("hour", low=0, high=24)
    if not pair:
        return frozenset()  # the problem is noted already
    if len(pair) != 2 or pair[0] == 24 or pair[0] == pair[1]:
        section.problem(
            "hour",
            f"现为 {list(pair)}；应为两个不同的整点 [从, 到]，不含“到”，如夜间 [22, 7]",
        )
        return frozenset()
    start, end = pair
    return frozenset(range(start, end)) if start < end else frozenset(range(start, 24)) | frozenset(range(end))


def _flag(section: Section, key: str) -> bool | None:
    return section.flag(key, False) if key in section else None


def _whole(section: Section, key: str, *, high: int) -> int | None:
    return section.whole(key, 0, low=0, high=high) if key in section else None


def _number(section: Section, key: str, *, high: float) -> float | None:
    return section.number(key, 0.0, low=0, high=high) if key in section else None
