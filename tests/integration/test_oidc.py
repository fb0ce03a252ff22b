"""Log-in by an outside provider: a real one runs here, with discovery, authorization code, PKCE, RS256 and its lies."""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest
from aiohttp import web
from joserfc import jwt
from joserfc.jwk import RSAKey

from config.accounts import AccountSettings, OidcSettings
from config.errors import ConfigError
from config.settings import Settings, load_settings
from hotline.accounts.oidc import Provider
from hotline.accounts.store import add_user
from hotline.web.authentication import COOKIE
from tests.service_fixtures import RunningService

CLIENT, SECRET = "hotline-console", "a client secret of the test"


@dataclass
class TestProvider:
    """A provider that signs whatever the test wants to see refused."""

    __test__ = False

    address: str = ""
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one"}))
    signs_with: RSAKey | None = None
    claims: dict[str, Any] = field(default_factory=dict)
    """Laid over the claims of the next token; None takes one away."""
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    asked_for_keys: int = 0

    def app(self) -> web.Application:
        """Its routes."""
        app = web.Application()
        app.router.add_get("/.well-known/openid-configuration", self.describe)
        app.router.add_get("/authorize", self.authorize)
        app.router.add_post("/token", self.token)
        app.router.add_get("/keys", self.keys)
        return app

    async def describe(self, request: web.Request) -> web.Response:
        """The discovery document."""
        names = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
        return web.json_response({"issuer": self.address, **{k: f"{self.address}/{v}" for k, v in names.items()}})

    async def authorize(self, request: web.Request) -> web.Response:
        """Everybody is who they are at once; back with a code."""
        query = dict(request.query)
        assert query["response_type"] == "code"
        assert query["client_id"] == CLIENT
        assert query["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(16)
        self.codes[code] = query
        raise web.HTTPFound(f"{query['redirect_uri']}?code={code}&state={query['state']}")

    async def token(self, request: web.Request) -> web.Response:
        """A token for a code, if client and verifier fit."""
        form = await request.post()
        query = self.codes.pop(str(form["code"]), None)
        known = "Basic " + base64.b64encode(f"{CLIENT}:{SECRET.replace(' ', '%20')}".encode()).decode()
        if query is None or request.headers.get("Authorization") != known:
            return web.json_response({"error": "invalid_grant"}, status=400)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(str(form["code_verifier"]).encode()).digest())
        if challenge.rstrip(b"=").decode() != query["code_challenge"] or form["redirect_uri"] != query["redirect_uri"]:
            return web.json_response({"error": "invalid_grant"}, status=400)
        now = int(time.time())
        claims = {
            "iss": self.address,
            "sub": "1",
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": query["nonce"],
            "preferred_username": "wang",
            **self.claims,
        }
        key = self.signs_with or self.key
        token = jwt.encode({"alg": "RS256", "kid": key.kid}, {k: v for k, v in claims.items() if v is not None}, key)
        return web.json_response({"id_token": token, "access_token": "x", "token_type": "Bearer"})

    async def keys(self, request: web.Request) -> web.Response:
        """Its public key."""
        self.asked_for_keys += 1
        return web.json_response({"keys": [self.key.as_dict(private=False)]})


@pytest.fixture
async def provider() -> AsyncIterator[TestProvider]:
    """The provider, listening."""
    made = TestProvider()
    runner = web.AppRunner(made.app())
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.address = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield made
    await runner.cleanup()


@pytest.fixture
def settings(settings: Settings, provider: TestProvider, tmp_path: Path) -> Settings:
    """The service with this provider; where it is itself is known after the start, see ``browser``."""
    secret = tmp_path / "client.secret"
    secret.write_text(SECRET + "\n", encoding="utf-8")
    oidc = OidcSettings(
        provider.address, CLIENT, secret, "http://127.0.0.1/login/oidc/return", "preferred_username", "市统一认证"
    )
    return replace(settings, accounts=replace(AccountSettings(), oidc=oidc))


class Browser:
    """Follows the redirects one by one."""

    def __init__(self, service: RunningService) -> None:
        self.address = service.address
        self.http = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))

    async def go(self, url: str) -> tuple[int, str, str]:
        """Status, location and text."""
        async with self.http.get(url, allow_redirects=False) as answer:
            return answer.status, answer.headers.get("Location", ""), await answer.text()

    async def to_provider_and_back(self) -> str:
        """The address the provider sends the browser back to, at the running service."""
        status, location, _ = await self.go(f"{self.address}/login/oidc?next=/calls")
        assert status == 303
        status, back, _ = await self.go(location)
        assert status == 302
        return f"{self.address}/login/oidc/return?{urlsplit(back).query}"

    async def log_in(self) -> tuple[int, str, str]:
        """The whole way."""
        return await self.go(await self.to_provider_and_back())

    async def me(self) -> int:
        """Whether a session opened."""
        return (await self.go(f"{self.address}/api/v1/me"))[0]


@pytest.fixture
async def browser(service: RunningService) -> AsyncIterator[Browser]:
    """A browser without a session."""
    opened = Browser(service)
    yield opened
    await opened.http.close()


async def test_a_person_known_here_comes_in_and_the_answer_counts_once(
    service: RunningService, provider: TestProvider, browser: Browser
) -> None:
    await add_user(service.pool, "wang", "operator", password="a long password")
    _, _, page = await browser.go(f"{browser.address}/login")
    assert "市统一认证" in page
    back = await browser.to_provider_and_back()
    status, location, _ = await browser.go(back)
    assert (status, location) == (303, "/calls")
    assert await browser.me() == 200
    async with service.pool.acquire() as connection:
        entry = await connection.fetchrow("select action, detail from audit_entries where action = 'logged_in'")
        kept = await connection.fetchval("select string_agg(p::text, ' ') from provider_logins p")
    assert entry["detail"] == {"way": "provider"}
    assert kept is None, "nothing of a log-in is kept once it is done"
    status, _, text = await browser.go(back)
    assert (status, "已过期或已用过" in text) == (401, True), "a replayed state is worth nothing"


async def test_what_the_provider_or_a_stranger_makes_up_is_refused(
    service: RunningService, provider: TestProvider, browser: Browser
) -> None:
    await add_user(service.pool, "wang", "operator", password="a long password")
    leaver, _ = await add_user(service.pool, "left", "operator", password="a long password")
    async with service.pool.acquire() as connection:
        await connection.execute("update users set disabled_at = now() where id = $1", leaver)
    old = int(time.time()) - 3600
    lies: list[tuple[dict[str, Any], str]] = [
        ({"nonce": "another"}, "无效"),
        ({"nonce": None}, "无效"),
        ({"exp": old}, "无效"),
        ({"exp": None}, "无效"),
        ({"aud": "another-client"}, "无效"),
        ({"aud": [CLIENT, "another-client"]}, "无效"),
        ({"iss": "https://idp.example"}, "无效"),
        ({"iat": int(time.time()) + 3600}, "无效"),
        ({"preferred_username": None}, "没有“preferred_username”"),
        ({"preferred_username": ["wang"]}, "没有“preferred_username”"),
        ({"preferred_username": "nobody"}, "没有您可用的账号"),
        ({"preferred_username": "left"}, "没有您可用的账号"),
    ]
    for claims, sentence in lies:
        provider.claims = claims
        status, _, text = await browser.log_in()
        assert (status, sentence in text) == (401, True), claims
        assert await browser.me() == 401
    provider.claims = {}
    # another key under the same name, and a state that nobody began
    provider.signs_with = RSAKey.generate_key(2048, {"kid": "one"})
    assert (await browser.log_in())[0] == 401
    provider.signs_with = None
    for query in ("", "?state=made-up&code=x", "?code=x", "?error=access_denied"):
        assert (await browser.go(f"{browser.address}/login/oidc/return{query}"))[0] == 401
    # the answer to one browser is worth nothing in another
    other = Browser(service)
    back = await browser.to_provider_and_back()
    assert (await other.go(back))[0] == 401
    await other.http.close()
    assert await browser.me() == 401
    async with service.pool.acquire() as connection:
        assert await connection.fetchval("select count(*) from sessions") == 0
        assert await connection.fetchval("select count(*) from users") == 2, "nobody is made by a token"
    assert (await browser.log_in())[0] == 303, "and the honest one still comes in"


async def test_a_changed_key_is_looked_for_and_a_plain_signature_never_taken(
    service: RunningService, provider: TestProvider, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add_user(service.pool, "wang", "operator", password="a long password")
    assert (await browser.log_in())[0] == 303
    assert provider.asked_for_keys == 1
    monkeypatch.setattr("hotline.accounts.oidc.KEYS_AGAIN_S", 0.0)
    provider.key = RSAKey.generate_key(2048, {"kid": "two"})
    assert (await browser.log_in())[0] == 303
    assert provider.asked_for_keys == 2

    def unsigned(*_: Any) -> str:
        head, body = (base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in (b'{"alg":"none"}', b"{}"))
        return f"{head}.{body}."

    monkeypatch.setattr(jwt, "encode", unsigned)
    assert (await browser.log_in())[0] == 401


async def test_a_provider_that_is_away_is_told_and_passwords_still_work(
    service: RunningService, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert service.services.oidc is not None
    monkeypatch.setattr(
        service.services.oidc, "_settings", replace(service.services.oidc._settings, issuer="http://127.0.0.1:9")
    )
    status, _, text = await browser.go(f"{browser.address}/login/oidc")
    assert (status, "暂时连不上" in text) == (503, True)
    await add_user(service.pool, "wang", "operator", password="a long password")
    form = {"name": "wang", "password": "a long password"}
    async with browser.http.post(f"{browser.address}/login", data=form, allow_redirects=False) as answer:
        assert (answer.status, COOKIE in answer.cookies) == (303, True)


def test_a_half_configured_provider_keeps_the_service_from_starting(tmp_path: Path) -> None:
    whole = {
        "HOTLINE_OIDC_ISSUER": "https://idp.example/realms/city",
        "HOTLINE_OIDC_CLIENT_ID": CLIENT,
        "HOTLINE_OIDC_REDIRECT_URI": "https://hotline.example/login/oidc/return",
    }
    made = load_settings(whole).accounts.oidc
    assert made is not None
    for name, value in (
        ("HOTLINE_OIDC_CLIENT_ID", ""),
        ("HOTLINE_OIDC_REDIRECT_URI", "https://hotline.example/elsewhere"),
        ("HOTLINE_OIDC_ISSUER", "http://idp.example"),
    ):
        with pytest.raises(ConfigError, match=name):
            load_settings({**whole, name: value})
    with pytest.raises(ConfigError, match="HOTLINE_OIDC_CLIENT_SECRET_FILE"):
        Provider(replace(made, client_secret_file=tmp_path / "missing"))
