"""``danger.toml``: how alarms go on, what the panel asks, the script card of self-harm calls."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from config.errors import ConfigError
from config.files import ConfigFiles
from routing.danger.escalation import Escalation

FILE = "danger.toml"
#: A panel is answered while somebody is in danger.
MAX_QUESTIONS = 9
MAX_CHOICES = 5
MIN_S, MAX_S = 5, 3600


@dataclass(frozen=True, slots=True)
class Question:
    """One question of the danger panel."""

    key: str
    """As ``danger_answers.question`` holds it."""
    label: str
    hint: str
    choices: tuple[str, ...]
    """Answers given by a digit; others are typed."""


@dataclass(frozen=True, slots=True)
class Script:
    """What helps in a self-harm call."""

    title: str
    say: tuple[str, ...]
    avoid: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DangerSettings:
    """Everything of ``danger.toml``."""

    version: str
    escalation: Escalation
    questions: tuple[Question, ...]
    script: Script

    def question(self, key: str) -> Question | None:
        """The question of this key."""
        return next((question for question in self.questions if question.key == key), None)


def load_danger(files: ConfigFiles) -> DangerSettings:
    """Read ``danger.toml``. Raises ConfigError naming the key and what to put there."""
    try:
        table = tomllib.loads(files.read(FILE))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{FILE} is no TOML ({error}); correct that line.") from error
    _only(table, {"version", "escalation", "questions", "script"}, "")
    script = _table(table, "script")
    _only(script, {"title", "say", "avoid"}, "script.")
    return DangerSettings(
        version=_text(table, "version", ""),
        escalation=_escalation(_table(table, "escalation")),
        questions=_questions(table.get("questions")),
        script=Script(_text(script, "title", "script."), _texts(script, "say"), _texts(script, "avoid")),
    )


def _escalation(table: Mapping[str, Any]) -> Escalation:
    times = ("desk_after_s", "leader_after_s", "all_after_s")
    _only(table, {*times, "desk_roles", "all_roles"}, "escalation.")
    before = 0
    for key in times:
        value = table.get(key)
        if not isinstance(value, int) or isinstance(value, bool) or not MIN_S <= value <= MAX_S or value <= before:
            raise ConfigError(
                f"{FILE}: escalation.{key} is {value!r}; set it to whole seconds from {MIN_S} to {MAX_S}, "
                "each more than the one before."
            )
        before = value
    return Escalation(
        desk_after_s=table["desk_after_s"],
        leader_after_s=table["leader_after_s"],
        all_after_s=table["all_after_s"],
        desk_roles=_texts(table, "desk_roles"),
        all_roles=_texts(table, "all_roles"),
    )


def _questions(rows: Any) -> tuple[Question, ...]:
    if not isinstance(rows, list) or not 1 <= len(rows) <= MAX_QUESTIONS:
        raise ConfigError(f"{FILE}: questions needs 1 to {MAX_QUESTIONS} tables [[questions]].")
    found: dict[str, Question] = {}
    for number, row in enumerate(rows, 1):
        where = f"questions {number}: "
        _only(row, {"key", "label", "hint", "choices"}, where)
        key = _text(row, "key", where)
        if not key.isidentifier() or not key.isascii() or len(key) > 40 or key in found:
            raise ConfigError(f"{FILE}: {where}key {key!r} must be one word of its own in ASCII letters.")
        choices = _texts(row, "choices") if "choices" in row else ()
        if len(choices) > MAX_CHOICES:
            raise ConfigError(f"{FILE}: {where}choices has {len(choices)}; at most {MAX_CHOICES} have a key.")
        found[key] = Question(key, _text(row, "label", where), str(row.get("hint", "")), choices)
    return tuple(found.values())


def _only(table: Any, known: set[str], where: str) -> None:
    if not isinstance(table, Mapping):
        raise ConfigError(f"{FILE}: {where} is no table.")
    unknown = sorted({*table} - known)
    if unknown:
        raise ConfigError(f"{FILE}: {where}{unknown[0]} is unknown; allowed: {', '.join(sorted(known))}.")


def _table(table: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = table.get(key)
    if not isinstance(value, Mapping):
        raise ConfigError(f"{FILE}: [{key}] is missing; take it from the packaged file.")
    return value


def _text(table: Mapping[str, Any], key: str, where: str) -> str:
    value = table.get(key)
    if not isinstance(value, str) or not value.strip():
        raise ConfigError(f"{FILE}: {where}{key} is missing; write it in quotes.")
    return value.strip()


def _texts(table: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = table.get(key)
    if not isinstance(value, list) or not all(isinstance(one, str) and one.strip() for one in value):
        raise ConfigError(f"{FILE}: {key} is {value!r}; write a list of texts in quotes.")
    return tuple(one.strip() for one in value)
