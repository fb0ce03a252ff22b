"""The service's settings, read once from ``HOTLINE_*`` (CONTRACT.md)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast, get_args

import platformdirs

from config.accounts import AccountSettings, account_settings
from config.durability import DurabilitySettings, durability_settings
from config.environment import path, whole
from config.errors import ConfigError
from config.listening import ListeningSettings, listening_settings
from config.operation import OperationSettings, operation_settings
from config.syslog import SyslogReceiver, read_syslog

CipherSuite = Literal["intl", "sm"]


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of one process; build it with :func:`load_settings`."""

    state_dir: Path
    """Folder of the embedded servers' data, the key and the logs."""
    host: str
    port: int
    database_url: str | None
    """None: the embedded PostgreSQL in the state folder. Of an outside one, as the service's own role."""
    owner_database_url: str | None
    """The same outside database as the owner of its tables, for ``hotline migrate``; None: the service's role is."""
    redis_url: str | None
    """None: the embedded Valkey in the state folder."""
    pg_bin: Path | None
    config_dir: Path | None
    """Overlays the packaged policy, taxonomy, line profiles and lexicon file by file."""
    secret_key_file: Path
    secret_key_required: bool
    """True with an outside database: the key must exist already and is never made."""
    cipher_suite: CipherSuite
    """Algorithms of keys made from now on; present keys keep theirs."""
    workers: int
    """Worker processes of ``hotline run``."""
    pool_size: int
    """Connections each process may hold to PostgreSQL."""
    syslog: SyslogReceiver | None
    """Where the audit log is shipped to; None: nowhere."""
    accounts: AccountSettings
    listening: ListeningSettings
    operation: OperationSettings
    durability: DurabilitySettings


def checkout_root() -> Path | None:
    """The project's folder when this code runs from a checkout, else None."""
    root = Path(__file__).resolve().parent.parent
    return root if (root / "pyproject.toml").is_file() and (root / "hotline").is_dir() else None


def default_state_dir() -> Path:
    """``.state`` under the project in a checkout, else the user's data folder."""
    root = checkout_root()
    return root / ".state" if root else Path(platformdirs.user_data_dir("hotline", appauthor=False))


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from ``environ`` (default: the process's own).

    Raises ConfigError naming the variable and what to put into it.
    """
    env = os.environ if environ is None else environ
    state_dir = path(env, "HOTLINE_STATE_DIR") or default_state_dir()
    database_url = env.get("HOTLINE_DATABASE_URL") or None
    return Settings(
        state_dir=state_dir,
        host=env.get("HOTLINE_HOST") or "127.0.0.1",
        port=whole(env, "HOTLINE_PORT", 8080, low=0, high=65535),
        database_url=database_url,
        owner_database_url=(env.get("HOTLINE_OWNER_DATABASE_URL") or None) if database_url else None,
        redis_url=env.get("HOTLINE_REDIS_URL") or None,
        pg_bin=path(env, "HOTLINE_PG_BIN"),
        config_dir=path(env, "HOTLINE_CONFIG_DIR"),
        secret_key_file=path(env, "HOTLINE_SECRET_KEY_FILE") or state_dir / "secret.key",
        secret_key_required=database_url is not None,
        cipher_suite=_cipher_suite(env),
        workers=whole(env, "HOTLINE_WORKERS", 1, low=1, high=64),
        pool_size=whole(env, "HOTLINE_POOL_SIZE", 10, low=2, high=200),
        syslog=read_syslog(env.get("HOTLINE_SYSLOG")),
        accounts=account_settings(env),
        listening=listening_settings(env),
        operation=operation_settings(env, state_dir),
        durability=durability_settings(env),
    )


def _cipher_suite(env: Mapping[str, str]) -> CipherSuite:
    suite = env.get("HOTLINE_CIPHER_SUITE") or "intl"
    if suite not in get_args(CipherSuite):
        raise ConfigError(f"HOTLINE_CIPHER_SUITE is {suite!r}; set it to intl (AES-GCM) or sm (SM4-GCM).")
    return cast(CipherSuite, suite)
