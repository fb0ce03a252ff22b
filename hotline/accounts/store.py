"""Accounts, sessions and tokens in PostgreSQL."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import Any, cast

import asyncpg

from hotline.accounts import passwords
from hotline.accounts.permissions import ROLES, Role
from hotline.audit.store import KnownActor, record
from hotline.errors import HotlineError
from routing.sql import load_queries

queries = load_queries(__file__)

#: A session ends after so many hours without use: longer than a shift, shorter than two.
SESSION_H = 12
#: Log-ins of one name or from one address are refused after so many failures within the window.
MAX_FAILURES = 8
#: One address may be a whole office or a proxy: slips of many people must not lock out everybody.
MAX_FAILURES_OF_ADDRESS = 60
FAILURE_WINDOW_S = 600.0


class AccountError(HotlineError):
    """An account cannot be made or used as asked."""


class AccountNotFound(AccountError):
    """No account has this id."""


class LoginRefused(AccountError):
    """Wrong name or password; which of them is not told."""


class LoginThrottled(AccountError):
    """Too many failures; the message says for how long."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who makes a request."""

    user_id: int
    name: str
    display_name: str
    role: Role
    org_id: int
    csrf_token: str | None = None
    """Set for a browser session; None for a token."""


def _digest(secret: str) -> bytes:
    # what a browser sends may hold bytes that are no UTF-8; they must miss, not crash
    return hashlib.sha256(secret.encode(errors="surrogateescape")).digest()


async def add_user(
    pool: Any, name: str, role: str, *, display_name: str | None = None, password: str | None = None
) -> tuple[int, str]:
    """Create an account; its id and first password (random unless given). Raises AccountError."""
    if role not in ROLES:
        raise AccountError(f"No role {role!r}; choose one of {', '.join(ROLES)}.")
    word = password or passwords.first_password()
    try:
        async with pool.acquire() as connection, connection.transaction():
            user_id = await queries.insert_user(
                connection,
                name=name,
                display_name=display_name or name,
                role=role,
                password_hash=await passwords.hash_password(word),
                must_change=password is None,
            )
            await record(connection, actor=None, action="user_added", subject=f"user:{user_id}", detail={"role": role})
    except asyncpg.UniqueViolationError as error:
        raise AccountError(f"There is a user {name!r} already; choose another name.") from error
    except asyncpg.CheckViolationError as error:
        raise AccountError(
            f"{name!r} cannot be a user name; use 2 to 64 letters, digits or the signs _ . @ -"
        ) from error
    return int(user_id), word


async def add_token(pool: Any, role: str, *, user: str | None = None) -> str:
    """A new API token, shown once; on a new service agent when no user is named. Raises AccountError."""
    if role not in ROLES:
        raise AccountError(f"No role {role!r}; choose one of {', '.join(ROLES)}.")
    token = f"hl_{secrets.token_urlsafe(32)}"
    async with pool.acquire() as connection, connection.transaction():
        if user is None:
            name = f"service-{secrets.token_hex(4)}"
            user_id = await queries.insert_user(
                connection, name=name, display_name=name, role=role, password_hash=None, must_change=False
            )
        else:
            found = await queries.user_by_name(connection, name=user)
            if found is None:
                raise AccountError(f"No user {user!r}; add it first with: hotline user add {user} --role {role}")
            if found["role"] != role:
                raise AccountError(f"{user!r} has the role {found['role']}; a token cannot give it {role}.")
            user_id = found["id"]
        await queries.insert_token(connection, user_id=user_id, role=role, token_hash=_digest(token))
        await record(connection, actor=None, action="token_created", subject=f"user:{user_id}", detail={"role": role})
    return token


async def log_in(pool: Any, name: str, password: str, address: str) -> str:
    """Open a session; the cookie's value. Raises LoginRefused or LoginThrottled."""
    subjects = [f"name:{name.lower()[:64]}", f"address:{address}"]
    async with pool.acquire() as connection:
        of_name, of_address = [
            await queries.failures(connection, subject=subject, window_s=FAILURE_WINDOW_S) for subject in subjects
        ]
        if of_name >= MAX_FAILURES or of_address >= MAX_FAILURES_OF_ADDRESS:
            raise LoginThrottled("登录失败次数过多，请 10 分钟后再试，或请管理员重置密码。")
        user = await queries.user_by_name(connection, name=name)
    if not await passwords.verify(user["password_hash"] if user else None, password):
        async with pool.acquire() as connection:
            await queries.add_failure(connection, subjects=subjects)
        raise LoginRefused("用户名或密码不对，请重新输入。")
    cookie = secrets.token_urlsafe(32)
    async with pool.acquire() as connection, connection.transaction():
        await queries.forget_failures(connection, subject=subjects[0])
        await queries.insert_session(
            connection,
            id_hash=_digest(cookie),
            user_id=user["id"],
            csrf_token=secrets.token_urlsafe(24),
            hours=SESSION_H,
        )
        await record(
            connection,
            actor=KnownActor(user["id"], user["role"]),
            action="logged_in",
            subject=f"user:{user['id']}",
            detail={"address": address},
        )
    return cookie


async def by_session(pool: Any, cookie: str) -> Principal | None:
    """Who a session cookie belongs to; None when it ended."""
    async with pool.acquire() as connection:
        row = await queries.session(connection, id_hash=_digest(cookie))
        if row is None:
            return None
        await queries.touch_session(connection, id_hash=_digest(cookie), hours=SESSION_H)
    return Principal(
        row["user_id"], row["name"], row["display_name"], cast(Role, row["role"]), row["org_id"], row["csrf_token"]
    )


async def log_out(pool: Any, cookie: str) -> None:
    """End a session."""
    async with pool.acquire() as connection:
        await queries.delete_session(connection, id_hash=_digest(cookie))


async def by_token(pool: Any, token: str) -> Principal | None:
    """Who an API token belongs to; None when unknown or revoked."""
    async with pool.acquire() as connection:
        row = await queries.token(connection, token_hash=_digest(token))
    if row is None:
        return None
    return Principal(row["user_id"], row["name"], row["display_name"], cast(Role, row["role"]), row["org_id"])


async def change_password(pool: Any, principal: Principal, old: str, new: str) -> None:
    """One's own password; one's other sessions end. Raises LoginRefused or PasswordRejected."""
    passwords.check_rules(new, principal.name)
    async with pool.acquire() as connection:
        user = await queries.user_by_name(connection, name=principal.name)
    if not await passwords.verify(user["password_hash"] if user else None, old):
        raise LoginRefused("旧密码不对，请重新输入。")
    password_hash = await passwords.hash_password(new)
    async with pool.acquire() as connection, connection.transaction():
        await queries.set_password(connection, user_id=principal.user_id, password_hash=password_hash)
        await queries.delete_other_sessions(connection, user_id=principal.user_id, csrf_token=principal.csrf_token)
        await record(connection, actor=principal, action="password_changed", subject=f"user:{principal.user_id}")
