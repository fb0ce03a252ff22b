"""Opening the port: TLS, refusal of clear text off loopback, limits of connections."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import structlog
from aiohttp import web
from cryptography import x509

from config.settings import Settings
from hotline.errors import HotlineError

log = structlog.get_logger(__name__)

#: A connection that sends no whole request head within this time is closed, and so is an idle one. Longer than what
#: proxies keep idle connections for (60 s by default), or they would send into a closing one.
IDLE_CONNECTION_S = 75.0
MAX_HEADERS = 100
#: Request line and each header field. Cookies and tokens of ours are below 200 bytes.
MAX_LINE_BYTES = 8190
#: How often a changed certificate is looked for; SIGHUP looks at once.
CERTIFICATE_LOOK_S = 15.0
EXPIRY_WARNING = timedelta(days=21)

#: For TLS 1.2; those of 1.3 are good as they are. Forward secrecy and authenticated ciphers only.
_CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"


class CleartextRefused(HotlineError):
    """The settings would serve other machines without TLS."""


class TlsUnusable(HotlineError):
    """Certificate or key cannot be used."""


def is_loopback(host: str) -> bool:
    """Whether listening on ``host`` reaches this machine only; a wildcard or an unknown name does not."""
    try:
        found = socket.getaddrinfo(host or "0.0.0.0", None, type=socket.SOCK_STREAM)  # noqa: S104 - asked, not bound
    except socket.gaierror:
        return False
    return all(ip_address(str(address[0]).partition("%")[0]).is_loopback for *_, address in found)


def check_exposure(settings: Settings) -> None:
    """Raise CleartextRefused, one sentence, where passwords and calls would cross the network in the clear."""
    listening = settings.listening
    if listening.tls_cert or listening.trusted_proxies or listening.allow_cleartext or is_loopback(settings.host):
        return
    raise CleartextRefused(
        f"HOTLINE_HOST is {settings.host!r}, which other machines reach, and there is no TLS: set HOTLINE_TLS_CERT "
        "and HOTLINE_TLS_KEY, or HOTLINE_TRUSTED_PROXIES with the addresses of the proxy that speaks TLS, or "
        "HOTLINE_ALLOW_CLEARTEXT=yes if the network may read everything."
    )


def tls_context(cert: Path, key: Path) -> ssl.SSLContext:
    """TLS 1.2 and 1.3 with this certificate. Raises TlsUnusable, one sentence."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
    context.set_ciphers(_CIPHERS)
    context.set_alpn_protocols(["http/1.1"])
    load_certificate(context, cert, key)
    return context


def load_certificate(context: ssl.SSLContext, cert: Path, key: Path) -> None:
    """Serve this certificate from the next handshake on; on TlsUnusable ``context`` stays as it was."""
    try:
        # tried on a context of its own first: a pair that does not fit must not leave half of it in use
        # the empty password keeps OpenSSL from asking for one on the terminal
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key, password=lambda: "")
        ends = x509.load_pem_x509_certificates(cert.read_bytes())[0].not_valid_after_utc
        context.load_cert_chain(cert, key, password=lambda: "")
    except (OSError, ValueError) as error:
        raise TlsUnusable(
            f"TLS cannot be served with HOTLINE_TLS_CERT {cert} and HOTLINE_TLS_KEY {key} ({error}): both must be "
            "readable PEM files that belong together, the key without a password."
        ) from error
    if key.stat().st_mode & 0o077:
        log.warning("tls_key_readable_by_others", advice=f"chmod 0600 {key}")
    left = ends - datetime.now(UTC)
    (log.warning if left < EXPIRY_WARNING else log.info)("tls_certificate", ends=ends.isoformat(), days=left.days)


class CertificateWatch:
    """Takes up a renewed certificate without a restart; a bad one is logged and the old one stays."""

    def __init__(self, context: ssl.SSLContext, cert: Path, key: Path) -> None:
        self._context, self._cert, self._key = context, cert, key
        self._seen = self._state()

    def _state(self) -> list[tuple[int, int] | None]:
        found: list[tuple[int, int] | None] = []
        for path in (self._cert, self._key):
            try:
                stat = os.stat(path)
            except OSError:
                found.append(None)
            else:
                found.append((stat.st_mtime_ns, stat.st_ino))
        return found

    def look(self, *, force: bool = False) -> bool:
        """Load the files when they changed, or ``force``; whether a certificate was loaded."""
        state = self._state()
        if state == self._seen and not force:
            return False
        self._seen = state
        try:
            load_certificate(self._context, self._cert, self._key)
        except TlsUnusable as error:
            log.error("tls_certificate_refused", error=str(error), advice="the one before stays in use")
            return False
        return True

    async def run(self) -> None:
        """Look from time to time, for ever."""
        while True:
            await asyncio.sleep(CERTIFICATE_LOOK_S)
            self.look()


def make_runner(app: web.Application, *, shutdown_timeout: float) -> web.AppRunner:
    """The runner of ``app`` with the limits of connections; compressed bodies are never unpacked."""
    return web.AppRunner(
        app,
        shutdown_timeout=shutdown_timeout,
        access_log=None,
        keepalive_timeout=IDLE_CONNECTION_S,
        max_headers=MAX_HEADERS,
        max_line_size=MAX_LINE_BYTES,
        max_field_size=MAX_LINE_BYTES,
        auto_decompress=False,
    )


@contextlib.asynccontextmanager
async def listening(runner: web.AppRunner, settings: Settings, port: int) -> AsyncIterator[int]:
    """Serve ``runner`` on the settings' host and ``port``; gives the port, reloads the certificate on SIGHUP.

    Raises CleartextRefused and TlsUnusable before anything listens.
    """
    check_exposure(settings)
    cert, key = settings.listening.tls_cert, settings.listening.tls_key
    context = tls_context(cert, key) if cert and key else None
    site = web.TCPSite(runner, settings.host, port, ssl_context=context)
    await site.start()
    watching: asyncio.Task[None] | None = None
    loop = asyncio.get_running_loop()
    if context is not None and cert and key:
        watch = CertificateWatch(context, cert, key)
        watching = asyncio.create_task(watch.run())
        loop.add_signal_handler(signal.SIGHUP, _look_now, watch)
    try:
        address: Any = runner.addresses[0]
        yield int(address[1])
    finally:
        if watching is not None:
            loop.remove_signal_handler(signal.SIGHUP)
            watching.cancel()
        await site.stop()


def _look_now(watch: CertificateWatch) -> None:
    watch.look(force=True)
