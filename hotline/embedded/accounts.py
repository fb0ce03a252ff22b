"""Whom the servers run as: PostgreSQL refuses to run as root, so root lends them an unprivileged account."""

from __future__ import annotations

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hotline.embedded.errors import EmbeddedError

CANDIDATES = ("postgres", "nobody")


@dataclass(frozen=True, slots=True)
class Account:
    """The account of the servers; ``switch`` is False when it is the caller's own."""

    uid: int
    gid: int
    name: str
    switch: bool

    def spawn_arguments(self) -> dict[str, Any]:
        """Keyword arguments of ``subprocess`` calls that run a program as this account."""
        if not self.switch:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, path: Path) -> None:
        """Make this account the owner of ``path``."""
        if self.switch:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def can(self, test: str, path: Path) -> bool:
        """Whether this account may ``r`` read, ``w`` write or ``x`` run or traverse ``path``; asked of the kernel."""
        if not self.switch:
            return os.access(path, {"r": os.R_OK, "w": os.W_OK, "x": os.X_OK}[test])
        command = ["/bin/sh", "-c", f'test -{test} "$1"', "sh", str(path)]
        return subprocess.run(command, cwd="/", check=False, **self.spawn_arguments()).returncode == 0

    def barrier(self, path: Path) -> Path | None:
        """The outermost folder on the way to ``path`` (itself included) this account cannot traverse, or None."""
        if self.can("x", path):
            return None
        way = [*reversed(path.parents), path]
        return next((folder for folder in way if folder.is_dir() and not self.can("x", folder)), path)


def account_for(data: Path) -> Account:
    """The account for the servers whose data lie in ``data``.

    An ordinary user runs them as itself. Root uses the owner of existing data (so that they stay
    readable), else ``postgres``, else ``nobody``. Raises EmbeddedError when root finds none of them.
    """
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid(), str(os.geteuid()), switch=False)
    if data.exists() and data.stat().st_uid != 0:
        owner = data.stat()
        return Account(owner.st_uid, owner.st_gid, str(owner.st_uid), switch=True)
    for name in CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return Account(entry.pw_uid, entry.pw_gid, name, switch=True)
    raise EmbeddedError(
        "PostgreSQL does not run as root and there is no account postgres or nobody: "
        "start hotline as an ordinary user, or set HOTLINE_DATABASE_URL and HOTLINE_REDIS_URL."
    )
