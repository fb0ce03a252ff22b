"""The keyed hash by which calls of one number find each other."""

from __future__ import annotations

import hmac
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LookupKey:
    """Secret key of the look-up hash; the hash is worthless to anybody without it."""

    secret: bytes

    def hash(self, number: str | None) -> bytes | None:
        """HMAC-SHA256 of an E.164 number; None for withheld or unreadable numbers."""
        if not number:
            return None
        return hmac.digest(self.secret, number.encode("ascii", "replace"), "sha256")
