"""The second factor: codes by time (RFC 6238: SHA-1, 6 digits, 30 s), which every authenticator app makes offline.

Nothing here needs a network. A code is good for its own step and one to
either side, for clocks that go wrong by half a minute, and for one log-in:
neither it nor an older one is taken again. Recovery codes are for a lost
telephone, each good for once.
"""

from __future__ import annotations

import base64
import io
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import segno
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.hotp import HOTP

from config.accounts import AccountSettings
from hotline.accounts import lockout, passwords, sessions
from hotline.accounts.errors import AccountError, CodeRefused, LoginRefused, SecondFactorRequired
from hotline.accounts.store import Principal, digest
from hotline.accounts.store import queries as account_queries
from hotline.audit.store import record
from routing.sealing import Vault
from routing.sql import load_queries

queries = load_queries(__file__, "second_factors.sql")

STEP_S = 30
DIGITS = 6
SKEW_STEPS = 1
SECRET_BYTES = 20
RECOVERY_CODES = 10
ISSUER = "热线分流"
_USE = "second_factors.secret"


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What a person needs to set up an authenticator app."""

    secret: str
    """Base32, for typing in."""
    uri: str
    """``otpauth://...``, what the QR code says."""


def code_at(secret: bytes, step: int) -> str:
    """The code of one step (RFC 4226)."""
    # RFC 6238 and the apps use SHA-1; as an HMAC with a secret key nothing is known against it
    return HOTP(secret, DIGITS, SHA1(), enforce_key_length=False).generate(step).decode()  # noqa: S303


def matching_step(secret: bytes, code: str, now: datetime, last_step: int) -> int | None:
    """The step ``code`` belongs to, newer than ``last_step`` and at most one away from ``now``; None: no good."""
    current = int(now.timestamp()) // STEP_S
    found = None
    for step in range(current - SKEW_STEPS, current + SKEW_STEPS + 1):
        # every step is compared, so that the time taken tells nothing
        if secrets.compare_digest(code_at(secret, step).encode(), code.encode()) and step > last_step:
            found = step
    return found


def as_typed(code: str) -> str:
    """A code without the blanks and dashes people type into it."""
    return "".join(character for character in code.lower() if character.isalnum())


async def begin(pool: Any, vault: Vault, who: Principal, password: str, rules: AccountSettings) -> Enrolment:
    """A new secret, to be confirmed with a code of it; the password is asked for once more.

    Raises LoginRefused, LoginThrottled, or AccountError where there is a second factor already.
    """
    await confirm_password(pool, who, password, rules)
    secret = secrets.token_bytes(SECRET_BYTES)
    text = base64.b32encode(secret).decode()
    async with pool.acquire() as connection, connection.transaction():
        await queries.put_secret(connection, user_id=who.user_id, secret=vault.seal(text, _USE))
        present = await queries.secret(connection, user_id=who.user_id)
        if present["confirmed_at"] is not None:
            raise AccountError("您已设置动态口令；要换手机，请先解除原来的。")
        await record(connection, actor=who, action="second_factor_begun", subject=f"user:{who.user_id}")
    return Enrolment(text, otpauth_uri(text, who.name))


def otpauth_uri(secret: str, name: str) -> str:
    """The address that authenticator apps read from a QR code."""
    return f"otpauth://totp/{quote(ISSUER)}:{quote(name)}?secret={secret}&issuer={quote(ISSUER)}"


async def qr_code(pool: Any, vault: Vault, who: Principal) -> bytes | None:
    """The QR code (SVG) of a secret that waits to be confirmed; None where there is none."""
    async with pool.acquire() as connection:
        row = await queries.secret(connection, user_id=who.user_id)
    if row is None or row["confirmed_at"] is not None:
        return None
    out = io.BytesIO()
    uri = otpauth_uri(str(vault.open(row["secret"], _USE)), who.name)
    segno.make(uri, error="m", micro=False).save(out, kind="svg", scale=5, border=3, light="#ffffff", dark="#000000")
    return out.getvalue()


async def confirm(pool: Any, vault: Vault, who: Principal, code: str, rules: AccountSettings) -> list[str]:
    """A first code of the new secret: from now on one is asked at every log-in; the recovery codes, shown once.

    Raises CodeRefused or LoginThrottled.
    """
    subjects = [lockout.of_codes(who.user_id)]
    await lockout.begin_attempt(pool, subjects, rules)
    async with pool.acquire() as connection, connection.transaction():
        row = await queries.lock_secret(connection, user_id=who.user_id)
        if row is None or row["confirmed_at"] is not None:
            raise AccountError("请先开始设置动态口令，再输入验证码。")
        good = await _take_code(connection, vault, who.user_id, row, as_typed(code))
        if good:
            await lockout.succeeded(connection, subjects, [])
            codes = await _new_recovery_codes(connection, who.user_id)
            if who.session_id is not None:
                await sessions.queries.now_strong(connection, session_id=who.session_id)
            await sessions.queries.end_sessions(connection, user_id=who.user_id, but=who.session_id)
            await record(connection, actor=who, action="second_factor_set", subject=f"user:{who.user_id}")
            return codes
        await lockout.failed(connection, subjects, rules)
    raise CodeRefused("验证码不对：请确认手机时间准确，再输入最新的 6 位数字。")


async def check(connection: Any, vault: Vault, user_id: int, code: str) -> str | None:
    """Whether a code is good, in the caller's transaction: ``code``, ``recovery`` or None. Uses it up."""
    typed = as_typed(code)
    row = await queries.lock_secret(connection, user_id=user_id)
    if row is None or row["confirmed_at"] is None:
        return None
    if await _take_code(connection, vault, user_id, row, typed):
        return "code"
    if len(typed) > DIGITS and await queries.use_recovery_code(connection, user_id=user_id, code_hash=digest(typed)):
        return "recovery"
    return None


async def _take_code(connection: Any, vault: Vault, user_id: int, row: Any, typed: str) -> bool:
    secret = base64.b32decode(str(vault.open(row["secret"], _USE)))
    step = matching_step(secret, typed, datetime.now(UTC), row["last_step"])
    if step is not None:
        await queries.use_step(connection, user_id=user_id, step=step)
    return step is not None


async def _new_recovery_codes(connection: Any, user_id: int) -> list[str]:
    codes = [passwords.random_groups(4, 4) for _ in range(RECOVERY_CODES)]
    await queries.put_recovery_codes(
        connection, user_id=user_id, code_hashes=[digest(as_typed(code)) for code in codes]
    )
    return codes


async def _with_code(pool: Any, vault: Vault, who: Principal, code: str, rules: AccountSettings) -> None:
    """Ask for a code before something is changed. Raises CodeRefused or LoginThrottled."""
    subjects = [lockout.of_codes(who.user_id)]
    await lockout.begin_attempt(pool, subjects, rules)
    async with pool.acquire() as connection, connection.transaction():
        if await check(connection, vault, who.user_id, code):
            await lockout.succeeded(connection, subjects, [])
            return
        await lockout.failed(connection, subjects, rules)
    raise CodeRefused("验证码不对或已用过，请输入最新的 6 位数字。")


async def renew_recovery_codes(pool: Any, vault: Vault, who: Principal, code: str, rules: AccountSettings) -> list[str]:
    """New recovery codes for the old ones. Raises CodeRefused or LoginThrottled."""
    await _with_code(pool, vault, who, code, rules)
    async with pool.acquire() as connection, connection.transaction():
        codes = await _new_recovery_codes(connection, who.user_id)
        await record(connection, actor=who, action="recovery_codes_renewed", subject=f"user:{who.user_id}")
    return codes


async def remove(pool: Any, vault: Vault, who: Principal, code: str, rules: AccountSettings) -> None:
    """One's own second factor, given up with a code of it. Raises SecondFactorRequired, CodeRefused."""
    if who.role in rules.second_factor_roles:
        raise SecondFactorRequired("您的角色必须使用动态口令；换手机请联系安全管理员重置。")
    await _with_code(pool, vault, who, code, rules)
    async with pool.acquire() as connection, connection.transaction():
        await queries.remove_factor(connection, user_id=who.user_id)
        await record(connection, actor=who, action="second_factor_removed", subject=f"user:{who.user_id}")


async def state(connection: Any, user_id: int) -> dict[str, Any]:
    """Whether a person has a second factor, and how many recovery codes are left."""
    row = await queries.secret(connection, user_id=user_id)
    return {
        "set": bool(row and row["confirmed_at"]),
        "recovery_codes_left": await queries.recovery_codes_left(connection, user_id=user_id),
    }


async def confirm_password(pool: Any, who: Principal, password: str, rules: AccountSettings) -> None:
    """The person's own password once more. Raises LoginRefused or LoginThrottled."""
    subjects = [lockout.of_name(who.name)]
    await lockout.begin_attempt(pool, subjects, rules)
    async with pool.acquire() as connection:
        user = await account_queries.user_by_name(connection, name=who.name)
    fits = await passwords.verify(user["password_hash"] if user else None, password)
    async with pool.acquire() as connection, connection.transaction():
        if fits:
            await lockout.succeeded(connection, subjects, [])
            return
        await lockout.failed(connection, subjects, rules)
    raise LoginRefused("密码不对，请重新输入。")
