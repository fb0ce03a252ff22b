"""Settings of operation: backups, slow queries, metrics of workers, traces."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from config.environment import path, whole
from config.errors import ConfigError

#: The ciphers a backup can be sealed with, by suite; a backup remembers its own.
SuiteName = Literal["intl", "sm"]
SUITES: tuple[SuiteName, ...] = ("intl", "sm")


@dataclass(frozen=True, slots=True)
class BackupSettings:
    """Where backups go and by which key they are sealed."""

    folder: Path
    """Base backups and the write-ahead log after them, all encrypted."""
    key_file: Path
    """The backup key; never inside ``folder``, and another than the secret key."""
    suite: SuiteName
    """Of new backups: ``intl`` (AES-256-GCM) or ``sm`` (SM4-GCM)."""
    wal_every_s: int
    """At most so much time of work is not in the archive yet."""
    wal_waiting_mib: int
    """So much log may wait for a backup folder that is full or away; beyond it the archive gets a gap."""
    backup_hook: str | None
    """Outside PostgreSQL: the command that writes a dump to its standard output."""
    restore_hook: str | None
    """Outside PostgreSQL: the command that takes the dump on its standard input."""


@dataclass(frozen=True, slots=True)
class OperationSettings:
    """What operators of the service set."""

    backup: BackupSettings
    slow_query_ms: int
    """A query that takes longer is logged by its name; 0: never."""
    worker_metrics_port: int
    """First port of the workers' own metrics, one port each; 0: none."""
    otlp_endpoint: str | None
    """Base address of an OTLP/HTTP collector; None: nothing is traced."""
    trace_percent: int
    """Of a hundred calls so many are traced, the same ones in every process."""


def operation_settings(env: Mapping[str, str], state_dir: Path) -> OperationSettings:
    """Read the settings of operation. Raises ConfigError."""
    return OperationSettings(
        backup=_backup(env, state_dir),
        slow_query_ms=whole(env, "HOTLINE_SLOW_QUERY_MS", 500, low=0, high=60_000),
        worker_metrics_port=whole(env, "HOTLINE_WORKER_METRICS_PORT", 0, low=0, high=65_000),
        otlp_endpoint=_endpoint(env.get("HOTLINE_OTLP_ENDPOINT", "")),
        trace_percent=whole(env, "HOTLINE_TRACE_PERCENT", 100, low=1, high=100),
    )


def _backup(env: Mapping[str, str], state_dir: Path) -> BackupSettings:
    wanted = env.get("HOTLINE_BACKUP_SUITE") or "intl"
    suite = next((one for one in SUITES if one == wanted), None)
    if suite is None:
        raise ConfigError(f"HOTLINE_BACKUP_SUITE is {wanted!r}; set it to intl or sm.")
    folder = path(env, "HOTLINE_BACKUP_DIR") or state_dir / "backups"
    key_file = path(env, "HOTLINE_BACKUP_KEY_FILE") or state_dir / "backup.key"
    if key_file.resolve().is_relative_to(folder.resolve()):
        raise ConfigError(
            f"The backup key {key_file} would lie among the backups in {folder}, where whoever takes them finds it: "
            "set HOTLINE_BACKUP_KEY_FILE to a place outside HOTLINE_BACKUP_DIR."
        )
    return BackupSettings(
        folder=folder,
        key_file=key_file,
        suite=suite,
        wal_every_s=whole(env, "HOTLINE_BACKUP_WAL_EVERY_S", 45, low=1, high=3600),
        wal_waiting_mib=whole(env, "HOTLINE_BACKUP_WAL_WAITING_MIB", 2048, low=64, high=1_048_576),
        backup_hook=env.get("HOTLINE_BACKUP_HOOK") or None,
        restore_hook=env.get("HOTLINE_RESTORE_HOOK") or None,
    )


def _endpoint(value: str) -> str | None:
    if value and not re.match(r"https?://[^/?#\s]+(/[^?#\s]*)?$", value):
        raise ConfigError(f"HOTLINE_OTLP_ENDPOINT is {value!r}; set it to an address such as http://127.0.0.1:4318.")
    return value.rstrip("/") or None
