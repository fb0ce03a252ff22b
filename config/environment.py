"""Reading values out of the environment, with errors that name the variable and what to put into it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from config.errors import ConfigError


def path(env: Mapping[str, str], name: str) -> Path | None:
    """A path, made absolute; None where the variable is unset or empty."""
    value = env.get(name)
    return Path(value).expanduser().absolute() if value else None


def whole(env: Mapping[str, str], name: str, default: int, *, low: int, high: int) -> int:
    """A whole number within bounds. Raises ConfigError."""
    value = env.get(name)
    if not value:
        return default
    try:
        number = int(value)
    except ValueError:
        number = low - 1
    if not low <= number <= high:
        raise ConfigError(f"{name} is {value!r}; set it to a whole number from {low} to {high}.")
    return number


def listed(env: Mapping[str, str], name: str) -> frozenset[str]:
    """Words with commas or blanks between them; none where the variable is unset."""
    return frozenset(env.get(name, "").replace(",", " ").split())
