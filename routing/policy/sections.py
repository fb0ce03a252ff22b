"""Reads tables of a policy text and collects every problem with its line instead of stopping at the first."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from routing.errors import PolicyError
from routing.policy.lines import KeyPath, LineIndex


@dataclass(frozen=True, slots=True)
class PolicyProblem:
    """One thing wrong in a policy text."""

    source: str
    line: int
    key: str
    reason: str
    """What is wrong and what is allowed."""

    def __str__(self) -> str:
        """``file:line: key: reason``."""
        return f"{self.source}:{self.line}: {self.key}: {self.reason}"


class PolicyInvalid(PolicyError):
    """A policy text has problems; ``problems`` holds all of them in the order of their lines."""

    def __init__(self, problems: Collection[PolicyProblem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: (problem.source, problem.line)))
        super().__init__("\n".join(str(problem) for problem in self.problems))


@dataclass(slots=True)
class Problems:
    """The problems found so far, over a policy and its preset."""

    found: list[PolicyProblem] = field(default_factory=list)

    def add(self, source: str, line: int, key: str, reason: str) -> None:
        """Note one problem."""
        self.found.append(PolicyProblem(source, line, key, reason))

    def raise_if_any(self) -> None:
        """Raise PolicyInvalid with everything found."""
        if self.found:
            raise PolicyInvalid(self.found)


@dataclass(frozen=True, slots=True)
class Origin:
    """The text that a table comes from: its name, its line index and where problems are noted."""

    source: str
    index: LineIndex
    problems: Problems

    def problem(self, path: KeyPath, reason: str) -> None:
        """Note a problem at ``path``."""
        self.problems.add(self.source, self.index.line(path), show_path(path), reason)


def parse(text: str, source: str, problems: Problems) -> Section:
    """The root table of a TOML text. Raises PolicyInvalid where it is no TOML at all."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"at line (\d+)", str(error))
        line = int(found[1]) if found else text.count("\n") + 1
        problems.add(source, line, "(TOML)", f"这一行读不懂（{error}）；请改正，文本要放在引号里")
        problems.raise_if_any()
        raise
    return Section(data, (), Origin(source, LineIndex(text), problems))


def show_path(path: KeyPath) -> str:
    """``("rules", 2, "when")`` as ``rules[3].when``: people count from one."""
    shown = ""
    for part in path:
        if isinstance(part, int):
            shown += f"[{part + 1}]"
        else:
            shown += f".{part}" if shown else part
    return shown or "(file)"


def one_of(allowed: Collection[str]) -> str:
    """The tail of a message that lists what is allowed."""
    return f"可用：{'、'.join(sorted(allowed))}"


class Section:
    """One table. Each reading method notes a problem and answers the default when the value cannot be used."""

    def __init__(self, data: Mapping[str, Any], path: KeyPath, origin: Origin) -> None:
        self._data = data
        self._known: set[str] = set()
        self.path = path
        self.origin = origin

    def __contains__(self, key: str) -> bool:
        """Whether the key is written down; asking makes it a known key."""
        self._known.add(key)
        return key in self._data

    def names(self) -> list[str]:
        """All keys written down."""
        return list(self._data)

    def problem(self, key: str, reason: str) -> None:
        """Note a problem at ``key`` of this table; an empty key means the table itself."""
        self.origin.problem((*self.path, key) if key else self.path, reason)

    def text(self, key: str, default: str = "", *, required: bool = False) -> str:
        """A text; not blank where it is required."""
        value = self._take(key)
        if value is None:
            if required:
                self.problem("", f"缺少 {key}（文本）")
            return default
        if not isinstance(value, str) or (required and not value.strip()):
            self.problem(key, f"现为 {value!r}；应为引号里的文本{'，不能空白' if required else ''}")
            return default
        return value

    def choice(self, key: str, allowed: Collection[str], default: str) -> str:
        """One of the allowed words."""
        value = self._take(key)
        if value is None:
            return default
        if not isinstance(value, str) or value not in allowed:
            self.problem(key, f"现为 {value!r}；{one_of(allowed)}")
            return default
        return value

    def flag(self, key: str, default: bool) -> bool:
        """true or false."""
        value = self._take(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            self.problem(key, f"现为 {value!r}；应为 true 或 false")
            return default
        return value

    def whole(self, key: str, default: int, *, low: int, high: int) -> int:
        """A whole number from ``low`` to ``high``."""
        value = self._take(key)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            self.problem(key, f"现为 {value!r}；应为 {low} 到 {high} 的整数")
            return default
        return value

    def number(self, key: str, default: float, *, low: float, high: float) -> float:
        """A number from ``low`` to ``high``."""
        value = self._take(key)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            self.problem(key, f"现为 {value!r}；应为 {low:g} 到 {high:g} 的数")
            return default
        return float(value)

    def words(self, key: str, allowed: Collection[str] | None = None) -> tuple[str, ...]:
        """A list of words, or one word alone; each checked against ``allowed`` where that is given."""
        value = self._take(key)
        if value is None:
            return ()
        items = [value] if isinstance(value, str) else value
        if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
            self.problem(key, f"现为 {value!r}；应为引号里的词，或词的列表")
            return ()
        good = []
        for number, item in enumerate(items):
            if allowed is not None and item not in allowed:
                where: KeyPath = (*self.path, key) if isinstance(value, str) else (*self.path, key, number)
                self.origin.problem(where, f"这里没有 {item!r}；{one_of(allowed)}")
            elif item not in good:
                good.append(item)
        return tuple(good)

    def wholes(self, key: str, *, low: int, high: int) -> tuple[int, ...]:
        """A list of whole numbers, each from ``low`` to ``high``, or one alone."""
        value = self._take(key)
        if value is None:
            return ()
        items = [value] if isinstance(value, int) else value
        if not isinstance(items, list) or not all(_whole_within(item, low, high) for item in items):
            self.problem(key, f"现为 {value!r}；应为 {low} 到 {high} 的整数")
            return ()
        return tuple(items)

    def dates(self, key: str) -> frozenset[date]:
        """A list of dates (``2027-02-05``, no quotes)."""
        value = self._take(key)
        if value is None:
            return frozenset()
        # datetime is a date too, and would never equal a day
        if not isinstance(value, list) or not all(type(item) is date for item in value):
            self.problem(key, "应为日期的列表，如 [2027-02-05]，不加引号")
            return frozenset()
        return frozenset(value)

    def section(self, key: str) -> Section:
        """A table below this one; an empty one where it is not written down."""
        value = self._take(key)
        if value is not None and not isinstance(value, Mapping):
            self.problem(key, f"现为 {value!r}；应为表")
            value = None
        return Section(value or {}, (*self.path, key), self.origin)

    def tables(self, key: str) -> list[Section]:
        """The tables of ``[[key]]``."""
        value = self._take(key)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(item, Mapping) for item in value):
            self.problem(key, f"应为若干表，每个写在 [[{show_path((*self.path, key))}]] 之下")
            return []
        return [Section(item, (*self.path, key, number), self.origin) for number, item in enumerate(value)]

    def finish(self) -> None:
        """Note every key that nobody asked for: a misspelt key must not pass in silence."""
        for key in self._data:
            if key not in self._known:
                self.problem(key, f"这里没有这一项；{one_of(self._known)}")

    def _take(self, key: str) -> Any:
        self._known.add(key)
        return self._data.get(key)


def _whole_within(item: object, low: int, high: int) -> bool:
    return isinstance(item, int) and not isinstance(item, bool) and low <= item <= high
