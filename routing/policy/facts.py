"""What a decision may look at: one reading and the circumstances of its call."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from nlp.classification import Classification

#: The wall clock of every rule, roster and screen.
LOCAL_ZONE = ZoneInfo("Asia/Shanghai")

Intake = Literal["live", "backlog", "history"]
#: How a record came in: as it happens, as work still to be done, or only to be counted.
INTAKES: tuple[Intake, ...] = ("live", "backlog", "history")


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything ``decide`` may know about one call; build one per reading."""

    line: str
    """The line that took the call: ``12345``, ``110``, ``12348`` or another configured one."""
    intake: Intake
    live: bool
    """Somebody is on the line at this moment."""
    classification: Classification
    text_length: int
    """Characters of the transcript other than white space; 0 means nothing was transcribed."""
    received_at: datetime
    """Aware UTC."""
    call_key: str
    """A stable key of the call (its id, or line and external id); quality samples are drawn by it."""
    talk_time_s: float | None = None
    """Seconds of talk by the line's own record; None where the line does not tell."""
    persons_affected: int | None = None
    """The largest number of people the caller named."""
    region: str | None = None
    has_number: bool = True
    confidential: bool = False

    def __post_init__(self) -> None:
        """Raises ValueError for a received_at without zone: local hours would be guesses."""
        if self.received_at.tzinfo is None:
            raise ValueError("received_at needs a time zone; pass aware UTC")

    @property
    def received_local(self) -> datetime:
        """The time of receipt on the wall clock of Asia/Shanghai."""
        return self.received_at.astimezone(LOCAL_ZONE)


def largest_group(classification: Classification, kind: str = "persons_affected") -> int | None:
    """The largest people-count entity of a reading, for ``Facts.persons_affected``; None without one."""
    counts = [
        int(entity.value)
        for entity in classification.entities
        if entity.kind == kind and isinstance(entity.value, int | float) and entity.value > 0
    ]
    return max(counts, default=None)
