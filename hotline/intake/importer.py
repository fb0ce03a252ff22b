"""Imports whole files: read, map, hand over in batches, keep what was rejected."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from hotline.intake.errors import FieldError, FileUnreadable
from hotline.intake.mapping import Mapper
from hotline.intake.profile import Profile
from hotline.intake.readers.json_rows import JsonRows
from hotline.intake.readers.opening import AnyRows, open_rows
from hotline.intake.readers.rows import Row
from hotline.intake.rejects import RejectFile
from hotline.sealing.vault import FileVault
from routing.calls.record import CallRecord

#: Rows of one batch; DESIGN section 2 keeps transactions at most this long.
BATCH_ROWS = 500
_ROWS_KEPT = 20


class StoredOutcome(Protocol):
    """What became of one record: ``routing.calls.store.Outcome``."""

    @property
    def kind(self) -> str:
        """accepted, updated or duplicate."""


Sink = Callable[[list[CallRecord]], Awaitable[Sequence[StoredOutcome]]]
"""Stores a batch of at most BATCH_ROWS records, in file order; the answers stand in the same order.

The same (line, external_id) may occur twice in a batch. Retries are the sink's own business.
"""


class ProgressDisplay(Protocol):
    """Where the progress is told: ``hotline.intake.progress.ImportProgress``."""

    def begin(self, path: Path) -> None:
        """The next file."""

    def at(self, rows: int, done: int, total: int) -> None:
        """``rows`` read; ``done`` of ``total`` tells the share."""


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """One rejected row with all that is wrong with it."""

    file: str
    """Its name without the folder."""
    row: int
    errors: tuple[FieldError, ...]

    def __str__(self) -> str:
        told = " ".join(f"{error.field}：{error.message}" for error in self.errors)
        return f"{self.file} 第 {self.row} 行 {told}"


@dataclass(slots=True)
class ImportResult:
    """Counts over all files of one import."""

    accepted: int = 0
    updated: int = 0
    duplicates: int = 0
    rejected: int = 0
    reject_files: list[Path] = field(default_factory=list)
    files_read: int = 0
    unreadable: list[str] = field(default_factory=list)
    """One sentence for each file that could not be read, or not to its end."""
    rejected_rows: list[RejectedRow] = field(default_factory=list)
    """The first of each file."""

    @property
    def reasons(self) -> list[str]:
        """A sentence for each of ``rejected_rows``: file, row, field, reason."""
        return [str(row) for row in self.rejected_rows]

    @property
    def exit_code(self) -> int:
        """0 all in, 3 some rejected or unreadable, 2 nothing could be read."""
        if not self.files_read:
            return 2
        return 3 if self.rejected or self.unreadable else 0

    def to_line(self) -> str:
        """The JSON line of CONTRACT.md; ``unreadable`` is there only when it holds something."""
        line: dict[str, Any] = {
            "accepted": self.accepted,
            "updated": self.updated,
            "duplicates": self.duplicates,
            "rejected": self.rejected,
            "reject_files": [str(path) for path in self.reject_files],
        }
        if self.unreadable:
            line["unreadable"] = self.unreadable
        return json.dumps(line, ensure_ascii=False)


async def import_files(
    files: Sequence[Path],
    profile: Profile,
    *,
    sink: Sink,
    progress: ProgressDisplay,
    rejects_dir: Path,
    vault: FileVault,
    told: Callable[[str], str] = str,
) -> ImportResult:
    """Import ``files`` one after the other by ``profile``.

    Rows that cannot be used go into reject files below ``rejects_dir``, sealed by ``vault``, their
    reasons in the language of ``told``; a file that cannot be read is told in the result and does not stop the others.
    Errors of ``sink`` are raised; all batches it answered are stored, and the
    import may be run again.
    """
    result = ImportResult()
    for path in files:
        try:
            reading = _Reading(path, profile, progress, rejects_dir=rejects_dir, vault=vault, told=told)
        except FileUnreadable as error:
            result.unreadable.append(str(error))
            continue
        result.files_read += 1
        try:
            await _import_one(reading, sink, result)
        except FileUnreadable as error:
            result.unreadable.append(str(error))
        finally:
            reading.close()
            result.rejected += reading.rejected
            result.rejected_rows += reading.rejected_rows
            if reading.rejects.path:
                result.reject_files.append(reading.rejects.path)
    return result


async def _import_one(reading: _Reading, sink: Sink, result: ImportResult) -> None:
    # The next batch is read while the last one is stored; a thread, because reading and mapping block.
    ahead = asyncio.ensure_future(asyncio.to_thread(reading.next_batch))
    try:
        while (batch := await ahead) is not None:
            ahead = asyncio.ensure_future(asyncio.to_thread(reading.next_batch))
            if batch:
                _count(await sink(batch), len(batch), result)
    finally:
        await asyncio.wait([ahead])


def _count(outcomes: Sequence[StoredOutcome], expected: int, result: ImportResult) -> None:
    if len(outcomes) != expected:
        raise RuntimeError(f"the sink answered {len(outcomes)} of {expected} records")
    kinds = [outcome.kind for outcome in outcomes]
    result.accepted += kinds.count("accepted")
    result.updated += kinds.count("updated")
    result.duplicates += kinds.count("duplicate")


class _Reading:
    """One file being read; used by one thread at a time."""

    def __init__(
        self,
        path: Path,
        profile: Profile,
        progress: ProgressDisplay,
        *,
        rejects_dir: Path,
        vault: FileVault,
        told: Callable[[str], str],
    ) -> None:
        kind, rows = open_rows(path, profile)
        self._path = path
        self._rows: AnyRows = rows
        self._iterator: Iterator[Any] = iter(rows)
        self._mapper = Mapper(profile)
        self._progress = progress
        self._count = 0
        self.rejected = 0
        self.rejected_rows: list[RejectedRow] = []
        self.rejects = RejectFile(
            rejects_dir,
            path,
            kind,
            vault=vault,
            headers=rows.headers,
            records_path=rows.records_path if isinstance(rows, JsonRows) else (),
            told=told,
        )
        progress.begin(path)

    def next_batch(self) -> list[CallRecord] | None:
        """The records of the next BATCH_ROWS rows (maybe none); None at the end of the file."""
        records: list[CallRecord] = []
        read = 0
        for item in self._iterator:
            read += 1
            mapped = self._mapper.map(item.cells) if isinstance(item, Row) else item.errors
            if isinstance(mapped, CallRecord):
                records.append(mapped)
            else:
                self._reject(item.number, item.cells, mapped)
            if read == BATCH_ROWS:
                break
        self._count += read
        self._progress.at(self._count, *self._rows.progress())
        return records if read else None

    def close(self) -> None:
        self.rejects.close()
        self._rows.close()

    def _reject(self, number: int, cells: dict[str, Any], errors: Sequence[FieldError]) -> None:
        self.rejects.add(number, cells, errors)
        self.rejected += 1
        if self.rejected <= _ROWS_KEPT:
            self.rejected_rows.append(RejectedRow(self._path.name, number, tuple(errors)))
