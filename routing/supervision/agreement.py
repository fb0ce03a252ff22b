"""How far two judgements of the same calls agree: shares, Cohen's kappa with an interval, by class. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

#: Of a 95 % interval.
_Z = 1.959963985
#: With fewer pairs a figure is shown as too few to tell.
FEWEST = 10


@dataclass(frozen=True, slots=True)
class Agreement:
    """Two judges (the machine first) on the same calls."""

    pairs: int
    agreed: int
    kappa: float | None
    """Agreement beyond what chance alone would give, -1 to 1; None where there is nothing to tell apart."""
    low: float | None
    """Ends of kappa's 95 % interval; None where there are fewer than FEWEST pairs."""
    high: float | None
    matrix: Mapping[tuple[str, str], int]
    """(first judge, second judge) -> calls."""

    @property
    def share(self) -> float | None:
        """Calls on which both say the same, of all; None without calls."""
        return self.agreed / self.pairs if self.pairs else None

    def per_class(self, name: str) -> ClassAgreement:
        """What became of one class."""
        return ClassAgreement(
            first=sum(n for (a, _), n in self.matrix.items() if a == name),
            second=sum(n for (_, b), n in self.matrix.items() if b == name),
            both=self.matrix.get((name, name), 0),
            kappa=kappa_of({(str(a == name), str(b == name)): n for (a, b), n in _joined(self.matrix, name).items()})[
                0
            ],
        )


@dataclass(frozen=True, slots=True)
class ClassAgreement:
    """One class against all others."""

    first: int
    """Calls to which the first judge gave it."""
    second: int
    both: int
    kappa: float | None


def agreement(pairs: Sequence[tuple[str, str]]) -> Agreement:
    """Figures of ``(machine, person)`` pairs."""
    matrix = Counter(pairs)
    kappa, error = kappa_of(matrix)
    low = high = None
    if kappa is not None and error is not None and len(pairs) >= FEWEST:
        low, high = max(-1.0, kappa - _Z * error), min(1.0, kappa + _Z * error)
        if all(a == b for a, b in matrix):
            low = _low_of_all_agreed(matrix, len(pairs))
    return Agreement(len(pairs), sum(n for (a, b), n in matrix.items() if a == b), kappa, low, high, matrix)


def kappa_of(matrix: Mapping[tuple[str, str], int]) -> tuple[float | None, float | None]:
    """Cohen's kappa (1960) and its standard error by Fleiss, Cohen and Everitt (1969), for large samples.

    (None, None) without pairs, or where both judges gave one class to every call: chance explains all then.
    """
    total = sum(matrix.values())
    if not total:
        return None, None
    share = {pair: n / total for pair, n in matrix.items()}
    names = {name for pair in matrix for name in pair}
    rows = {name: sum(p for (a, _), p in share.items() if a == name) for name in names}
    columns = {name: sum(p for (_, b), p in share.items() if b == name) for name in names}
    seen = sum(share.get((name, name), 0.0) for name in names)
    chance = sum(rows[name] * columns[name] for name in names)
    if chance >= 1:
        return None, None
    kappa = (seen - chance) / (1 - chance)
    on = sum(share.get((name, name), 0.0) * (1 - (rows[name] + columns[name]) * (1 - kappa)) ** 2 for name in names)
    off = (1 - kappa) ** 2 * sum(p * (columns[a] + rows[b]) ** 2 for (a, b), p in share.items() if a != b)
    variance = (on + off - (kappa - chance * (1 - kappa)) ** 2) / (total * (1 - chance) ** 2)
    return kappa, math.sqrt(max(0.0, variance))


def _low_of_all_agreed(matrix: Mapping[tuple[str, str], int], pairs: int) -> float:
    """The lower end where both agree on every call, of which the standard error above is 0 however few they are.

    Wilson's bound (1927) of the share of agreement, with chance as it was seen.
    """
    chance = sum((n / pairs) ** 2 for n in matrix.values())
    return 1 - (1 - pairs / (pairs + _Z**2)) / (1 - chance)


def _joined(matrix: Mapping[tuple[str, str], int], name: str) -> Counter[tuple[str, str]]:
    """The table of one class against the rest."""
    joined: Counter[tuple[str, str]] = Counter()
    for (a, b), n in matrix.items():
        joined[name if a == name else "", name if b == name else ""] += n
    return joined
