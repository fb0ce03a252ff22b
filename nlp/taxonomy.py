"""The codes triage may use and the Chinese names shown for them (``taxonomy.toml``)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass

from config.errors import ConfigError
from config.files import ConfigFiles
from nlp.classification import ROUTES

_FILE = "taxonomy.toml"
_SECTIONS = ("routes", "topics", "danger_kinds", "cues", "entities")


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """Each field maps a code to the name on screen, in the order of the file."""

    routes: Mapping[str, str]
    topics: Mapping[str, str]
    danger_kinds: Mapping[str, str]
    cues: Mapping[str, str]
    entities: Mapping[str, str]


def load_taxonomy(files: ConfigFiles | None = None) -> Taxonomy:
    """Read ``taxonomy.toml``.

    Raises ConfigError when a section is missing, a name is no text, or the
    five routes are not exactly those of the label guide.
    """
    files = files or ConfigFiles()
    try:
        data = tomllib.loads(files.read(_FILE))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{files.path(_FILE)} is no valid TOML: {error}.") from error
    for section in _SECTIONS:
        names = data.get(section)
        if not isinstance(names, dict) or not names:
            raise ConfigError(f'{files.path(_FILE)} needs a section [{section}] of code = "name" lines.')
        for code, name in names.items():
            if not isinstance(name, str) or not name:
                raise ConfigError(f"{files.path(_FILE)}: [{section}] {code} needs a name in quotes.")
    if set(data["routes"]) != set(ROUTES):
        raise ConfigError(f"{files.path(_FILE)}: [routes] must hold exactly {', '.join(ROUTES)}.")
    return Taxonomy(**{section: data[section] for section in _SECTIONS})
