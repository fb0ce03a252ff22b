"""Cursors of lists of calls: the place of the last row, for the sender to hand back."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime

from routing.errors import InvalidRequest


def write_cursor(at: datetime, call_id: int) -> str:
    """The place after the call received at ``at``."""
    return base64.urlsafe_b64encode(f"{at.isoformat()}|{call_id}".encode()).decode().rstrip("=")


def read_cursor(text: str | None) -> tuple[datetime, int] | None:
    """What ``write_cursor`` wrote; None for none. Raises InvalidRequest."""
    if not text:
        return None
    try:
        at, call_id = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode("ascii").split("|")
        return datetime.fromisoformat(at), int(call_id)
    except (ValueError, binascii.Error, UnicodeDecodeError) as error:
        raise InvalidRequest("cursor：请原样传回上一页的 next_cursor。") from error
