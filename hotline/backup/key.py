"""The backup key: one file apart from the backups and from the secret key."""

from __future__ import annotations

import hmac
import os
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path

from config.operation import BackupSettings
from hotline.backup.errors import BackupKeyError

KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class BackupKey:
    """The 32 bytes every key in use is derived from."""

    secret: bytes
    path: Path

    @property
    def id(self) -> str:
        """Eight hex digits that tell one key from another and reveal nothing of it."""
        return hmac.digest(self.secret, b"hotline backup key id v1", "sha256").hex()[:8]

    def manifest_mac(self, body: bytes) -> str:
        """What shows that a manifest was written by a holder of the key."""
        own = hmac.digest(self.secret, b"hotline backup manifest v1", "sha256")
        return hmac.digest(own, body, "sha256").hex()


def read_key(settings: BackupSettings) -> BackupKey:
    """Read the key. Raises BackupKeyError with what to do."""
    path = settings.key_file
    try:
        text = path.read_text(encoding="ascii")
        mode = stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        raise BackupKeyError(
            f"There is no backup key at {path}: put the key the backups were made with there, "
            "or name its place in HOTLINE_BACKUP_KEY_FILE."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise BackupKeyError(
            f"The backup key {path} cannot be read ({error}): correct its owner or its content."
        ) from error
    if mode & 0o077:
        raise BackupKeyError(f"The backup key {path} is open to other users: run chmod 600 {path}")
    try:
        secret = bytes.fromhex(text.strip())
    except ValueError:
        secret = b""
    if len(secret) != KEY_BYTES:
        raise BackupKeyError(f"{path} does not hold a key of {KEY_BYTES} bytes in hex: put the right file back.")
    return BackupKey(secret, path)


def ensure_key(settings: BackupSettings, secret_key_file: Path, *, has_backups: bool) -> tuple[BackupKey, bool]:
    """The key, made where there is none and no backup needs an older one; whether it was made.

    Raises BackupKeyError, also when the two keys are one file or hold the same bytes.
    """
    path, made = settings.key_file, False
    if path.resolve() == secret_key_file.resolve():
        raise BackupKeyError("HOTLINE_BACKUP_KEY_FILE names the secret key: give the backups a key of their own.")
    if not path.exists() and not has_backups:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(secrets.token_hex(KEY_BYTES) + "\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise BackupKeyError(
                f"The backup key cannot be written to {path} ({error.strerror}): set HOTLINE_BACKUP_KEY_FILE."
            ) from error
        made = True
    key = read_key(settings)
    if secret_key_file.is_file() and key.secret.hex().encode() in secret_key_file.read_bytes():
        raise BackupKeyError(
            f"The backup key {path} is the secret key: the backups would open with what they must be kept apart from; "
            "set HOTLINE_BACKUP_KEY_FILE to another file."
        )
    return key, made
