"""The vault over a key file: seals by the newest key, opens by any, follows the file when it changes."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson
import structlog
from cryptography.exceptions import InvalidTag

from hotline.sealing.errors import SecretKeyError
from hotline.sealing.key_file import DataKey, KeyRing, read_key_file
from hotline.sealing.suites import NONCE_BYTES, TAG_BYTES, DataCipher, data_cipher, derive, keyed_hash
from routing.errors import SealBroken

log = structlog.get_logger(__name__)

VERSION = 1
#: Version, key id: two bytes in network order.
HEAD_BYTES = 3
#: Key id of values that a migration from a database without sealing has left in clear.
CLEAR = 0
#: A process seals by a key added to the file at most this much later.
FOLLOW_S = 2.0
_TOKENS_KEPT = 50_000


def key_id_of(value: bytes) -> int:
    """By which key a value was sealed; 0: not sealed yet."""
    return int.from_bytes(value[1:HEAD_BYTES], "big")


def clear_value(text: str) -> bytes:
    """``text`` as the migration leaves it: marked, and not sealed."""
    return bytes((VERSION, 0, 0)) + text.encode()


class FileVault:
    """``routing.sealing.Vault`` over the key file at ``path``."""

    def __init__(self, path: Path, ring: KeyRing, *, clear_allowed: bool = False) -> None:
        """``clear_allowed``: values a migration left in clear are opened too; only for sealing them."""
        self.path = path
        self._clear_allowed = clear_allowed
        self._turn = threading.Lock()
        self._ciphers: dict[tuple[int, str], tuple[bytes, DataCipher]] = {}
        self._stamp: tuple[int, int, int] | None = None
        self._looked_at = time.monotonic()
        self._take(ring)

    def _take(self, ring: KeyRing) -> None:
        self.ring = ring
        self._active: DataKey = ring.active
        self._stamp = _stamp(self.path)
        self._number_hash = keyed_hash(
            ring.lookup_suite, derive(ring.lookup_suite, ring.lookup_secret, "hotline numbers v1")
        )
        self._content_hash = keyed_hash(
            ring.lookup_suite, derive(ring.lookup_suite, ring.lookup_secret, "hotline contents v1")
        )
        self._token_hash = _token_hash(
            keyed_hash(ring.lookup_suite, derive(ring.lookup_suite, ring.lookup_secret, "hotline words v1"))
        )

    def seal(self, text: str | None, use: str) -> bytes | None:
        """See the port."""
        return None if text is None else self._seal(text.replace("\0", "\ufffd").encode(errors="replace"), use)

    def seal_json(self, value: Any, use: str) -> bytes | None:
        """See the port."""
        if value is None:
            return None
        return self._seal(orjson.dumps(value).replace(b"\\u0000", b"\\ufffd"), use)

    def seal_bytes(self, data: bytes, use: str) -> bytes:
        """Any bytes sealed for ``use``, as parts of files are."""
        return self._seal(data, use)

    def open(self, value: bytes | None, use: str) -> str | None:
        """See the port."""
        return None if value is None else self.open_bytes(value, use).decode()

    def open_json(self, value: bytes | None, use: str) -> Any:
        """See the port."""
        return None if value is None else orjson.loads(self.open_bytes(value, use))

    def open_bytes(self, value: bytes, use: str) -> bytes:
        """What ``seal_bytes`` sealed. Raises SealBroken."""
        if len(value) < HEAD_BYTES or value[0] != VERSION:
            raise SealBroken(f"{use}：存储的内容不是本服务封存的格式，请从备份恢复。")
        key_id = key_id_of(value)
        if key_id == CLEAR:
            if not self._clear_allowed:
                raise SealBroken(f"{use}：存储的内容没有封存，不能信任；请运行 hotline migrate。")
            return value[HEAD_BYTES:]
        head, cipher = self._cipher(key_id, use)
        start = HEAD_BYTES + NONCE_BYTES
        try:
            if len(value) < start + TAG_BYTES:
                raise InvalidTag
            return cipher.decrypt(value[HEAD_BYTES:start], value[start:], head)
        except InvalidTag as error:
            raise SealBroken(f"{use}：存储的内容打不开，密钥不对或内容被改动；请从备份恢复。") from error

    def number_hash(self, e164: str | None) -> bytes | None:
        """See the port."""
        return self._number_hash(e164.encode("ascii", "replace")) if e164 else None

    def token_hashes(self, tokens: Iterable[str]) -> list[int]:
        """See the port."""
        return sorted({self._token_hash(token) for token in tokens})

    def content_hash(self, digest: bytes) -> bytes:
        """See the port."""
        return self._content_hash(digest)

    def lookup_check(self) -> bytes:
        """What stands in the database to know the look-up key by."""
        return self._content_hash(b"hotline look-up key check")

    def seal_by(self, key: DataKey, data: bytes, use: str) -> bytes:
        """``data`` sealed by a key of the ring that need not be the active one."""
        head, cipher = self._cipher(key.id, use)
        nonce = os.urandom(NONCE_BYTES)
        return head[:HEAD_BYTES] + nonce + cipher.encrypt(nonce, data, head)

    def _seal(self, data: bytes, use: str) -> bytes:
        self._follow()
        return self.seal_by(self._active, data, use)

    def _cipher(self, key_id: int, use: str) -> tuple[bytes, DataCipher]:
        """The cipher of a key for a use, and what is authenticated with each value: its head and the use."""
        found = self._ciphers.get((key_id, use))
        if found is not None:
            return found
        key = self.ring.data.get(key_id)
        if key is None:
            self.reload()
            key = self.ring.data.get(key_id)
        if key is None:
            raise SealBroken(
                f"{use}：封存它的 {key_id} 号密钥不在密钥文件 {self.path} 里；请把含有该密钥的文件放回原处。"
            )
        head = bytes((VERSION,)) + key_id.to_bytes(2, "big") + use.encode()
        made = self._ciphers[key_id, use] = head, data_cipher(key.suite, key.secret, use)
        return made

    def _follow(self) -> None:
        """Take over a changed file, looked for every FOLLOW_S seconds."""
        now = time.monotonic()
        if now - self._looked_at >= FOLLOW_S:
            self._looked_at = now
            if _stamp(self.path) not in (self._stamp, None):
                self.reload()

    def reload(self) -> None:
        """Read the file again. One that is gone or broken is told and changes nothing: the keys in memory go on."""
        with self._turn:
            try:
                ring = read_key_file(self.path)
            except SecretKeyError as error:
                log.error("key_file_unusable", error=str(error))
                self._stamp = _stamp(self.path)
                return
            if ring is None or ring == self.ring:
                self._stamp = _stamp(self.path)
                return
            if (ring.lookup_suite, ring.lookup_secret) != (self.ring.lookup_suite, self.ring.lookup_secret) or any(
                ring.data.get(key.id, key).secret != key.secret for key in self.ring.data.values()
            ):
                log.error("key_file_is_another", path=str(self.path))
                self._stamp = _stamp(self.path)
                return
            log.info("key_file_read", keys=sorted(ring.data), active=ring.active.id)
            self._take(ring)


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def _token_hash(digest: Callable[[bytes], bytes]) -> Callable[[str], int]:
    """A word's hash, the frequent ones remembered."""

    @lru_cache(maxsize=_TOKENS_KEPT)
    def hashed(token: str) -> int:
        return int.from_bytes(digest(token.encode(errors="replace"))[:8], "big", signed=True)

    return hashed
