"""Readings and facts for policy tests, built from what a test cares about."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from nlp.classification import Classification, Cue, Danger, DangerSignal, Evidence, Route
from routing.policy.deciding import decide
from routing.policy.decision import Decision
from routing.policy.facts import Facts
from routing.policy.loading import read_policy
from routing.policy.settings import Policy

#: Monday 2026-03-02, 11:00 in Shanghai.
MONDAY = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)


def make_reading(
    route: Route = "dispute",
    confidence: float = 0.9,
    *,
    level: int = 0,
    danger: dict[str, str] | None = None,
    cues: dict[str, str] | None = None,
    topic: str = "labour",
    review: bool = False,
) -> Classification:
    """``danger`` and ``cues`` map kinds to the words heard."""
    return Classification(
        route=route,
        confidence=confidence,
        review=review,
        ranking=((route, confidence),),
        topic=((topic, 0.8),),
        danger=Danger(level, tuple(DangerSignal(k, w, 0, len(w), level) for k, w in (danger or {}).items())),
        evidence=(Evidence("押金不退", 0, 4, 0.4),),
        entities=(),
        cues=tuple(Cue(k, w, 0, len(w)) for k, w in (cues or {}).items()),
        model="test",
    )


def make_facts(reading: Classification | None = None, **changes: Any) -> Facts:
    """Facts of a recorded 12345 call that came in live, unless changed."""
    values: dict[str, Any] = {
        "line": "12345",
        "intake": "live",
        "live": False,
        "classification": reading or make_reading(),
        "text_length": 80,
        "received_at": MONDAY,
        "call_key": "call-1",
    }
    return Facts(**{**values, **changes})


@pytest.fixture(scope="session")
def policy() -> Policy:
    """The policy as it is shipped."""
    return read_policy()


@pytest.fixture
def decided(policy: Policy) -> Callable[..., Decision]:
    """Decide by the shipped policy with everybody on duty but those in ``absent``."""

    def _decided(
        reading: Classification | None = None, *, by: Policy | None = None, absent: tuple[str, ...] = (), **changes: Any
    ) -> Decision:
        facts = make_facts(reading, **changes)
        return decide(by or policy, facts, lambda queue, _at: 0 if queue in absent else 2, MONDAY)

    return _decided


@pytest.fixture(name="reading")
def reading_factory() -> Callable[..., Classification]:
    """Builds readings."""
    return make_reading


@pytest.fixture(name="facts")
def facts_factory() -> Callable[..., Facts]:
    """Builds facts."""
    return make_facts
