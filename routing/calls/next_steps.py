"""Where a matter stands: who owes the next step of a call, and by when. Pure.

Shown to whoever answers the same number again, so that nobody has to tell a story twice. It tells of the matter: no
count of calls and no word about the caller.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

ENDED = frozenset({"completed", "closed"})


@dataclass(frozen=True, slots=True)
class NextStep:
    """What has to happen next."""

    step: str
    """In Chinese: 研判, 转办, 接单, 签收, 回拨, 办结."""
    queue: str | None
    """The queue that owes it, by name; None: the operators' table."""
    person: str | None
    """Who has it in hand; None: nobody yet."""
    due_at: datetime | None
    """By when; None: no time was set."""


def next_step(row: Mapping[str, Any]) -> NextStep | None:
    """The next step of a call: a row of ``calls_of_caller``. None where nothing is owed any more."""
    if row["state"] in ENDED:
        return None
    queue, person = row["queue"], row["assigned_to"]
    if row["callback_until"] is not None:
        return NextStep("回拨", queue, person or row["held_by_name"], row["callback_until"])
    if row["receipt_due_at"] is not None:
        return NextStep("签收", queue, person, row["receipt_due_at"])
    if row["state"] in ("received", "triaged"):
        return NextStep("研判", None, row["held_by_name"], None)
    if row["state"] == "proposed":
        return NextStep("转办", None, row["held_by_name"], None)
    return NextStep("办结" if row["state"] == "claimed" else "接单", queue, person, row["deadline"])
