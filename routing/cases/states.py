"""The states of an undertaking, one desk's work on a case, and which may follow which (DESIGN section 2).

A case is reported with its call, verified by triage and operator, assigned by
the forward; what follows at the desk stands here. The database holds the same
table (``undertaking_transitions``) and refuses every other change; a test
compares the two.
"""

from __future__ import annotations

from typing import Literal, get_args

UndertakingState = Literal["handling", "objected", "fed_back", "appraised", "handed_on"]

#: State -> screen word.
STATES: dict[UndertakingState, str] = {
    "handling": "办理中",
    "objected": "异议待裁定",
    "fed_back": "已反馈，待评价",
    "appraised": "已评价",
    "handed_on": "已转出",
}

TRANSITIONS: dict[UndertakingState, frozenset[UndertakingState]] = {
    "handling": frozenset({"objected", "fed_back", "handed_on"}),
    # handling: the objection was rejected and the dispatch stands
    "objected": frozenset({"handling", "handed_on"}),
    # handling: the caller was not satisfied and the matter is taken up once more
    "fed_back": frozenset({"handling", "appraised"}),
    "appraised": frozenset(),
    "handed_on": frozenset(),
}

#: Where an undertaking begins: accepted, or objected to at once.
BEGINNINGS: frozenset[UndertakingState] = frozenset({"handling", "objected"})
#: Somebody owes the next step.
OPEN: frozenset[UndertakingState] = frozenset({"handling", "objected"})
ALL: tuple[UndertakingState, ...] = get_args(UndertakingState)


def may_follow(present: UndertakingState, following: UndertakingState) -> bool:
    """Whether an undertaking in ``present`` may change to ``following``."""
    return following in TRANSITIONS[present]
