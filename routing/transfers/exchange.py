"""The port behind which a telephone exchange stands (ARI and others come later)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

TransferMode = Literal["one_key", "blind", "attended", "conference", "manual", "ticket"]
#: Modes that need somebody on the line.
TELEPHONE_MODES: frozenset[TransferMode] = frozenset({"blind", "attended", "conference"})


@dataclass(frozen=True, slots=True)
class TransferOrder:
    """What an exchange is asked to do; made after the transfer is committed."""

    transfer_id: int
    call_id: int
    mode: TransferMode
    dial_number: str | None


class Exchange(Protocol):
    """A telephone exchange as forwarding sees it."""

    def offers(self) -> frozenset[TransferMode]:
        """The telephone modes this exchange can carry out itself; empty where none is wired."""

    async def start(self, order: TransferOrder) -> None:
        """Begin a transfer. Idempotent by ``transfer_id``; the result comes back as events."""


class NoExchange:
    """No exchange is wired: the operator dials the number shown and confirms (人工转接)."""

    def offers(self) -> frozenset[TransferMode]:
        """None: every telephone mode becomes ``manual``."""
        return frozenset()

    async def start(self, order: TransferOrder) -> None:
        """Nothing to do: the person dials ``order.dial_number``."""


def mode_carried_out(
    requested: TransferMode, *, live: bool, stay_on: bool, offered: frozenset[TransferMode]
) -> TransferMode:
    """The mode a forward really takes.

    A live call asked for ``one_key`` goes straight to the other side where
    the matter is clearly theirs, and as a three-way call where it is not
    (``stay_on``: an unsure class, danger that must not be let go; State Council
    General Office 2022 no. 12). What the exchange cannot do goes by hand. A
    recorded call keeps ``one_key``: its item moves, nobody dials.
    """
    if not live or requested in ("manual", "ticket"):
        return requested
    straight: TransferMode = "conference" if stay_on else "blind"
    wanted = straight if requested == "one_key" else requested
    return wanted if wanted in offered else "manual"
