"""Where the audit log is shipped to: ``HOTLINE_SYSLOG``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from config.errors import ConfigError

_NETWORK = re.compile(r"(udp|tcp)://(\[[0-9a-fA-F:]+\]|[^\s/:\[\]]+)(?::([0-9]{1,5}))?/?")


@dataclass(frozen=True, slots=True)
class SyslogReceiver:
    """A syslog server, or the socket of the machine's own."""

    kind: Literal["udp", "tcp", "unix"]
    place: str
    """Host, or path of the socket."""
    port: int = 514

    def __str__(self) -> str:
        return self.place if self.kind == "unix" else f"{self.kind}://{self.place}:{self.port}"


def read_syslog(text: str | None) -> SyslogReceiver | None:
    """``udp://HOST:PORT``, ``tcp://HOST:PORT`` or the path of a socket; None where nothing is set.

    Raises ConfigError.
    """
    if not text:
        return None
    if text.startswith(("/", "unix:///")):
        return SyslogReceiver("unix", text.removeprefix("unix://"))
    match = _NETWORK.fullmatch(text)
    if match is None or not 0 < int(match[3] or 514) < 65536:
        raise ConfigError(
            f"HOTLINE_SYSLOG is {text!r}; set it to udp://HOST:PORT, tcp://HOST:PORT or the path of a socket "
            "such as /dev/log."
        )
    return SyslogReceiver("tcp" if match[1] == "tcp" else "udp", match[2].strip("[]"), int(match[3] or 514))
