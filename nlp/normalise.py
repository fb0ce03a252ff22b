"""Brings a transcript into the form that is read, with a map back to the original.

What is read: the caller's turns only, half-width, NFKC where it keeps one
character one, simplified script, lower case, runs of blanks as one. What is
stored, shown and measured in offsets is always the original.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from array import array
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlp.kernel.library import fold_texts

#: Longest original that is read in full; of longer ones the first and last halves are read.
MAX_CHARS = 40_000

_CALLER = "来电人|来电者|报警人|市民|群众|咨询人|当事人|求助人|诉求人|反映人|居民|用户|客户"
_STAFF = "坐席|座席|话务员|接线员|接警员|接警|客服|工作人员|值班律师|律师|调解员|民警|系统|语音机器人"
# A mark stands at the start, or after a blank or punctuation; otherwise "我的律师：" would count.
_MARK = re.compile(rf"(?:^|(?<=[\s。，,.!?;…)(、】\]]))(?:(?P<caller>{_CALLER})|(?P<staff>{_STAFF}))[0-9]?\s?[:]")
#: A staff member's mark in a normal text, which stands there only where no caller is marked.
STAFF_MARK = re.compile(rf"(?:^|(?<=[\s。,.!?;…)(、】\]]))(?:{_STAFF})[0-9]?\s?:")
_MARK_HINT = re.compile(rf"(?:{_CALLER}|{_STAFF})[0-9]?\s?[:：]")
_INVISIBLE = "\u200b-\u200f\u2060-\u2064\ufeff\u00ad\ufe00-\ufe0f\x00-\x08\x0b-\x1f\x7f"
# Markup, invisible characters, and blanks that only separate single characters ("我 要 报 警").
_DROP = re.compile(
    rf"<[a-z/!][^<>\n]{{0,100}}>|&nbsp;|[{_INVISIBLE}]+"
    r"|(?<=^[\u4e00-\u9fff]) (?=[\u4e00-\u9fff](?: |$))|(?<= [\u4e00-\u9fff]) (?=[\u4e00-\u9fff](?: |$))"
    r"| +(?= )|(?<=\n)\n+"
)
_SPECIAL = re.compile(rf"[<&{_INVISIBLE}]")
_SPACED = re.compile(r"(?:^|\s)[\u4e00-\u9fff] ")


class NormalText(NamedTuple):
    """The text as read, and where each of its characters stands in the original."""

    text: str
    origin: Sequence[int] | None
    """Offset into the original per character; None: every character keeps its place."""
    complete: bool = True
    """False when the original was longer than MAX_CHARS and its middle was not read."""

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The original's offsets of the normal text's ``[start, end)``, ``start < end``."""
        if self.origin is None:
            return start, end
        return self.origin[start], self.origin[end - 1] + 1


def fold(original: str) -> str:
    """Half-width, simplified, lower case; every character keeps its place."""
    return _fold_many([original])[0][0]


def normalise(original: str) -> NormalText:
    """Read only what the caller said, in one form; never raises."""
    return normalise_many([original])[0]


def normalise_many(originals: Sequence[str]) -> list[NormalText]:
    """As normalise, for many texts at less cost each."""
    folded, notable = _fold_many(originals)
    return [
        _normalise_folded(text) if special or len(text) > MAX_CHARS else NormalText(text, None)
        for text, special in zip(folded, notable, strict=True)
    ]


def _fold_many(originals: Sequence[str]) -> tuple[list[str], Sequence[bool | int]]:
    """The folded texts, and which of them may ask for more than folding."""
    ends = list(accumulate(map(len, originals)))
    # The line feed keeps texts of nothing from having no address.
    codes = bytearray("".join(originals) + "\n", "utf-32-le", "surrogatepass")
    notable: Sequence[bool | int] = [True] * len(originals)
    if originals:
        try:
            notable = fold_texts(codes, array("i", ends), *_addresses())
        except OSError:
            codes = bytearray(np.take(_table(), np.frombuffer(codes, dtype=np.uint32)).tobytes())
    folded = codes.decode("utf-32-le")
    return [folded[low:high] for low, high in zip([0, *ends], ends, strict=False)], notable


def _normalise_folded(text: str) -> NormalText:
    complete = len(text) <= MAX_CHARS
    if complete and not (":" in text and _MARK_HINT.search(text)):
        if not _may_drop(text):
            return NormalText(text, None)
        return _assemble(text, [(0, len(text))], complete)
    pieces = [(0, len(text))]
    if not complete:
        pieces = [(0, MAX_CHARS // 2), (len(text) - MAX_CHARS // 2, len(text))]
    return _assemble(text, _caller_turns(text, pieces), complete)


def _may_drop(text: str) -> bool:
    """Whether anything could have to be left out; cheap, for most texts have nothing."""
    if _SPECIAL.search(text) or "\n\n" in text:
        return True
    return " " in text and ("  " in text or _SPACED.search(text) is not None)


def _caller_turns(text: str, pieces: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The stretches spoken by the caller; everything when no caller is marked."""
    turns: list[tuple[int, int]] = []
    for low, high in pieces:
        marks = list(_MARK.finditer(text, low, high))
        if not any(mark["caller"] for mark in marks):
            turns.append((low, high))
            continue
        turns.append((low, marks[0].start()))
        ends = [mark.start() for mark in marks[1:]] + [high]
        turns.extend((mark.end(), end) for mark, end in zip(marks, ends, strict=True) if mark["caller"])
    return turns


def _assemble(text: str, pieces: list[tuple[int, int]], complete: bool) -> NormalText:
    parts: list[str] = []
    origin = array("q")
    for low, high in pieces:
        # Turns are joined by a line feed, which stands for the last character before the turn.
        if origin and low < high:
            parts.append("\n")
            origin.append(max(low - 1, origin[-1]))
        at = low
        piece = text[low:high]
        for drop in _DROP.finditer(piece):
            parts.append(text[at : low + drop.start()])
            origin.extend(range(at, low + drop.start()))
            at = low + drop.end()
        parts.append(text[at:high])
        origin.extend(range(at, high))
    return NormalText("".join(parts), origin, complete)


_NOTABLE, _BLANK = 1, 2


@lru_cache(maxsize=1)
def _kinds() -> NDArray[np.uint8]:
    """Of each folded character of the basic plane: one that may be left out or mark a turn, a blank, or neither."""
    kinds = np.zeros(0x10000, dtype=np.uint8)
    for code in range(0x10000):
        char = chr(code)
        if char in " \n":
            kinds[code] = _BLANK
        elif char == ":" or _SPECIAL.match(char):
            kinds[code] = _NOTABLE
    return kinds


@lru_cache(maxsize=1)
def _addresses() -> tuple[int, int, int]:
    """Of the table of replacements, its length, and of the kinds; both are kept for good."""
    return _table().ctypes.data, len(_table()), _kinds().ctypes.data


@lru_cache(maxsize=1)
def _table() -> NDArray[np.uint32]:
    """The replacement of every code point; one to one, so that folding never moves a character."""
    table = np.arange(sys.maxunicode + 1, dtype=np.uint32)
    for code in range(0x10000):
        char = chr(code)
        if 0xD800 <= code < 0xE000:
            table[code] = ord("?")
        elif char.isspace() and char != "\n":
            table[code] = ord(" ")
        else:
            plain = unicodedata.normalize("NFKC", char).lower()
            if len(plain) == 1 and plain != char:
                table[code] = ord(plain)
    for code, simple in _simplified().items():
        table[code] = ord(simple)
    return table


def _simplified() -> dict[int, str]:
    """Traditional to simplified characters, by OpenCC; for reading only."""
    import opencc

    chars = [chr(code) for code in range(0x3400, 0xA000)]
    plain = opencc.OpenCC("t2s").convert("\n".join(chars)).split("\n")
    return {ord(char): simple for char, simple in zip(chars, plain, strict=True) if len(simple) == 1 and simple != char}
