"""Log-in, sessions, tokens: what is kept, what ends, what is refused."""

from __future__ import annotations

import asyncio
from http.cookies import Morsel
from typing import Any

import aiohttp
import pytest
from argon2 import PasswordHasher, Type

from config.accounts import AccountSettings
from hotline.accounts import passwords
from hotline.accounts.errors import LoginRefused, LoginThrottled
from hotline.accounts.lockout import ADDRESS_FACTOR
from hotline.accounts.login import log_in
from hotline.accounts.sessions import by_session, log_out
from hotline.accounts.store import add_token, add_user, by_token, queries
from hotline.web.authentication import COOKIE, CSRF_HEADER
from tests.service_fixtures import RunningService

PASSWORD = "correct horse 7 staple"
ADDRESS = "192.0.2.7"
RULES = AccountSettings()
MAX_FAILURES = RULES.lockout_failures
MAX_FAILURES_OF_ADDRESS = MAX_FAILURES * ADDRESS_FACTOR


def test_a_hash_costs_what_rfc_9106_asks(shipped_hasher: PasswordHasher) -> None:
    """Its second choice: Argon2id, 64 MiB, three passes; the other tests hash with less."""
    assert (shipped_hasher.type, shipped_hasher.memory_cost) == (Type.ID, 64 * 1024)
    assert shipped_hasher.time_cost >= 3
    assert shipped_hasher is not passwords._hasher


async def everything_stored(pool: Any) -> str:
    """The text of every column of every table, to look for secrets in."""
    async with pool.acquire() as connection:
        tables = await connection.fetch("select tablename from pg_tables where schemaname = 'public'")
        rows = [await connection.fetch(f'select t::text from "{table["tablename"]}" t') for table in tables]  # noqa: S608
    return "\n".join(row["t"] for found in rows for row in found)


# ---- passwords


async def test_passwords_are_kept_as_argon2id_only(pool: Any) -> None:
    user_id, word = await add_user(pool, "wang", "lawyer", password=PASSWORD)
    _, random_word = await add_user(pool, "zhao", "lawyer")
    assert word == PASSWORD
    assert len(random_word) >= 15
    async with pool.acquire() as connection:
        kept = await connection.fetchval("select password_hash from users where id = $1", user_id)
    assert kept.startswith("$argon2id$")
    stored = await everything_stored(pool)
    assert PASSWORD not in stored
    assert random_word not in stored


async def test_a_wrong_password_and_an_unknown_name_are_told_alike(pool: Any) -> None:
    await add_user(pool, "wang", "lawyer", password=PASSWORD)
    sentences = []
    for name, word in (("wang", "not it at all"), ("nobody", PASSWORD), ("wang", ""), ("wang", PASSWORD.upper())):
        with pytest.raises(LoginRefused) as refused:
            await log_in(pool, name, word, ADDRESS)
        sentences.append(str(refused.value))
    assert len(set(sentences)) == 1


async def test_a_name_is_throttled_after_so_many_failures_and_not_before(pool: Any) -> None:
    await add_user(pool, "wang", "lawyer", password=PASSWORD)
    await add_user(pool, "zhao", "lawyer", password=PASSWORD)
    for n in range(MAX_FAILURES):
        with pytest.raises(LoginRefused):
            await log_in(pool, "wang", "not it at all", f"192.0.2.{n}")
    with pytest.raises(LoginThrottled):
        await log_in(pool, "wang", PASSWORD, "198.51.100.1")
    assert await log_in(pool, "zhao", PASSWORD, "198.51.100.1"), "others are not locked out"


async def test_an_address_is_throttled_whatever_names_it_tries_but_later_than_a_name(pool: Any) -> None:
    await add_user(pool, "wang", "lawyer", password=PASSWORD)
    async with pool.acquire() as connection:
        slips = [f"address:{ADDRESS}"] * (MAX_FAILURES_OF_ADDRESS - 1)
        await queries.add_failure(connection, subjects=slips)
        assert await log_in(pool, "wang", PASSWORD, ADDRESS), "an office's slips do not lock out everybody at once"
        await queries.add_failure(connection, subjects=[f"address:{ADDRESS}"])
    with pytest.raises(LoginThrottled):
        await log_in(pool, "wang", PASSWORD, ADDRESS)
    assert await log_in(pool, "wang", PASSWORD, "198.51.100.1")


async def test_a_right_password_before_the_limit_forgets_the_slips_of_a_name(pool: Any) -> None:
    await add_user(pool, "wang", "lawyer", password=PASSWORD)
    for round_number in range(2):
        for n in range(MAX_FAILURES - 1):
            with pytest.raises(LoginRefused):
                await log_in(pool, "wang", "not it at all", f"192.0.{round_number}.{n}")
        assert await log_in(pool, "wang", PASSWORD, f"198.51.100.{round_number}")


# ---- sessions


async def test_a_session_ends_by_log_out_by_time_and_with_the_account(pool: Any) -> None:
    user_id, _ = await add_user(pool, "wang", "lawyer", password=PASSWORD)
    kept, left, old = [(await log_in(pool, "wang", PASSWORD, ADDRESS)).cookie for _ in range(3)]
    assert await by_session(pool, kept) is not None
    await log_out(pool, left)
    assert await by_session(pool, left) is None
    async with pool.acquire() as connection:
        await connection.execute(
            "update sessions set expires_at = now() - interval '1 second' where id_hash = sha256($1)", old.encode()
        )
    assert await by_session(pool, old) is None
    assert await by_session(pool, kept) is not None
    stored = await everything_stored(pool)
    assert kept not in stored
    async with pool.acquire() as connection:
        await connection.execute("update users set disabled_at = now() where id = $1", user_id)
    assert await by_session(pool, kept) is None
    with pytest.raises(LoginRefused):
        await log_in(pool, "wang", PASSWORD, ADDRESS)


class Browser:
    """A browser: keeps the cookie, follows nothing by itself."""

    def __init__(self, service: RunningService) -> None:
        self._address = service.address
        self._session = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))
        self.csrf = ""
        self.cookie: Morsel[str] | None = None

    async def __aenter__(self) -> Browser:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def ask(self, method: str, path: str, **options: Any) -> tuple[int, dict[str, str], str]:
        """Status, headers and text."""
        async with self._session.request(method, self._address + path, allow_redirects=False, **options) as answer:
            self.cookie = answer.cookies.get(COOKIE, self.cookie)
            return answer.status, dict(answer.headers), await answer.text()

    async def log_in(self, name: str, password: str = PASSWORD) -> int:
        """By the form, then the session's CSRF token by the dialog's way."""
        form = {"name": name, "password": password}
        status, _, _ = await self.ask("POST", "/login", data=form)
        if status == 303:
            headers = {"Accept": "application/json"}
            async with self._session.post(f"{self._address}/login", data=form, headers=headers) as answer:
                self.csrf = (await answer.json())["csrf_token"]
        return status


async def test_the_log_in_form_opens_a_session_for_pages_and_api(service: RunningService) -> None:
    await add_user(service.pool, "wang", "operator", password=PASSWORD)
    async with Browser(service) as browser:
        status, headers, _ = await browser.ask("GET", "/operator")
        assert (status, headers["Location"]) == (303, "/login?next=/operator")
        assert await browser.log_in("wang", "wrong password") == 401
        assert await browser.log_in("wang") == 303
        assert browser.cookie is not None
        assert browser.cookie["httponly"]
        assert browser.cookie["samesite"].lower() == "lax"
        status, headers, _ = await browser.ask("GET", "/operator")
        assert (status, headers["Cache-Control"]) == (200, "no-store")
        status, _, text = await browser.ask("GET", "/api/v1/me")
        assert status == 200
        assert '"wang"' in text
        status, headers, _ = await browser.ask("POST", "/logout", headers={CSRF_HEADER: browser.csrf})
        assert (status, headers["Location"]) == (303, "/login")
        status, _, _ = await browser.ask("GET", "/api/v1/me")
        assert status == 401


@pytest.mark.parametrize("wanted", ["//evil.example", "https://evil.example", "/\\evil.example", "/login", "x"])
async def test_a_log_in_never_leads_to_another_place(service: RunningService, wanted: str) -> None:
    await add_user(service.pool, "wang", "operator", password=PASSWORD)
    async with Browser(service) as browser:
        form = {"name": "wang", "password": PASSWORD, "next": wanted}
        status, headers, _ = await browser.ask("POST", "/login", data=form)
        assert (status, headers["Location"]) == (303, "/")


@pytest.mark.parametrize(
    ("role", "wanted", "led"),
    [
        ("security", "/start", "/"),
        ("security", "/admin/users?role=lawyer", "/admin/users?role=lawyer"),
        ("operator", "/lines/12345", "/"),
        ("operator", "/calls/7", "/calls/7"),
        ("operator", "/nowhere", "/nowhere"),
    ],
)
async def test_a_log_in_never_ends_at_a_page_of_another_role(
    service: RunningService, role: str, wanted: str, led: str
) -> None:
    await add_user(service.pool, "wang", role, password=PASSWORD)
    async with Browser(service) as browser:
        form = {"name": "wang", "password": PASSWORD, "next": wanted}
        status, headers, _ = await browser.ask("POST", "/login", data=form)
        assert (status, headers["Location"]) == (303, led)


async def test_changes_by_cookie_need_the_sessions_own_csrf_token(service: RunningService) -> None:
    await add_user(service.pool, "wang", "operator", password=PASSWORD)
    await add_user(service.pool, "zhao", "operator", password=PASSWORD)
    async with Browser(service) as browser, Browser(service) as other:
        await browser.log_in("wang")
        await other.log_in("zhao")
        body = {"presence": "paused"}
        for headers in ({}, {CSRF_HEADER: ""}, {CSRF_HEADER: "x"}, {CSRF_HEADER: other.csrf}):
            status, _, text = await browser.ask("PUT", "/api/v1/presence", json=body, headers=headers)
            assert status == 403, headers
            assert "urn:hotline:problem:csrf" in text
        status, _, _ = await browser.ask("PUT", "/api/v1/presence", json=body, headers={CSRF_HEADER: browser.csrf})
        assert status == 200
        status, _, _ = await browser.ask("POST", "/logout", data={"csrf_token": other.csrf})
        assert status == 403
        status, _, _ = await browser.ask("POST", "/logout", data={"csrf_token": browser.csrf})
        assert status == 303


async def test_throttling_is_told_at_the_form(service: RunningService) -> None:
    await add_user(service.pool, "wang", "operator", password=PASSWORD)
    async with Browser(service) as browser:
        tries = [await browser.log_in("wang", "wrong password") for _ in range(MAX_FAILURES)]
        assert set(tries) == {401}
        assert await browser.log_in("wang") == 429


@pytest.mark.parametrize("form", [{}, {"name": "a\u0000b", "password": "x" * 12}, {"name": "n" * 900, "password": "p"}])
async def test_rubbish_at_the_log_in_form_is_refused(service: RunningService, form: dict[str, str]) -> None:
    async with Browser(service) as browser:
        status, _, _ = await browser.ask("POST", "/login", data=form)
        assert status in (400, 401, 422)


async def test_a_changed_password_ends_the_other_sessions(service: RunningService) -> None:
    await add_user(service.pool, "wang", "operator", password=PASSWORD)
    async with Browser(service) as browser, Browser(service) as other:
        await browser.log_in("wang")
        await other.log_in("wang")
        headers = {CSRF_HEADER: browser.csrf}
        path = "/api/v1/me/password"
        status, _, _ = await browser.ask("POST", path, json={"old": PASSWORD, "new": "short"}, headers=headers)
        assert status == 422
        status, _, _ = await browser.ask("POST", path, json={"old": "no", "new": "a quite new one 9"}, headers=headers)
        assert status in (401, 422)
        status, _, _ = await browser.ask(
            "POST", path, json={"old": PASSWORD, "new": "a quite new one 9"}, headers=headers
        )
        assert status == 200
        assert (await browser.ask("GET", "/api/v1/me"))[0] == 200
        assert (await other.ask("GET", "/api/v1/me"))[0] == 401
    with pytest.raises(LoginRefused):
        await log_in(service.pool, "wang", PASSWORD, ADDRESS)
    assert await log_in(service.pool, "wang", "a quite new one 9", ADDRESS)


# ---- tokens


async def test_tokens_are_kept_hashed_and_end_when_revoked(pool: Any) -> None:
    token, other = await asyncio.gather(add_token(pool, "line"), add_token(pool, "line"))
    who = await by_token(pool, token)
    assert who is not None
    assert (who.role, who.csrf_token) == ("line", None)
    stored = await everything_stored(pool)
    assert token not in stored
    assert token.removeprefix("hl_") not in stored
    async with pool.acquire() as connection:
        await connection.execute(
            "update api_tokens set revoked_at = now() where token_hash = sha256($1)", token.encode()
        )
    assert await by_token(pool, token) is None
    assert await by_token(pool, other) is not None
    assert await by_token(pool, token[:-1]) is None


async def test_a_disabled_account_is_out_at_once(service: RunningService) -> None:
    token = await service.token("lawyer", "wang")
    cookie = (await log_in(service.pool, "wang", "a long password", ADDRESS)).cookie
    status, me = await service.request("GET", "/me", role="lawyer", user="wang")
    assert (status, me["name"]) == (200, "wang")
    status, _ = await service.request("POST", f"/users/{me['user_id']}/disable", role="security")
    assert status == 200
    status, problem = await service.request("GET", "/me", role="lawyer", user="wang")
    assert (status, problem["type"]) == (401, "urn:hotline:problem:not-authenticated")
    assert await by_token(service.pool, token) is None
    assert await by_session(service.pool, cookie) is None
    async with service.pool.acquire() as connection:
        actions = await connection.fetch("select action, user_id from audit_entries where action = 'user_disabled'")
    assert [row["user_id"] is not None for row in actions] == [True], "who did it is on record"


# ---- accounts by the API


async def test_an_account_made_by_the_administrator_logs_in_with_its_first_password(service: RunningService) -> None:
    status, made = await service.request(
        "POST", "/users", role="security", json={"name": "new.lawyer", "role": "lawyer"}
    )
    assert status == 201
    assert await log_in(service.pool, "new.lawyer", made["first_password"], ADDRESS)
    status, listed = await service.request("GET", "/users", role="security")
    assert status == 200
    assert "password" not in str(listed)


UNUSABLE: list[Any] = [
    {"name": "wang", "role": "king"},
    {"name": "w", "role": "lawyer"},
    {"name": "a b", "role": "lawyer"},
    {"name": "taken", "role": "lawyer"},
    {"name": "nul\u0000", "role": "lawyer"},
    {"name": "nul", "role": "lawyer", "display_name": "王\u0000"},
    {"name": 5, "role": "lawyer"},
    {"name": "x" * 65, "role": "lawyer"},
    {"name": "wang", "role": "lawyer", "password": "mine"},
    [],
]


async def test_an_unusable_account_is_refused_in_words(service: RunningService) -> None:
    await add_user(service.pool, "taken", "lawyer")
    for body in UNUSABLE:
        status, problem = await service.request("POST", "/users", role="security", json=body)
        assert (status, bool(problem["detail"])) == (422, True), (body, problem)
    status, listed = await service.request("GET", "/users", role="security")
    assert [user["name"] for user in listed["items"] if not user["name"].startswith("service-")] == ["taken"]


async def test_nobodys_account_cannot_be_changed(service: RunningService) -> None:
    status, problem = await service.request("PUT", "/users/987654/agent", json={"skills": ["labour"]})
    assert (status, problem["type"]) == (404, "urn:hotline:problem:account-not-found")
    status, problem = await service.request("POST", "/users/987654/disable", role="security")
    assert (status, problem["type"]) == (404, "urn:hotline:problem:account-not-found")
