"""TLS for real on loopback, and the refusal to speak in the clear to others."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import ssl
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from config.listening import ListeningSettings
from config.settings import Settings, load_settings
from hotline.web import listening as opening
from hotline.web.clients import know_client
from hotline.web.headers import protect
from hotline.web.listening import CleartextRefused, TlsUnusable, check_exposure, listening, make_runner, tls_context
from tests.unit.web.certificates import write_certificate

#: Asked about, never bound.
ANYWHERE = "0.0.0.0"  # noqa: S104


def settings(folder: Path, **values: Any) -> Settings:
    return replace(load_settings({"HOTLINE_STATE_DIR": str(folder), **values.pop("environment", {})}), port=0, **values)


@pytest.fixture
async def runner(request: pytest.FixtureRequest) -> AsyncIterator[web.AppRunner]:
    """Says back who asks, by which scheme."""
    marked: ListeningSettings = getattr(request, "param", ListeningSettings())

    async def whoami(request: web.Request) -> web.Response:
        return web.json_response([request.remote, request.scheme])

    app = web.Application(middlewares=[know_client(marked)])
    app.router.add_get("/", whoami)
    app.on_response_prepare.append(protect)
    made = make_runner(app, shutdown_timeout=0.5)
    await made.setup()
    yield made
    await made.cleanup()


def trusting(cert: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(cert))


async def ask(port: int, trust: ssl.SSLContext, **headers: str) -> tuple[Any, Any]:
    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as session,
        session.get(f"https://127.0.0.1:{port}/", ssl=trust, headers=headers) as answer,
    ):
        return await answer.json(), answer.headers


async def test_tls_is_served_and_verified(runner: web.AppRunner, tmp_path: Path) -> None:
    cert, key = write_certificate(tmp_path, "first")
    other, _ = write_certificate(tmp_path, "other")
    own = settings(tmp_path, listening=ListeningSettings(cert, key))
    async with listening(runner, own, 0) as port:
        body, headers = await ask(port, trusting(cert), **{"X-Forwarded-For": "198.51.100.1"})
        assert body == ["127.0.0.1", "https"]
        assert headers["Strict-Transport-Security"] == "max-age=31536000"
        assert headers["Server"] == "hotline"
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await ask(port, trusting(other))
        old = trusting(cert)
        old.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        with pytest.warns(DeprecationWarning, match="TLSv1_1"):
            old.maximum_version = ssl.TLSVersion.TLSv1_1
        old.set_ciphers("ALL:@SECLEVEL=0")
        with pytest.raises(aiohttp.ClientConnectorError):
            await ask(port, old)
        new = trusting(cert)
        new.maximum_version = ssl.TLSVersion.TLSv1_2
        assert (await ask(port, new))[0] == ["127.0.0.1", "https"]


async def test_a_renewed_certificate_is_taken_up_and_a_bad_one_is_not(runner: web.AppRunner, tmp_path: Path) -> None:
    cert, key = write_certificate(tmp_path, "first")
    next_cert, next_key = write_certificate(tmp_path, "next")
    first, then = trusting(cert), trusting(next_cert)
    async with listening(runner, settings(tmp_path, listening=ListeningSettings(cert, key)), 0) as port:
        await ask(port, first)
        # half of the new pair is in place: the old one is served on
        shutil.copyfile(next_cert, cert)
        os.kill(os.getpid(), signal.SIGHUP)
        await asyncio.sleep(0)
        await ask(port, first)
        shutil.copyfile(next_key, key)
        os.kill(os.getpid(), signal.SIGHUP)
        await asyncio.sleep(0)
        await ask(port, then)
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await ask(port, first)


async def test_changed_files_are_noticed_without_a_signal(tmp_path: Path) -> None:
    cert, key = write_certificate(tmp_path, "first")
    watch = opening.CertificateWatch(tls_context(cert, key), cert, key)
    assert not watch.look()
    next_cert, next_key = write_certificate(tmp_path, "next")
    next_cert.replace(cert)
    assert not watch.look()
    next_key.replace(key)
    assert watch.look()
    assert not watch.look()


@pytest.mark.parametrize("broken", ["no certificate", "no key", "strange key", "locked key"])
def test_an_unusable_pair_is_one_sentence(tmp_path: Path, broken: str) -> None:
    cert, key = write_certificate(tmp_path, "first")
    if broken == "no certificate":
        cert.unlink()
    elif broken == "no key":
        key.write_text("nothing")
    elif broken == "strange key":
        key = write_certificate(tmp_path, "other")[1]
    else:
        from cryptography.hazmat.primitives import serialization

        loaded = serialization.load_pem_private_key(key.read_bytes(), None)
        key.write_bytes(
            loaded.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.BestAvailableEncryption(b"locked"),
            )
        )
    with pytest.raises(TlsUnusable, match="HOTLINE_TLS_KEY"):
        tls_context(cert, key)


@pytest.mark.parametrize(
    ("host", "environment", "refused"),
    [
        ("127.0.0.1", {}, False),
        ("::1", {}, False),
        ("localhost", {}, False),
        (ANYWHERE, {}, True),
        ("::", {}, True),
        ("192.0.2.1", {}, True),
        (ANYWHERE, {"HOTLINE_ALLOW_CLEARTEXT": "no"}, True),
        (ANYWHERE, {"HOTLINE_ALLOW_CLEARTEXT": "yes"}, False),
        (ANYWHERE, {"HOTLINE_TRUSTED_PROXIES": "192.0.2.7"}, False),
        (ANYWHERE, {"HOTLINE_TLS_CERT": "/a", "HOTLINE_TLS_KEY": "/b"}, False),
    ],
)
def test_clear_text_is_for_this_machine_only(
    tmp_path: Path, host: str, environment: dict[str, str], refused: bool
) -> None:
    own = settings(tmp_path, environment={**environment, "HOTLINE_HOST": host})
    if refused:
        with pytest.raises(CleartextRefused, match="HOTLINE_ALLOW_CLEARTEXT=yes"):
            check_exposure(own)
    else:
        check_exposure(own)


async def test_a_connection_without_a_whole_request_head_is_closed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(opening, "IDLE_CONNECTION_S", 0.3)
    made = make_runner(web.Application(), shutdown_timeout=0.5)
    await made.setup()
    async with listening(made, settings(tmp_path), 0) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ")
        await writer.drain()
        assert await asyncio.wait_for(reader.read(), 10) == b""
        writer.close()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        many = b"".join(b"X-%d: a\r\n" % n for n in range(opening.MAX_HEADERS + 10))
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n" + many + b"\r\n")
        assert b" 400 " in await reader.readline()
        writer.close()
    await made.cleanup()
