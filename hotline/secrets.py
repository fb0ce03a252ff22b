"""The service's secret key: one file, from which the keys in use are derived."""

from __future__ import annotations

import hmac
import os
import secrets
import stat
from pathlib import Path

from config.settings import Settings
from hotline.errors import HotlineError
from routing.calls.lookup import LookupKey

KEY_BYTES = 32


class SecretKeyError(HotlineError):
    """The secret key is missing, unreadable or open to others."""


def read_secret_key(settings: Settings) -> bytes:
    """The 32 bytes of ``secret.key``; made (0600) on a first start with the embedded database.

    Raises SecretKeyError with what to do.
    """
    path = settings.secret_key_file
    try:
        text = path.read_text(encoding="ascii")
        mode = stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        return _make(path, settings)
    except (OSError, UnicodeDecodeError) as error:
        raise SecretKeyError(
            f"The secret key {path} cannot be read ({error}); correct its owner or content."
        ) from error
    if mode & 0o077:
        raise SecretKeyError(f"The secret key {path} is open to other users; run: chmod 600 {path}")
    try:
        key = bytes.fromhex(text.strip())
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise SecretKeyError(f"{path} does not hold a key of {KEY_BYTES} bytes in hex; put the right file back.")
    return key


def _make(path: Path, settings: Settings) -> bytes:
    if settings.secret_key_required:
        raise SecretKeyError(
            f"No secret key at {path}; with an outside database it must exist: set HOTLINE_SECRET_KEY_FILE, "
            "or on a new database make one with: hotline create-key"
        )
    key = secrets.token_bytes(KEY_BYTES)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return read_secret_key(settings)
    except OSError as error:
        raise SecretKeyError(f"The secret key cannot be written to {path} ({error}); set HOTLINE_STATE_DIR.") from error
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(key.hex() + "\n")
        file.flush()
        os.fsync(file.fileno())
    return key


def lookup_key(secret: bytes) -> LookupKey:
    """The key by which numbers are hashed, kept apart from every other use of the secret."""
    return LookupKey(hmac.digest(secret, b"hotline lookup key v1", "sha256"))
