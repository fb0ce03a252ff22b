"""The whole service as browsers meet it through a proxy on this machine that speaks TLS."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network

import pytest

from config.listening import ListeningSettings
from config.settings import Settings
from hotline.accounts.store import add_user
from tests.service_fixtures import RunningService

HTTPS = {"X-Forwarded-For": "127.0.0.1, 198.51.100.9", "X-Forwarded-Proto": "https"}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Loopback is a proxy's."""
    return replace(settings, listening=ListeningSettings(trusted_proxies=(ip_network("127.0.0.1/32"),)))


async def test_scheme_and_address_are_the_clients(service: RunningService) -> None:
    await add_user(service.pool, "reader", "manager", password="a long password")
    form = {"name": "reader", "password": "a long password"}
    async with service.session.get(f"{service.address}/login", headers=HTTPS) as answer:
        assert answer.status == 200
        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    options = {"data": form, "allow_redirects": False}
    async with service.session.post(f"{service.address}/login", headers=HTTPS, **options) as answer:
        assert answer.status == 303
        cookie = answer.cookies["hotline_session"]
        assert (bool(cookie["secure"]), bool(cookie["httponly"]), cookie["samesite"]) == (True, True, "Lax")
    # what the client wrote itself, loopback, opens no door
    clear = {**HTTPS, "X-Forwarded-Proto": "http"}
    async with service.session.post(f"{service.address}/login", headers=clear, **options) as answer:
        assert answer.status == 403
        assert "hotline_session" not in answer.cookies
        assert (await answer.json(content_type=None))["type"] == "urn:hotline:problem:cleartext-refused"
    for path, status in (("/healthz", 200), ("/readyz", 200), ("/metrics", 200), ("/api/v1/me", 403)):
        async with service.session.get(service.address + path, headers=clear) as answer:
            assert answer.status == status, path
    # the proxy's own machine, past the proxy
    async with service.session.post(f"{service.address}/login", **options) as answer:
        assert answer.status == 303
        assert not answer.cookies["hotline_session"]["secure"]
        assert "Strict-Transport-Security" not in answer.headers


async def test_lock_outs_go_by_the_clients_address(service: RunningService) -> None:
    async def wrong(seen: str) -> int:
        headers = {**HTTPS, "X-Forwarded-For": seen, "Accept": "application/json"}
        form = {"name": "nobody", "password": "wrong password"}
        async with service.session.post(f"{service.address}/login", headers=headers, data=form) as answer:
            return answer.status

    assert await wrong("10.9.8.7, 198.51.100.9") == 401
    async with service.pool.acquire() as connection:
        rows = await connection.fetch("select subject from login_failures")
    assert {row["subject"] for row in rows} == {"name:nobody", "address:198.51.100.9"}
