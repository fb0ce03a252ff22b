"""Server processes: starting one apart from us, telling a live one from a stale process number, stopping it."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from hotline.embedded.accounts import Account

POLL_S = 0.02
LOG_LIMIT_BYTES = 10_000_000


@dataclass(frozen=True, slots=True)
class Kind:
    """How to know a server's process: by its program's name and the data folder it works in.

    PostgreSQL and Valkey both change into their data folder, which tells the server of this very folder
    from a stranger that got its process number after a crash or in a new container.
    """

    names: tuple[str, ...]
    folder: Path

    def alive(self, pid: int) -> bool:
        """Whether process ``pid`` is one of this server's (a zombie is not)."""
        try:
            process = psutil.Process(pid)
            if process.status() == psutil.STATUS_ZOMBIE or not process.name().startswith(self.names):
                return False
            return Path(process.cwd()) == self.folder
        except (psutil.NoSuchProcess, psutil.ZombieProcess, psutil.AccessDenied, OSError):
            return False

    def running(self) -> list[int]:
        """All of this server's processes, oldest first."""
        return [process.pid for process in psutil.process_iter() if self.alive(process.pid)]


def plain_environment() -> dict[str, str]:
    """Our environment without what would change a server's ways (``PGDATA``, ``PGPORT``, its language)."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return kept | {"LC_ALL": "C"}


def spawn(command: Sequence[str], *, folder: Path, log: Path, account: Account) -> subprocess.Popen[bytes]:
    """Start a server in its own session, so that a Ctrl-C at the terminal does not reach it."""
    if log.exists() and log.stat().st_size > LOG_LIMIT_BYTES:
        log.replace(log.with_suffix(".log.1"))
    with log.open("ab") as out:
        account.own(log)
        return subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
            umask=0o077,
            env=plain_environment(),
            **account.spawn_arguments(),
        )


def stop(kind: Kind, pid: int, signals: Sequence[tuple[signal.Signals, float]]) -> bool:
    """Send each signal in turn and wait its seconds; True once the process is gone."""
    for number, seconds in signals:
        try:
            if not kind.alive(pid):
                return True
            os.kill(pid, number)
        except ProcessLookupError:
            return True
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not kind.alive(pid):
                return True
            time.sleep(POLL_S)
    return not kind.alive(pid)


def abandon(child: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """End a server that was just started and is not wanted any more."""
    child.send_signal(number)
    try:
        child.wait(2.0)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def kill_mentioning(folder: Path) -> None:
    """End what a killed command left at work on ``folder``, such as an initdb, known by its command line."""
    for process in psutil.process_iter():
        try:
            if process.name().startswith(("initdb", "postgres")) and str(folder) in process.cmdline():
                process.kill()
                process.wait(2.0)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue


def tail(log: Path, start: int = 0) -> str:
    """The text a server added to its log since byte ``start``, at most the last 8,000 bytes."""
    if not log.is_file():
        return ""
    with log.open("rb") as file:
        file.seek(max(start, log.stat().st_size - 8000))
        return file.read().decode("utf-8", "replace")


def size(log: Path) -> int:
    """Its bytes now, to read from there later."""
    return log.stat().st_size if log.is_file() else 0
