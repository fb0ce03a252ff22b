"""The embedded Valkey (or Redis >= 7): append-only file, unix socket only."""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from collections.abc import Callable

import structlog

from hotline.embedded import processes
from hotline.embedded.binaries import ValkeyBinary, choose_valkey, readable_valkey
from hotline.embedded.errors import EmbeddedError
from hotline.embedded.folders import StateFolder
from hotline.embedded.postgres import no_check

LOAD_LIMIT_S = 120

log = structlog.get_logger(__name__)


class Valkey:
    """One Valkey in one state folder. Callers hold the folder's start lock around :meth:`ensure` and :meth:`stop`."""

    def __init__(self, state: StateFolder, *, binary: ValkeyBinary | None = None) -> None:
        self._state = state
        self._binary = binary
        self._child: subprocess.Popen[bytes] | None = None
        self._pid: int | None = None
        self.log = state.valkey / "valkey.log"
        self._kind = processes.Kind(("valkey-server", "redis-server"), state.valkey)

    @property
    def url(self) -> str:
        """Database 0 over the unix socket, for redis-py."""
        return f"unix://{self._state.sockets() / 'valkey.sock'}?db=0"

    def pid(self) -> int | None:
        """The process number of the running server of this folder, whoever started it."""
        if self._child is not None and self._child.poll() is not None:
            self._child = None
        if self._pid is None or not self._kind.alive(self._pid):
            # Forks that rewrite the append-only file bear the same name: the oldest is the server.
            self._pid = next(iter(self._kind.running()), None)
        return self._pid

    def ensure(self, check: Callable[[], None] = no_check) -> None:
        """Adopt the running server or start one.

        An append-only file that is broken beyond a torn end is set aside: Valkey holds signals and caches
        only, which are refilled from PostgreSQL. ``check`` may raise to give up. Raises EmbeddedError.
        """
        self._state.make_own(self._state.valkey)
        pid = self.pid()
        if pid is not None:
            if self._answers_in_time(check):
                return
            log.warning("Valkey does not answer and is restarted", pid=pid)
            self.stop()
        binary = readable_valkey(self._binary or choose_valkey(), self._state.account, self._state.binaries)
        said = self._start(binary, check)
        if said is None:
            return
        files = self._state.valkey / "appendonlydir"
        if files.is_dir() and any(mark in said for mark in ("Bad file format", "Unexpected end of file", "manifest")):
            aside = files.with_name(f"appendonlydir.broken-{time.time_ns()}")
            files.rename(aside)
            log.warning("Valkey's append-only file is broken and set aside", aside=str(aside))
            said = self._start(binary, check)
        if said is not None:
            lines = [line for line in said.splitlines() if line.strip()]
            reason = lines[-1].strip().rstrip(".") if lines else "it said nothing"
            raise EmbeddedError(f"Valkey did not start ({reason}); its log is {self.log}.")

    def stop(self, patience_s: float = 2.0) -> None:
        """SIGTERM, which writes the append-only file out; SIGKILL after ``patience_s``."""
        pid = self.pid()
        if pid is None:
            return
        if not processes.stop(self._kind, pid, [(signal.SIGTERM, patience_s), (signal.SIGKILL, 1.0)]):
            raise EmbeddedError(f"Valkey (process {pid}) does not stop: end it with kill -9 {pid}.")
        if self._child is not None:
            self._child.wait()
            self._child = None
        self._pid = None

    def _start(self, binary: ValkeyBinary, check: Callable[[], None]) -> str | None:
        """Start it; None once it answers, else what it said before it ended."""
        address = self._state.sockets() / "valkey.sock"
        address.unlink(missing_ok=True)
        options = {
            "port": "0",
            "unixsocket": str(address),
            "unixsocketperm": "700",
            "dir": str(self._state.valkey),
            "appendonly": "yes",
            "appendfsync": "everysec",
            "aof-load-truncated": "yes",
            "save": "",
            "daemonize": "no",
            "supervised": "no",
        }
        command = [str(binary.program)]
        for name, value in options.items():
            command += [f"--{name}", value]
        before = processes.size(self.log)
        child = processes.spawn(command, folder=self._state.valkey, log=self.log, account=self._state.account)
        try:
            while child.poll() is None:
                if self._answers():
                    self._child, self._pid = child, child.pid
                    log.info("Valkey started", pid=child.pid, version=binary.version)
                    return None
                check()
                time.sleep(processes.POLL_S)
        except BaseException:
            processes.abandon(child, signal.SIGTERM)
            raise
        return processes.tail(self.log, before)

    def _answers_in_time(self, check: Callable[[], None]) -> bool:
        deadline = time.monotonic() + LOAD_LIMIT_S
        while self.pid() is not None and time.monotonic() < deadline:
            if self._answers():
                return True
            if not (self._state.sockets() / "valkey.sock").exists():
                return False
            check()
            time.sleep(processes.POLL_S)
        return False

    def _answers(self) -> bool:
        """Whether it takes commands; not while it reads its append-only file."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(1.0)
            try:
                connection.connect(str(self._state.sockets() / "valkey.sock"))
                connection.sendall(b"PING\r\n")
                return connection.recv(64).startswith(b"+PONG")
            except OSError:
                return False
