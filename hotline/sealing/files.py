"""Files sealed at rest: reject files. Written and read as streams, a part at a time.

A file is a mark, an id, and parts of at most PART_BYTES, each a length and a
sealed value. Inside the seal each part says which file it belongs to, its
number and whether it is the last, so that parts cannot be dropped, swapped or
taken from another file.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from hotline.errors import HotlineError
from hotline.sealing.vault import HEAD_BYTES, FileVault, key_id_of

SUFFIX = ".sealed"
MARK = b"hotline sealed file 1\n"
PART_BYTES = 64 * 1024
USE = "files.part"
_ID_BYTES, _NUMBER_BYTES, _LENGTH_BYTES = 16, 8, 4


class SealedFileBroken(HotlineError):
    """A sealed file is not one, was cut short, or was changed."""


class SealedWriter(io.RawIOBase):
    """Takes bytes and writes them sealed; complete only when it has been closed."""

    def __init__(self, file: IO[bytes], vault: FileVault) -> None:
        super().__init__()
        self._file = file
        self._vault = vault
        self._id = os.urandom(_ID_BYTES)
        self._number = 0
        self._waiting = bytearray()
        self._file.write(MARK + self._id)

    def writable(self) -> bool:
        """Yes."""
        return True

    def write(self, data: Any) -> int:
        """Take ``data``; whole parts go to the file."""
        self._waiting += data
        while len(self._waiting) > PART_BYTES:
            self._put(bytes(self._waiting[:PART_BYTES]), last=False)
            del self._waiting[:PART_BYTES]
        return len(data)

    def close(self) -> None:
        """Write the last part and close the file."""
        if not self.closed:
            self._put(bytes(self._waiting), last=True)
            self._file.close()
        super().close()

    def _put(self, data: bytes, *, last: bool) -> None:
        head = self._id + self._number.to_bytes(_NUMBER_BYTES, "big") + bytes((last,))
        sealed = self._vault.seal_bytes(head + data, USE)
        self._file.write(len(sealed).to_bytes(_LENGTH_BYTES, "big") + sealed)
        self._number += 1


def read_sealed(path: Path, vault: FileVault) -> Iterator[bytes]:
    """The content of the sealed file at ``path``, part by part.

    Raises SealedFileBroken, or SealBroken where the key does not fit; what was
    given before that is genuine.
    """
    with path.open("rb") as file:
        if file.read(len(MARK)) != MARK:
            raise SealedFileBroken(f"{path} is no sealed file; only files ending in {SUFFIX} are opened by this.")
        file_id = file.read(_ID_BYTES)
        number, last = 0, False
        while not last:
            length = int.from_bytes(file.read(_LENGTH_BYTES), "big")
            sealed = file.read(length) if 0 < length <= 2 * PART_BYTES else b""
            if not sealed or len(sealed) < length:
                raise SealedFileBroken(f"{path} ends too early: the import that wrote it was cut short; import again.")
            part = vault.open_bytes(sealed, USE)
            head = file_id + number.to_bytes(_NUMBER_BYTES, "big")
            if not part.startswith(head):
                raise SealedFileBroken(f"{path} was changed: its parts do not follow each other.")
            last = bool(part[len(head)])
            yield part[len(head) + 1 :]
            number += 1


def keys_of(path: Path) -> set[int]:
    """By which keys the parts of a sealed file were sealed, as far as it is whole; none for a file of another kind."""
    found: set[int] = set()
    with path.open("rb") as file:
        if file.read(len(MARK)) != MARK:
            return found
        file.seek(_ID_BYTES, os.SEEK_CUR)
        while length := int.from_bytes(file.read(_LENGTH_BYTES), "big"):
            head = file.read(HEAD_BYTES)
            if len(head) < HEAD_BYTES:
                break
            found.add(key_id_of(head))
            file.seek(length - HEAD_BYTES, os.SEEK_CUR)
    return found
