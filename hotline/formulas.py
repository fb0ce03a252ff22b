"""Cells that a spreadsheet program would run: shielded in every table we write, restored in those we read back."""

from __future__ import annotations

import re

#: Begins a formula: the signs, their wide forms (Chinese and Japanese programs take them), and the white space that
#: programs drop before they look.
_FORMULA = re.compile(r"'*[ \u3000]*[=+\-@\t\r\n＝＋－＠]")
_SHIELDED = re.compile(r"'+[ \u3000]*[=+\-@\t\r\n＝＋－＠]")


def harmless(cell: str) -> str:
    """``cell`` with an apostrophe before it where a spreadsheet program would take it for a formula."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def restored(cell: str) -> str:
    """What :func:`harmless` was given."""
    return cell[1:] if _SHIELDED.match(cell) else cell
