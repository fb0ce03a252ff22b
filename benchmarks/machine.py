"""What the figures of a run were seen on, for its first line, and what the host took away meanwhile, for its last."""

from __future__ import annotations

import atexit
import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil


def processor() -> str:
    """The processor's name with family, model and stepping, since virtual machines call many of them the same."""
    told: dict[str, str] = {}
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").partition("\n\n")[0].splitlines()
    except OSError:
        lines = []
    for line in lines:
        name, _, value = line.partition(":")
        told[name.strip()] = value.strip()
    named = told.get("model name") or platform.processor() or platform.machine()
    numbers = [f"{name} {told[name]}" for name in ("cpu family", "model", "stepping") if name in told]
    clock = [f"{float(told['cpu MHz']):.0f} MHz"] if "cpu MHz" in told else []
    return ", ".join([named, *numbers, *clock])


def taken_away(since: Any) -> str:
    """The share of the processor time wanted that the host of a virtual machine gave to others; "" where it tells none.

    ``since``: ``psutil.cpu_times()`` of before. Times seen while much was taken away say little of the service.
    """
    now = psutil.cpu_times()
    if not hasattr(now, "steal"):
        return ""
    stolen = now.steal - since.steal
    used = sum(now) - sum(since) - (now.idle - since.idle) - (now.iowait - since.iowait)
    # what guests of this machine use stands in two of the times
    used -= (now.guest - since.guest) + (now.guest_nice - since.guest_nice)
    return f"of the processor time wanted meanwhile the host took {stolen / used:.0%}" if used > 0 else ""


def machine() -> str:
    """One line: when, processor, cores, memory, system, and how busy it is before the run.

    At the end of the run another line tells what ``taken_away`` found.
    """
    before = psutil.cpu_times()

    @atexit.register
    def last_line() -> None:
        if told := taken_away(before):
            print(told, flush=True)

    gib = psutil.virtual_memory().total / 2**30
    load = os.getloadavg()[0]
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC on {processor()}; {os.cpu_count()} cores, {gib:.0f} GiB, "
        f"{platform.system()} {platform.release()}, Python {platform.python_version()}, load {load:.1f} before the run"
    )


if __name__ == "__main__":
    print(machine())
