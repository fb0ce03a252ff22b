"""Passwords: argon2id (the library's defaults follow RFC 9106), and the rules for new ones.

The rules are those of NIST SP 800-63B (length before composition, a list of
common ones, no forced change without cause) with what GB/T 22239 asks beside
them: an age and a history, by configuration.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from config.accounts import AccountSettings
from hotline.accounts.errors import PasswordRejected

MAX_LENGTH = 200
#: Fewer different characters than this are a pattern, however long.
MIN_DIFFERENT = 5
#: Shorter user names turn up in any sentence by chance.
MIN_NAME = 3
#: Letters and digits that nobody mistakes for one another.
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"

_hasher = PasswordHasher()
_SIGNS = re.compile(r"[\W_]+")


@cache
def _decoy() -> str:
    """Compared with when the name is unknown, so that names cannot be told by the time an answer takes.

    Made at the first log-in, not in every process that never sees one.
    """
    return _hasher.hash(secrets.token_hex(16))


def random_groups(groups: int, length: int) -> str:
    """Random characters in groups, to be read off a screen and typed."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(length)) for _ in range(groups))


def first_password() -> str:
    """A random password to be printed once."""
    return random_groups(3, 5)


@cache
def _common() -> frozenset[str]:
    lines = (Path(__file__).parent / "common_passwords.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


def check_rules(password: str, name: str, rules: AccountSettings) -> None:
    """Raise PasswordRejected for a password that must not be used by the account ``name``."""
    if not rules.password_min_length <= len(password) <= MAX_LENGTH:
        raise PasswordRejected(
            f"密码需要 {rules.password_min_length} 到 {MAX_LENGTH} 个字符；可以用几个不相干的词连成一句。"
        )
    plain = _SIGNS.sub("", password.lower())
    core = _SIGNS.sub("", name.lower())
    if len(core) >= MIN_NAME and core in plain:
        raise PasswordRejected("密码里不能含有用户名，请换一个。")
    if plain in _common():
        raise PasswordRejected("这个密码太常见，容易被猜到，请换一个。")
    if len(set(password.lower())) < MIN_DIFFERENT:
        raise PasswordRejected(f"密码里不同的字符太少，请至少用 {MIN_DIFFERENT} 种字符。")


async def check_history(password: str, hashes: Sequence[str]) -> None:
    """Raise PasswordRejected for a password that one of ``hashes`` (newest first) belongs to."""
    for password_hash in hashes:
        if await verify(password_hash, password):
            raise PasswordRejected("这个密码最近用过，请换一个没用过的。")


async def hash_password(password: str) -> str:
    """The argon2id hash; off the event loop, it takes tens of milliseconds."""
    return await asyncio.to_thread(_hasher.hash, password)


async def verify(password_hash: str | None, password: str) -> bool:
    """Whether the password fits; takes the same time when there is no hash."""

    def compare() -> None:
        _hasher.verify(password_hash or _decoy(), password[:MAX_LENGTH])

    try:
        await asyncio.to_thread(compare)
    except (VerifyMismatchError, VerificationError, InvalidHashError):
        return False
    return password_hash is not None
