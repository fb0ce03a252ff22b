"""Why a call is looked at again. Pure."""

from __future__ import annotations

import hashlib
from datetime import date
from typing import Literal, get_args

from routing.supervision.rules import SupervisionRules

Reason = Literal["overruled", "uncertain", "closed_by_machine", "sample"]
#: In the order in which screens name them.
REASONS: tuple[Reason, ...] = get_args(Reason)


def drawn(seed: str, day: date, call_key: str, share: float) -> bool:
    """Whether a call (``line:external_id``) is in the sample of its day: the same answer at any time, on any machine.

    ``share`` of all calls is drawn, each by a hash of seed, local day of receipt and key, so that anybody who has the
    seed can draw the day again and find the same calls.
    """
    digest = hashlib.sha256(f"review:{seed}:{day.isoformat()}:{call_key}".encode(errors="surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") < share * 2**64


def reasons_of(
    rules: SupervisionRules, *, day: date, call_key: str, confidence: float, review: bool, closed_by_machine: bool
) -> list[Reason]:
    """Why a call that was read enters the queue; nothing where it does not."""
    found: list[Reason] = []
    if review or confidence < rules.uncertain_below:
        found.append("uncertain")
    if closed_by_machine:
        found.append("closed_by_machine")
    if drawn(rules.seed, day, call_key, rules.sample_share):
        found.append("sample")
    return found
