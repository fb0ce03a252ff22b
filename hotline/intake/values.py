"""Reads the small vocabularies of the offices' forms: yes and no, durations, marks, kinds."""

from __future__ import annotations

import re
from typing import Any

from hotline.intake.normalise import is_blank, short
from routing.calls.record import REQUEST_KINDS, RequestKind

_YES = frozenset(["是", "1", "y", "yes", "true", "t", "对", "√", "✓", "保密", "需要", "需保密", "要求保密"])
_NO = frozenset(["否", "0", "n", "no", "false", "f", "不", "×", "无", "公开", "不保密", "不需要", "无需保密"])
_SATISFACTION = {
    "非常满意": 5,
    "很满意": 5,
    "满意": 4,
    "比较满意": 4,
    "基本满意": 3,
    "一般": 3,
    "不满意": 2,
    "非常不满意": 1,
    "很不满意": 1,
}
_KINDS: dict[str, RequestKind] = {word: code for code, word in REQUEST_KINDS.items()} | {
    code: code for code in REQUEST_KINDS
}
_CLOCK = re.compile(r"(?:(\d{1,3}):)?(\d{1,3}):(\d{1,2}(?:\.\d+)?)")
_WORDED = re.compile(r"(?:(\d+)(?:小时|时|h))?(?:(\d+)(?:分钟|分|min|m))?(?:(\d+(?:\.\d+)?)(?:秒钟|秒|s|sec)?)?", re.I)
_UNIT_BREAKS = re.compile(r"[、,;，；|/\n]+")


class UnreadableValue(ValueError):
    """A value is outside its vocabulary."""


def yes_or_no(text: str) -> bool:
    """是/否 in the ways forms write it; raises UnreadableValue."""
    folded = text.casefold()
    if folded in _YES:
        return True
    if folded in _NO:
        return False
    raise UnreadableValue(text)


def duration_s(text: str) -> float:
    """Seconds out of ``205``, ``3:25``, ``00:03:25``, ``3分25秒``; raises UnreadableValue."""
    compact = text.replace(" ", "")
    if clock := _CLOCK.fullmatch(compact):
        hours, minutes, seconds = clock.groups()
    elif compact and (worded := _WORDED.fullmatch(compact)):
        hours, minutes, seconds = worded.groups()
    else:
        raise UnreadableValue(text)
    total = int(hours or 0) * 3600 + int(minutes or 0) * 60 + float(seconds or 0)
    if total > 86400 * 7:
        raise UnreadableValue(text)
    return total


def satisfaction(text: str) -> int | None:
    """The mark given, 1 (worst) to 5; None where none was given or it is on no such scale."""
    if text in _SATISFACTION:
        return _SATISFACTION[text]
    number = re.fullmatch(r"([1-5])(?:\.0+)?(?:分|星)?", text)
    return int(number[1]) if number else None


def request_kind(text: str) -> RequestKind | None:
    """The kind of request; None where the form names another (it stays in ``source``)."""
    return _KINDS.get(text) or _KINDS.get(text.removesuffix("类"))


def units(value: Any) -> tuple[str, ...]:
    """The units of a list or of a cell that names several."""
    if is_blank(value):
        return ()
    parts = value if isinstance(value, list) else _UNIT_BREAKS.split(str(value))
    named = [short(part) for part in parts]
    return tuple(dict.fromkeys(name for name in named if name))
