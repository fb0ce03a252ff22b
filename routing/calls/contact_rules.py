"""How a caller wants to be called back: safe hours, no text messages, another number, a note. Pure.

They travel with the call (DESIGN section 5): whoever is about to call back sees them, and no call-back is promised for
a time at which the caller cannot speak safely.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, Self
from zoneinfo import ZoneInfo

from routing.errors import OutsideSafeHours

NOTE_LENGTH = 200
#: The window a caller is told where only its beginning was given.
WINDOW = timedelta(hours=1)
_LOCAL = ZoneInfo("Asia/Shanghai")
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ContactRules:
    """What one caller asked for; without any of it there are no rules (``bool`` is False)."""

    safe_from: time | None = None
    """Local time (Asia/Shanghai) from which a call is safe; None, as ``safe_until`` then is too: at any hour."""
    safe_until: time | None = None
    """Until when; before ``safe_from``: on the next day."""
    no_sms: bool = False
    other_number: str | None = None
    """E.164: to be called instead of the number the call came from."""
    note: str = ""
    """At most ``NOTE_LENGTH`` characters."""

    def __bool__(self) -> bool:
        return self != type(self)()

    def to_document(self) -> dict[str, Any]:
        """What is sealed into ``calls.contact_rules``; :meth:`from_document` reads it back."""
        return {
            "safe_from": clock(self.safe_from),
            "safe_until": clock(self.safe_until),
            "no_sms": self.no_sms,
            "other_number": self.other_number,
            "note": self.note,
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any] | None) -> Self | None:
        """The rules of :meth:`to_document`; None where there are none."""
        if not document:
            return None
        hours = (document.get("safe_from"), document.get("safe_until"))
        opens, closes = (time.fromisoformat(text) if text else None for text in hours)
        no_sms = bool(document.get("no_sms"))
        return cls(opens, closes, no_sms, document.get("other_number"), document.get("note") or "")

    def words(self) -> str:
        """All of it in clear, for one view that somebody gave a reason for."""
        parts = (
            f"仅 {clock(self.safe_from)}–{clock(self.safe_until)}" if self.safe_from else "",
            "不发短信" if self.no_sms else "",
            f"改拨 {self.other_number.removeprefix('+86')}" if self.other_number else "",
            self.note,
        )
        return "；".join(part for part in parts if part)

    def hours_at(self, at: datetime) -> tuple[datetime, datetime] | None:
        """The safe hours in which ``at`` (aware) lies, else those that come next; None where any hour is safe."""
        if self.safe_from is None or self.safe_until is None:
            return None
        yesterday = at.astimezone(_LOCAL).date() - _DAY
        for days in range(3):
            opens = datetime.combine(yesterday + days * _DAY, self.safe_from, _LOCAL)
            closes = datetime.combine(opens.date(), self.safe_until, _LOCAL)
            if closes <= opens:
                closes += _DAY
            if at < closes:
                return opens, closes
        raise AssertionError("safe hours come every day")


def clock(at: time | None) -> str | None:
    """``09:00``."""
    return None if at is None else at.strftime("%H:%M")


def callback_window(
    rules: ContactRules | None, start: datetime, until: datetime | None = None
) -> tuple[datetime, datetime]:
    """The window of a call-back that may be promised: ``WINDOW`` long unless ``until`` is said, and never past the safe
    hours. Both aware.

    Raises OutsideSafeHours, with the next window that may be promised, where it would begin or end outside of them.
    """
    end = until or start + WINDOW
    hours = rules.hours_at(start) if rules else None
    if hours is None:
        return start, end
    opens, closes = hours
    if until is None:
        end = min(end, closes)
    if opens <= start and end <= closes:
        return start, end
    begins = max(start, opens)
    ends = min(begins + (end - start if end > start else WINDOW), closes)
    raise OutsideSafeHours(
        f"来电人只方便在 {opens:%H:%M}–{closes:%H:%M} 接电话，约定的时间不在其中；"
        f"可改为 {begins.astimezone(_LOCAL):%m-%d %H:%M} 至 {ends.astimezone(_LOCAL):%H:%M}。"
        "来电人改了主意的，请先修改回拨须知。",
        (begins, ends),
    )
