"""What the security administrator does to other people's accounts; each function is one transaction.

Nobody does any of it to their own account, and the last enabled security
administrator stays: otherwise one person alone could take all control, or
nobody would be left to have it. The command line acts without an account and
is bound by the second rule only.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hotline.accounts import lockout, passwords, second_factor, sessions
from hotline.accounts.errors import AccountError, AccountNotFound, LastSecurityAdministrator, OwnAccount
from hotline.accounts.permissions import ROLES
from hotline.accounts.store import queries
from hotline.audit.store import Actor, record
from routing.leavers.service import LeftWork, hand_over


async def _another(connection: Any, actor: Actor | None, user_id: int) -> Any:
    """Somebody else's account, locked. Raises AccountNotFound or OwnAccount."""
    if actor is not None and actor.user_id == user_id:
        raise OwnAccount("不能对自己的账号做这个操作，请由另一名安全管理员办理。")
    # before the account itself: two administrators who remove each other wait here for one another
    await queries.lock_security_administrators(connection)
    found = await queries.lock_user(connection, user_id=user_id)
    if found is None:
        raise AccountNotFound("没有这个编号的账号，请在账号页核对。")
    return found


async def _not_the_last(connection: Any, user: Any) -> None:
    if user["role"] != "security":
        return
    others = [row["id"] for row in await queries.lock_security_administrators(connection) if row["id"] != user["id"]]
    if not others:
        raise LastSecurityAdministrator("这是最后一名可登录的安全管理员，请先新增另一名，再停用或改换此人。")


async def disable(pool: Any, actor: Actor | None, user_id: int) -> LeftWork:
    """A leaver: log-in, tokens and sessions end, open work goes back; what they leave behind is reported.

    Raises AccountNotFound, OwnAccount or LastSecurityAdministrator.
    """
    async with pool.acquire() as connection, connection.transaction():
        user = await _another(connection, actor, user_id)
        if user["disabled_at"] is not None:
            raise AccountError(f"“{user['display_name']}”已经停用。")
        await _not_the_last(connection, user)
        await queries.disable(connection, user_id=user_id)
        left = await hand_over(connection, user_id, datetime.now(UTC))
        await record(connection, actor=actor, action="user_disabled", subject=f"user:{user_id}", detail=left.counts())
    return left


async def enable(pool: Any, actor: Actor | None, user_id: int) -> str:
    """Somebody comes back; a new first password. Raises AccountNotFound, OwnAccount or AccountError."""
    word = passwords.first_password()
    password_hash = await passwords.hash_password(word)
    async with pool.acquire() as connection, connection.transaction():
        user = await _another(connection, actor, user_id)
        if user["disabled_at"] is None:
            raise AccountError(f"“{user['display_name']}”没有停用。")
        await queries.enable(connection, user_id=user_id)
        await queries.set_password(connection, user_id=user_id, password_hash=password_hash, must_change=True)
        await record(connection, actor=actor, action="user_enabled", subject=f"user:{user_id}")
    return word


async def set_role(pool: Any, actor: Actor | None, user_id: int, role: str) -> LeftWork:
    """Another role: tokens and sessions of the old one end, and its open work goes back.

    Raises AccountNotFound, OwnAccount, LastSecurityAdministrator or AccountError.
    """
    if role not in ROLES:
        raise AccountError(f"没有“{role}”这个角色，可选：{'、'.join(ROLES)}。")
    async with pool.acquire() as connection, connection.transaction():
        user = await _another(connection, actor, user_id)
        if user["role"] == role:
            raise AccountError(f"“{user['display_name']}”已经是{ROLES[user['role']]}。")
        await _not_the_last(connection, user)
        await queries.set_role(connection, user_id=user_id, role=role)
        left = await hand_over(connection, user_id, datetime.now(UTC))
        await record(
            connection,
            actor=actor,
            action="role_changed",
            subject=f"user:{user_id}",
            detail={"from": user["role"], "to": role, **left.counts()},
        )
    return left


async def reset_password(pool: Any, actor: Actor | None, user_id: int) -> str:
    """A new first password for who forgot theirs; lock-outs and sessions end. Raises AccountNotFound or OwnAccount."""
    word = passwords.first_password()
    password_hash = await passwords.hash_password(word)
    async with pool.acquire() as connection, connection.transaction():
        user = await _another(connection, actor, user_id)
        await queries.set_password(connection, user_id=user_id, password_hash=password_hash, must_change=True)
        await queries.forget_failures(connection, subjects=[lockout.of_name(user["name"])])
        await sessions.queries.end_sessions(connection, user_id=user_id, but=None)
        await record(connection, actor=actor, action="password_reset", subject=f"user:{user_id}")
    return word


async def unlock(pool: Any, actor: Actor | None, user_id: int) -> None:
    """End the lock-out of a name and its codes. Raises AccountNotFound or OwnAccount."""
    async with pool.acquire() as connection, connection.transaction():
        user = await _another(connection, actor, user_id)
        subjects = [lockout.of_name(user["name"]), lockout.of_codes(user_id)]
        await queries.forget_failures(connection, subjects=subjects)
        await record(connection, actor=actor, action="user_unlocked", subject=f"user:{user_id}")


async def reset_second_factor(pool: Any, actor: Actor | None, user_id: int) -> bool:
    """Take away a second factor that its person lost; whether there was one. Their sessions end.

    Raises AccountNotFound or OwnAccount.
    """
    async with pool.acquire() as connection, connection.transaction():
        await _another(connection, actor, user_id)
        had = bool(await second_factor.queries.remove_factor(connection, user_id=user_id))
        await queries.forget_failures(connection, subjects=[lockout.of_codes(user_id)])
        await sessions.queries.end_sessions(connection, user_id=user_id, but=None)
        await record(connection, actor=actor, action="second_factor_reset", subject=f"user:{user_id}")
    return had


async def end_sessions(pool: Any, actor: Actor | None, user_id: int) -> None:
    """End all sessions of somebody else. Raises AccountNotFound or OwnAccount."""
    async with pool.acquire() as connection, connection.transaction():
        await _another(connection, actor, user_id)
        await sessions.queries.end_sessions(connection, user_id=user_id, but=None)
        await record(connection, actor=actor, action="sessions_ended", subject=f"user:{user_id}")


async def by_name(pool: Any, name: str) -> int:
    """The id of an account by its name, for the command line. Raises AccountNotFound."""
    async with pool.acquire() as connection:
        found = await queries.any_user_by_name(connection, name=name)
    if found is None:
        raise AccountNotFound(f"No user {name!r}; the names stand on the accounts page.")
    return int(found["id"])
