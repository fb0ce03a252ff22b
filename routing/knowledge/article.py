"""What an article is made of, whether it may be cited, how its text is laid out, how two versions differ. Pure."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from routing.errors import InvalidRequest

#: Articles that expire within so many days are marked for renewal.
RENEWAL_DAYS = 14
#: No answer of an office holds unread for longer.
MAX_YEARS = 5

TITLE_LENGTH, ANSWER_LENGTH, BODY_LENGTH, NOTE_LENGTH = 120, 2_000, 20_000, 200

Validity = Literal["valid", "expiring", "expired"]
#: With the words of the screens.
VALIDITIES: dict[Validity, str] = {"valid": "有效", "expiring": "即将到期", "expired": "已过期"}


def validity(expires_on: date, today: date) -> Validity:
    """Whether an article may be cited on ``today`` (local date): to the end of its last day it may."""
    if expires_on < today:
        return "expired"
    return "expiring" if expires_on - today <= timedelta(days=RENEWAL_DAYS) else "valid"


@dataclass(frozen=True, slots=True)
class ArticleText:
    """What is written of an article, by hand or out of a row of an import."""

    title: str
    answer: str
    """What the caller is told; goes into the operator's draft."""
    body: str
    """Grounds and explanation, in the form that ``blocks`` reads."""
    topic: str
    org_id: int
    """The owning department."""
    expires_on: date
    change_note: str
    """What this version changes, for the history."""

    def check(self, topics: frozenset[str]) -> None:
        """Raise InvalidRequest naming the first field that cannot be used."""
        for name, label, limit in (
            ("title", "标题", TITLE_LENGTH),
            ("answer", "答复口径", ANSWER_LENGTH),
            ("body", "依据与说明", BODY_LENGTH),
            ("change_note", "修改说明", NOTE_LENGTH),
        ):
            value: str = getattr(self, name)
            if name != "body" and not value.strip():
                raise InvalidRequest(f"{name}：请填写{label}。")
            if len(value) > limit:
                raise InvalidRequest(f"{name}：{label}最多 {limit} 字，现有 {len(value)} 字。")
        if self.topic not in topics:
            raise InvalidRequest("topic：没有这个领域，请从列表中选择。")

    def check_term(self, today: date) -> None:
        """Raise InvalidRequest where the version would be expired at once or hold for too long."""
        if self.expires_on < today:
            raise InvalidRequest("expires_on：有效期已过，请填今天或以后的日期。")
        if self.expires_on.year - today.year > MAX_YEARS:
            raise InvalidRequest(f"expires_on：有效期最长 {MAX_YEARS} 年，到期前再续。")


@dataclass(frozen=True, slots=True)
class Block:
    """One part of a text: a heading, a paragraph, or a list with its points."""

    kind: Literal["heading", "paragraph", "bullets", "numbers"]
    lines: tuple[str, ...]


_HEADING = re.compile(r"#{1,3}\s*(.+)")
_BULLET = re.compile(r"[-*·•]\s+(.+)")
_NUMBER = re.compile(r"\d{1,3}[.、)）]\s*(.+)")


def blocks(text: str) -> list[Block]:
    """Plain text by lines: ``# heading``, ``- point``, ``1. point``; other lines up to a blank one are a paragraph.

    Nothing else means anything, no link and no markup: the template escapes what is in the lines.
    """
    found: list[Block] = []

    def add(kind: Literal["heading", "paragraph", "bullets", "numbers"], line: str) -> None:
        if kind != "heading" and not parted and found and found[-1].kind == kind:
            found[-1] = Block(kind, (*found[-1].lines, line))
        else:
            found.append(Block(kind, (line,)))

    parted = True
    for raw in text.splitlines():
        line = raw.strip()
        if not line:
            parted = True
            continue
        if match := _HEADING.fullmatch(line):
            add("heading", match[1])
        elif match := _BULLET.fullmatch(line):
            add("bullets", match[1])
        elif match := _NUMBER.fullmatch(line):
            add("numbers", match[1])
        else:
            add("paragraph", line)
        parted = False
    return found


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the difference of two texts."""

    kind: Literal["same", "added", "removed"]
    text: str


def differences(before: str, after: str) -> list[Change]:
    """Line by line what ``after`` has anew and what it no longer has, with the lines around."""
    old, new = before.splitlines(), after.splitlines()
    changes: list[Change] = []
    for tag, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            changes += [Change("same", line) for line in old[a:b]]
        else:
            changes += [Change("removed", line) for line in old[a:b]]
            changes += [Change("added", line) for line in new[c:d]]
    return changes
