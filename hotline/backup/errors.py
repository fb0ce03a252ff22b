"""Why a backup, a restore or a drill could not be done; each message is one sentence that says what to do."""

from __future__ import annotations

from hotline.errors import HotlineError


class BackupError(HotlineError):
    """A backup, a restore or a drill cannot be done."""


class BackupKeyError(BackupError):
    """The backup key is missing, unreadable, open to others, in the wrong place, or another one."""


class DamagedBackup(BackupError):
    """A file of the archive is missing, cut short, or was changed."""


class DrillFailed(BackupError):
    """What came back from the archive is not what the server holds."""
