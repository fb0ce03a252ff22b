"""Sealed files: a stream compressed and encrypted in chunks, so that nothing can be read, changed, cut or swapped.

A file is the magic, the length of its header, the header (JSON), and chunks. Each chunk is its length and the
ciphertext of at most 1 MiB with its tag. The nonce of a chunk is its number and whether it is the last (the
STREAM construction of Hoang, Reyhanitabar, Rogaway and Vizar, 2015), the header is authenticated with every
chunk, and the file's key is derived from the backup key and a random salt in the header (HKDF). So a chunk
fits in one place of one file only, and a file that ends early has no last chunk.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import orjson
from cryptography.exceptions import InvalidTag

from hotline.backup.errors import BackupKeyError, DamagedBackup
from hotline.backup.key import BackupKey
from hotline.sealing.suites import SUITES, TAG_BYTES, SuiteName, data_cipher

MAGIC = b"HLBACKUP1\n"
CHUNK_BYTES = 1024 * 1024
HEADER_LIMIT = 64 * 1024
#: Fast: the log of a quiet minute is mostly zeros, and text of calls halves already.
COMPRESSION = 1


@dataclass(frozen=True, slots=True)
class Written:
    """A sealed file as it lies there."""

    size: int
    sha256: str
    plain_size: int


class Sealer:
    """Writes one sealed file: ``with Sealer(...) as out: out.write(...)``; ``out.written`` afterwards.

    The file appears under its name when complete and on disk, and not at all after an error.
    """

    def __init__(self, path: Path, key: BackupKey, suite: SuiteName, about: dict[str, Any]) -> None:
        """``about`` goes with the file's name into the header, readable by everybody and changeable by nobody."""
        salt = secrets.token_bytes(16)
        self._header = orjson.dumps({**about, "name": path.name, "suite": suite, "key": key.id, "salt": salt.hex()})
        self._cipher = data_cipher(suite, key.secret, _purpose(salt.hex()))
        self._path = path
        self._draft = path.with_name(f"{path.name}.part")
        self._packer = zlib.compressobj(COMPRESSION)
        self._waiting = bytearray()
        self._number = self._plain_size = self._size = 0
        self._digest = hashlib.sha256()
        self._file: BinaryIO | None = None
        self.written: Written | None = None

    def __enter__(self) -> Sealer:
        self._file = self._draft.open("wb")
        os.fchmod(self._file.fileno(), 0o600)
        self._put(MAGIC + struct.pack(">I", len(self._header)) + self._header)
        return self

    def write(self, data: bytes) -> None:
        """Add to the stream."""
        self._plain_size += len(data)
        self._waiting += self._packer.compress(data)
        while len(self._waiting) > CHUNK_BYTES:
            self._chunk(bytes(self._waiting[:CHUNK_BYTES]), last=False)
            del self._waiting[:CHUNK_BYTES]

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._file is not None  # noqa: S101 - entered
        try:
            if kind is None:
                self._waiting += self._packer.flush()
                while len(self._waiting) > CHUNK_BYTES:
                    self._chunk(bytes(self._waiting[:CHUNK_BYTES]), last=False)
                    del self._waiting[:CHUNK_BYTES]
                self._chunk(bytes(self._waiting), last=True)
                self._file.flush()
                os.fsync(self._file.fileno())
                self._file.close()
                self._draft.replace(self._path)
                sync_folder(self._path.parent)
                self.written = Written(self._size, self._digest.hexdigest(), self._plain_size)
        finally:
            self._file.close()
            self._draft.unlink(missing_ok=True)

    def _chunk(self, plain: bytes, *, last: bool) -> None:
        sealed = self._cipher.encrypt(_nonce(self._number, last), plain, self._header)
        self._number += 1
        self._put(struct.pack(">I", len(sealed)) + sealed)

    def _put(self, data: bytes) -> None:
        assert self._file is not None  # noqa: S101 - entered
        self._file.write(data)
        self._digest.update(data)
        self._size += len(data)


def sync_folder(folder: Path) -> None:
    """Make the names in ``folder`` last through a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_header(path: Path) -> dict[str, Any]:
    """What a sealed file says of itself; not proven before the file is opened. Raises DamagedBackup."""
    try:
        with path.open("rb") as file:
            return _header(path, file)[1]
    except FileNotFoundError:
        raise DamagedBackup(f"The backup file {path} is missing: bring it back, or use another backup.") from None


def opened(path: Path, key: BackupKey) -> Iterator[bytes]:
    """The stream of a sealed file in pieces.

    Raises BackupKeyError for another key, and DamagedBackup naming the file when anything in it was changed,
    cut off or added, before a changed piece is given out.
    """
    try:
        file = path.open("rb")
    except FileNotFoundError:
        raise DamagedBackup(f"The backup file {path} is missing: bring it back, or use another backup.") from None
    with file:
        raw, header = _header(path, file)
        if header.get("key") != key.id:
            raise BackupKeyError(
                f"{path.name} was sealed with the backup key {header.get('key')}, and {key.path} holds {key.id}: "
                "set HOTLINE_BACKUP_KEY_FILE to the right one."
            )
        if header.get("name") != path.name:
            raise DamagedBackup(
                f"The backup file {path} is another file, {header.get('name')}: bring the right one back."
            )
        cipher = data_cipher(header["suite"], key.secret, _purpose(header["salt"]))
        unpacker = zlib.decompressobj()
        number, last = 0, False
        while not last:
            sealed, last = _next_chunk(path, file)
            try:
                packed = cipher.decrypt(_nonce(number, last), sealed, raw)
                yield unpacker.decompress(packed)
            except (InvalidTag, zlib.error) as error:
                raise _damaged(path) from error
            number += 1
        yield unpacker.flush()


def _next_chunk(path: Path, file: BinaryIO) -> tuple[bytes, bool]:
    """One chunk, and whether the file ends behind it."""
    head = file.read(4)
    if len(head) < 4:
        raise _damaged(path)
    (length,) = struct.unpack(">I", head)
    if not TAG_BYTES <= length <= CHUNK_BYTES + TAG_BYTES:
        raise _damaged(path)
    sealed = file.read(length)
    if len(sealed) < length:
        raise _damaged(path)
    after = file.read(1)
    if after:
        file.seek(-1, os.SEEK_CUR)
    return sealed, not after


def _header(path: Path, file: BinaryIO) -> tuple[bytes, dict[str, Any]]:
    start = file.read(len(MAGIC) + 4)
    if not start.startswith(MAGIC) or len(start) < len(MAGIC) + 4:
        raise _damaged(path)
    (length,) = struct.unpack(">I", start[len(MAGIC) :])
    raw = file.read(length) if length <= HEADER_LIMIT else b""
    try:
        header = orjson.loads(raw)
        usable = header["suite"] in SUITES and len(bytes.fromhex(header["salt"])) == 16
    except (ValueError, KeyError, TypeError) as error:
        raise _damaged(path) from error
    if not usable:
        raise _damaged(path)
    return raw, header


def _purpose(salt: str) -> str:
    return f"backup file {salt}"


def _nonce(number: int, last: bool) -> bytes:
    return struct.pack(">QI", number, 1 if last else 0)


def _damaged(path: Path) -> DamagedBackup:
    return DamagedBackup(
        f"The backup file {path} is damaged or was changed: bring an intact copy back, or use another backup."
    )
