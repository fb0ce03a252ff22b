"""The second factor, lock-outs, the idle lock, password rules: what a session may do until all is well."""

from __future__ import annotations

import asyncio
import base64
import re
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest

from config.accounts import DEFAULT_RULES
from config.settings import Settings
from hotline.accounts import passwords, second_factor
from hotline.accounts.errors import LoginRefused, LoginThrottled, PasswordRejected
from hotline.accounts.login import change_password, log_in
from hotline.accounts.second_factor import STEP_S, code_at, matching_step
from hotline.accounts.sessions import browser_words, by_session
from hotline.accounts.store import add_user
from hotline.web.authentication import CSRF_HEADER
from tests.integration.test_accounts import ADDRESS, PASSWORD, Browser, everything_stored
from tests.service_fixtures import CallMaker, RunningService, eventually


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """The auditor must have a second factor; everybody else may."""
    return replace(settings, accounts=replace(DEFAULT_RULES, second_factor_roles=frozenset({"auditor"})))


class Phone:
    """An authenticator app, whose clock the test sets."""

    def __init__(self, secret: str) -> None:
        self.secret = base64.b32decode(secret.replace(" ", ""))
        self.step = int(datetime.now(UTC).timestamp()) // STEP_S - 1

    def code(self) -> str:
        """A code nobody has used yet, of a step that still counts."""
        self.step += 1
        return code_at(self.secret, self.step)


async def post(browser: Browser, path: str, body: dict[str, Any] | None = None) -> tuple[int, Any]:
    """A change by a page's script: status and answer."""
    status, _, text = await browser.ask("POST", f"/api/v1{path}", json=body or {}, headers={CSRF_HEADER: browser.csrf})
    return status, text


async def enrol(browser: Browser, password: str = PASSWORD) -> tuple[Phone, list[str]]:
    """Set up a second factor; the telephone and the recovery codes."""
    status, text = await post(browser, "/me/second-factor", {"password": password})
    assert status == 201, text
    found = re.search(r'"secret":"([A-Z2-7]+)"', text)
    assert found
    phone = Phone(found[1])
    status, headers, picture = await browser.ask("GET", "/api/v1/me/second-factor/qr.svg")
    assert (status, headers["Content-Type"], "<svg" in picture) == (200, "image/svg+xml", True)
    status, text = await post(browser, "/me/second-factor/confirm", {"code": phone.code()})
    assert status == 200, text
    assert (await browser.ask("GET", "/api/v1/me/second-factor/qr.svg"))[0] == 404, "the secret is shown once"
    return phone, re.findall(r'"([a-z0-9]{4}(?:-[a-z0-9]{4}){3})"', text)


async def give(browser: Browser, code: str) -> tuple[int, str]:
    """The second step at the log-in page: status, location."""
    _, _, page = await browser.ask("GET", "/login")
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found, "the log-in page asks for the code"
    status, headers, _ = await browser.ask("POST", "/login/code", data={"csrf_token": found[1], "code": code})
    return status, headers.get("Location", "")


def test_codes_are_those_of_the_rfc_and_good_for_one_step_to_either_side() -> None:
    secret = b"12345678901234567890"
    # RFC 6238 appendix B, SHA-1, the last six digits
    for moment, code in ((59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")):
        assert code_at(secret, moment // STEP_S) == code
    now = datetime.fromtimestamp(1234567890, UTC)
    here = 1234567890 // STEP_S
    for away, good in ((-2, False), (-1, True), (0, True), (1, True), (2, False)):
        assert (matching_step(secret, code_at(secret, here + away), now, 0) is not None) == good
    assert matching_step(secret, code_at(secret, here), now, here) is None, "a used step is worth nothing"
    assert matching_step(secret, code_at(secret, here - 1), now, here) is None, "nor is an older one"
    assert matching_step(secret, "²³", now, 0) is None


async def test_a_second_factor_is_asked_for_once_set_and_nothing_opens_before_it(service: RunningService) -> None:
    await add_user(service.pool, "wang", "operator", password=PASSWORD)
    async with Browser(service) as browser, Browser(service) as other:
        await browser.log_in("wang")
        assert (await post(browser, "/me/second-factor", {"password": "not it at all"}))[0] == 401
        phone, recovery = await enrol(browser)
        assert len(recovery) == second_factor.RECOVERY_CODES
        stored = await everything_stored(service.pool)
        assert base64.b32encode(phone.secret).decode() not in stored, "the secret is sealed"
        assert not any(code.replace("-", "") in stored or code in stored for code in recovery)

        assert (await other.ask("POST", "/login", data={"name": "wang", "password": PASSWORD}))[0] == 303
        for path in ("/api/v1/me", "/api/v1/calls", "/api/v1/events"):
            status, _, text = await other.ask("GET", path)
            assert (status, "second-factor-due" in text) == (401, True), path
        assert (await other.ask("GET", "/operator"))[1]["Location"].startswith("/login")
        assert (await give(other, "000000"))[0] == 401
        code = phone.code()
        before = other.cookie
        assert await give(other, f"{code[:3]} {code[3:]}") == (303, "/")
        assert before is not None
        assert other.cookie is not None
        assert other.cookie.value != before.value, "the whole session has a cookie of its own"
        assert (await other.ask("GET", "/api/v1/me"))[0] == 200

    async with Browser(service) as third:
        await third.ask("POST", "/login", data={"name": "wang", "password": PASSWORD})
        assert (await give(third, code))[0] == 401, "a code is good for one log-in"
        assert (await give(third, recovery[0].upper()))[0] == 303
        await third.ask("POST", "/login", data={"name": "wang", "password": PASSWORD})
        assert (await give(third, recovery[0]))[0] == 401, "so is a recovery code"


async def test_codes_cannot_be_tried_out(service: RunningService) -> None:
    await add_user(service.pool, "wang", "operator", password=PASSWORD)
    async with Browser(service) as browser, Browser(service) as thief:
        await browser.log_in("wang")
        phone, _ = await enrol(browser)
        await thief.ask("POST", "/login", data={"name": "wang", "password": PASSWORD})
        for _ in range(DEFAULT_RULES.lockout_failures):
            assert (await give(thief, "000000"))[0] == 401
        # the session is over, and a new one with the right password gets no further tries
        assert 'autocomplete="current-password"' in (await thief.ask("GET", "/login"))[2]
        await thief.ask("POST", "/login", data={"name": "wang", "password": PASSWORD})
        unused = phone.code()
        assert (await give(thief, unused))[0] == 429
        async with service.pool.acquire() as connection:
            wang = await connection.fetchval("select id from users where name = 'wang'")
        assert (await service.request("POST", f"/users/{wang}/unlock", role="security"))[0] == 200
        await thief.ask("POST", "/login", data={"name": "wang", "password": PASSWORD})
        assert (await give(thief, unused))[0] == 303
        # lost altogether: the security administrator takes it away, and all sessions with it
        assert (await service.request("POST", f"/users/{wang}/second-factor/reset", role="security"))[1]["reset"]
        assert (await browser.ask("GET", "/api/v1/me"))[0] == 401
        assert await browser.log_in("wang") == 303
        assert (await browser.ask("GET", "/api/v1/me"))[0] == 200


async def test_a_role_that_must_have_one_sets_it_up_before_anything_else(service: RunningService) -> None:
    await add_user(service.pool, "qin", "auditor", password=PASSWORD)
    async with Browser(service) as browser:
        await browser.log_in("qin")
        status, _, text = await browser.ask("GET", "/me")
        assert (status, "您的角色须使用动态口令" in text) == (200, True)
        phone, _ = await enrol(browser)
        assert '"due":null' in (await browser.ask("GET", "/api/v1/me"))[2]
        status, text = await post(browser, "/me/second-factor/remove", {"code": phone.code()})
        assert (status, "second-factor-required" in text) == (409, True)


# ---- passwords


async def test_the_rules_for_new_passwords(pool: Any, service: RunningService) -> None:
    rules = DEFAULT_RULES
    for word in (
        "short",
        "x" * 201,
        "my name is wangwei1",
        "WangWei-2026-wang",
        "Password-1234",
        "1qaz2wsx3edc",
        "aabbaabbaabbaabb",
    ):
        with pytest.raises(PasswordRejected):
            passwords.check_rules(word, "wangwei", rules)
    passwords.check_rules("three unlike words", "wangwei", rules)
    await add_user(service.pool, "wang", "operator", password=PASSWORD)
    cookie = (await log_in(service.pool, "wang", PASSWORD, ADDRESS)).cookie
    who = await by_session(service.pool, cookie)
    assert who is not None
    words = [PASSWORD, *(f"a word of its own {number}" for number in range(rules.password_history))]
    for old, new in pairwise(words):
        await change_password(service.pool, who, old, new, rules)
        with pytest.raises(PasswordRejected):
            await change_password(service.pool, who, new, old, rules)
    # five later the first may come back
    await change_password(service.pool, who, words[-1], PASSWORD, rules)
    async with service.pool.acquire() as connection:
        kept = await connection.fetchval("select count(*) from old_passwords")
        assert kept == rules.password_history - 1, "no more are kept than are looked at"
        await connection.execute(
            "update users set password_changed_at = now() - interval '91 days' where name = 'wang'"
        )
    aged = await by_session(service.pool, cookie, replace(rules, password_max_age_days=90))
    assert aged is not None
    assert aged.due == "password"


async def test_a_first_password_is_changed_before_anything_else(service: RunningService) -> None:
    _, first = await add_user(service.pool, "zhao", "operator")
    async with Browser(service) as browser:
        assert await browser.log_in("zhao", first) == 303
        assert (await browser.ask("GET", "/operator"))[1]["Location"] == "/me"
        status, _, text = await browser.ask("GET", "/api/v1/calls")
        assert (status, "password-change-due" in text) == (403, True)
        assert (await post(browser, "/me/password", {"old": first, "new": first}))[0] == 422
        assert (await post(browser, "/me/password", {"old": first, "new": PASSWORD}))[0] == 200
        assert (await browser.ask("GET", "/api/v1/calls"))[0] == 200


async def test_many_tries_at_once_get_no_more_than_one_after_another(pool: Any) -> None:
    await add_user(pool, "wang", "operator", password=PASSWORD)
    tries = (log_in(pool, name, "not it at all", ADDRESS) for _ in range(20) for name in ("wang", "nobody"))
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    for names in (outcomes[::2], outcomes[1::2]):
        looked_at = sum(isinstance(outcome, LoginRefused) for outcome in names)
        assert looked_at <= DEFAULT_RULES.lockout_failures
        assert {type(outcome) for outcome in names} <= {LoginRefused, LoginThrottled}
    async with pool.acquire() as connection:
        subjects = await connection.fetch("select subject from lock_outs order by subject")
        on_record = await connection.fetch("select subject from audit_entries where action = 'locked_out'")
    assert len(subjects) == len(on_record), "every lock-out is on record"
    assert not any("nobody" in row["subject"] for row in on_record), "what was typed as a name is not"


# ---- sessions


async def absent(service: RunningService, minutes: int = 20) -> None:
    """Nobody has touched anything for a while."""
    async with service.pool.acquire() as connection:
        await connection.execute("update sessions set active_at = now() - make_interval(mins => $1)", minutes)


async def test_an_idle_session_is_locked_but_never_with_work_in_hand(service: RunningService, call: CallMaker) -> None:
    user_id, _ = await add_user(service.pool, "lin", "operator", password=PASSWORD)
    async with Browser(service) as browser:
        await browser.log_in("lin")
        answer = await service.post_calls(call("我想问问医保怎么报销", live=True, operator="lin"))
        held = answer["accepted"][0]["call_id"]
        await absent(service)
        assert (await browser.ask("GET", "/api/v1/calls"))[0] == 200, "with a live call in hand"
        assert '"locked":false' in (await post(browser, "/me/lock"))[1]
        async with service.pool.acquire() as connection:
            await connection.execute("update calls set held_by = null where id = $1", held)
            await connection.execute("insert into danger_alarms (call_id, level) values ($1, 2)", held)
        assert (await browser.ask("GET", "/api/v1/calls"))[0] == 200, "while a danger waits at this desk"
        async with service.pool.acquire() as connection:
            await connection.execute("update danger_alarms set acknowledged_at = now(), acknowledged_by = $1", user_id)
        # a page that refreshes itself is no sign of life; then everything but the way back is closed
        status, _, text = await browser.ask("GET", "/operator/calls", headers={"HX-Request": "true"})
        assert (status, "session-locked" in text) == (423, True)
        for method, path in (("GET", "/api/v1/me"), ("GET", f"/api/v1/calls/{held}"), ("POST", "/api/v1/me/activity")):
            status, _, _ = await browser.ask(method, path, headers={CSRF_HEADER: browser.csrf})
            assert status == 423, path
        status, headers, _ = await browser.ask("GET", "/operator")
        assert (status, headers["Location"]) == (303, "/locked?next=/operator")
        status, _, page = await browser.ask("GET", "/locked?next=/operator")
        assert (status, "话务台" in page) == (200, False), "nothing of the inside stands on it"
        form = {"csrf_token": browser.csrf, "password": "not it at all", "next": "/operator"}
        assert (await browser.ask("POST", "/unlock", data=form))[0] == 401
        assert (await browser.ask("POST", "/unlock", data={**form, "csrf_token": "x", "password": PASSWORD}))[0] == 403
        status, headers, _ = await browser.ask("POST", "/unlock", data={**form, "password": PASSWORD})
        assert (status, headers["Location"]) == (303, "/operator")
        assert (await browser.ask("GET", "/api/v1/calls"))[0] == 200

        await absent(service, 10)
        assert (await browser.ask("POST", "/api/v1/me/activity", headers={CSRF_HEADER: browser.csrf}))[0] == 204
        async with service.pool.acquire() as connection:
            idle = await connection.fetchval("select bool_or(active_at > now() - interval '1 minute') from sessions")
        assert idle, "what the page tells of keys and pointer counts"


async def test_guessing_at_a_locked_screen_ends_the_session(service: RunningService) -> None:
    await add_user(service.pool, "lin", "operator", password=PASSWORD)
    async with Browser(service) as browser:
        await browser.log_in("lin")
        await absent(service)
        form = {"csrf_token": browser.csrf, "password": "not it at all"}
        tries = [(await browser.ask("POST", "/unlock", data=form))[0] for _ in range(DEFAULT_RULES.lockout_failures)]
        assert set(tries) == {401}
        assert (await browser.ask("GET", "/api/v1/me"))[0] == 401
        assert await browser.log_in("lin") == 303, "the name itself is not locked by it"


async def test_sessions_are_listed_and_ended(service: RunningService) -> None:
    await add_user(service.pool, "wang", "operator", password=PASSWORD)
    async with Browser(service) as browser, Browser(service) as other:
        await browser.log_in("wang")
        await other.log_in("wang")
        status, _, text = await browser.ask("GET", "/api/v1/me/sessions")
        assert (status, text.count('"current":true')) == (200, 1)
        async with service.pool.acquire() as connection:
            wang = await connection.fetchval("select id from users where name = 'wang'")
        status, listed = await service.request("GET", f"/users/{wang}/sessions", role="security")
        # each log-in of the test's browser opens two: by the page and by the dialog
        assert (status, len(listed["items"])) == (200, 4)
        assert {item["address"] for item in listed["items"]} == {"127.0.0.1"}
        stranger, _ = await add_user(service.pool, "zhao", "operator", password=PASSWORD)
        theirs = (await log_in(service.pool, "zhao", PASSWORD, ADDRESS)).cookie
        _, all_of_them = await service.request("GET", "/sessions", role="security")
        foreign = next(item["id"] for item in all_of_them["items"] if item["user_id"] == stranger)
        assert (await post(browser, f"/me/sessions/{foreign}/end"))[0] == 404, "only one's own"
        assert await by_session(service.pool, theirs) is not None
        assert (await post(browser, "/me/sessions/end-others"))[0] == 200
        assert (await other.ask("GET", "/api/v1/me"))[0] == 401
        assert (await browser.ask("GET", "/api/v1/me"))[0] == 200
        assert (await service.request("POST", f"/sessions/{foreign}/end", role="security"))[0] == 200
        assert await by_session(service.pool, theirs) is None
        assert (await service.request("POST", f"/sessions/{foreign}/end", role="security"))[0] == 404


async def test_a_stream_ends_with_its_session(service: RunningService) -> None:
    user_id, _ = await add_user(service.pool, "wang", "operator", password=PASSWORD)
    async with Browser(service) as browser:
        await browser.log_in("wang")
        streaming = asyncio.create_task(browser.ask("GET", "/api/v1/events"))

        async def open_streams() -> int:
            return service.services.hub.streams

        await eventually(open_streams)
        assert (await service.request("POST", f"/users/{user_id}/sessions/end", role="security"))[0] == 200
        status, _, _ = await asyncio.wait_for(streaming, 60)
        assert status == 200
        assert (await browser.ask("GET", "/api/v1/events"))[0] == 401


async def test_accounts_are_changed_by_another_security_administrator_only(service: RunningService) -> None:
    token = await service.token("security", "bai")
    await service.token("security", "hei")
    status, me = await service.request("GET", "/me", role="security", user="bai")
    for path, body in (
        ("disable", {}),
        ("role", {"role": "admin"}),
        ("unlock", {}),
        ("password", {}),
        ("second-factor/reset", {}),
    ):
        status, problem = await service.request(
            "POST", f"/users/{me['user_id']}/{path}", role="security", user="bai", json=body
        )
        assert (status, problem["type"]) == (409, "urn:hotline:problem:own-account"), path
    status, _ = await service.request(
        "POST", f"/users/{me['user_id']}/role", role="security", user="hei", json={"role": "auditor"}
    )
    assert status == 200
    async with service.session.get(
        f"{service.address}/api/v1/me", headers={"Authorization": f"Bearer {token}"}
    ) as answer:
        assert answer.status == 401, "the token of the old role is worth nothing"
    status, reset = await service.request("POST", f"/users/{me['user_id']}/password", role="security", user="hei")
    assert (await log_in(service.pool, "bai", reset["first_password"], ADDRESS)).code_due is False
    for path in ("disable", "enable"):
        status, answer_body = await service.request(
            "POST", f"/users/{me['user_id']}/{path}", role="security", user="hei"
        )
        assert status == 200, answer_body


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/120.0 Safari/537.36 Edg/120.0", "Edge · Windows"),
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/120.0 Safari/537.36", "Chrome · Linux"),
        ("curl/8", "其他程序"),
        ("", "其他程序"),
    ],
)
def test_browsers_in_plain_words(header: str, words: str) -> None:
    assert browser_words(header) == words
