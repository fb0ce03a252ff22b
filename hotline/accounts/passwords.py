"""Passwords by argon2id; the library's defaults follow RFC 9106."""

from __future__ import annotations

import asyncio
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from hotline.errors import HotlineError

MIN_LENGTH = 10
MAX_LENGTH = 200
#: Letters and digits that nobody mistakes for one another.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"

_hasher = PasswordHasher()
#: Compared with when the name is unknown, so that names cannot be told by the time an answer takes.
_DECOY = _hasher.hash(secrets.token_hex(16))


class PasswordRejected(HotlineError):
    """A new password is too short or too long."""


def first_password() -> str:
    """A random password to be printed once."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(5)) for _ in range(3))


def check_rules(password: str, name: str) -> None:
    """Raise PasswordRejected for a password that must not be used."""
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise PasswordRejected(f"密码需要 {MIN_LENGTH} 到 {MAX_LENGTH} 个字符。")
    if name.lower() in password.lower():
        raise PasswordRejected("密码里不能含有用户名。")


async def hash_password(password: str) -> str:
    """The argon2id hash; off the event loop, it takes tens of milliseconds."""
    return await asyncio.to_thread(_hasher.hash, password)


async def verify(password_hash: str | None, password: str) -> bool:
    """Whether the password fits; takes the same time when there is no hash."""
    try:
        await asyncio.to_thread(_hasher.verify, password_hash or _DECOY, password[:MAX_LENGTH])
    except (VerifyMismatchError, VerificationError, InvalidHashError):
        return False
    return password_hash is not None
