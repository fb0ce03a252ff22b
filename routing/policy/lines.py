"""Finds the line on which each key of a TOML text stands.

``tomllib`` forgets positions and ``tomlkit`` offers none, yet an error in a policy
must name its line. The text must be valid TOML (parse it with ``tomllib`` first).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cached_property

#: Keys and, inside arrays, indices: ``("rules", 2, "when", "topic", 0)``.
KeyPath = tuple[str | int, ...]

_BARE_END = set(" \t\r\n.=]")
_SCALAR_END = set(",]}\r\n#")


class LineIndex:
    """Line numbers (from 1) by key path of a valid TOML text.

    The text is walked when somebody asks for a line: reading a policy without a mistake takes a quarter of the time.
    """

    def __init__(self, text: str) -> None:
        self._text = text

    @cached_property
    def _lines(self) -> Mapping[KeyPath, int]:
        scanner = _Scanner(self._text)
        scanner.document()
        return scanner.lines

    def line(self, path: KeyPath) -> int:
        """The line of ``path``, or of its nearest parent that is written down; 1 for the root."""
        for end in range(len(path), 0, -1):
            found = self._lines.get(path[:end])
            if found is not None:
                return found
        return 1


class _Scanner:
    """A walk over valid TOML that keeps nothing but the positions of keys and array items."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._pos = 0
        self._line = 1
        self._tables: dict[KeyPath, int] = {}
        self.lines: dict[KeyPath, int] = {}

    def document(self) -> None:
        table: KeyPath = ()
        while self._skip_blank():
            if self._peek() == "[":
                table = self._header()
            else:
                self._pair(table)

    def _header(self) -> KeyPath:
        line = self._line
        array = self._text.startswith("[[", self._pos)
        self._advance(2 if array else 1)
        keys = self._key()
        self._blank()
        self._advance(2 if array else 1)
        path = (*self._resolve(keys[:-1]), keys[-1])
        if array:
            self.lines.setdefault(path, line)
            number = self._tables.get(path, 0)
            self._tables[path] = number + 1
            path = (*path, number)
        else:
            path = self._resolve(keys)
        self._note(path, line)
        return path

    def _resolve(self, keys: list[str]) -> KeyPath:
        """A header below an array of tables speaks of its latest table."""
        path: KeyPath = ()
        for key in keys:
            path = (*path, key)
            if path in self._tables:
                path = (*path, self._tables[path] - 1)
        return path

    def _pair(self, table: KeyPath) -> None:
        line = self._line
        path: KeyPath = table
        for key in self._key():
            path = (*path, key)
            self._note(path, line)
        self._blank()
        self._advance(1)  # "="
        self._blank()
        self._value(path)

    def _key(self) -> list[str]:
        keys = []
        while True:
            self._blank()
            start = self._pos
            if self._peek() in "\"'":
                self._string()
                keys.append(next(iter(tomllib.loads(self._text[start : self._pos] + "=0"))))
            else:
                while self._peek() not in _BARE_END:
                    self._advance(1)
                keys.append(self._text[start : self._pos])
            self._blank()
            if self._peek() != ".":
                return keys
            self._advance(1)

    def _value(self, path: KeyPath) -> None:
        first = self._peek()
        if first in "\"'":
            self._string()
        elif first == "[":
            self._advance(1)
            number = 0
            while self._skip_blank() and self._peek() != "]":
                self._note((*path, number), self._line)
                self._value((*path, number))
                number += 1
                self._skip_blank()
                if self._peek() == ",":
                    self._advance(1)
            self._advance(1)
        elif first == "{":
            self._advance(1)
            while self._skip_blank() and self._peek() != "}":
                self._pair(path)
                self._skip_blank()
                if self._peek() == ",":
                    self._advance(1)
            self._advance(1)
        else:
            while self._pos < len(self._text) and self._peek() not in _SCALAR_END:
                self._advance(1)

    def _string(self) -> None:
        quote = self._peek()
        mark = quote * 3 if self._text.startswith(quote * 3, self._pos) else quote
        self._advance(len(mark))
        while not self._text.startswith(mark, self._pos):
            self._advance(2 if quote == '"' and self._peek() == "\\" else 1)
        self._advance(len(mark))
        while len(mark) == 3 and self._peek() == quote:  # a text may end in one or two quotes of its own
            self._advance(1)

    def _skip_blank(self) -> bool:
        """Past white space, line ends and comments; whether anything is left."""
        while self._pos < len(self._text):
            char = self._peek()
            if char == "#":
                while self._pos < len(self._text) and self._peek() != "\n":
                    self._advance(1)
            elif char.isspace():
                self._advance(1)
            else:
                return True
        return False

    def _blank(self) -> None:
        while self._peek() in (" ", "\t"):
            self._advance(1)

    def _peek(self) -> str:
        return self._text[self._pos : self._pos + 1]

    def _advance(self, count: int) -> None:
        self._line += self._text.count("\n", self._pos, self._pos + count)
        self._pos += count

    def _note(self, path: KeyPath, line: int) -> None:
        self.lines.setdefault(path, line)
