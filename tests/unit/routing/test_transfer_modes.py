"""Which way a forward really goes."""

from __future__ import annotations

import pytest

from routing.transfers.exchange import NoExchange, TransferMode, mode_carried_out

ALL: frozenset[TransferMode] = frozenset({"blind", "attended", "conference"})


@pytest.mark.parametrize(
    ("requested", "live", "stay_on", "offered", "expected"),
    [
        ("one_key", False, False, ALL, "one_key"),
        ("one_key", True, False, ALL, "blind"),
        ("one_key", True, True, ALL, "conference"),
        ("one_key", True, True, frozenset({"blind"}), "manual"),
        ("attended", True, False, ALL, "attended"),
        ("attended", True, False, NoExchange().offers(), "manual"),
        ("ticket", True, False, ALL, "ticket"),
        ("manual", False, False, ALL, "manual"),
    ],
)
def test_the_mode_carried_out(
    requested: TransferMode, live: bool, stay_on: bool, offered: frozenset[TransferMode], expected: TransferMode
) -> None:
    assert mode_carried_out(requested, live=live, stay_on=stay_on, offered=offered) == expected
