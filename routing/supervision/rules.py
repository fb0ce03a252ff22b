"""Which calls are looked at again: ``supervision.toml``."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import Any

from config.errors import ConfigError
from config.files import ConfigFiles

_FILE = "supervision.toml"


@dataclass(frozen=True, slots=True)
class SupervisionRules:
    """A loaded ``supervision.toml``."""

    version: str
    uncertain_below: float
    """A class less probable than this is uncertain, as is every reading that asks for a person."""
    sample_share: float
    """Share of each day's calls that is drawn."""
    seed: str
    """Of the draw; the same seed draws the same calls."""
    lease_s: int
    """An opened call goes back to the queue this long after the last sign of its supervisor."""
    undo_s: int
    """So long a judgement may be taken back by who made it."""


def load_supervision(files: ConfigFiles | None = None) -> SupervisionRules:
    """Read ``supervision.toml``. Raises ConfigError naming table and key."""
    files = files or ConfigFiles()
    try:
        data = tomllib.loads(files.read(_FILE))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{files.path(_FILE)} is no valid TOML: {error}.") from error

    def number(table: str, key: str, low: float, high: float) -> float:
        value: Any = data.get(table, {}).get(key)
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise ConfigError(f"{files.path(_FILE)}: [{table}] {key} needs a number from {low:g} to {high:g}.")
        return float(value)

    def text(where: Any, key: str) -> str:
        value = where.get(key)
        if not isinstance(value, str) or not value:
            raise ConfigError(f"{files.path(_FILE)}: {key} needs a text in quotes.")
        return value

    return SupervisionRules(
        version=text(data, "version"),
        uncertain_below=number("uncertain", "confidence_below", 0, 1),
        sample_share=number("sample", "share", 0, 1),
        seed=text(data.get("sample", {}), "seed"),
        lease_s=int(number("lease", "minutes", 1, 120) * 60),
        undo_s=int(number("undo", "minutes", 1, 1440) * 60),
    )
