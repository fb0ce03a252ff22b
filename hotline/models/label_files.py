"""Where labelled rows out of daily work were written, so that an erasure reaches them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hotline.models.labels import masked, row_id
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
    rows, missing = _rewritten(files, lambda row: None if row["id"] in unwanted else row)
    return Dropped(rows, missing)


def mask_rows(vault: Vault, files: Iterable[Path], call_ids: Iterable[int], known: Collection[str]) -> int:
    """Hide ``known`` in the rows of these calls, masked by what was known of the caller before; rows changed."""
    wanted = {row_id(vault, call_id) for call_id in call_ids}

    def change(row: dict[str, Any]) -> dict[str, Any]:
        return row | {"text": masked(row["text"], *known)} if row["id"] in wanted else row

    return _rewritten(files, change)[0]


def rows_of(vault: Vault, files: Iterable[Path], call_ids: Iterable[int]) -> list[dict[str, Any]]:
    """The rows of these calls; a row that stands in several files once."""
    wanted = {row_id(vault, call_id) for call_id in call_ids}
    found = {line: row for path in files if path.is_file() for line, row in _rows(path) if row["id"] in wanted}
    return list(found.values())


def _rows(path: Path) -> list[tuple[str, dict[str, Any]]]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [(line, json.loads(line)) for line in lines if line.strip()]


def _rewritten(
    files: Iterable[Path], change: Callable[[dict[str, Any]], dict[str, Any] | None]
) -> tuple[int, tuple[str, ...]]:
    """Put ``change`` of each row in its place, None: drop it; rows changed, and files that are no longer there."""
    changed, missing = 0, []
    for path in files:
        if not path.is_file():
            missing.append(str(path))
            continue
        kept, before = [], changed
        for line, row in _rows(path):
            fresh = change(row)
            changed += fresh != row
            if fresh is not None:
                kept.append(line if fresh == row else json.dumps(fresh, ensure_ascii=False))
        if changed > before:
            draft = path.with_name(path.name + ".new")
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
                file.write("".join(line + "\n" for line in kept))
            draft.replace(path)
    return changed, tuple(missing)
