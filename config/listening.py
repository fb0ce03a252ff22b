"""Who may reach the web and how: TLS, trusted proxies, clear text (docs/operations.md)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

from config.environment import path
from config.errors import ConfigError

Network = IPv4Network | IPv6Network

_YES, _NO = frozenset({"yes", "1", "true", "on"}), frozenset({"", "no", "0", "false", "off"})


@dataclass(frozen=True, slots=True)
class ListeningSettings:
    """How the web is reached; the defaults are: clear text, on loopback, by nobody's word but the socket's."""

    tls_cert: Path | None = None
    """PEM file of the certificate and those between it and its root; with :attr:`tls_key` the web speaks TLS itself."""
    tls_key: Path | None = None
    trusted_proxies: tuple[Network, ...] = ()
    """Only what these say in ``X-Forwarded-For`` and ``X-Forwarded-Proto`` is believed."""
    allow_cleartext: bool = False
    """Serve other machines without TLS: somebody said so."""


def listening_settings(env: Mapping[str, str]) -> ListeningSettings:
    """Read ``HOTLINE_TLS_*``, ``HOTLINE_TRUSTED_PROXIES`` and ``HOTLINE_ALLOW_CLEARTEXT``. Raises ConfigError."""
    cert, key = path(env, "HOTLINE_TLS_CERT"), path(env, "HOTLINE_TLS_KEY")
    if (cert is None) != (key is None):
        missing = "HOTLINE_TLS_CERT" if cert is None else "HOTLINE_TLS_KEY"
        raise ConfigError(f"TLS needs certificate and key: set {missing} too, or neither.")
    return ListeningSettings(cert, key, _networks(env), _said(env, "HOTLINE_ALLOW_CLEARTEXT"))


def _networks(env: Mapping[str, str]) -> tuple[Network, ...]:
    name = "HOTLINE_TRUSTED_PROXIES"
    networks = []
    for word in env.get(name, "").replace(",", " ").split():
        try:
            network = ip_network(word)
        except ValueError as error:
            raise ConfigError(
                f"{name} has {word!r}; write addresses or networks like 10.0.0.5, 10.1.0.0/24."
            ) from error
        if network.prefixlen == 0:
            raise ConfigError(f"{name} has {word!r}, which is everybody; name the proxies' own addresses.")
        networks.append(network)
    return tuple(networks)


def _said(env: Mapping[str, str], name: str) -> bool:
    value = env.get(name, "").strip().lower()
    if value not in _YES | _NO:
        raise ConfigError(f"{name} is {env[name]!r}; set it to yes or no.")
    return value in _YES
