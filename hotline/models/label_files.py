"""Where labelled rows out of daily work were written, so that an erasure reaches them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from hotline.models.labels import row_id
from routing.sealing import Vault

#: In the state folder: one path a line.
LIST = "label-files.txt"


@dataclass(frozen=True, slots=True)
class Dropped:
    """What an erasure did to the files of labelled rows."""

    rows: int
    missing: tuple[str, ...]
    """Files that are no longer where they were written: who has them runs ``hotline labels drop``."""


def note_file(state_dir: Path, path: Path) -> None:
    """Remember that labelled rows stand in ``path``."""
    known = known_files(state_dir)
    if path.absolute() not in known:
        with os.fdopen(os.open(state_dir / LIST, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "w") as file:
            file.write(f"{path.absolute()}\n")


def known_files(state_dir: Path) -> list[Path]:
    """Every file that labelled rows were written to."""
    path = state_dir / LIST
    return [Path(line) for line in path.read_text().splitlines() if line] if path.is_file() else []


def drop_rows(vault: Vault, files: Iterable[Path], call_ids: Iterable[int]) -> Dropped:
    """Rewrite ``files`` without the rows of these calls."""
    unwanted = {row_id(vault, call_id) for call_id in call_ids}
    rows, missing = 0, []
    for path in files:
        if not path.is_file():
            missing.append(str(path))
            continue
        lines = path.read_text(encoding="utf-8").splitlines()
        kept = [line for line in lines if line.strip() and json.loads(line)["id"] not in unwanted]
        if len(kept) < len(lines):
            rows += len(lines) - len(kept)
            fresh = path.with_name(path.name + ".new")
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
                file.write("".join(line + "\n" for line in kept))
            fresh.replace(path)
    return Dropped(rows, tuple(missing))
