"""Walks through a JSON document chunk by chunk without parsing it.

A parser, streaming or not, stops at the first broken record. The scanner only
finds where values begin and end; each record is then parsed alone, and after a
broken one the next is found by its first key.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import IO

_CHUNK = 1 << 18
#: Longest record that is waited for, in characters.
RECORD_LIMIT = 8 << 20
_KEY_LIMIT = 1 << 16
_STRING = r'"(?:[^"\\\n]++|\\.)*+"'
_TO_BRACKET = re.compile(rf'(?:[^"{{}}\[\]]++|{_STRING})*+')
_WHOLE_STRING = re.compile(_STRING)
_SCALAR_END = re.compile(r"[,\]}\n]")
_KEY = re.compile(rf"({_STRING})\s*:\s*")
_FIRST_KEY = re.compile(rf"\{{\s*({_STRING})\s*:")
_BETWEEN = re.compile(r"[\s,]*")
_CLOSING = {"{": "}", "[": "]"}


class JsonScanner:
    """A window on a JSON document; positions count from where the window stands."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._buffer = ""
        self._at = 0

    def peek(self) -> str:
        """The next character behind white space and commas; empty at the end of the document."""
        while True:
            between = _BETWEEN.match(self._buffer, self._at)
            self._at = between.end() if between else self._at
            if self._at < len(self._buffer):
                return self._buffer[self._at]
            if not self._fill():
                return ""

    def take(self, length: int) -> str:
        """Go on by ``length``; gives what was passed."""
        begin, self._at = self._at, self._at + length
        return self._buffer[begin : self._at]

    def look(self, begin: int, end: int) -> str:
        """What stands there, without going on."""
        return self._buffer[self._at + begin : self._at + end]

    def rest(self) -> int:
        """Characters in the window."""
        return len(self._buffer) - self._at

    def end_of_value(self) -> int | None:
        """Where the value that begins here ends.

        None when it does not end before the document or RECORD_LIMIT does. With
        a closing bracket of the wrong kind it ends there: the value is broken.
        """
        first = self.peek()
        if first == '"':
            return self._end_of_match(_WHOLE_STRING)
        if first not in _CLOSING:
            return self._end_of_scalar()
        stack: list[str] = []
        position = 0
        while True:
            jump = _TO_BRACKET.match(self._buffer, self._at + position)
            position = jump.end() - self._at if jump else position
            if position >= self.rest():
                if self._too_long() or not self._fill():
                    return None
                continue
            mark = self._buffer[self._at + position]
            if mark == '"':
                # An opening quote without its end on this line: cut by the window, or broken and passed over.
                if self._buffer.find("\n", self._at + position) < 0 and not self._too_long() and self._fill():
                    continue
            elif mark in _CLOSING:
                stack.append(_CLOSING[mark])
            elif stack.pop() != mark or not stack:
                return position + 1
            position += 1

    def next_record(self, first_keys: set[str], begin: int) -> int | None:
        """Where, from ``begin`` on, an object begins whose first key is one of ``first_keys``."""
        searched = begin
        while True:
            for found in _FIRST_KEY.finditer(self._buffer, self._at + searched):
                if found[1] in first_keys:
                    return found.start() - self._at
            searched = max(begin, self.rest() - _KEY_LIMIT)
            if self._too_long() or not self._fill():
                return None

    def first_key(self) -> str | None:
        """The first key of the object that begins here, with its quotes."""
        found = _FIRST_KEY.match(self._buffer, self._at)
        return found[1] if found else None

    def enter(self, keys: Sequence[str]) -> bool:
        """Go through objects into the list at ``keys``; False (somewhere in the document) when there is none."""
        for depth, wanted in enumerate(keys, 1):
            if self.peek() != "{":
                return False
            self.take(1)
            if not self._to_member(wanted) or (depth == len(keys) and self.peek() != "["):
                return False
        self.take(1)
        return True

    def _to_member(self, wanted: str) -> bool:
        while self.peek() == '"':
            while (key := _KEY.match(self._buffer, self._at)) is None or key.end() == len(self._buffer):
                if self.rest() > _KEY_LIMIT + _CHUNK or not self._fill():
                    return False
            self.take(key.end() - self._at)
            if key[1][1:-1] == wanted:
                return True
            end = self.end_of_value()
            if end is None:
                return False
            self.take(end)
        return False

    def _end_of_match(self, pattern: re.Pattern[str]) -> int | None:
        while True:
            if found := pattern.match(self._buffer, self._at):
                return found.end() - self._at
            if self._buffer.find("\n", self._at) >= 0:
                return self._buffer.find("\n", self._at) - self._at
            if self._too_long() or not self._fill():
                return None

    def _end_of_scalar(self) -> int | None:
        while True:
            if found := _SCALAR_END.search(self._buffer, self._at + 1):
                return found.start() - self._at
            if self._too_long() or not self._fill():
                return None

    def _too_long(self) -> bool:
        return self.rest() > RECORD_LIMIT

    def _fill(self) -> bool:
        chunk = self._file.read(_CHUNK)
        self._buffer = self._buffer[self._at :] + chunk
        self._at = 0
        return bool(chunk)
