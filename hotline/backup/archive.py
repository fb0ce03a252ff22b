"""The backup folder: base backups, sealed segments of the log, what goes when.

::

    BACKUP_DIR/base/20260301T021500Z/manifest.json, base.sealed
    BACKUP_DIR/wal/<system id>/000000010000000000000005.sealed
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from hotline.backup.errors import BackupError, DamagedBackup
from hotline.backup.key import BackupKey
from hotline.backup.manifest import Manifest, read_manifest
from hotline.backup.sealed import Sealer, opened, read_header
from hotline.backup.wal import HISTORY, SEGMENT, Timeline, parse_lsn, reach, segment_number
from hotline.sealing.suites import SuiteName

SUFFIX = ".sealed"
BASE_FILE = f"base{SUFFIX}"
PIECE_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Archived:
    """How far the log of a backup reaches in the archive."""

    until: datetime | None
    """What was committed by then is in it; None: not even the log that makes the backup whole."""
    missing: str | None
    """The segment that is missing although later ones are there."""
    last: str | None = None
    """The last segment."""


class Archive:
    """One backup folder. The folder may be away or full: every method may raise OSError then."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def prepare(self) -> None:
        """Make the folder. Raises BackupError where it cannot be written."""
        try:
            for one in (self.folder, self.folder / "base", self.folder / "wal"):
                one.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise BackupError(
                f"The backup folder {self.folder} cannot be written ({error.strerror}): "
                "mount it, make room, or set HOTLINE_BACKUP_DIR."
            ) from error

    def backup_folder(self, backup_id: str) -> Path:
        """The folder of one base backup."""
        return self.folder / "base" / backup_id

    def backups(self, key: BackupKey | None) -> list[Manifest]:
        """Every base backup, oldest first. Raises DamagedBackup naming the manifest that is none."""
        base = self.folder / "base"
        if not base.is_dir():
            return []
        names = sorted(one.name for one in base.iterdir() if one.is_dir() and not one.name.endswith(".part"))
        return [read_manifest(base / name, key) for name in names]

    # ---- the log

    def wal_folder(self, system: str) -> Path:
        """Where the log of one server lies."""
        return self.folder / "wal" / system

    def wal_names(self, system: str) -> list[str]:
        """The sealed files of a server's log, without their ending, sorted."""
        folder = self.wal_folder(system)
        if not folder.is_dir():
            return []
        return sorted(one.name.removesuffix(SUFFIX) for one in folder.iterdir() if one.name.endswith(SUFFIX))

    def wal_path(self, system: str, name: str) -> Path:
        """One sealed file of the log."""
        return self.wal_folder(system) / f"{name}{SUFFIX}"

    def seal_wal(self, system: str, plain: Path, key: BackupKey, suite: SuiteName, closed_at: datetime) -> None:
        """Seal one finished segment (or history file). Harmless where it is there already.

        ``closed_at``: every commit up to then is in it or before it. Raises BackupError where the archive holds
        another segment of that name.
        """
        target = self.wal_path(system, plain.name)
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if target.exists():
            if b"".join(opened(target, key)) == plain.read_bytes():
                return
            raise BackupError(
                f"The archive holds another segment {plain.name} of this server already: somebody runs a copy of it "
                "with the same backup folder; give this one its own HOTLINE_BACKUP_DIR and make a new backup."
            )
        about = {"kind": "wal", "system": system, "closed_at": closed_at.isoformat()}
        with plain.open("rb") as source, Sealer(target, key, suite, about) as sealer:
            while piece := source.read(PIECE_BYTES):
                sealer.write(piece)

    def closed_at(self, system: str, name: str) -> datetime:
        """When a sealed segment was finished. Raises DamagedBackup."""
        path = self.wal_path(system, name)
        try:
            return datetime.fromisoformat(read_header(path)["closed_at"])
        except (KeyError, ValueError) as error:
            raise DamagedBackup(f"The backup file {path} does not say when it was finished.") from error

    def timelines(self, system: str, key: BackupKey) -> list[Timeline]:
        """Every timeline the archive knows of a server, oldest first."""
        found = [Timeline(1)]
        for name in self.wal_names(system):
            match = HISTORY.fullmatch(name)
            if match:
                text = b"".join(opened(self.wal_path(system, name), key)).decode("ascii", "replace")
                found.append(Timeline.parse(int(match[1], 16), text))
        return sorted(found, key=lambda one: one.id)

    def archived(self, manifest: Manifest, timeline: Timeline) -> Archived:
        """How far one can get from a backup along a timeline."""
        first = parse_lsn(manifest.start_lsn) // manifest.segment_bytes
        # the backup ends with the byte before: often the last one of a segment
        needed = (parse_lsn(manifest.stop_lsn) - 1) // manifest.segment_bytes
        found = reach(self.wal_names(manifest.system), timeline, first, manifest.segment_bytes)
        if found.last is None or segment_number(found.last, manifest.segment_bytes) < needed:
            return Archived(None, found.missing)
        return Archived(self.closed_at(manifest.system, found.last), found.missing, found.last)

    # ---- what goes

    def prune(self, keep: int, key: BackupKey) -> tuple[list[str], int]:
        """Delete all but the newest ``keep`` base backups, and the log that none of them needs.

        Returns the ids of the backups and the number of log files that went.
        """
        backups = self.backups(key)
        gone = backups[:-keep]
        for manifest in gone:
            shutil.rmtree(self.backup_folder(manifest.id))
        kept = [one for one in backups[-keep:] if one.kind == "base"]
        files = 0
        for folder in list(self._servers()):
            mine = [one for one in kept if one.system == folder.name]
            if not mine:
                if any(one.system == folder.name for one in gone):
                    files += sum(1 for _ in folder.iterdir())
                    shutil.rmtree(folder)
                continue
            oldest = min(parse_lsn(one.start_lsn) // one.segment_bytes for one in mine)
            segment_bytes = mine[0].segment_bytes
            for name in self.wal_names(folder.name):
                if SEGMENT.match(name) and segment_number(name[:24], segment_bytes) < oldest:
                    self.wal_path(folder.name, name).unlink()
                    files += 1
        return [one.id for one in gone], files

    def _servers(self) -> Iterator[Path]:
        folder = self.folder / "wal"
        if folder.is_dir():
            yield from (one for one in folder.iterdir() if one.is_dir())


def backup_id(at: datetime) -> str:
    """The id of a backup begun at ``at``."""
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
