"""The state folder: what lies where, who may enter it, and the short folder of the sockets.

``<state_dir>/servers/`` holds all of the embedded servers: ``postgres/`` and ``valkey/`` (owned by the
account they run as), ``password``, ``service-password`` and ``backup-password`` (0600), ``binaries/`` (readable
copies, only where needed) and ``sockets`` (the path of the socket folder). Locks are taken on folders, so that none is
ever left behind as a file.
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from hotline.embedded.accounts import Account, account_for
from hotline.embedded.errors import StateFolderError

OURS = frozenset(
    {"servers", "secret.key", "secret.key.lock", "logs", "rejects", "demo", "models"}
    | {"backups", "backup.key", "backup-status.json", "erasures.jsonl", "label-files.txt"}
)
"""Names in the state folder that show it to be ours alone, so that its mode may be widened."""


@dataclass(frozen=True, slots=True)
class StateFolder:
    """A prepared state folder; make it with :func:`prepare`."""

    root: Path
    account: Account

    @property
    def servers(self) -> Path:
        """Everything of the embedded servers."""
        return self.root / "servers"

    @property
    def postgres(self) -> Path:
        """PostgreSQL's data and log, owned by the account."""
        return self.servers / "postgres"

    @property
    def valkey(self) -> Path:
        """Valkey's append-only file and log, owned by the account."""
        return self.servers / "valkey"

    @property
    def binaries(self) -> Path:
        """Readable copies of server binaries."""
        return self.servers / "binaries"

    @property
    def password_file(self) -> Path:
        """The password of the database role ``hotline``, which owns the tables."""
        return self.servers / "password"

    @property
    def service_password_file(self) -> Path:
        """The password of the database role ``hotline_service``, as which web and workers connect."""
        return self.servers / "service-password"

    @property
    def backup_password_file(self) -> Path:
        """The password of the database role ``hotline_backup``, which takes base backups."""
        return self.servers / "backup-password"

    def make_own(self, folder: Path) -> None:
        """Make ``folder`` (0700) for the account alone."""
        folder.mkdir(mode=0o700, exist_ok=True)
        self.account.own(folder)

    def sockets(self) -> Path:
        """The folder of the sockets (0700, of the account, a short path), made anew where it is gone.

        Its random name is kept in the file ``sockets``, so nobody else can make it first and every command
        finds the same one whatever its environment; it lies in /tmp because socket paths end at 108 bytes.
        """
        note = self.servers / "sockets"
        if note.is_file():
            known = Path(note.read_text(encoding="utf-8").strip())
            if self._private(known):
                return known
        made = Path(tempfile.mkdtemp(prefix="hotline-", dir="/tmp"))
        self.account.own(made)
        draft = note.with_suffix(".new")
        draft.write_text(f"{made}\n", encoding="utf-8")
        draft.replace(note)
        return made

    def drop_sockets(self) -> None:
        """Remove the folder of the sockets; for the one who stopped the servers."""
        note = self.servers / "sockets"
        if note.is_file():
            known = Path(note.read_text(encoding="utf-8").strip())
            if self._private(known):
                shutil.rmtree(known)
            note.unlink()

    def _private(self, folder: Path) -> bool:
        try:
            found = folder.lstat()
        except FileNotFoundError:
            return False
        return stat.S_ISDIR(found.st_mode) and found.st_uid == self.account.uid and not found.st_mode & 0o077


def prepare(state_dir: Path) -> StateFolder:
    """Make and check the state folder.

    For an ordinary user it is made 0700; for root 0711, because the servers' account must pass through it
    (what lies in it keeps its own mode). Raises StateFolderError, one sentence, when it cannot be used.
    """
    root = Path(os.path.realpath(state_dir))
    try:
        _make(root)
        _make(root / "servers")
        probe = tempfile.TemporaryFile(dir=root / "servers")  # noqa: SIM115 - only whether it can be made
        probe.close()
    except OSError as error:
        raise StateFolderError(
            f"The state folder {root} cannot be written ({error.strerror}): "
            "make it writable for this user, or set HOTLINE_STATE_DIR to a folder that is."
        ) from error
    account = account_for(root / "servers" / "postgres")
    barrier = account.barrier(root / "servers")
    if barrier is not None:
        raise StateFolderError(
            f"The servers run as the unprivileged user {account.name}, which cannot pass through {barrier} "
            f"to the state folder {root}: run chmod o+x {barrier}, or set HOTLINE_STATE_DIR to a folder "
            "outside it, such as /var/lib/hotline."
        )
    return StateFolder(root, account)


def _make(folder: Path) -> None:
    as_root = os.geteuid() == 0
    if not folder.is_dir():
        if not folder.parent.is_dir():
            _make(folder.parent)
        folder.mkdir(exist_ok=True)
        folder.chmod(0o711 if as_root else 0o700)
        return
    found = folder.stat()
    if as_root and found.st_uid == 0 and not found.st_mode & 0o001 and {path.name for path in folder.iterdir()} <= OURS:
        folder.chmod(stat.S_IMODE(found.st_mode) | 0o011)
