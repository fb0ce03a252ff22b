"""``hotline`` in a process whose wall clock is wrong: ``python shifted_clock.py FILE ARGUMENT...``.

By how many seconds stands in FILE, which is looked at whenever the clock is: whoever writes another number into it sets
the clock of the running process.
"""

from __future__ import annotations

import datetime as datetimes
import runpy
import sys
import time
from pathlib import Path
from typing import Any


def set_clock(file: Path, seconds: float) -> None:
    """Put the clocks of the processes that look at ``file`` so far ahead (or back, below 0), as one step."""
    written = file.with_suffix(".new")
    written.write_text(str(seconds), encoding="ascii")
    written.replace(file)


def shift(file: Path) -> None:
    """From now on this process's clock is ahead by what ``file`` says, as if somebody had set it; monotonic time
    stays."""
    right, right_ns, plain = time.time, time.time_ns, datetimes.datetime

    def seconds() -> float:
        return float(file.read_text(encoding="ascii"))

    class Like(type):
        def __instancecheck__(cls, thing: object) -> bool:
            return isinstance(thing, plain)

    class Shifted(plain, metaclass=Like):
        def __new__(cls, *parts: Any, **named: Any) -> Any:
            return plain(*parts, **named)

        @classmethod
        def now(cls, tz: datetimes.tzinfo | None = None) -> datetimes.datetime:
            return plain.now(tz) + datetimes.timedelta(seconds=seconds())

        fromisoformat = plain.fromisoformat
        fromtimestamp = plain.fromtimestamp
        combine = plain.combine
        strptime = plain.strptime

    time.time = lambda: right() + seconds()
    time.time_ns = lambda: right_ns() + int(seconds() * 1e9)
    datetimes.datetime = Shifted  # type: ignore[misc]


if __name__ == "__main__":
    shift(Path(sys.argv[1]))
    sys.argv = ["hotline", *sys.argv[2:]]
    runpy.run_module("hotline", run_name="__main__", alter_sys=True)
