"""Counting failed log-ins and locking what failed too often.

What is counted is a *subject*: a name as typed, an address, a person's codes,
a locked session. Names are counted whether or not anybody has them, so that a
lock-out tells nothing about who exists.
"""

from __future__ import annotations

from typing import Any

from config.accounts import AccountSettings
from hotline.accounts.errors import LoginThrottled
from hotline.accounts.store import queries

#: One address may be a whole office or a proxy: slips of many people must not lock out everybody.
ADDRESS_FACTOR = 8


def of_name(name: str) -> str:
    """The subject of a name as typed."""
    return f"name:{name.lower()[:64]}"


def of_address(address: str) -> str:
    """The subject of an address."""
    return f"address:{address}"


def of_codes(user_id: int) -> str:
    """The subject of a person's second factor: a right password does not end this count."""
    return f"code:{user_id}"


def of_unlocking(session_id: int) -> str:
    """The subject of a locked session: strangers who try the name elsewhere cannot keep its person out."""
    return f"session:{session_id}"


def limit_of(subject: str, rules: AccountSettings) -> int:
    """How many failures of a subject are let through within the window."""
    return rules.lockout_failures * (ADDRESS_FACTOR if subject.startswith("address:") else 1)


async def begin_attempt(pool: Any, subjects: list[str], rules: AccountSettings) -> None:
    """Count an attempt as failed before it is looked at: many at once get no more tries than one after another.

    Raises LoginThrottled when any subject is locked out, or has used up its tries.
    """
    async with pool.acquire() as connection:
        if await queries.locked_until(connection, subjects=subjects) is None:
            await queries.add_failure(connection, subjects=subjects)
            counts = [
                await queries.failures(connection, subject=subject, minutes=rules.lockout_min) for subject in subjects
            ]
            if all(count <= limit_of(subject, rules) for subject, count in zip(subjects, counts, strict=True)):
                return
            for subject in subjects:
                await queries.take_back_failure(connection, subject=subject)
    raise LoginThrottled(f"失败次数过多，请 {rules.lockout_min} 分钟后再试，或请安全管理员解锁。")


async def failed(connection: Any, subjects: list[str], rules: AccountSettings) -> list[str]:
    """The attempt failed: lock what has used up its tries; the subjects locked by this."""
    locked = []
    for subject in subjects:
        count = await queries.failures(connection, subject=subject, minutes=rules.lockout_min)
        if count >= limit_of(subject, rules) and await queries.lock_out(
            connection, subject=subject, minutes=rules.lockout_min
        ):
            locked.append(subject)
    return locked


async def succeeded(connection: Any, forgiven: list[str], others: list[str]) -> None:
    """The attempt was good: ``forgiven`` start anew, of ``others`` this one attempt is taken back."""
    await queries.forget_failures(connection, subjects=forgiven)
    for subject in others:
        await queries.take_back_failure(connection, subject=subject)
