"""``hotline triage``: reads calls from JSON Lines without server or database."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Annotated, TextIO

import typer

from config.files import ConfigFiles
from config.settings import load_settings
from hotline.errors import HotlineError
from nlp import load_reader
from nlp.classification import Reader
from nlp.jsonl import triage_lines

_SOME_BAD = 3


class TriageInputError(HotlineError):
    """The input cannot be read at all."""

    exit_code = 2


def triage(
    file: Annotated[
        Path, typer.Argument(help="JSON Lines: text and, where known, id and line; - reads standard input")
    ] = Path("-"),
) -> None:
    """Read each call and print class, topic, danger, evidence and entities, one JSON row each, in the same order."""
    if str(file) == "-":
        # Bytes that are no UTF-8 must spoil their own row only.
        lines: TextIO = io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8", errors="replace")
    else:
        try:
            lines = file.open(encoding="utf-8-sig", errors="replace")
        except OSError as error:
            raise TriageInputError(f"{file} cannot be read: {error.strerror}. Give a JSON Lines file or -.") from error
    reader = load_reader(None, ConfigFiles(load_settings().config_dir))
    with lines:
        all_good = _write(reader, lines)
    if not all_good:
        raise typer.Exit(_SOME_BAD)


def _write(reader: Reader, lines: TextIO) -> bool:
    out = sys.stdout.buffer
    all_good = True
    for row, good in triage_lines(reader, lines):
        out.write(row.encode("utf-8") + b"\n")
        all_good = all_good and good
    out.flush()
    return all_good
