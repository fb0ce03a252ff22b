"""Which files a page's script is loaded from: joined by tools/assets.py, else the sources as they are."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import structlog

log = structlog.get_logger(__name__)

#: Below this path files never change: their names carry a hash of their content.
FOREVER = "/static/built/"


@dataclass(frozen=True)
class Loaded:
    """Addresses of a page's script and of the parts it imports, which are asked for at the same time."""

    address: str
    parts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scripts:
    """Where the pages' scripts are, found once when the service starts.

    ``pages`` maps a page's script to its joined file and the parts that one imports; empty where the sources are
    served as they are, one request a module.
    """

    pages: Mapping[str, Any]
    versions: Mapping[str, str]
    """Path below /static/ -> short hash of what the file holds."""

    def of(self, name: str) -> Loaded:
        """What loads the script ``name``."""
        if name not in self.pages:
            path = f"js/{name}.js"
            return Loaded(f"/static/{path}?v={self.versions[path]}")
        page = self.pages[name]
        return Loaded(FOREVER + page["file"], tuple(FOREVER + part for part in page["parts"]))


def find_scripts(static: Path, versions: Mapping[str, str]) -> Scripts:
    """The joined scripts below ``static`` where they were made from the sources that stand there now.

    While the sources are being worked on they are served themselves, which is told once; the pages do the same.
    """
    index = static / "built" / "index.json"
    sources = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (static / "js").glob("*.js")}
    if index.is_file() and (known := orjson.loads(index.read_bytes()))["sources"] == sources:
        return Scripts(known["pages"], versions)
    log.info("scripts_not_joined", remedy="make setup joins them: pages then load in fewer requests")
    return Scripts({}, versions)
