"""What the machine reads out of one transcript.

Offsets are code points into the text exactly as it was handed in (CONTRACT.md);
``end`` is exclusive, so ``text[start:end] == span.text``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol

Route = Literal["police_incident", "legal_consultation", "dispute", "non_police_help", "invalid"]
#: The five classes in the order of the questions in the label guide.
ROUTES: tuple[Route, ...] = (
    "police_incident",
    "legal_consultation",
    "dispute",
    "non_police_help",
    "invalid",
)


class DangerSignal(NamedTuple):
    """One span that speaks for danger. ``kind`` is a key of ``[danger_kinds]`` in taxonomy.toml."""

    kind: str
    text: str
    start: int
    end: int
    level: int
    """1: someone may come to harm; 2: happening now."""


@dataclass(frozen=True, slots=True)
class Danger:
    """Danger of the call: level 0 none, 1 someone may come to harm, 2 happening now."""

    level: int = 0
    signals: tuple[DangerSignal, ...] = ()
    likely: tuple[tuple[str, float], ...] = ()
    """Where no kind was heard: those that are likely by what the call resembles, with their share of all danger, best
    first. A guess for people to look at: no rule reads it (nlp.danger_kinds)."""

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds heard, without repeats: what rules go by."""
        return frozenset(signal.kind for signal in self.signals)


class Evidence(NamedTuple):
    """A span that speaks for the class; ``weight`` is its share of the class score."""

    text: str
    start: int
    end: int
    weight: float


class Entity(NamedTuple):
    """Something named in the text. ``value`` is the parsed form: yuan, people, days, digits."""

    kind: str
    text: str
    start: int
    end: int
    value: str | float | int | None = None


class Cue(NamedTuple):
    """A signal a policy needs beside the class, with the words heard.

    ``kind`` is a key of ``[cues]`` in taxonomy.toml: ``violence_or_control``,
    ``minor``, ``legal_deadline``, ``officer_wanted``, ``legal_question``,
    ``veiled_call``, ``earlier_matter``, ``silence``.
    """

    kind: str
    text: str
    start: int
    end: int


class Classification(NamedTuple):
    """One reading of one transcript, immutable, with the model that made it.

    A named tuple because bulk work makes one per text: a frozen dataclass of ten fields takes ten times as long.
    """

    route: Route
    confidence: float
    """Calibrated probability of ``route``, 0..1."""
    review: bool
    """The model abstains: a person decides."""
    ranking: tuple[tuple[Route, float], ...]
    """All five classes, most probable first."""
    topic: tuple[tuple[str, float], ...]
    """At most three topic codes of taxonomy.toml, most probable first."""
    danger: Danger
    evidence: tuple[Evidence, ...]
    entities: tuple[Entity, ...]
    cues: tuple[Cue, ...]
    model: str

    def to_row(self) -> dict[str, Any]:
        """The JSON form of CONTRACT.md (plus ``cues``), without ``id``."""
        return {
            "route": self.route,
            "confidence": round(self.confidence, 4),
            "review": self.review,
            "ranking": [[route, round(p, 4)] for route, p in self.ranking],
            "topic": [[code, round(p, 4)] for code, p in self.topic],
            "danger": {
                "level": self.danger.level,
                "signals": [
                    {"kind": s.kind, "text": s.text, "start": s.start, "end": s.end, "level": s.level}
                    for s in self.danger.signals
                ],
                "likely_kinds": [[kind, round(share, 4)] for kind, share in self.danger.likely],
            },
            "evidence": [
                {"text": e.text, "start": e.start, "end": e.end, "weight": round(e.weight, 4)} for e in self.evidence
            ],
            "entities": [
                {"kind": e.kind, "text": e.text, "start": e.start, "end": e.end, "value": e.value}
                for e in self.entities
            ],
            "cues": [{"kind": c.kind, "text": c.text, "start": c.start, "end": c.end} for c in self.cues],
            "model": self.model,
        }

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Classification:
        """The reading that ``to_row`` wrote, its probabilities rounded as they are there. Raises KeyError."""
        return cls(
            route=row["route"],
            confidence=row["confidence"],
            review=row["review"],
            ranking=tuple((route, p) for route, p in row["ranking"]),
            topic=tuple((code, p) for code, p in row["topic"]),
            danger=Danger(
                row["danger"]["level"],
                tuple(DangerSignal(**s) for s in row["danger"]["signals"]),
                tuple((kind, share) for kind, share in row["danger"].get("likely_kinds", [])),
            ),
            evidence=tuple(Evidence(**e) for e in row["evidence"]),
            entities=tuple(Entity(**e) for e in row["entities"]),
            cues=tuple(Cue(**c) for c in row.get("cues", [])),
            model=row["model"],
        )


class Reader(Protocol):
    """The small interface behind which any model stands.

    Readers never raise on text: empty, huge, hostile or mixed-script input
    gives a Classification (with ``review`` true where the reader cannot tell).
    """

    @property
    def model(self) -> str:
        """Name and version of the model, stored with each triage."""

    def read(self, text: str, *, line: str | None = None) -> Classification:
        """Read one transcript (the caller's words)."""

    def read_batch(self, items: Sequence[tuple[str, str | None]]) -> list[Classification]:
        """Read many ``(text, line)`` pairs; the answers stand in the same order."""
