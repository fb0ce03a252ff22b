"""What of a call can be erased apart from the rest, and what remains of sealed documents then. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Literal, get_args

Part = Literal["caller", "notes", "words"]
#: In the order in which ``calls.erased_parts`` holds them.
PARTS: tuple[Part, ...] = get_args(Part)
#: With the words on screen.
PART_LABELS: dict[Part, str] = {
    "caller": "来电人（号码、回拨须知、姓名、地址、录音编号）",
    "notes": "办理文字（笔记、摘要、答复、留言、转办与退回理由、承办与调解文字）",
    "words": "通话内容（转写、各版本、研判摘录、检索词）",
}

#: Single fields that may go sooner than the part they belong to.
Piece = Literal[
    "number", "name", "address", "recording", "source", "transcript", "readings", "tokens", "handling", "cases"
]
PIECES: tuple[Piece, ...] = get_args(Piece)
PIECE_LABELS: dict[Piece, str] = {
    "number": "其中：号码（含回拨须知、按号码查找）",
    "name": "其中：姓名",
    "address": "其中：地址",
    "recording": "其中：录音编号",
    "source": "其中：线路原始记录",
    "transcript": "其中：转写（含各版本、线路原始记录、检索词）",
    "readings": "其中：研判摘录（引用的原话与分流理由）",
    "tokens": "其中：检索词（之后按词查不到）",
    "handling": "其中：接办文字（笔记、摘要、答复、留言、转办与退回理由）",
    "cases": "其中：承办与调解文字（步骤、协议、答复、异议、评价）",
}
#: With which parts, or which wider field, a field goes at the latest.
WHOLES: Mapping[str, tuple[Part | Piece, ...]] = {
    "number": ("caller",),
    "name": ("caller",),
    "address": ("caller",),
    "recording": ("caller",),
    "source": ("caller", "words", "transcript"),
    "transcript": ("words",),
    "readings": ("words",),
    "tokens": ("words", "transcript"),
    "handling": ("notes",),
    "cases": ("notes",),
}
#: Everything a period may be set for, in the order in which ``calls.erased_parts`` holds it.
ERASABLE: tuple[Part | Piece, ...] = (*PARTS, *PIECES)
LABELS: Mapping[str, str] = dict([*PART_LABELS.items(), *PIECE_LABELS.items()])

#: Stands where reasons quoted the caller.
ERASED_REASON = "内容已按保存期限或当事人要求删除"

_CALLER_FIELDS: Mapping[Piece, Mapping[str, Any]] = {
    "number": {"caller_number": None, "caller_number_raw": "", "contact_rules": None},
    "name": {"caller_name": ""},
    "address": {"address": ""},
    "recording": {"recording_number": ""},
}
#: Field of a correction -> the piece it is.
PIECE_OF: Mapping[str, Piece] = {"caller_number": "number", "caller_name": "name", "address": "address"}


def is_erased(what: Part | Piece, erased_parts: Collection[str]) -> bool:
    """Whether a part or field is gone, by itself or with a part it belongs to."""
    return what in erased_parts or any(whole in erased_parts for whole in wholes_of(what))


def wholes_of(what: Part | Piece) -> tuple[Part | Piece, ...]:
    """The parts and wider fields a field goes with; none for a part."""
    return WHOLES.get(what, ())


def without_parts(payload: Mapping[str, Any], parts: Collection[str]) -> dict[str, Any]:
    """A stored version of a call (``CallRecord.to_payload``) without these parts and fields.

    The line's own row goes with what was said and with any field of the caller: nobody can tell in which of its columns
    they stand.
    """
    left = dict(payload)
    for piece, fields in _CALLER_FIELDS.items():
        if is_erased(piece, parts):
            left |= {name: value for name, value in fields.items() if name in left}
    if is_erased("transcript", parts):
        left["segments"] = []
    if touches_versions(parts):
        left["source"] = {}
    return left


def touches_versions(parts: Collection[str]) -> bool:
    """Whether stored versions hold anything of these parts and fields."""
    return is_erased("source", parts) or any(is_erased(piece, parts) for piece in _CALLER_FIELDS)


def without_quotes(reading: Mapping[str, Any]) -> dict[str, Any]:
    """A reading without the caller's words: class, confidence, topics and danger level stay."""
    return {
        **reading,
        "evidence": [],
        "entities": [],
        "cues": [],
        "danger": {**reading["danger"], "signals": []},
    }


def without_reasons(body: Mapping[str, Any]) -> dict[str, Any]:
    """A decision without its reasons, which quote the caller: where the call went stays."""
    left = {**body, "reasons": [ERASED_REASON]}
    if left.get("close_reason"):
        left["close_reason"] = ERASED_REASON
    return left


def with_corrected(payload: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """A stored version with the caller's data corrected. The line's own row, which holds the wrong ones, goes; so does
    how to call back, which stands corrected with the call."""
    return {**payload, **changes, "source": {}, "contact_rules": None}
