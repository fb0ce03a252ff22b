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
from nlp.classification import Reader
from nlp.deep.reader import BothReaders, load_second_reader
from nlp.jsonl import triage_lines
from nlp.reader import load_reader

_SOME_BAD = 3
#: About a minute of the second reader; of more unsure calls the first reader's word stands.
_SECOND_MOST = 600


class TriageInputError(HotlineError):
    """The input cannot be read at all."""

    exit_code = 2


def triage(
    file: Annotated[
        Path, typer.Argument(help="JSON Lines: text and, where known, id and line; - reads standard input")
    ] = Path("-"),
    second: Annotated[
        int,
        typer.Option(
            help="ask the second reader (where installed) about at most so many unsure calls, 0.1 s each; 0: never"
        ),
    ] = _SECOND_MOST,
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
    first = load_reader(None, ConfigFiles(load_settings().config_dir))
    deeper = load_second_reader(first) if second > 0 else None
    reader: Reader = BothReaders(deeper, most=second) if deeper else first
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
