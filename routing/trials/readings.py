"""What another lexicon makes of the same calls, counted reading by reading. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nlp.classification import Classification

#: So many calls are kept to be looked at.
MOST_CALLS = 300


@dataclass(slots=True)
class ReadingComparison:
    """Readings before and after, by the same model."""

    total: int = 0
    changed: int = 0
    """Readings that differ in class, danger, topic, entities or cues."""
    counts: Counter[str] = field(default_factory=Counter)
    """``danger_lowered``, ``danger_raised``, ``route``, ``review``, ``topic``, ``cues``, ``entities`` -> calls."""
    moves: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(class before, class after) -> calls."""
    _calls: list[tuple[int, dict[str, Any]]] = field(default_factory=list)

    def add(self, call: Mapping[str, Any], before: Classification, after: Classification) -> None:
        """Compare the two readings of one call."""
        self.total += 1
        what = differences(before, after)
        if not what:
            return
        self.changed += 1
        self.counts.update(what)
        if "route" in what:
            self.moves[before.route, after.route] += 1
        rank = min(_RANKS.index(one) for one in what)
        if rank < _RANKS.index("cues"):
            self._calls.append((rank, _view(call, before, after, what)))

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; nothing in it quotes a caller. Calls whose danger falls come first."""
        calls = [view for _, view in sorted(self._calls, key=lambda pair: pair[0])]
        return {
            "total": self.total,
            "changed": self.changed,
            "counts": {name: self.counts.get(name, 0) for name in _RANKS},
            "moves": [[a, b, n] for (a, b), n in self.moves.most_common()],
            "calls": calls[:MOST_CALLS],
        }


#: Gravest first.
_RANKS = ("danger_lowered", "danger_raised", "route", "review", "topic", "cues", "entities")


def differences(before: Classification, after: Classification) -> list[str]:
    """In what two readings of one call differ."""
    found = []
    if after.danger.level != before.danger.level:
        found.append("danger_lowered" if after.danger.level < before.danger.level else "danger_raised")
    if after.route != before.route:
        found.append("route")
    if after.review != before.review:
        found.append("review")
    if _topic(after) != _topic(before):
        found.append("topic")
    if {(cue.kind, cue.start, cue.end) for cue in after.cues} != {(c.kind, c.start, c.end) for c in before.cues}:
        found.append("cues")
    if {(e.kind, e.start, e.end) for e in after.entities} != {(e.kind, e.start, e.end) for e in before.entities}:
        found.append("entities")
    return found


def _topic(reading: Classification) -> str | None:
    return reading.topic[0][0] if reading.topic else None


def _view(call: Mapping[str, Any], before: Classification, after: Classification, what: list[str]) -> dict[str, Any]:
    return {
        "call_id": call["id"],
        "call": f"{call['line']}:{call['external_id']}",
        "received_at": call["received_at"].isoformat(),
        "what": what,
        "route": [before.route, after.route],
        "danger": [before.danger.level, after.danger.level],
        "topic": [_topic(before), _topic(after)],
    }
