"""Why somebody looks at what is hidden: a short list, and own words where it does not fit."""

from __future__ import annotations

from dataclasses import dataclass

from hotline.errors import HotlineError

#: Code -> what the screens say. The code stands in the audit log.
REASONS: dict[str, str] = {
    "callback": "回拨来电人",
    "handling": "办理需要（上门、送达、移交）",
    "emergency": "紧急救助",
    "identity": "核对来电人身份",
    "complaint": "核查投诉",
    "quality": "质量检查",
    "legal": "依法调取",
    "report": "统计报送",
    "other": "其他（请说明）",
}
OTHER = "other"
#: Shorter words say nothing.
MIN_NOTE = 4


class ReasonMissing(HotlineError):
    """A look at hidden data needs a reason that says something."""


@dataclass(frozen=True, slots=True)
class Reason:
    """A code of :data:`REASONS`, and own words (required for ``other``)."""

    code: str
    note: str | None = None


def read_reason(text: str | None, note: str | None = None) -> Reason:
    """The reason a person gave: a code, with or without ``note``; anything else counts as own words.

    Raises ReasonMissing.
    """
    wanted, words = (text or "").strip(), (note or "").strip() or None
    if wanted and wanted not in REASONS:
        wanted, words = OTHER, "；".join(filter(None, (wanted, words)))
    if not wanted:
        raise ReasonMissing("reason：请选择或填写查看理由；理由会记入审计日志。")
    if wanted == OTHER and (words is None or len(words) < MIN_NOTE):
        raise ReasonMissing(f"reason：请用至少 {MIN_NOTE} 个字说明理由；理由会记入审计日志。")
    return Reason(wanted, words)
