"""What the chain is made of: the bytes of an entry, the link over them, the signed checkpoint.

Each link is an HMAC over the link before it, its own number and the entry.
The key is derived from the service's key file, which the database does not
hold: who may change the tables cannot compute links that fit.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from hotline.sealing.key_file import KeyRing
from hotline.sealing.suites import derive, keyed_hash

#: What the first link follows.
BEGINNING = bytes(32)


@dataclass(frozen=True, slots=True)
class AuditKey:
    """The key of the chain; make it with :func:`audit_key`."""

    id: str
    mac: Callable[[bytes], bytes]
    """HMAC by the hash of the key file's suite: 32 bytes."""


def audit_key(ring: KeyRing) -> AuditKey:
    """The chain's key: of the part of the key file that is never rotated, and good for nothing else."""
    mac = keyed_hash(ring.lookup_suite, derive(ring.lookup_suite, ring.lookup_secret, "hotline audit v1"))
    return AuditKey(f"{ring.lookup_suite}-{mac(b'key id')[:4].hex()}", mac)


def entry_bytes(entry: Mapping[str, Any]) -> bytes:
    """The bytes of an entry that its link covers: every column, the same for the same row at any time."""
    at: datetime = entry["at"]
    digest: bytes | None = entry["note_digest"]
    return orjson.dumps(
        [
            int(entry["txid"]),
            entry["id"],
            at.astimezone(UTC).isoformat(timespec="microseconds"),
            entry["user_id"],
            entry["role"],
            entry["action"],
            entry["subject"],
            entry["reason"],
            digest.hex() if digest else None,
            entry["detail"],
        ],
        option=orjson.OPT_SORT_KEYS,
    )


def link_of(key: AuditKey, chain: str, previous: bytes, seq: int, entry: Mapping[str, Any]) -> bytes:
    """The ``seq``-th link of ``chain`` (its id) over ``entry``, after ``previous``."""
    return key.mac(b"link\0" + chain.encode() + seq.to_bytes(8, "big") + previous + entry_bytes(entry))


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A signed statement: at ``at`` the chain had ``seq`` links and ended in ``link``."""

    chain: str
    seq: int
    link: bytes
    key_id: str
    at: datetime
    signature: bytes

    def to_json(self) -> bytes:
        """For the file and for the log receiver."""
        return orjson.dumps(
            {
                "chain": self.chain,
                "seq": self.seq,
                "link": self.link.hex(),
                "key_id": self.key_id,
                "at": self.at.astimezone(UTC).isoformat(timespec="microseconds"),
                "signature": self.signature.hex(),
            }
        )

    @classmethod
    def from_json(cls, text: bytes) -> Checkpoint:
        """Read what :meth:`to_json` wrote. Raises ValueError."""
        try:
            body = orjson.loads(text)
            return cls(
                body["chain"],
                int(body["seq"]),
                bytes.fromhex(body["link"]),
                body["key_id"],
                datetime.fromisoformat(body["at"]),
                bytes.fromhex(body["signature"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError("no checkpoint of the audit log") from error


def sign(key: AuditKey, chain: str, seq: int, link: bytes, at: datetime) -> Checkpoint:
    """A checkpoint of the chain as it stands."""
    return Checkpoint(chain, seq, link, key.id, at, key.mac(_statement(chain, seq, link, at)))


def signed_by(key: AuditKey, checkpoint: Checkpoint) -> bool:
    """Whether ``checkpoint`` was signed with this key and not changed since."""
    wanted = key.mac(_statement(checkpoint.chain, checkpoint.seq, checkpoint.link, checkpoint.at))
    return hmac.compare_digest(wanted, checkpoint.signature)


def _statement(chain: str, seq: int, link: bytes, at: datetime) -> bytes:
    moment = at.astimezone(UTC).isoformat(timespec="microseconds")
    return b"checkpoint\0" + chain.encode() + seq.to_bytes(8, "big") + link + moment.encode()
