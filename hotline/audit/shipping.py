"""The audit log by syslog (RFC 5424): ids only, from a place kept in the database, so that nothing is left out.

By TCP a batch counts as delivered when the receiver has read it to the end and
closed its side; where it does not, the batch is sent again. By UDP and by a
datagram socket nobody answers: what the receiver missed is missing there (its
``seq`` numbers show the gap). A message may arrive twice, never out of order
within one sender; ``seq`` tells.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from config.syslog import SyslogReceiver
from hotline.audit.linking import queries
from hotline.errors import HotlineError

#: Facility 13 (log audit); severities notice and warning.
_NOTICE, _WARNING = 13 * 8 + 5, 13 * 8 + 4
#: Enterprise number reserved for documentation (RFC 5612): we have none of our own.
SD_ID = "audit@32473"
BATCH = 500
#: A receiver that takes longer is away; the batch is sent again later.
PATIENCE_S = 5.0


class ReceiverAway(HotlineError):
    """The log receiver did not take what was sent."""


def message(entry: Mapping[str, Any], host: str) -> bytes:
    """One entry of the audit log as an RFC 5424 message."""
    at: datetime = entry["at"]
    level = _WARNING if entry["action"] in ("alert_raised", "login_failed") else _NOTICE
    fields = {
        "seq": entry["seq"],
        "entry": entry["id"],
        "user": entry["user_id"],
        "role": entry["role"],
        "action": entry["action"],
        "subject": entry["subject"],
        "reason": entry["reason"],
        "link": entry["link"].hex(),
    }
    data = "".join(f' {name}="{_escaped(str(value))}"' for name, value in fields.items() if value is not None)
    moment = at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    return f"<{level}>1 {moment} {host} hotline {os.getpid()} audit [{SD_ID}{data}]".encode()


def _escaped(value: str) -> str:
    escaped = "".join(f"\\{sign}" if sign in '"\\]' else sign for sign in value)
    return "".join(sign if sign.isprintable() else " " for sign in escaped)


async def ship_round(pool: Any, receiver: SyslogReceiver) -> int:
    """Send the next batch of linked entries; how many. Raises ReceiverAway, and then sends the same again later."""
    async with pool.acquire() as connection, connection.transaction():
        if not await queries.lock_shipping(connection):
            return 0
        place = await queries.shipped(connection, receiver=str(receiver))
        rows = await queries.to_ship(connection, after=place or 0, limit=BATCH)
        if not rows:
            return 0
        host = socket.gethostname() or "-"
        try:
            await asyncio.wait_for(_send(receiver, [message(row, host) for row in rows]), PATIENCE_S)
        except (OSError, TimeoutError) as error:
            raise ReceiverAway(f"The log receiver {receiver} does not take the audit log ({error}).") from error
        await queries.set_shipped(connection, receiver=str(receiver), seq=rows[-1]["seq"])
        return len(rows)


async def _send(receiver: SyslogReceiver, messages: Sequence[bytes]) -> None:
    if receiver.kind == "tcp":
        reader, writer = await asyncio.open_connection(receiver.place, receiver.port)
        await _stream(reader, writer, messages)
    elif receiver.kind == "udp":
        await asyncio.to_thread(_udp, receiver, messages)
    else:
        try:
            await asyncio.to_thread(_datagrams, receiver.place, messages)
        except OSError as error:
            if error.errno != errno.EPROTOTYPE:
                raise
            reader, writer = await asyncio.open_unix_connection(receiver.place)
            await _stream(reader, writer, messages)


async def _stream(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, messages: Sequence[bytes]) -> None:
    """RFC 6587's octet counting; returns when the other side has read it all and closed."""
    try:
        for each in messages:
            writer.write(f"{len(each)} ".encode() + each)
        await writer.drain()
        writer.write_eof()
        while await reader.read(4096):
            pass
    finally:
        writer.close()


def _udp(receiver: SyslogReceiver, messages: Sequence[bytes]) -> None:
    family, kind, protocol, _, address = socket.getaddrinfo(receiver.place, receiver.port, type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, kind, protocol) as sender:
        sender.settimeout(PATIENCE_S)
        # connected, so that the refusal of a machine without a receiver comes back to us
        sender.connect(address)
        for each in messages:
            sender.send(each)


def _datagrams(path: str, messages: Sequence[bytes]) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.settimeout(PATIENCE_S)
        sender.connect(path)
        for each in messages:
            sender.send(each)
