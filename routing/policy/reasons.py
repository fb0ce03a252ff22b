"""Reason templates: Chinese sentences with the words heard put in."""

from __future__ import annotations

import string
from collections.abc import Sequence
from functools import cache

from nlp.taxonomy import Taxonomy
from routing.policy.conditions import Circumstances, Condition

#: What a template may name in braces.
PLACEHOLDERS = {
    "words": "the caller's words that matched (cues and danger signals of the rule, else the evidence of the class)",
    "topic": "the most probable topic",
    "kinds": "the kinds of danger heard",
    "class": "the class",
    "confidence": "the class's probability in percent",
    "line": "the line",
    "persons": "people affected",
    "region": "the region",
    "time": "local time of receipt, such as 23:40",
}

_WORDS_SHOWN = 3
_WORD_LENGTH = 24


def template_problem(template: str) -> str | None:
    """What is wrong with a template, None when it can be used."""
    try:
        fields = [name for _, name, spec, conversion in string.Formatter().parse(template) if name is not None]
        plain = all(not spec and not conversion for _, _, spec, conversion in string.Formatter().parse(template))
    except ValueError as error:
        return f"花括号不成对（{error}）"
    unknown = [name for name in fields if name not in PLACEHOLDERS]
    if unknown or not plain:
        shown = "、".join("{" + name + "}" for name in PLACEHOLDERS)
        return f"用了 {{{unknown[0] if unknown else fields[0]}}}；可用：{shown}"
    return None


def render(templates: Sequence[str], at: Circumstances, condition: Condition, taxonomy: Taxonomy) -> list[str]:
    """The reasons of a rule; a template that names something unknown of this call is left out."""
    rendered = []
    for template in templates:
        values = {name: _value(name, at, condition, taxonomy) for name in _named(template)}
        if all(values.values()):
            rendered.append(template.format_map(values))
    return rendered


@cache
def _named(template: str) -> tuple[str, ...]:
    """What a template names."""
    return tuple(dict.fromkeys(name for _, name, _, _ in string.Formatter().parse(template) if name))


def quoted(words: Sequence[str]) -> str:
    """Up to three of the words heard, each once, shortened, in Chinese quotation marks."""
    shown = [word if len(word) <= _WORD_LENGTH else word[:_WORD_LENGTH] + "…" for word in dict.fromkeys(words) if word]
    return "、".join(f"“{word}”" for word in shown[:_WORDS_SHOWN])


def cue_words(at: Circumstances, kinds: frozenset[str]) -> list[str]:
    """The words heard for these cues."""
    return [cue.text for cue in at.facts.classification.cues if cue.kind in kinds]


def danger_words(at: Circumstances, kinds: frozenset[str] = frozenset()) -> list[str]:
    """The words heard for danger, gravest first; of these kinds only where some are given."""
    signals = [s for s in at.facts.classification.danger.signals if not kinds or s.kind in kinds]
    return [signal.text for signal in sorted(signals, key=lambda signal: -signal.level)]


def _value(name: str, at: Circumstances, condition: Condition, taxonomy: Taxonomy) -> str:
    """What stands for one of :data:`PLACEHOLDERS`; empty where nothing is known of it."""
    facts, reading = at.facts, at.facts.classification
    match name:
        case "words":
            return quoted(_words(at, condition))
        case "topic":
            return taxonomy.topics.get(at.topics[0], at.topics[0]) if at.topics else ""
        case "kinds":
            return "、".join(sorted(taxonomy.danger_kinds.get(kind, kind) for kind in at.kinds))
        case "class":
            return taxonomy.routes.get(reading.route, reading.route)
        case "confidence":
            return f"{reading.confidence * 100:.0f}%"
        case "line":
            return facts.line
        case "persons":
            return "" if facts.persons_affected is None else str(facts.persons_affected)
        case "region":
            return facts.region or ""
        case "time":
            return f"{facts.received_local:%H:%M}"
    raise KeyError(name)


def _words(at: Circumstances, condition: Condition) -> list[str]:
    """The words a condition heard; of one that asks for none, the evidence of the class."""
    words: list[str] = []
    if condition.cues:
        words += cue_words(at, condition.cues)
    if condition.danger_kinds or condition.danger_min:
        words += danger_words(at, condition.danger_kinds)
    if condition.cues or condition.danger_kinds or condition.danger_min:
        return words
    return [item.text for item in sorted(at.facts.classification.evidence, key=lambda item: -item.weight)]
