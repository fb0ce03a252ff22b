"""What of a call can be erased apart from the rest, and what remains of sealed documents then. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Literal, get_args

Part = Literal["caller", "notes", "words"]
#: In the order in which ``calls.erased_parts`` holds them.
PARTS: tuple[Part, ...] = get_args(Part)
#: With the words on screen.
PART_LABELS: dict[Part, str] = {
    "caller": "来电人（号码、姓名、地址、录音编号）",
    "notes": "办理文字（笔记、摘要、答复、留言、转办与退回理由）",
    "words": "通话内容（转写、各版本、研判摘录、检索词）",
}

#: Stands where reasons quoted the caller.
ERASED_REASON = "内容已按保存期限或当事人要求删除"

_CALLER_FIELDS: Mapping[str, Any] = {
    "caller_number": None,
    "caller_number_raw": "",
    "caller_name": "",
    "address": "",
    "recording_number": "",
}


def in_order(parts: Collection[str]) -> list[Part]:
    """``parts``, each once, in the order of :data:`PARTS`."""
    return [part for part in PARTS if part in parts]


def without_parts(payload: Mapping[str, Any], parts: Collection[str]) -> dict[str, Any]:
    """A stored version of a call (``CallRecord.to_payload``) without these parts.

    The line's own row goes with either of caller and words: nobody can tell in which of its columns they stand.
    """
    left = dict(payload)
    if "caller" in parts:
        left |= {name: value for name, value in _CALLER_FIELDS.items() if name in left}
    if "words" in parts:
        left["segments"] = []
    if "caller" in parts or "words" in parts:
        left["source"] = {}
    return left


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
    """A stored version with the caller's data corrected. The line's own row, which holds the wrong ones, goes."""
    return {**payload, **changes, "source": {}}
