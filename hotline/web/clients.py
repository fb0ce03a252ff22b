"""Where a request comes from: the client's address and scheme, by the socket or by a proxy we were told to trust."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address

from aiohttp import web
from aiohttp.typedefs import Middleware

from config.listening import ListeningSettings, Network
from hotline.web.problems import problem

Address = IPv4Address | IPv6Address
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

FORWARDED_FOR, FORWARDED_PROTO = "X-Forwarded-For", "X-Forwarded-Proto"
#: Answered over clear text to whoever can reach the port: probes and Prometheus come past the proxy, and nothing
#: here tells of a person.
ALWAYS_ANSWERED = frozenset({"/healthz", "/readyz", "/metrics"})


@dataclass(frozen=True, slots=True)
class Client:
    """Who is at the other end."""

    address: str
    """An IP address; ``local`` where there is none."""
    https: bool
    """Whether every hop up to us that we know of was encrypted as the client saw it."""
    loopback: bool


CLIENT: web.RequestKey[Client] = web.RequestKey("client", Client)


# the same few offices ask all day
@lru_cache(maxsize=1024)
def parse_address(text: str | None) -> Address | None:
    """An address as sockets and proxies write it, with or without port and brackets; None for anything else."""
    word = (text or "").strip()
    if word.startswith("["):
        word = word[1:].partition("]")[0]
    elif word.count(":") == 1:
        word = word.partition(":")[0]
    try:
        found = ip_address(word.partition("%")[0])
    except ValueError:
        return None
    return found.ipv4_mapped or found if isinstance(found, IPv6Address) else found


def find_client(
    peer: str | None,
    *,
    encrypted: bool,
    forwarded_for: Sequence[str],
    forwarded_proto: Sequence[str],
    trusted: Sequence[Network],
) -> Client:
    """The client behind ``peer``: the right-most address that is not a trusted proxy's.

    Each proxy appends the address that it saw, so what stands left of the first
    untrusted address was written by the client itself and is worth nothing. An
    entry that is no address ends the search at the last hop known.
    """

    def is_trusted(address: Address) -> bool:
        return any(address.version == network.version and address in network for network in trusted)

    found = parse_address(peer)
    if found is None:
        # a unix socket: whoever may open it is on this machine
        return Client(peer or "local", encrypted, loopback=True)
    https = encrypted
    if is_trusted(found):
        said = [word.strip().lower() for line in forwarded_proto for word in line.split(",")]
        if said:
            https = said[-1] == "https"
        for word in reversed([word for line in forwarded_for for word in line.split(",")]):
            hop = parse_address(word)
            if hop is None:
                break
            found = hop
            if not is_trusted(hop):
                break
    return Client(str(found), https, found.is_loopback)


def know_client(settings: ListeningSettings) -> Middleware:
    """The middleware that settles ``request.remote`` and ``request.secure`` for all others.

    Refuses clear text from other machines unless the settings allow it.
    """

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        client = find_client(
            request.remote,
            encrypted=request.secure,
            forwarded_for=request.headers.getall(FORWARDED_FOR, ()),
            forwarded_proto=request.headers.getall(FORWARDED_PROTO, ()),
            trusted=settings.trusted_proxies,
        )
        request[CLIENT] = client
        if not (client.https or client.loopback or settings.allow_cleartext or request.path in ALWAYS_ANSWERED):
            return problem(
                403,
                "cleartext-refused",
                "连接未加密",
                "本服务只接受加密连接：请用 https:// 打开；代理须转发 X-Forwarded-Proto: https。",
            )
        scheme = "https" if client.https else "http"
        if (scheme, client.address) == (request.scheme, request.remote):
            return await handler(request)
        return await handler(request.clone(scheme=scheme, remote=client.address))

    return middleware
