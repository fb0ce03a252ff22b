"""One call record as it came in from a line, mapped and normalised.

Every intake (line export, HTTP, live transcript) ends in a :class:`CallRecord`;
nothing behind it knows the form the line's own system uses.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any, Literal, Self, overload

from routing.calls.contact_rules import ContactRules
from routing.errors import InvalidRequest
from routing.policy.rails import EMERGENCY_LINE

RequestKind = Literal["consultation", "help", "complaint", "report", "suggestion", "praise"]
#: The six kinds of request on every office's own form, with the words on screen.
REQUEST_KINDS: dict[RequestKind, str] = {
    "consultation": "咨询",
    "help": "求助",
    "complaint": "投诉",
    "report": "举报",
    "suggestion": "建议",
    "praise": "表扬",
}

Contact = Literal["online", "callback", "ticket", "statistics"]
#: How the caller can still be reached, with the words on screen.
CONTACTS: dict[Contact, str] = {
    "online": "在线",
    "callback": "待回拨",
    "ticket": "工单",
    "statistics": "仅统计",
}


@dataclass(frozen=True, slots=True)
class Segment:
    """One stretch of speech. ``text`` is the original but for white space at its ends."""

    seq: int
    """Order within the call; (call, seq) is unique."""
    speaker: str
    """As the line's system writes it; empty where it names none."""
    text: str
    at: datetime | None = None
    """When it was said, aware UTC."""
    confidence: float | None = None
    """Of the speech recogniser, 0..1."""
    language: str | None = None
    """Language or dialect tag as the line's system writes it."""
    is_caller: bool = True
    """Only the caller's words are what the caller said; others are kept, not read."""


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One record of one line; unique by (``line``, ``external_id``), versions kept."""

    line: str
    external_id: str
    received_at: datetime
    """When the call came in, aware UTC."""
    caller_number: str | None
    """E.164; None where withheld or where no number of the public network can be read."""
    caller_number_raw: str
    """The number as the line's system wrote it."""
    caller_withheld: bool
    """The caller gave no number: there is no look-up hash and no timeline."""
    caller_name: str
    segments: tuple[Segment, ...]
    address: str
    region: str
    operator: str
    confidential: bool
    request_kind: RequestKind | None
    channel: str
    urgency: str
    lead_unit: str
    joint_units: tuple[str, ...]
    dispatched_at: datetime | None
    received_by_unit_at: datetime | None
    ended_at: datetime | None
    recording_number: str
    talk_time_s: float | None
    """Seconds talked; with an empty ``text`` it tells of a failed transcription."""
    satisfaction: int | None
    contact: Contact
    source: Mapping[str, Any]
    """The original row as a JSON object: nothing the line sent is lost."""
    live: bool = False
    """The caller is on the line now, held by an operator."""
    contact_rules: ContactRules | None = None
    """How the caller wants to be called back; None: the line said nothing of it."""
    connected: bool | None = None
    """Somebody answered; False: the caller, or the line, hung up before anybody had. None: the line does not tell."""
    ring_s: float | None = None
    """Seconds from the first ring to the answer, or to the hang-up where nobody answered."""

    @property
    def text(self) -> str:
        """The caller's segments joined by line feeds: what triage reads and offsets point into."""
        return "\n".join(segment.text for segment in self.segments if segment.is_caller)

    @property
    def unanswered(self) -> bool:
        """Nobody answered and nothing was left to read: there is a call to count, and none to route.

        On 110 such a call is read and given to a person like any other (rail a): who hangs up there may need help.
        """
        return self.connected is False and self.line != EMERGENCY_LINE and not self.segments

    @property
    def key(self) -> tuple[str, str]:
        """(line, external_id)."""
        return self.line, self.external_id

    def content_hash(self) -> str:
        """SHA-256 (hex) over the mapped, normalised content.

        Equal hashes mean the same version of the call: a number written
        otherwise, white space, or a column that is not mapped change nothing.
        ``source``, ``contact`` and ``live`` say how the record came in, not
        what it says, and do not count.
        """
        content = [
            self.line,
            self.external_id,
            _iso(self.received_at),
            self._number_content(),
            self.caller_withheld,
            [
                [_plain(s.speaker), _plain(s.text), _iso(s.at), s.is_caller]
                for s in sorted(self.segments, key=lambda s: s.seq)
            ],
            *(_plain(getattr(self, name)) for name in _HASHED_TEXTS),
            self.confidential,
            [_plain(unit) for unit in self.joint_units],
            _iso(self.dispatched_at),
            _iso(self.received_by_unit_at),
            _iso(self.ended_at),
            None if self.talk_time_s is None else round(self.talk_time_s, 3),
            self.satisfaction,
            # only where there are any: records of before have the hash they had
            *([self.contact_rules.to_document()] if self.contact_rules else []),
            *([["rang", self.connected, self.ring_s]] if (self.connected, self.ring_s) != (None, None) else []),
        ]
        encoded = json.dumps(content, ensure_ascii=True, separators=(",", ":")).encode("ascii")
        return hashlib.sha256(encoded).hexdigest()

    def to_payload(self) -> dict[str, Any]:
        """A JSON object holding the whole record; :meth:`from_payload` reads it back."""
        payload: dict[str, Any] = {name: getattr(self, name) for name in _FIELD_NAMES}
        for name in _TIMES:
            payload[name] = _iso(payload[name])
        payload["segments"] = [
            {name: getattr(segment, name) for name in _SEGMENT_NAMES} | {"at": _iso(segment.at)}
            for segment in self.segments
        ]
        payload["joint_units"] = list(self.joint_units)
        payload["source"] = dict(self.source)
        payload["contact_rules"] = self.contact_rules.to_document() if self.contact_rules else None
        return payload

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any]) -> Self:
        """The record :meth:`to_payload` wrote; raises InvalidRequest when ``payload`` is none."""
        try:
            # versions stored before there were contact rules and ringing have none
            values = {"contact_rules": None, "connected": None, "ring_s": None, **payload}
            values = {name: values[name] for name in _FIELD_NAMES}
            for name in _TIMES:
                values[name] = _time(values[name])
            values["segments"] = tuple(Segment(**(s | {"at": _time(s["at"])})) for s in values["segments"])
            values["joint_units"] = tuple(values["joint_units"])
            values["contact_rules"] = ContactRules.from_document(values["contact_rules"])
            return cls(**values)
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidRequest(f"存储的来电记录不完整或已损坏（{error}），请从原文件重新导入。") from error

    def _number_content(self) -> str:
        if self.caller_withheld:
            return ""
        return self.caller_number or _plain(self.caller_number_raw) or ""


_FIELD_NAMES = tuple(field.name for field in fields(CallRecord))
_SEGMENT_NAMES = tuple(field.name for field in fields(Segment))
_TIMES = ("received_at", "dispatched_at", "received_by_unit_at", "ended_at")
_HASHED_TEXTS = (
    "caller_name",
    "address",
    "region",
    "operator",
    "request_kind",
    "channel",
    "urgency",
    "lead_unit",
    "recording_number",
)


def _plain(text: str | None) -> str | None:
    """``text`` for comparing only: width folded, white space runs made one blank."""
    if not text:
        return text
    folded = text if text.isascii() else unicodedata.normalize("NFKC", text)
    return " ".join(folded.split())


@overload
def _iso(moment: datetime) -> str: ...
@overload
def _iso(moment: None) -> None: ...
def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat()


def _time(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value)
