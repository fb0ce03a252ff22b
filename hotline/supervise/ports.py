"""Whether the web can listen where it shall, found out before anything is started."""

from __future__ import annotations

import errno
import socket
from pathlib import Path

import psutil

from hotline.supervise.errors import PortError

CHILD_SCRIPT = Path(__file__).with_name("child.py")


def free_port(host: str, port: int) -> int:
    """``port`` if it can be listened on at ``host``, or for 0 some free one.

    Raises PortError, one sentence, when it is taken (naming our own instance where it is one) or not ours to use.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except socket.gaierror as error:
        raise PortError(f"HOTLINE_HOST is {host!r}, which is no address ({error.strerror}): correct it.") from error
    with socket.socket(family, kind, protocol) as probe:
        # As asyncio does when it listens, so that connections in TIME_WAIT do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            raise PortError(_sentence(host, port, error)) from error
        return int(probe.getsockname()[1])


def address_of(host: str, port: int, *, https: bool = False) -> str:
    """The address a browser on this machine opens; a wildcard becomes the loopback."""
    scheme = "https" if https else "http"
    shown = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104 - compared, not bound
    return f"{scheme}://[{shown}]:{port}" if ":" in shown else f"{scheme}://{shown}:{port}"


def _sentence(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        ours = _our_instance(port)
        if ours is not None:
            return (
                f"hotline is already running on {address_of(host, port)} (process {ours}): open that address, "
                f"stop it with kill {ours}, or set HOTLINE_PORT to another port."
            )
        return f"Port {port} on {host} is taken by another program: stop it, or set HOTLINE_PORT to a free port."
    if error.errno == errno.EACCES:
        return f"This user may not listen on port {port}: set HOTLINE_PORT to a port from 1024 up."
    return (
        f"Nothing can listen on {host} port {port} ({error.strerror}): set HOTLINE_HOST to an address of this machine."
    )


def _our_instance(port: int) -> int | None:
    """The process to stop when it is a hotline that listens on ``port``: its supervisor, else itself."""
    try:
        connections = psutil.net_connections("tcp")
    except psutil.AccessDenied:
        # macOS tells only root; the general sentence will do.
        return None
    for connection in connections:
        listens = connection.status == psutil.CONN_LISTEN and tuple(connection.laddr)[1:2] == (port,)
        if not listens or connection.pid is None:
            continue
        try:
            process = psutil.Process(connection.pid)
            command = process.cmdline()
            if str(CHILD_SCRIPT) in command:
                return process.ppid()
            if any(Path(word).name == "hotline" for word in command):
                return process.pid
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return None
