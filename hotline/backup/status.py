"""How the backups stand, in one small file of the state folder that metrics read.

The backup folder itself may be a network disk that hangs; who only wants the figures never touches it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import orjson

FILE = "backup-status.json"


@dataclass(frozen=True, slots=True)
class BackupStatus:
    """Seconds are Unix time; 0: never."""

    last_backup_s: float = 0.0
    last_drill_s: float = 0.0
    """The last drill that found no difference."""
    archived_until_s: float = 0.0
    """What was committed by then is in the archive."""
    waiting_bytes: int = 0
    """Finished log that is not sealed yet."""
    gaps: int = 0
    """Segments dropped since the last base backup: the archive ends before the first of them."""
    backup_free_bytes: int = 0
    """Free space where the backups lie, when it was last seen."""
    error: str = ""
    """Why the last attempt to seal failed; empty when it did not."""


def read_status(state_dir: Path) -> BackupStatus:
    """The status; all zero where there were no backups yet or the file cannot be read."""
    try:
        found: dict[str, Any] = orjson.loads((state_dir / FILE).read_bytes())
        known = {field.name for field in fields(BackupStatus)}
        return BackupStatus(**{name: value for name, value in found.items() if name in known})
    except (OSError, ValueError, TypeError, AttributeError):
        return BackupStatus()


def update_status(state_dir: Path, **changes: Any) -> BackupStatus:
    """Change some of it; several processes may, and the last one wins."""
    status = replace(read_status(state_dir), **changes)
    draft = state_dir / f"{FILE}.new"
    draft.write_bytes(orjson.dumps(asdict(status)) + b"\n")
    draft.replace(state_dir / FILE)
    return status
