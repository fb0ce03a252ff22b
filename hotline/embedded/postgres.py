"""The embedded PostgreSQL: made by initdb, run by us, reached by a unix socket only."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import quote

import structlog

from hotline.embedded import archiving, processes
from hotline.embedded.binaries import PostgresBinaries, choose_postgres, readable_postgres
from hotline.embedded.errors import EmbeddedError
from hotline.embedded.folders import StateFolder

#: Owns the database and its tables; makes and changes the schema.
OWNER = "hotline"
#: Web and workers connect as this one: what it may do is granted table by table (hotline/migrations/grants.sql).
SERVICE = "hotline_service"
#: Beside LOGIN; what a role may do is as little as its work allows.
ATTRIBUTES = {OWNER: "CREATEDB", SERVICE: "", archiving.ROLE: "REPLICATION"}
PORT = 5432
"""Only part of the socket's name: no TCP port is opened."""
#: The owner may end what the service is doing, as dropping or restoring a database needs it.
END_SERVICE = f"GRANT {SERVICE} TO {OWNER};"
RECOVERY_LIMIT_S = 600
ORPHANS_LIMIT_S = 3.0
RETRY_LIMIT_S = 15.0

SETTINGS = """
# hotline: written once when this data folder was made; change it freely.
max_connections = 100
shared_buffers = 128MB
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
# Callers' data must not reach the log: no statement texts, no key values.
log_min_error_statement = panic
log_error_verbosity = terse
log_checkpoints = off
"""
#: Checkpoints cost little when nothing is forced to the disk; the folder may be in memory, where a long log would stay.
NOT_DURABLE = (
    "-c",
    "fsync=off",
    "-c",
    "synchronous_commit=off",
    "-c",
    "full_page_writes=off",
    "-c",
    "max_wal_size=256MB",
)

log = structlog.get_logger(__name__)


def no_check() -> None:
    """The check of a start that nobody calls off."""


class Postgres:
    """One PostgreSQL in one state folder; callers hold its start lock around :meth:`ensure` and :meth:`stop`."""

    def __init__(
        self,
        state: StateFolder,
        *,
        pg_bin: Path | None = None,
        binaries: PostgresBinaries | None = None,
        durable: bool = True,
        slow_query_ms: int = 0,
        data: str = "data",
    ) -> None:
        """``binaries`` overrides the choice that starts with ``pg_bin``; ``durable=False`` is for tests only.

        Statements of ``slow_query_ms`` and more are logged by the server, without their values (0: none).
        ``data`` is the data folder's name.
        """
        self._state = state
        self._pg_bin = pg_bin
        self._binaries = binaries
        self._durable = durable
        self._slow_query_ms = slow_query_ms or -1
        self._child: subprocess.Popen[bytes] | None = None
        self.data = state.postgres / data
        self.log = state.postgres / "postgres.log"
        self._kind = processes.Kind(("postgres", "postmaster"), self.data)

    @property
    def url(self) -> str:
        """The database ``hotline`` as its owner, for asyncpg."""
        return self._url(OWNER)

    @property
    def service_url(self) -> str:
        """The database ``hotline`` as the service's own role, which may not touch the audit log."""
        return self._url(SERVICE)

    @property
    def backup_url(self) -> str:
        """The maintenance database as the role that takes base backups; it sees no table of ours."""
        return self._url(archiving.ROLE, "postgres")

    @property
    def _password_files(self) -> dict[str, Path]:
        return {
            OWNER: self._state.password_file,
            SERVICE: self._state.service_password_file,
            archiving.ROLE: self._state.backup_password_file,
        }

    def _url(self, role: str, database: str = "hotline") -> str:
        path = self._password_files[role]
        try:
            password = path.read_text(encoding="ascii").strip()
        except OSError as error:
            raise EmbeddedError(
                f"The database's password in {path} cannot be read ({error.strerror}): "
                "run as the user who made the state folder, or stop all hotline commands and start again."
            ) from error
        return f"postgresql://{role}:{password}@/{database}?host={quote(str(self._state.sockets()))}&port={PORT}"

    def pid(self) -> int | None:
        """The process number of the running server of this folder, whoever started it."""
        if self._child is not None and self._child.poll() is not None:
            self._child = None
        lines = self._pid_file()
        if not lines or not lines[0].strip().isdigit():
            return None
        pid = int(lines[0])
        return pid if self._kind.alive(pid) else None

    def ensure(self, check: Callable[[], None] = no_check) -> None:
        """Adopt the running server or start one, making the data folder first where there is none.

        ``check`` is called while waiting and may raise to give up. Raises EmbeddedError.
        """
        self._state.make_own(self._state.postgres)
        sockets = self._state.sockets()
        socket = sockets / f".s.PGSQL.{PORT}"
        pid = self.pid()
        if pid is not None and not self._reachable(pid, socket, check):
            log.warning("PostgreSQL has lost its socket and is restarted", pid=pid)
            self.stop()
            pid = None
        if pid is not None:
            return
        chosen = self._binaries or choose_postgres(self._pg_bin, self.data)
        binaries = readable_postgres(chosen, self._state.account, self._state.binaries)
        if not (self.data / "PG_VERSION").is_file():
            self._make(binaries, check)
        self._clear_traces(socket)
        lost = [role for role, path in self._password_files.items() if not path.is_file()]
        if lost:
            self._renew_passwords(lost, binaries, check)
        self._start(binaries, socket, check)

    def recover(self, options: Sequence[str], check: Callable[[], None] = no_check) -> None:
        """Start on restored data that have to be recovered first, and wait until that is done.

        ``options`` are the server's own, such as where its recovery ends. Passwords stay as they were in the
        data. ``check`` may raise to give up. Raises EmbeddedError with the server's reason.
        """
        self._state.make_own(self._state.postgres)
        socket = self._state.sockets() / f".s.PGSQL.{PORT}"
        chosen = self._binaries or choose_postgres(self._pg_bin, self.data)
        binaries = readable_postgres(chosen, self._state.account, self._state.binaries)
        self._clear_traces(socket)
        self._start(binaries, socket, check, options)

    def stop(self, patience_s: float = 3.0) -> None:
        """Fast shutdown; immediate after ``patience_s`` (the write-ahead log then brings everything back)."""
        pid = self.pid()
        if pid is None:
            return
        steps = [(signal.SIGINT, patience_s), (signal.SIGQUIT, 1.0), (signal.SIGKILL, 1.0)]
        if not processes.stop(self._kind, pid, steps):
            raise EmbeddedError(f"PostgreSQL (process {pid}) does not stop: end it with kill -9 {pid}.")
        if self._child is not None:
            self._child.wait()
            self._child = None

    def _pid_file(self) -> list[str]:
        try:
            return (self.data / "postmaster.pid").read_text(encoding="utf-8", errors="replace").splitlines()
        except FileNotFoundError:
            return []

    def _ready(self, pid: int) -> bool:
        """What pg_ctl goes by: line 8 of postmaster.pid says ``ready``."""
        lines = self._pid_file()
        return len(lines) >= 8 and lines[0].strip() == str(pid) and lines[7].strip() == "ready"

    def _reachable(self, pid: int, socket: Path, check: Callable[[], None]) -> bool:
        """Wait while it starts up or recovers; whether its socket is where we look for it."""
        deadline = time.monotonic() + RECOVERY_LIMIT_S
        while self._kind.alive(pid) and not self._ready(pid) and time.monotonic() < deadline:
            check()
            time.sleep(processes.POLL_S)
        return self._kind.alive(pid) and socket.exists()

    def _make(self, binaries: PostgresBinaries, check: Callable[[], None]) -> None:
        """initdb into a folder beside, complete with role and database, then one rename: all or nothing."""
        log.info("making the database", folder=str(self.data), postgres=binaries.version)
        draft = self._state.postgres / "data.new"
        processes.kill_mentioning(draft)
        try:
            self._fill(draft, binaries, check)
            draft.rename(self.data)
        finally:
            if draft.exists():
                shutil.rmtree(draft)

    def _fill(self, draft: Path, binaries: PostgresBinaries, check: Callable[[], None]) -> None:
        if draft.exists():
            shutil.rmtree(draft)
        passwords = {role: secrets.token_urlsafe(24) for role in self._password_files}
        handed = self._state.postgres / "initdb-password"
        _write_private(handed, secrets.token_urlsafe(24))
        self._state.account.own(handed)
        command = [str(binaries.folder / "initdb"), "-D", str(draft), "-U", "postgres", "--auth=scram-sha-256"]
        command += [f"--pwfile={handed}", "--encoding=UTF8", *([] if self._durable else ["--no-sync"])]
        try:
            try:
                self._run([*command, "--locale=C.UTF-8"], "", check)
            except EmbeddedError as error:
                if "locale" not in str(error):
                    raise
                self._run([*command, "--locale=C"], "", check)
        finally:
            handed.unlink()
        with (draft / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write(SETTINGS)
        statements = [
            *(f"CREATE ROLE {role} LOGIN {ATTRIBUTES[role]} PASSWORD '{passwords[role]}';" for role in passwords),
            archiving.GRANT,
            END_SERVICE,
            f"CREATE DATABASE hotline OWNER {OWNER} ENCODING 'UTF8' TEMPLATE template0;",
        ]
        self._single_user(binaries, draft, statements, check)
        for role, path in self._password_files.items():
            _write_private(path, passwords[role])

    def _renew_passwords(self, roles: Sequence[str], binaries: PostgresBinaries, check: Callable[[], None]) -> None:
        """The data came back from a backup without the files, or are older than the role."""
        passwords = {role: secrets.token_urlsafe(24) for role in roles}
        statements = []
        for role, password in passwords.items():
            statements.append(
                f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') "
                f"THEN CREATE ROLE {role}; END IF; END $$;"
            )
            statements.append(f"ALTER ROLE {role} LOGIN {ATTRIBUTES[role]} PASSWORD '{password}';")
        if archiving.ROLE in passwords:
            statements.append(archiving.GRANT)
        if SERVICE in passwords:
            statements.append(END_SERVICE)
        self._single_user(binaries, self.data, statements, check)
        for role, password in passwords.items():
            _write_private(self._password_files[role], password)
            log.warning("a password of the database was missing and is made anew", file=str(self._password_files[role]))

    def _single_user(
        self, binaries: PostgresBinaries, data: Path, statements: Sequence[str], check: Callable[[], None]
    ) -> None:
        command = [str(binaries.folder / "postgres"), "--single", "-j", "-D", str(data), "postgres"]
        said = self._run(command, "".join(f"{statement}\n\n" for statement in statements), check)
        if "ERROR:" in said:
            raise EmbeddedError(f"PostgreSQL could not prepare its data in {data}: {_reason(said)}.")

    def _run(self, command: Sequence[str], text: str, check: Callable[[], None]) -> str:
        child: subprocess.Popen[str] = subprocess.Popen(
            command,
            cwd="/",
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            text=True,
            env=processes.plain_environment(),
            **self._state.account.spawn_arguments(),
        )
        given: str | None = text
        try:
            while True:
                try:
                    said, _ = child.communicate(given, timeout=0.1)
                    break
                except subprocess.TimeoutExpired:
                    given = None
                    check()
        except BaseException:
            # initdb has children of its own; the end of their common output says that all are gone.
            os.killpg(child.pid, signal.SIGKILL)
            child.communicate()
            raise
        if child.returncode != 0:
            raise EmbeddedError(
                f"PostgreSQL {command[0]} could not make a database in {self._state.postgres}: {_reason(said)}."
            )
        return said

    def _clear_traces(self, socket: Path) -> None:
        """After a kill -9: see off orphaned backends, and files that would name a stranger as the server."""
        if not self._pid_file():
            return
        deadline = time.monotonic() + ORPHANS_LIMIT_S
        while (orphans := self._kind.running()) and time.monotonic() < deadline:
            time.sleep(processes.POLL_S)
        for orphan in orphans:
            processes.stop(self._kind, orphan, [(signal.SIGKILL, 1.0)])
        for trace in (str(socket), f"{socket}.lock", str(self.data / "postmaster.pid")):
            if os.path.lexists(trace):
                os.unlink(trace)

    def _start(
        self, binaries: PostgresBinaries, socket: Path, check: Callable[[], None], options: Sequence[str] = ()
    ) -> None:
        archiving.write_script(self._state)
        command = [str(binaries.folder / "postgres"), "-D", str(self.data), "-p", str(PORT)]
        command += ["-c", "listen_addresses=", "-c", f"unix_socket_directories={socket.parent}"]
        # statement texts hold no values: those are parameters, and parameters are left out
        command += ["-c", f"log_min_duration_statement={self._slow_query_ms}", "-c", "log_parameter_max_length=0"]
        command += ["-c", "log_parameter_max_length_on_error=0"]
        command += archiving.OPTIONS if self._durable else NOT_DURABLE
        command += options
        deadline = time.monotonic() + RETRY_LIMIT_S
        while True:
            before = processes.size(self.log)
            child = processes.spawn(command, folder=self.data, log=self.log, account=self._state.account)
            try:
                while child.poll() is None:
                    if self._ready(child.pid):
                        self._child = child
                        log.info("PostgreSQL started", pid=child.pid, version=binaries.version)
                        return
                    check()
                    time.sleep(processes.POLL_S)
            except BaseException:
                processes.abandon(child, signal.SIGINT)
                raise
            said = processes.tail(self.log, before)
            if "shared memory block" not in said or time.monotonic() > deadline:
                raise EmbeddedError(f"PostgreSQL did not start ({_reason(said)}); its log is {self.log}.")
            time.sleep(0.2)


def _write_private(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(f"{text}\n")


def _reason(said: str) -> str:
    """The line of a server's output that tells why."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    for mark in ("FATAL:", "PANIC:", "error:", "ERROR:"):
        for line in lines:
            if mark in line:
                return line.split(mark, 1)[1].strip().rstrip(".")
    return lines[-1].rstrip(".") if lines else "it said nothing"
