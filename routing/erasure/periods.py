"""How long what is kept: ``retention.toml``, shipped or as an administrator has published it."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from config.errors import ConfigError
from config.files import ConfigFiles
from routing.erasure.parts import ERASABLE, PARTS, Part, Piece

#: A period below a week is more likely a slip than a wish.
MIN_DAYS = 7
MAX_DAYS = 36_500
#: How long files of rejected rows are kept where a city's own file of before says nothing of them.
REJECTS_DAYS = 30


@dataclass(frozen=True, slots=True)
class Period:
    """One rule: what of which lines is erased how long after a call has ended."""

    line: str | None
    """None: every line without a rule of its own for this part."""
    part: Part | Piece
    """A part, or a single field that goes sooner than its part."""
    days: int


@dataclass(frozen=True, slots=True)
class Periods:
    """All rules, with the version that the audit log names."""

    version: str
    rules: tuple[Period, ...]
    rejects_days: int = REJECTS_DAYS
    """Files of rejected rows are deleted so many days after they were written."""

    def named_lines(self, part: Part | Piece) -> list[str]:
        """Lines that have a rule of their own for ``part``."""
        return sorted({rule.line for rule in self.rules if rule.part == part and rule.line is not None})


def load_periods(files: ConfigFiles) -> Periods:
    """The file's periods. Raises ConfigError naming the key and what to put there."""
    return parse_periods(files.read("retention.toml"))


def periods_text(version: str, rules: Collection[Period], rejects_days: int = REJECTS_DAYS) -> str:
    """``retention.toml`` of these rules, each line's below its own heading; ``parse_periods`` reads it back."""
    parts = [f'version = "{version}"', f"rejects_days = {rejects_days}"]
    for line in sorted({rule.line for rule in rules}, key=lambda line: line or ""):
        parts.append("\n[default]" if line is None else f'\n[lines."{line}"]')
        parts += [f"{rule.part}_days = {rule.days}" for rule in rules if rule.line == line]
    return "\n".join(parts) + "\n"


def parse_periods(text: str) -> Periods:
    """Read the text of a ``retention.toml``. Raises ConfigError naming the key and what to put there."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"retention.toml is no TOML ({error}); correct that line.") from error
    unknown = sorted({*table} - {"version", "rejects_days", "default", "lines"})
    if unknown:
        raise ConfigError(f"retention.toml has the unknown key {unknown[0]}; remove it.")
    version = table.get("version")
    if not isinstance(version, str) or not version:
        raise ConfigError("retention.toml: version is missing; write the version in quotes, such as '2026-1'.")
    rules = _rules(None, table.get("default", {}), "default")
    lines = table.get("lines", {})
    if not isinstance(lines, dict):
        raise ConfigError("retention.toml: lines is no table; write [lines.110] and the periods below it.")
    for line, periods in sorted(lines.items()):
        rules += _rules(line, periods, f"lines.{line}")
    missing = [part for part in PARTS if not any(rule.line is None and rule.part == part for rule in rules)]
    if missing:
        raise ConfigError(f"retention.toml: default.{missing[0]}_days is missing; say how many days it is kept.")
    return Periods(version, tuple(rules), _days(table.get("rejects_days", REJECTS_DAYS), "rejects_days"))


def _rules(line: str | None, table: Any, where: str) -> list[Period]:
    if not isinstance(table, Mapping):
        raise ConfigError(f"retention.toml: {where} is no table; write [{where}] and the periods below it.")
    known: dict[str, Part | Piece] = {f"{part}_days": part for part in ERASABLE}
    rules = []
    for key, days in table.items():
        if key not in known:
            raise ConfigError(f"retention.toml: {where}.{key} is unknown; allowed: {', '.join(known)}.")
        rules.append(Period(line, known[key], _days(days, f"{where}.{key}")))
    return rules


def _days(value: Any, where: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not MIN_DAYS <= value <= MAX_DAYS:
        raise ConfigError(f"retention.toml: {where} is {value!r}; set it to whole days from {MIN_DAYS} to {MAX_DAYS}.")
    return value
