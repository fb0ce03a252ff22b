"""``hotline`` in a process whose wall clock is wrong: ``python shifted_clock.py SECONDS ARGUMENT...``."""

from __future__ import annotations

import datetime as datetimes
import runpy
import sys
import time
from typing import Any


def shift(seconds: float) -> None:
    """From now on this process's clock is ``seconds`` ahead, as if somebody had set it; monotonic time stays."""
    right, plain = time.time, datetimes.datetime

    class Like(type):
        def __instancecheck__(cls, thing: object) -> bool:
            return isinstance(thing, plain)

    class Shifted(plain, metaclass=Like):
        def __new__(cls, *parts: Any, **named: Any) -> Any:
            return plain(*parts, **named)

        @classmethod
        def now(cls, tz: datetimes.tzinfo | None = None) -> datetimes.datetime:
            return plain.now(tz) + datetimes.timedelta(seconds=seconds)

        fromisoformat = plain.fromisoformat
        fromtimestamp = plain.fromtimestamp
        combine = plain.combine
        strptime = plain.strptime

    time.time = lambda: right() + seconds
    datetimes.datetime = Shifted  # type: ignore[misc]


if __name__ == "__main__":
    shift(float(sys.argv[1]))
    sys.argv = ["hotline", *sys.argv[2:]]
    runpy.run_module("hotline", run_name="__main__", alter_sys=True)
