"""Whose word counts: the socket's, and that of proxies we were told to trust."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from config.errors import ConfigError
from config.listening import listening_settings
from hotline.web.clients import find_client, parse_address

PROXIES = (ip_network("10.0.0.0/24"), ip_network("fd00::/8"))


def found(peer: str | None, *forwarded: str, proto: tuple[str, ...] = (), encrypted: bool = False) -> tuple[str, bool]:
    client = find_client(peer, encrypted=encrypted, forwarded_for=forwarded, forwarded_proto=proto, trusted=PROXIES)
    return client.address, client.https


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("203.0.113.9", (), "203.0.113.9"),
        # whoever is no proxy of ours may write what they like
        ("203.0.113.9", ("198.51.100.1",), "203.0.113.9"),
        ("10.0.0.5", ("198.51.100.1",), "198.51.100.1"),
        # the client forged the left part; the proxy appended what it saw
        ("10.0.0.5", ("127.0.0.1, 198.51.100.1",), "198.51.100.1"),
        ("10.0.0.5", ("127.0.0.1", "198.51.100.1"), "198.51.100.1"),
        # two proxies in a row
        ("10.0.0.5", ("1.1.1.1, 198.51.100.1, 10.0.0.6",), "198.51.100.1"),
        ("10.0.0.5", ("198.51.100.1:4711",), "198.51.100.1"),
        ("10.0.0.5", ("[2001:db8::7]:4711",), "2001:db8::7"),
        ("fd00::1", ("2001:db8::7",), "2001:db8::7"),
        ("::ffff:10.0.0.5", ("198.51.100.1",), "198.51.100.1"),
        # no address: the last hop that is known stands
        ("10.0.0.5", ("198.51.100.1, unknown",), "10.0.0.5"),
        ("10.0.0.5", ("198.51.100.1, <script>, 10.0.0.6",), "10.0.0.6"),
        ("10.0.0.5", ("",), "10.0.0.5"),
        # nothing but proxies: the one farthest away
        ("10.0.0.5", ("10.0.0.7, 10.0.0.6",), "10.0.0.7"),
    ],
)
def test_the_client_is_the_rightmost_untrusted_address(peer: str, forwarded: tuple[str, ...], expected: str) -> None:
    assert found(peer, *forwarded)[0] == expected


def test_the_scheme_is_believed_of_trusted_proxies_only() -> None:
    assert found("203.0.113.9", proto=("https",)) == ("203.0.113.9", False)
    assert found("10.0.0.5", "198.51.100.1", proto=("https",)) == ("198.51.100.1", True)
    # the nearest proxy's word, which stands last
    assert found("10.0.0.5", "198.51.100.1", proto=("https, http",)) == ("198.51.100.1", False)
    assert found("10.0.0.5", "198.51.100.1", proto=("https", "http")) == ("198.51.100.1", False)
    # our own TLS needs nobody's word, and a proxy may say that its client came in the clear
    assert found("203.0.113.9", encrypted=True)[1]
    assert not found("10.0.0.5", "198.51.100.1", proto=("http",), encrypted=True)[1]


def test_a_unix_socket_is_this_machine() -> None:
    assert find_client("", encrypted=False, forwarded_for=(), forwarded_proto=(), trusted=()).loopback


def test_mapped_and_scoped_addresses_are_plain_ones() -> None:
    assert str(parse_address("::ffff:127.0.0.1")) == "127.0.0.1"
    assert str(parse_address("fe80::1%eth0")) == "fe80::1"
    assert parse_address("1.2.3.4.5") is None


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"HOTLINE_TLS_CERT": "a.pem"}, "HOTLINE_TLS_KEY"),
        ({"HOTLINE_TLS_KEY": "a.pem"}, "HOTLINE_TLS_CERT"),
        ({"HOTLINE_TRUSTED_PROXIES": "proxy.example"}, "proxy.example"),
        ({"HOTLINE_TRUSTED_PROXIES": "10.0.0.5/24"}, "10.0.0.5/24"),
        ({"HOTLINE_TRUSTED_PROXIES": "0.0.0.0/0"}, "everybody"),
        ({"HOTLINE_ALLOW_CLEARTEXT": "perhaps"}, "perhaps"),
    ],
)
def test_a_wrong_setting_is_named(environment: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        listening_settings(environment)


def test_proxies_stand_with_commas_or_blanks_between() -> None:
    read = listening_settings({"HOTLINE_TRUSTED_PROXIES": "10.0.0.5, 10.1.0.0/16 fd00::/8"})
    assert [str(network) for network in read.trusted_proxies] == ["10.0.0.5/32", "10.1.0.0/16", "fd00::/8"]
