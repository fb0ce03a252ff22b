"""What the figures of a run were seen on, for its first line."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from pathlib import Path

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


def machine() -> str:
    """One line: when, processor, cores, memory, system, and how busy it is before the run."""
    gib = psutil.virtual_memory().total / 2**30
    load = os.getloadavg()[0]
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC on {processor()}; {os.cpu_count()} cores, {gib:.0f} GiB, "
        f"{platform.system()} {platform.release()}, Python {platform.python_version()}, load {load:.1f} before the run"
    )


if __name__ == "__main__":
    print(machine())
