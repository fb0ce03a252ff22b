"""Sentences of the service itself in the language of the browser, with the values that stand in them.

An error is made in Chinese where it happens, far below the console, and often kept: a decision's reasons, what a trial
said, why a row was rejected. So nothing that could be translated travels with it. Its key in the catalogue is the
f-string with its values by number, ``没有名为“{0}”的队列``; here the sentence is recognised by the fixed
parts of that key, taken apart, and put together in English. ``tools/catalogue.py`` finds the f-strings, and a test asks
for the English of each.

Programs send no language cookie and get the Chinese as it was made (docs/adr/0044-sentences-by-their-fixed-parts.md).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, Protocol

import orjson

from hotline.console.language import Language, catalogue, current

_PLACE = re.compile(r"\{(\w+)\}")
#: Longer texts are content, not sentences of ours.
_LONGEST = 4_000
#: How deep sentences stand in each other: a list of reasons, a reason, the allowed words in it.
_DEPTH = 5
#: Between sentences and between values, with what English writes there.
_BETWEEN = (("\n", "\n"), ("；", "; "), ("、", ", "))
#: A field or a place before what is told of it.
_LABEL = re.compile(r"[!-~]+(?:：|: )")


class RowProblem(Protocol):
    """Why a row of a sheet or a file cannot be used, as every package has it."""

    @property
    def row(self) -> str | int:
        """Its number, or what it is called."""

    @property
    def field(self) -> str:
        """The column."""

    @property
    def reason(self) -> str:
        """What is wrong, in Chinese."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A sentence with values: its fixed parts, the names of the values between them, the English."""

    parts: tuple[str, ...]
    names: tuple[str, ...]
    english: str

    def values(self, text: str) -> dict[str, str] | None:
        """What stands for each name in ``text``; None where it is another sentence.

        Each part is looked for once, from the left, so that hostile text costs no more than its length.
        """
        first, last = self.parts[0], self.parts[-1]
        if len(text) < len(first) + len(last) or not text.startswith(first) or not text.endswith(last):
            return None
        found: list[str] = []
        at, end = len(first), len(text) - len(last)
        for part in self.parts[1:-1]:
            place = text.find(part, at, end)
            if place < 0:
                return None
            found.append(text[at:place])
            at = place + len(part)
        return dict(zip(self.names, [*found, text[at:end]], strict=True))


@cache
def patterns(language: Language) -> Sequence[Pattern]:
    """Keys of the catalogue with values by ``{name}``; those with more fixed text first, since they say more."""
    made = [
        Pattern(tuple(_PLACE.split(key)[::2]), tuple(_PLACE.findall(key)), shown)
        for key, shown in catalogue(language).items()
        if _PLACE.search(key)
    ]
    return sorted(made, key=lambda one: (-sum(len(part) for part in one.parts), len(one.names)))


def tell(text: str) -> str:
    """``text`` in the language of the request; as it is where the catalogue does not know it."""
    return text if current() == "zh" else _told(text, _DEPTH)


def _told(text: str, depth: int) -> str:
    words = catalogue(current())
    if text in words or not depth or len(text) > _LONGEST or text.isascii():
        return words.get(text, text)
    for pattern in patterns(current()):
        values = pattern.values(text)
        if values is not None:
            return _PLACE.sub(partial(_filled, pattern.english, values, depth), pattern.english)
    if "\n" not in text and (place := _LABEL.match(text)):
        return f"{place[0][:-1].rstrip(':')}: {_told(text[place.end() :], depth - 1)}"
    for mark, written in _BETWEEN:
        if mark in text:
            return written.join(_told(part, depth - 1) for part in text.split(mark))
    label, mark, rest = text.partition("：")
    if mark and (told := _told(rest, depth - 1)) != rest:
        return f"{_told(label, depth - 1)}: {told}"
    return text


def _filled(english: str, values: dict[str, str], depth: int, place: re.Match[str]) -> str:
    value = values[place[1]]
    # what English puts in quotation marks is somebody's own writing
    quoted = english[place.start() - 1 : place.start()] == "“"
    return value if quoted else _told(value, depth - 1)


def told_problem(body: bytes) -> bytes:
    """A problem answer with title, detail and each field's message told; ``type`` is the same in all languages."""
    if current() == "zh":
        return body
    problem = orjson.loads(body)
    for part in (problem, *problem.get("errors", ())):
        for key in {"title", "detail", "message"} & part.keys():
            part[key] = tell(str(part[key]))
    return orjson.dumps(problem)


def told_rows(problems: Iterable[RowProblem]) -> list[dict[str, Any]]:
    """Rows of a sheet that cannot be used; ``field`` stays as the sheet's heading has it."""
    return [
        {"row": tell(each.row) if isinstance(each.row, str) else each.row, "field": each.field}
        | {"reason": tell(each.reason)}
        for each in problems
    ]


def told_outline(shown: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """What a policy's rules do (``routing/policy/outline.py``), each sentence told."""
    said = ("when", "unless", "then")
    return {
        kind: [one | {part: [tell(text) for text in one[part]] for part in said} for one in entries]
        for kind, entries in shown.items()
    }
