"""What kind of danger a call is about where no phrase says so: by the sentences of each kind that it resembles.

Patterns know the words they were written for; what callers say otherwise is still like the example sentences of its
kind, in single characters and pairs (docs/triage.md has the figures).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from itertools import pairwise

from config.errors import ConfigError
from config.files import ConfigFiles

EXAMPLES = "lexicon/danger_examples.txt"
#: Longer texts tell of more than one thing: of them only the clauses that carry the danger score are compared.
WHOLE = 120
#: The likeliest kind must be ahead of the next by this factor. At it the kind is said of 0.44 of the examples left out
#: one by one, 0.70 of the times the right one of thirteen.
_AHEAD = 1.3
#: The likeness it must have: a few words shared by chance (报警时间) have less, nine in ten rightly named calls more.
_LEAST = 1.5


class DangerKinds:
    """Compares a text with the example sentences of each kind."""

    def __init__(self, files: ConfigFiles, kinds: Mapping[str, str]) -> None:
        """Raises ConfigError naming the line that stands under no kind of ``kinds``."""
        self._weights = _centroids(_examples(files, kinds))

    def likely(self, text: str) -> str | None:
        """The kind a normal text resembles; None where two are as likely, or none of its characters is known."""
        parts = _parts(text)
        ranked = sorted(
            (sum(weights.get(part, 0.0) for part in parts), kind) for kind, weights in self._weights.items()
        )
        if len(ranked) < 2:
            return None
        (next_best, _), (best, kind) = ranked[-2:]
        return kind if best >= _LEAST and best > next_best * _AHEAD else None


def _examples(files: ConfigFiles, kinds: Mapping[str, str]) -> list[tuple[str, str]]:
    found = []
    kind = ""
    for number, line in enumerate(files.read(EXAMPLES).splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith("["):
            kind = line.strip().strip("[]")
        elif kind:
            found.append((kind, line))
        if kind not in kinds:
            where = f"{files.path(EXAMPLES)} line {number}"
            raise ConfigError(
                f"{where}: {kind!r} is no kind of taxonomy.toml; begin with one of [{'], ['.join(kinds)}]."
            )
    return found


def _parts(text: str) -> set[str]:
    """Its characters and pairs of characters; digits, punctuation and blanks left out."""
    plain = "".join(char for char in text if char.isalpha())
    return set(plain) | {a + b for a, b in pairwise(plain)}


def _centroids(examples: list[tuple[str, str]]) -> dict[str, dict[str, float]]:
    """Per kind, what each part adds to the likeness: the mean of its examples, rare parts weighing most, length one."""
    parted = [(kind, _parts(text)) for kind, text in examples]
    spread = Counter(part for _, parts in parted for part in parts)
    weight = {part: math.log((len(parted) + 1) / (count + 0.5)) for part, count in spread.items()}
    of_kind: dict[str, list[set[str]]] = {}
    for kind, parts in parted:
        of_kind.setdefault(kind, []).append(parts)
    centroids = {}
    for kind, sets in of_kind.items():
        counts = Counter(part for parts in sets for part in parts)
        mean = {part: count / len(sets) * weight[part] for part, count in counts.items()}
        length = math.sqrt(sum(value * value for value in mean.values()))
        centroids[kind] = {part: value * weight[part] / length for part, value in mean.items()}
    return centroids
