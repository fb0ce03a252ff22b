"""How a call rang, as a line tells it: checked, and completed where one part follows from the other."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hotline.intake.errors import FieldError
from hotline.intake.values import UnreadableValue

#: A longer ring is a mistake: a caller who waits in a queue has been answered, by the exchange.
LONGEST_RING_S = 3600
_CONNECTED = frozenset(
    "是 1 y yes true t 接通 已接通 已接 已接听 接听 应答 已应答 answered connected".split()  # noqa: SIM905 - words, no list of quotes
)
_NOT_CONNECTED = frozenset(
    "否 0 n no false f 未接通 未接 未接听 未应答 无应答 放弃 呼损 振铃放弃 主叫放弃 振铃时挂断 abandoned missed".split()  # noqa: SIM905 - the same
)


@dataclass(frozen=True, slots=True)
class Ringing:
    """What is known of it; None where the line does not tell."""

    connected: bool | None = None
    """Somebody answered."""
    ring_s: float | None = None
    """Seconds from the first ring to the answer, or to the hang-up."""


def was_connected(text: str) -> bool:
    """接通/未接通 in the ways exchanges write it; raises UnreadableValue."""
    folded = text.casefold()
    if folded in _CONNECTED:
        return True
    if folded in _NOT_CONNECTED:
        return False
    raise UnreadableValue(text)


def seconds_of_ringing(rang_at: datetime | None, answered_at: datetime | None) -> float | None:
    """From the first ring to the answer; None where either moment is missing. Negative where they are exchanged."""
    if rang_at is None or answered_at is None:
        return None
    return (answered_at - rang_at).total_seconds()


def ringing(
    connected: bool | None, ring_s: float | None, *, words: bool, talk_time_s: float | None, live: bool = False
) -> Ringing | tuple[FieldError, ...]:
    """What the record says of its ringing, or why it cannot be so (fields ``connected``, ``ring_s``).

    A line that sends only how long it rang need not say of a call with words, talk time or a caller on the line that
    somebody answered. Words without an answer are a message that was left, which is read like any call.
    """
    errors = []
    if connected is False and live:
        errors.append(FieldError("connected", "来电人还在线，不会是未接通；请改正 connected 或 live。"))
    if connected is False and talk_time_s:
        errors.append(FieldError("connected", f"未接通却有通话时长 {talk_time_s:g} 秒，请改正其一。"))
    if ring_s is not None and ring_s < 0:
        errors.append(FieldError("ring_s", "应答时间早于振铃开始时间，请改正。"))
    if ring_s is not None and ring_s > LONGEST_RING_S:
        errors.append(FieldError("ring_s", f"振铃 {ring_s:g} 秒，超过 {LONGEST_RING_S} 秒，请核对单位（应为秒）。"))
    if errors:
        return tuple(errors)
    if connected is None and ring_s is not None and (words or talk_time_s or live):
        connected = True
    return Ringing(connected, ring_s)
