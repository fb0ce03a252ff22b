"""What the locks pin: Python packages of requirements.lock, browser packages of package-lock.json."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON_LOCK = ROOT / "requirements.lock"
BROWSER_LOCK = ROOT / "package-lock.json"

_PIN = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)==(?P<version>[^\s;\\]+)(?:\s*;\s*(?P<marker>[^\\]+))?")
_HASH = re.compile(r"--hash=(?P<algorithm>[a-z0-9]+):(?P<digest>[0-9a-f]+)")


@dataclass(frozen=True, slots=True)
class Pin:
    """One pinned package."""

    name: str
    version: str
    hashes: tuple[tuple[str, str], ...]
    """Algorithm and hexadecimal digest of each of the release's files, sorted."""
    marker: str = ""
    """The environments it is for (PEP 508); empty: all."""


def python_pins(lock: Path = PYTHON_LOCK) -> list[Pin]:
    """The pins of a requirements lock, by name. Raises ValueError for a line that is none."""
    pins = []
    text = lock.read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    for entry in "\n".join(lines).replace("\\\n", " ").splitlines():
        found = _PIN.match(entry)
        if found is None:
            raise ValueError(f"{lock.name}: cannot read {entry[:80]!r}")
        hashes = tuple(sorted((h["algorithm"], h["digest"]) for h in _HASH.finditer(entry)))
        marker = (found["marker"] or "").partition("--hash")[0].strip()
        pins.append(Pin(found["name"], found["version"], hashes, marker))
    return sorted(pins, key=lambda pin: (pin.name, pin.version))


def browser_pins(lock: Path = BROWSER_LOCK) -> list[Pin]:
    """The packages whose files the console serves, by name."""
    packages = json.loads(lock.read_text(encoding="utf-8"))["packages"]
    pins = []
    for path, entry in packages.items():
        if not path or entry.get("dev"):
            continue
        algorithm, _, digest = entry["integrity"].partition("-")
        pins.append(
            Pin(path.removeprefix("node_modules/"), entry["version"], ((algorithm, base64.b64decode(digest).hex()),))
        )
    return sorted(pins, key=lambda pin: pin.name)
