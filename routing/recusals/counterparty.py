"""Who a caller is at odds with, as far as the reading tells. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

#: Entity kinds of a reading that may be the other side, most telling first.
NAMING_KINDS = ("organisation", "person")
#: More names than this are no help before a call is picked up.
SHOWN = 3


@dataclass(frozen=True, slots=True)
class Counterparty:
    """The other side of a call."""

    names: tuple[str, ...]
    asked: bool
    """True: somebody asked the caller; False: the machine's reading, to be asked again."""
    told_by: str | None = None
    """Who asked."""


def heard_in(reading: Mapping[str, Any] | None) -> tuple[str, ...]:
    """The names a reading holds, each once, organisations first, in the order in which they were said."""
    if reading is None:
        return ()
    names: dict[str, None] = {}
    for kind in NAMING_KINDS:
        for entity in reading.get("entities", ()):
            text = str(entity["text"]).strip()
            if entity["kind"] == kind and text:
                names.setdefault(text)
    return tuple(names)[:SHOWN]
