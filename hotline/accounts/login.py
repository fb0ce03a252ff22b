"""Logging in: name and password, then the second factor where the account has one; changing one's password."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from config.accounts import DEFAULT_RULES, AccountSettings
from hotline.accounts import lockout, passwords, second_factor, sessions
from hotline.accounts.errors import CodeRefused, LoginRefused
from hotline.accounts.store import Principal, queries
from hotline.audit.store import KnownActor, record
from routing.sealing import Vault


@dataclass(frozen=True, slots=True)
class LogIn:
    """A session begun."""

    cookie: str
    code_due: bool
    """The second factor is still to be shown; until then the session opens nothing."""


async def log_in(
    pool: Any,
    name: str,
    password: str,
    address: str,
    *,
    browser: str = "",
    rules: AccountSettings = DEFAULT_RULES,
) -> LogIn:
    """Open a session by name and password. Raises LoginRefused or LoginThrottled; neither tells who exists."""
    subjects = [lockout.of_name(name), lockout.of_address(address)]
    await lockout.begin_attempt(pool, subjects, rules)
    async with pool.acquire() as connection:
        user = await queries.user_by_name(connection, name=name)
    if not await passwords.verify(user["password_hash"] if user else None, password):
        await _refuse(pool, user, subjects, rules)
    actor = KnownActor(user["id"], user["role"])
    async with pool.acquire() as connection, connection.transaction():
        await lockout.succeeded(connection, subjects[:1], subjects[1:])
        factor = await second_factor.state(connection, user["id"])
        cookie = await sessions.open_session(
            connection,
            user["id"],
            rules,
            way="password",
            strong=False,
            code_due=factor["set"],
            address=address,
            browser=browser,
        )
        if not factor["set"]:
            await record(connection, actor=actor, action="logged_in", subject=f"user:{user['id']}")
    return LogIn(cookie, factor["set"])


async def _refuse(pool: Any, user: Any, subjects: list[str], rules: AccountSettings) -> None:
    async with pool.acquire() as connection, connection.transaction():
        locked = await lockout.failed(connection, subjects, rules)
        # what was typed as a name may be anything, a password included: only an account's id goes on record
        subject = f"user:{user['id']}" if user else "user:unknown"
        cause = {"cause": "password" if user else "name"}
        await record(connection, actor=None, action="login_failed", subject=subject, detail=cause)
        if subjects[0] in locked:
            await record(connection, actor=None, action="locked_out", subject=subject)
    raise LoginRefused("用户名或密码不对，请重新输入。")


async def pass_code(
    pool: Any, vault: Vault, who: Principal, code: str, *, address: str, browser: str, rules: AccountSettings
) -> LogIn:
    """The second step: a code of the second factor, or a recovery code, for a session that waits for it.

    The session gets a new cookie. Raises CodeRefused; LoginThrottled after too many wrong codes, which also ends
    the session.
    """
    subjects = [lockout.of_codes(who.user_id)]
    await lockout.begin_attempt(pool, subjects, rules)
    async with pool.acquire() as connection, connection.transaction():
        kind = await second_factor.check(connection, vault, who.user_id, code)
        if kind is not None:
            await lockout.succeeded(connection, subjects, [])
            await sessions.queries.end_session(connection, session_id=who.session_id, user_id=who.user_id)
            cookie = await sessions.open_session(
                connection,
                who.user_id,
                rules,
                way=who.way,
                strong=True,
                code_due=False,
                address=address,
                browser=browser,
            )
            subject = f"user:{who.user_id}"
            await record(connection, actor=who, action="logged_in", subject=subject, detail={"second_factor": kind})
            return LogIn(cookie, code_due=False)
        if await lockout.failed(connection, subjects, rules):
            await sessions.queries.end_session(connection, session_id=who.session_id, user_id=who.user_id)
            await record(connection, actor=who, action="locked_out", subject=f"user:{who.user_id}")
        await record(connection, actor=who, action="second_factor_failed", subject=f"user:{who.user_id}")
    raise CodeRefused("验证码不对或已用过，请输入最新的 6 位数字，或用一个备用码。")


async def change_password(
    pool: Any, who: Principal, old: str, new: str, rules: AccountSettings = DEFAULT_RULES
) -> None:
    """One's own password; one's other sessions end. Raises LoginRefused, LoginThrottled or PasswordRejected."""
    passwords.check_rules(new, who.name, rules)
    try:
        await second_factor.confirm_password(pool, who, old, rules)
    except LoginRefused as error:
        raise LoginRefused("旧密码不对，请重新输入。") from error
    async with pool.acquire() as connection:
        present = await queries.user(connection, user_id=who.user_id)
        kept = max(0, rules.password_history - 1)
        before = await queries.old_passwords(connection, user_id=who.user_id, count=kept)
    # the present one is the first of the last so many; a forced change must be a change in any case
    await passwords.check_history(new, [present["password_hash"], *(row["password_hash"] for row in before)])
    password_hash = await passwords.hash_password(new)
    async with pool.acquire() as connection, connection.transaction():
        await queries.set_password(connection, user_id=who.user_id, password_hash=password_hash, must_change=False)
        await queries.forget_old_passwords(connection, user_id=who.user_id, count=kept)
        await sessions.queries.end_sessions(connection, user_id=who.user_id, but=who.session_id)
        await record(connection, actor=who, action="password_changed", subject=f"user:{who.user_id}")
