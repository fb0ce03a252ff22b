"""The port to whoever follows calls on their way (traces); the domain tells it what it did and when."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol


class Journey(Protocol):
    """Takes notes of the steps of calls; ids and codes only, never what was said."""

    def step(
        self, call_ids: Iterable[int], name: str, started_ns: int, *, until_ns: int | None = None, **facts: str | int
    ) -> None:
        """``name`` was done with these calls, from ``started_ns`` until ``until_ns`` (None: now).

        Times are Unix time in nanoseconds.
        """
