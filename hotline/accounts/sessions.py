"""Sessions of browsers: opening, finding, locking, listing and ending them.

A session ends at the latest ``HOTLINE_SESSION_HOURS`` after the log-in. It is
locked when its person has not touched anything for ``HOTLINE_IDLE_LOCK_MIN``;
what a page does by itself (event stream, heartbeats, refreshing) is no touch.
"""

from __future__ import annotations

import secrets
from typing import Any, cast

from config.accounts import DEFAULT_RULES, AccountSettings
from hotline.accounts import lockout, passwords
from hotline.accounts.errors import LoginRefused, SessionNotFound
from hotline.accounts.permissions import Role
from hotline.accounts.store import Due, Principal, Way, digest
from hotline.accounts.store import queries as account_queries
from hotline.audit.store import Actor, KnownActor, record
from routing.sql import load_queries

queries = load_queries(__file__, "sessions.sql")

#: A log-in that waits for its second factor is given up after so long.
CODE_MIN = 5
#: Their screens show dangers and are where somebody has to act on one: it is not covered while one is open.
_ALARM_ROLES = frozenset({"operator", "police"})
#: A page asks for the lock when its own clock says so; its last input may have been told up to a minute late.
PAGE_SLACK_S = 75


async def open_session(
    connection: Any,
    user_id: int,
    rules: AccountSettings,
    *,
    way: Way,
    strong: bool,
    code_due: bool,
    address: str,
    browser: str,
) -> str:
    """A new session; the cookie's value, of which only a hash is stored."""
    cookie = secrets.token_urlsafe(32)
    await queries.insert_session(
        connection,
        id_hash=digest(cookie),
        user_id=user_id,
        csrf_token=secrets.token_urlsafe(24),
        minutes=CODE_MIN if code_due else rules.session_hours * 60,
        way=way,
        stage="code" if code_due else "open",
        strong=strong,
        address=address[:64],
        browser=browser,
    )
    return cookie


async def by_session(pool: Any, cookie: str, rules: AccountSettings = DEFAULT_RULES) -> Principal | None:
    """Who a session cookie belongs to and what is due of them; None when it ended. Locks it when it is idle."""
    async with pool.acquire() as connection:
        row = await queries.session(
            connection,
            id_hash=digest(cookie),
            idle_min=rules.idle_lock_min,
            max_age_days=rules.password_max_age_days,
        )
        if row is None:
            return None
        locked = row["locked_at"] is not None
        if not locked and row["idle"] and rules.idle_lock_min:
            locked = await _lock(connection, row["id"], row["role"], rules.idle_lock_min * 60.0)
    due: Due | None = None
    if row["stage"] == "code":
        due = "code"
    elif locked:
        due = "unlock"
    elif row["password_due"]:
        due = "password"
    elif row["role"] in rules.second_factor_roles and not row["strong"]:
        due = "enrolment"
    return Principal(
        row["user_id"],
        row["name"],
        row["display_name"],
        cast(Role, row["role"]),
        row["org_id"],
        row["csrf_token"],
        row["id"],
        cast(Way, row["way"]),
        due,
    )


async def _lock(connection: Any, session_id: int, role: str, idle_s: float) -> bool:
    return bool(
        await queries.lock_idle(connection, session_id=session_id, idle_s=idle_s, sees_alarms=role in _ALARM_ROLES)
    )


async def lock(pool: Any, who: Principal, rules: AccountSettings) -> bool:
    """The page saw no input for long enough; whether the session is locked now (not with work in hand)."""
    if who.session_id is None or not rules.idle_lock_min:
        return False
    idle_s = max(0.0, rules.idle_lock_min * 60.0 - PAGE_SLACK_S)
    async with pool.acquire() as connection:
        return await _lock(connection, who.session_id, who.role, idle_s)


async def unlock(pool: Any, who: Principal, password: str, rules: AccountSettings) -> None:
    """The person is back. Raises LoginRefused; too many wrong passwords end the session (LoginThrottled)."""
    if who.session_id is None:
        return
    subjects = [lockout.of_unlocking(who.session_id)]
    await lockout.begin_attempt(pool, subjects, rules)
    async with pool.acquire() as connection:
        user = await account_queries.user_by_name(connection, name=who.name)
    fits = await passwords.verify(user["password_hash"] if user else None, password)
    async with pool.acquire() as connection, connection.transaction():
        if fits:
            await lockout.succeeded(connection, subjects, [])
            await queries.unlock(connection, session_id=who.session_id)
        elif await lockout.failed(connection, subjects, rules):
            await queries.end_session(connection, session_id=who.session_id, user_id=None)
        await record(
            connection,
            actor=who,
            action="session_unlocked" if fits else "session_unlock_failed",
            subject=f"session:{who.session_id}",
        )
    if not fits:
        raise LoginRefused("密码不对，请重新输入。")


async def touch(pool: Any, who: Principal) -> None:
    """The person did something."""
    if who.session_id is not None:
        async with pool.acquire() as connection:
            await queries.active(connection, session_id=who.session_id)


async def log_out(pool: Any, cookie: str) -> None:
    """End the session of a cookie; harmless when there is none."""
    async with pool.acquire() as connection, connection.transaction():
        ended = await queries.delete_session(connection, id_hash=digest(cookie))
        if ended is not None:
            user = await account_queries.user(connection, user_id=ended["user_id"])
            await record(
                connection,
                actor=KnownActor(ended["user_id"], user["role"]),
                action="logged_out",
                subject=f"session:{ended['id']}",
            )


async def listed(pool: Any, user_id: int | None) -> list[dict[str, Any]]:
    """Open sessions of a person, or of everybody, newest first."""
    async with pool.acquire() as connection:
        return [dict(row) for row in await queries.sessions_of(connection, user_id=user_id)]


async def end(pool: Any, session_id: int, actor: Actor, *, of_user: int | None = None) -> None:
    """End one session, only of this person where one is named. Raises SessionNotFound."""
    async with pool.acquire() as connection, connection.transaction():
        user_id = await queries.end_session(connection, session_id=session_id, user_id=of_user)
        if user_id is None:
            raise SessionNotFound("这个会话已经结束，请刷新列表。")
        await record(
            connection,
            actor=actor,
            action="session_ended",
            subject=f"session:{session_id}",
            detail={"user_id": user_id},
        )


async def end_others(pool: Any, who: Principal) -> None:
    """End all of one's own sessions but the present one."""
    async with pool.acquire() as connection, connection.transaction():
        await queries.end_sessions(connection, user_id=who.user_id, but=who.session_id)
        await record(connection, actor=who, action="sessions_ended", subject=f"user:{who.user_id}")


async def is_open(pool: Any, session_id: int) -> bool:
    """Whether a session still stands: streams opened with it ask when told that sessions of the person ended."""
    async with pool.acquire() as connection:
        return bool(await queries.is_open(connection, session_id=session_id))


#: Parts of a User-Agent header and what people call them; the first that is found counts.
_BROWSERS = (
    ("Edg/", "Edge"),
    ("QQBrowser", "QQ 浏览器"),
    ("360", "360 浏览器"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("Android", "安卓"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "Mac"),
    ("UOS", "统信"),
    ("Linux", "Linux"),
)


def browser_words(user_agent: str) -> str:
    """A browser in plain words: ``Chrome · Windows``; the whole header would tell more than anybody needs."""
    found = [next((name for part, name in table if part in user_agent), None) for table in (_BROWSERS, _SYSTEMS)]
    return " · ".join(name for name in found if name) or "其他程序"
