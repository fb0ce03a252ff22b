"""Danger of a call: phrases with their surroundings and the learnt margin, judged together.

The detector errs to the safe side: the bar for level 1 is set on training
texts so that hardly any danger is missed, at the price of some false alarms.
Level 2 ("now") makes noise at the police desk and therefore asks for more.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import NamedTuple

from config.errors import ConfigError
from config.files import ConfigFiles
from nlp.model import DangerWeights
from nlp.phrases import Hit, Phrase, load_phrases
from nlp.taxonomy import Taxonomy

LEXICON = "lexicon/danger.toml"
_CONTEXT = ("negated", "hypothetical", "figurative", "past", "now")
#: Characters before a phrase in which a negation or a condition counts.
_NEGATION_REACH = 5
_CONDITION_REACH = 14
_SENTENCE_ENDS = "。!?\n"
COUNTS = 6
#: Kinds that put money at risk and nobody's body: heard alone they make no noise, however plainly they happen now.
_QUIET = frozenset({"fraud_in_progress"})
#: Where the joint judgement stays below the bar of level 1 but reaches this share of it, and the guess of the kind is
#: at least so sure that there is a danger, the call is level 1: no false alarm more on dev and phone_dev.
NEARLY, GUESSED = 0.5, 0.9
#: Up to this many characters a call is short: one strong phrase is then most of what it says.
_SHORT = 110


class Sighting(NamedTuple):
    """One danger phrase in its surroundings."""

    hit: Hit
    level: int
    """The phrase's level, lowered to 1 where it is weak."""
    weak: bool
    """Past, only feared, or a figure of speech."""


class DangerLexicon:
    """The danger phrases and the words around them that change what they mean."""

    def __init__(self, files: ConfigFiles, taxonomy: Taxonomy) -> None:
        phrases, data = load_phrases(files, LEXICON, taxonomy.danger_kinds)
        self.phrases: Sequence[Phrase] = phrases
        context = data.get("context", {})
        for name in _CONTEXT:
            if not context.get(name) or not all(isinstance(word, str) and word for word in context[name]):
                raise ConfigError(f"{files.path(LEXICON)}: [context] {name} needs a list of words.")
        words = {
            name: "|".join(re.escape(w) for w in sorted(context[name], key=len, reverse=True)) for name in _CONTEXT
        }
        self._negated = re.compile(rf"(?:{words['negated']})(?:人|再|被|发生|什么|有|会|要|去|想)?$")
        self._hypothetical = re.compile(words["hypothetical"])
        self._figurative = re.compile(words["figurative"])
        self._past = re.compile(words["past"])
        self._now = re.compile(words["now"])

    def sightings(self, text: str, hits: Sequence[Hit]) -> list[Sighting]:
        """The danger hits that stand, negated ones left out."""
        seen: list[Sighting] = []
        for hit in hits:
            if hit.phrase.source != LEXICON:
                continue
            if hit.phrase.unless is not None and hit.phrase.unless.match(text, hit.end):
                continue
            if hit.phrase.not_with is not None and hit.phrase.not_with.search(text, hit.start, hit.end):
                continue
            before = text[max(0, hit.start - 40) : hit.start]
            cut = max(before.rfind(end) for end in _SENTENCE_ENDS)
            before = before[cut + 1 :]
            if not hit.phrase.firm and self._negated.search(before[-_NEGATION_REACH:]):
                continue
            near = before[-_CONDITION_REACH:]
            weak = bool(self._hypothetical.search(near) or self._figurative.search(near) or self._past.search(before))
            seen.append(Sighting(hit, min(hit.phrase.level, 1) if weak else hit.phrase.level, weak))
        return seen

    def is_now(self, text: str) -> bool:
        """Whether words of happening now stand in the text."""
        return self._now.search(text) is not None


def phrase_counts(sightings: Sequence[Sighting], length: int, now: bool) -> tuple[float, ...]:
    """What the joint judgement sees of the phrases of a text of ``length`` characters.

    Kinds at level 2, at level 1, weak ones, any at all, now, and kinds at level 2 in a short call.
    """
    strong = strong_kinds(sightings)
    mild = {s.hit.phrase.kind for s in sightings if s.level == 1 and not s.weak}
    weak = {s.hit.phrase.kind for s in sightings if s.weak}
    return (
        min(len(strong), 3),
        min(len(mild), 2),
        min(len(weak), 2),
        float(bool(sightings)),
        float(now and bool(strong or mild)),
        min(len(strong), 3) if length <= _SHORT else 0.0,
    )


def strong_kinds(sightings: Sequence[Sighting]) -> set[str]:
    """The kinds heard at level 2."""
    return {sighting.hit.phrase.kind for sighting in sightings if sighting.level == 2}


def unheard_danger(weights: DangerWeights, margin: float) -> tuple[int, float]:
    """Level and probability where no phrase stands: most calls, so for them this is said in short.

    The same as danger_level and danger_probability of no sightings.
    """
    z = weights.bias + weights.margin * margin
    probability = 1 / (1 + math.exp(-max(-60.0, min(60.0, z))))
    return int(probability >= weights.level_one), probability


def danger_probability(
    weights: DangerWeights, margin: float, sightings: Sequence[Sighting], length: int, *, now: bool
) -> float:
    """Probability that someone may come to harm soon."""
    z = weights.bias + weights.margin * margin
    if sightings:
        counts = phrase_counts(sightings, length, now)
        z += sum(weights.kinds.get(kind, 0.0) for kind in sorted(strong_kinds(sightings)))
        z += sum(weight * count for weight, count in zip(weights.phrases, counts, strict=True))
    return 1 / (1 + math.exp(-max(-60.0, min(60.0, z))))


def danger_level(weights: DangerWeights, probability: float, sightings: Sequence[Sighting], now: bool) -> int:
    """0, 1, or 2 where a phrase of happening now stands and the probability is high.

    Phrases of three kinds happening now, or one heard plainly with words of now, speak for themselves: a greeting or
    another matter before them must not lower the level.
    """
    if probability < weights.level_one:
        return int(any(s.hit.phrase.sure and not s.weak for s in sightings))
    sightings = [s for s in sightings if s.hit.phrase.kind not in _QUIET]
    if len(strong_kinds(sightings)) > 2 or (now and any(s.level == 2 and s.hit.phrase.sure for s in sightings)):
        return 2
    strong = any(s.level == 2 for s in sightings)
    if probability >= weights.level_two and (strong or (now and sightings)):
        return 2
    return 1
