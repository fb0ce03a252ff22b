"""The key file: the look-up key and the data keys, one a line.

Today's first form is one line of 64 hex digits, a root from which look-up key
and data key 1 (suite ``intl``) are derived. Every further key has its line::

    data 2 sm 6f0c...          the newest data key seals, all of them open
    data 3 intl 91ab... standby    opens already, seals only once "standby" is gone

and a file that begins with the ``sm`` suite names both from the start::

    lookup sm 44d1...
    data 1 sm 0a9e...

Lines beginning with ``#`` are comments. The look-up key stays what it is when
data keys are rotated: hashes of numbers and words stay valid.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hotline.sealing.errors import SecretKeyError
from hotline.sealing.suites import SECRET_BYTES, SUITES, SuiteName, derive

#: Two bytes of every value hold the id; 0 marks values that were never sealed.
MAX_KEY_ID = 0xFFFF
#: Beside the key file: held while it is changed.
LOCK_SUFFIX = ".lock"


@dataclass(frozen=True, slots=True)
class DataKey:
    """One key by which values are sealed."""

    id: int
    suite: SuiteName
    secret: bytes
    standby: bool = False
    """Opens values, but seals none yet."""


@dataclass(frozen=True, slots=True)
class KeyRing:
    """What a key file holds."""

    lookup_suite: SuiteName
    lookup_secret: bytes
    data: Mapping[int, DataKey]

    @property
    def active(self) -> DataKey:
        """The key that seals: the newest that is not on standby."""
        return max((key for key in self.data.values() if not key.standby), key=lambda key: key.id)


def read_key_file(path: Path) -> KeyRing | None:
    """The keys in ``path``, None where there is no such file. Raises SecretKeyError with what to do."""
    text = _read(path)
    return None if text is None else _parse(text, path)


def _read(path: Path) -> str | None:
    try:
        text = path.read_text(encoding="ascii")
        mode = stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise SecretKeyError(
            f"The secret key {path} cannot be read ({reason}); correct its owner or content."
        ) from None
    if mode & 0o077:
        raise SecretKeyError(f"The secret key {path} is open to other users; run: chmod 600 {path}")
    return text


def _parse(text: str, path: Path) -> KeyRing:
    data: dict[int, DataKey] = {}
    lookup: tuple[SuiteName, bytes] | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        match words:
            case [root] if lookup is None and not data:
                secret = _secret(root, path, number)
                lookup = ("intl", derive("intl", secret, "hotline look-up key v1"))
                data[1] = DataKey(1, "intl", derive("intl", secret, "hotline data key 1 v1"))
            case ["lookup", suite, hexed] if lookup is None and suite in SUITES:
                lookup = (suite, _secret(hexed, path, number))
            case ["data", name, suite, hexed, *rest] if suite in SUITES and rest in ([], ["standby"]):
                key_id = int(name) if name.isascii() and name.isdigit() else 0
                if not 1 <= key_id <= MAX_KEY_ID or key_id in data:
                    raise _unusable(path, number)
                data[key_id] = DataKey(key_id, suite, _secret(hexed, path, number), bool(rest))
            case _:
                raise _unusable(path, number)
    if lookup is None or all(key.standby for key in data.values()):
        raise _unusable(path, 1)
    return KeyRing(*lookup, data)


def _secret(hexed: str, path: Path, number: int) -> bytes:
    try:
        secret = bytes.fromhex(hexed)
    except ValueError:
        secret = b""
    if len(secret) != SECRET_BYTES:
        raise _unusable(path, number)
    return secret


def _unusable(path: Path, number: int) -> SecretKeyError:
    return SecretKeyError(
        f"{path} does not hold a key of {SECRET_BYTES} bytes in hex (line {number}); put the right file back."
    )


def make_key_file(path: Path, suite: SuiteName) -> KeyRing:
    """New keys in a new file (0600); the present ones where another process was faster. Raises SecretKeyError."""
    if suite == "intl":
        text = f"{secrets.token_hex(SECRET_BYTES)}\n"
    else:
        text = f"lookup {suite} {secrets.token_hex(SECRET_BYTES)}\ndata 1 {suite} {secrets.token_hex(SECRET_BYTES)}\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # complete under another name first: nobody ever reads half a file
        draft = _draft(path, text)
        try:
            os.link(draft, path)
        except FileExistsError:
            text = _read(path) or ""
        finally:
            draft.unlink()
    except OSError as error:
        raise SecretKeyError(
            f"The secret key cannot be written to {path} ({error.strerror}); set HOTLINE_STATE_DIR."
        ) from error
    return _parse(text, path)


def add_data_key(path: Path, suite: SuiteName, *, standby: bool = False) -> DataKey:
    """Append a new key to the file; the newest one seals from now on, unless it is on standby.

    Raises SecretKeyError.
    """
    with _alone(path):
        text, ring = _text_and_ring(path)
        key = DataKey(max(ring.data) + 1, suite, secrets.token_bytes(SECRET_BYTES), standby)
        line = f"data {key.id} {suite} {key.secret.hex()}{' standby' if standby else ''}\n"
        _replace(path, text if text.endswith("\n") else f"{text}\n", line)
    return key


def activate(path: Path, key_id: int) -> None:
    """Take a key off standby. Raises SecretKeyError."""
    with _alone(path):
        text, _ = _text_and_ring(path)
        lines = [_without_standby(line) if _is_data(line, key_id) else line for line in text.splitlines()]
        _replace(path, "\n".join(lines) + "\n")


def remove_data_key(path: Path, key_id: int) -> None:
    """Take a key out of the file; of a root that key 1 was derived from, the look-up key stays.

    Raises SecretKeyError.
    """
    with _alone(path):
        text, ring = _text_and_ring(path)
        left = [line for line in text.splitlines() if not _is_data(line, key_id)]
        if key_id == 1:
            lookup = f"lookup {ring.lookup_suite} {ring.lookup_secret.hex()}"
            left = [lookup if len(line.split()) == 1 and not line.startswith("#") else line for line in left]
        _replace(path, "\n".join(left) + "\n")


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Nobody else changes the file meanwhile: of two that add a key at once, one would overwrite the other's.

    The lock is on a file of its own: the key file is replaced by each change, and its folder may be the state folder,
    whose lock every running command holds.
    """
    beside = path.with_name(path.name + LOCK_SUFFIX)
    try:
        lock = os.open(beside, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise SecretKeyError(f"{beside} cannot be opened ({error.strerror}); make its folder writable.") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _is_data(line: str, key_id: int) -> bool:
    words = line.split()
    return words[:2] == ["data", str(key_id)]


def _without_standby(line: str) -> str:
    return " ".join(line.split()[:4])


def _text_and_ring(path: Path) -> tuple[str, KeyRing]:
    text = _read(path)
    if text is None:
        raise SecretKeyError(f"No secret key at {path}; set HOTLINE_SECRET_KEY_FILE to the file in use.")
    return text, _parse(text, path)


def _draft(path: Path, text: str) -> Path:
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return Path(name)


def _replace(path: Path, *parts: str) -> None:
    """All or nothing: a rename of a file that is on disk already."""
    try:
        before = path.stat()
        draft = _draft(path, "".join(parts))
        os.chown(draft, before.st_uid, before.st_gid)
        draft.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise SecretKeyError(
            f"The key file {path} cannot be changed ({error.strerror}); make it and its folder writable for this "
            "command, or add the key by hand."
        ) from error
