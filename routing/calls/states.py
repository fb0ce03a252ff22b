"""The states of a call and which may follow which (DESIGN section 2).

The database holds the same table and refuses every other change
(``call_state_transitions``, trigger ``call_state``); this copy lets pure code
and screens ask without a round trip, and a test compares the two.
"""

from __future__ import annotations

from typing import Literal

CallState = Literal["received", "triaged", "proposed", "queued", "offered", "claimed", "completed", "closed"]

#: State -> screen word.
STATES: dict[CallState, str] = {
    "received": "已接收",
    "triaged": "已研判",
    "proposed": "待确认",
    "queued": "排队中",
    "offered": "振铃中",
    "claimed": "处理中",
    "completed": "已办结",
    "closed": "已关闭",
}

TRANSITIONS: dict[CallState, frozenset[CallState]] = {
    "received": frozenset({"triaged"}),
    # closed at once: invalid with a reason, or history that is only counted
    "triaged": frozenset({"proposed", "queued", "closed"}),
    # completed: answered directly by the operator who holds the call
    "proposed": frozenset({"queued", "completed"}),
    # proposed: a forward taken back gives the live call to its operator again
    "queued": frozenset({"offered", "claimed", "completed", "proposed"}),
    "offered": frozenset({"queued", "claimed"}),
    "claimed": frozenset({"queued", "completed"}),
    "completed": frozenset({"closed"}),
    "closed": frozenset(),
}

#: Nobody has taken the call yet: a new version or segment supersedes the decision.
UNTAKEN: frozenset[CallState] = frozenset({"received", "triaged", "proposed", "queued"})


def may_follow(present: CallState, following: CallState) -> bool:
    """Whether a call in ``present`` may change to ``following``."""
    return following in TRANSITIONS[present]
