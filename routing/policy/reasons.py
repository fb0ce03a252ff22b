"""Reason templates: Chinese sentences with the words heard put in."""

from __future__ import annotations

import string
from collections.abc import Sequence

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
    if not templates:
        return []
    values = _values(at, condition, taxonomy)
    rendered = []
    for template in templates:
        needed = {name for _, name, _, _ in string.Formatter().parse(template) if name}
        if all(values[name] for name in needed):
            rendered.append(template.format_map(values))
    return rendered


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


def _values(at: Circumstances, condition: Condition, taxonomy: Taxonomy) -> dict[str, str]:
    facts, reading = at.facts, at.facts.classification
    words: list[str] = []
    if condition.cues:
        words += cue_words(at, condition.cues)
    if condition.danger_kinds or condition.danger_min:
        words += danger_words(at, condition.danger_kinds)
    if not condition.cues and not condition.danger_kinds and not condition.danger_min:
        words = [item.text for item in sorted(reading.evidence, key=lambda item: -item.weight)]
    return {
        "words": quoted(words),
        "topic": taxonomy.topics.get(at.topics[0], at.topics[0]) if at.topics else "",
        "kinds": "、".join(sorted(taxonomy.danger_kinds.get(kind, kind) for kind in at.kinds)),
        "class": taxonomy.routes.get(reading.route, reading.route),
        "confidence": f"{reading.confidence * 100:.0f}%",
        "line": facts.line,
        "persons": "" if facts.persons_affected is None else str(facts.persons_affected),
        "region": facts.region or "",
        "time": f"{facts.received_local:%H:%M}",
    }
