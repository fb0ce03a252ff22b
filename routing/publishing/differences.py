"""The lines in which two texts differ, as screens show them. Pure."""

from __future__ import annotations

import difflib
from typing import Any

#: Lines around a change.
_AROUND = 2


def differences(before: str, after: str) -> list[dict[str, Any]]:
    """``{kind, old, new, text}`` by line: ``same``, ``out``, ``in``, or ``gap`` between stretches; numbers from 1."""
    old, new = before.splitlines(), after.splitlines()
    shown: list[dict[str, Any]] = []
    for number, group in enumerate(
        difflib.SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(_AROUND)
    ):
        if number:
            shown.append({"kind": "gap", "old": None, "new": None, "text": ""})
        for tag, a, b, c, d in group:
            if tag == "equal":
                shown += [
                    {"kind": "same", "old": a + n + 1, "new": c + n + 1, "text": line}
                    for n, line in enumerate(old[a:b])
                ]
                continue
            shown += [{"kind": "out", "old": a + n + 1, "new": None, "text": line} for n, line in enumerate(old[a:b])]
            shown += [{"kind": "in", "old": None, "new": c + n + 1, "text": line} for n, line in enumerate(new[c:d])]
    return shown
