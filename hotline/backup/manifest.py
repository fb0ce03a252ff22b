"""What one base backup says of itself, signed with the backup key."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
from pydantic import TypeAdapter, ValidationError

from hotline.backup.errors import BackupKeyError, DamagedBackup
from hotline.backup.key import BackupKey

FILE = "manifest.json"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class SealedFile:
    """One file of the backup, as it lies there."""

    name: str
    size: int
    sha256: str
    plain_size: int
    """Bytes inside, decrypted and unpacked."""


@dataclass(frozen=True, slots=True)
class TableContent:
    """What one table held."""

    rows: int
    hash: str | None = None
    """Sum of the rows' 64-bit hashes, whatever their order; None where it was not taken."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """One base backup."""

    id: str
    """Its time in UTC, such as ``20260301T021500Z``; also the name of its folder."""
    kind: str
    """``base`` of the embedded server, or ``hook`` of an outside one."""
    key: str
    """Id of the backup key it was sealed with."""
    secret_keys: tuple[str, ...]
    """Check ids of the service's keys without which the restored data cannot be read. The keys are not in here."""
    postgres: str
    """Version of the server."""
    started_at: datetime
    finished_at: datetime
    files: tuple[SealedFile, ...]
    tables: dict[str, TableContent]
    system: str = ""
    """The server's own id; its log lies in the folder of that name."""
    timeline: int = 0
    start_lsn: str = ""
    stop_lsn: str = ""
    """The backup is whole once the log is replayed up to here."""
    segment_bytes: int = 0
    format: int = FORMAT

    @property
    def size(self) -> int:
        """Bytes it takes in the backup folder."""
        return sum(file.size for file in self.files)


_READER = TypeAdapter(Manifest)


def write_manifest(folder: Path, manifest: Manifest, key: BackupKey) -> None:
    """Write it, signed, into the backup's folder."""
    body = orjson.dumps(_READER.dump_python(manifest, mode="json"), option=orjson.OPT_SORT_KEYS)
    signed: dict[str, Any] = {"manifest": orjson.loads(body), "mac": key.manifest_mac(body)}
    (folder / FILE).write_bytes(orjson.dumps(signed, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n")
    (folder / FILE).chmod(0o600)


def read_manifest(folder: Path, key: BackupKey | None) -> Manifest:
    """Read it back; ``key`` None leaves the signature unproven (for listing).

    Raises DamagedBackup, and BackupKeyError where it was signed with another key.
    """
    path = folder / FILE
    try:
        signed = orjson.loads(path.read_bytes())
        body = orjson.dumps(signed["manifest"], option=orjson.OPT_SORT_KEYS)
        manifest = _READER.validate_json(body)
        mac = str(signed["mac"])
    except (OSError, ValueError, KeyError, TypeError, ValidationError) as error:
        raise DamagedBackup(f"The manifest {path} cannot be read: bring it back, or use another backup.") from error
    if key is None:
        return manifest
    if manifest.key != key.id:
        raise BackupKeyError(
            f"Backup {manifest.id} was sealed with the backup key {manifest.key}, and {key.path} holds {key.id}: "
            "set HOTLINE_BACKUP_KEY_FILE to the right one."
        )
    if not hmac.compare_digest(mac, key.manifest_mac(body)):
        raise DamagedBackup(f"The manifest {path} was changed after the backup: use another backup.")
    return manifest
