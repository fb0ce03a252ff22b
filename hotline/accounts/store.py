"""Accounts and API tokens in PostgreSQL."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import Any, Literal, cast

import asyncpg

from hotline.accounts import passwords
from hotline.accounts.errors import AccountError
from hotline.accounts.permissions import ROLES, Role
from hotline.audit.store import Actor, record
from routing.sql import load_queries

queries = load_queries(__file__)

#: So much of what somebody wrote is repeated in a sentence about it.
_SHOWN = 64

Way = Literal["password", "provider"]
#: What a person has to do before a session opens everything: give the code of the second factor, unlock it after an
#: absence, choose a password, set up a second factor.
Due = Literal["code", "unlock", "password", "enrolment"]


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
    session_id: int | None = None
    """None for a token."""
    way: Way = "password"
    """How the session was opened."""
    due: Due | None = None
    """None: nothing, the session is open."""


def digest(secret: str) -> bytes:
    """SHA-256 of a random secret, which needs no slow hash."""
    # what a browser sends may hold bytes that are no UTF-8; they must miss, not crash
    return hashlib.sha256(secret.encode(errors="surrogateescape")).digest()


async def add_user(
    pool: Any,
    name: str,
    role: str,
    *,
    display_name: str | None = None,
    password: str | None = None,
    actor: Actor | None = None,
) -> tuple[int, str]:
    """Create an account; its id and first password (random, to be changed, unless given). Raises AccountError."""
    if role not in ROLES:
        raise AccountError(f"没有“{role[:_SHOWN]}”这个角色，可选：{'、'.join(ROLES)}。")
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
            await record(connection, actor=actor, action="user_added", subject=f"user:{user_id}", detail={"role": role})
    except asyncpg.UniqueViolationError as error:
        raise AccountError(f"已有账号“{name}”，请换一个用户名。") from error
    except asyncpg.CheckViolationError as error:
        raise AccountError(f"“{name[:_SHOWN]}”不可用，请用2到64个字母、数字、汉字或 _ . @ -") from error
    return int(user_id), word


async def add_token(pool: Any, role: str, *, user: str | None = None, actor: Actor | None = None) -> str:
    """A new API token, shown once; on a new service agent when no user is named. Raises AccountError."""
    if role not in ROLES:
        raise AccountError(f"没有“{role[:_SHOWN]}”这个角色，可选：{'、'.join(ROLES)}。")
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
        await queries.insert_token(connection, user_id=user_id, role=role, token_hash=digest(token))
        await record(connection, actor=actor, action="token_created", subject=f"user:{user_id}", detail={"role": role})
    return token


async def by_token(pool: Any, token: str) -> Principal | None:
    """Who an API token belongs to; None when unknown or revoked."""
    async with pool.acquire() as connection:
        row = await queries.token(connection, token_hash=digest(token))
    if row is None:
        return None
    return Principal(row["user_id"], row["name"], row["display_name"], cast(Role, row["role"]), row["org_id"])
