"""The two suites of algorithms: ``intl`` for everybody, ``sm`` where national algorithms are required.

``intl`` is AES-256-GCM with HMAC-SHA256; ``sm`` is SM4-GCM (GB/T 32907, with
RFC 8998's mode) with HMAC-SM3 (GB/T 32905). Both come from the package
``cryptography``; nothing is implemented here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

SuiteName = Literal["intl", "sm"]
SUITES: tuple[SuiteName, ...] = ("intl", "sm")

NONCE_BYTES = 12
TAG_BYTES = 16
SECRET_BYTES = 32
_KEY_BYTES: dict[SuiteName, int] = {"intl": 32, "sm": 16}


class DataCipher(Protocol):
    """Authenticated encryption under one key."""

    def encrypt(self, nonce: bytes, data: bytes, associated: bytes) -> bytes:
        """Ciphertext followed by the tag of 16 bytes."""

    def decrypt(self, nonce: bytes, data: bytes, associated: bytes) -> bytes:
        """The plain bytes. Raises cryptography's InvalidTag when anything was changed or the key is another."""


class _Sm4Gcm:
    def __init__(self, key: bytes) -> None:
        self._algorithm = algorithms.SM4(key)

    def encrypt(self, nonce: bytes, data: bytes, associated: bytes) -> bytes:
        encryptor = Cipher(self._algorithm, modes.GCM(nonce)).encryptor()
        encryptor.authenticate_additional_data(associated)
        return encryptor.update(data) + encryptor.finalize() + encryptor.tag

    def decrypt(self, nonce: bytes, data: bytes, associated: bytes) -> bytes:
        if len(data) < TAG_BYTES:
            raise InvalidTag
        decryptor = Cipher(self._algorithm, modes.GCM(nonce, data[-TAG_BYTES:])).decryptor()
        decryptor.authenticate_additional_data(associated)
        return decryptor.update(data[:-TAG_BYTES]) + decryptor.finalize()


def data_cipher(suite: SuiteName, secret: bytes, purpose: str) -> DataCipher:
    """The cipher of one key for one purpose; each purpose has a key of its own, derived from ``secret``."""
    key = derive(suite, secret, f"hotline data v1 {purpose}", _KEY_BYTES[suite])
    return AESGCM(key) if suite == "intl" else _Sm4Gcm(key)


def derive(suite: SuiteName, secret: bytes, label: str, length: int = SECRET_BYTES) -> bytes:
    """``length`` bytes by HKDF over the suite's hash, bound to ``label``."""
    return HKDF(_hash(suite), length, salt=None, info=label.encode()).derive(secret)


def keyed_hash(suite: SuiteName, key: bytes) -> Callable[[bytes], bytes]:
    """HMAC under ``key`` by the suite's hash: 32 bytes for any input."""
    begun = HMAC(key, _hash(suite))

    def digest(data: bytes) -> bytes:
        mac = begun.copy()
        mac.update(data)
        return mac.finalize()

    return digest


def _hash(suite: SuiteName) -> hashes.HashAlgorithm:
    return hashes.SHA256() if suite == "intl" else hashes.SM3()
