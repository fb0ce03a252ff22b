"""A state folder for one test, programs run on it, and a look at the processes that belong to it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import psutil

import config
from config.settings import Settings, load_settings
from hotline.supervise.ports import free_port

HERE = Path(__file__).resolve().parent
PROJECT = Path(config.__file__).resolve().parent.parent
PATIENCE_S = 120.0
T = TypeVar("T")


def until(what: str, look: Callable[[], T | None]) -> T:
    """What ``look`` finds, asked again until it is neither None nor False; fails after a generous while."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        found = look()
        if found is not None and found is not False:
            return found
        time.sleep(0.05)
    raise AssertionError(f"waited {PATIENCE_S:.0f} s in vain for {what}")


def line(program: subprocess.Popen[str], start: str) -> str:
    """The first line of the program's output that starts so; fails with all of it when it ends before."""
    assert program.stdout is not None
    before = []
    for said in program.stdout:
        if said.startswith(start):
            return said.strip()
        before.append(said)
    raise AssertionError(f"no line {start!r} in: {''.join(before)}")


@dataclass(frozen=True)
class Place:
    """One state folder and one port."""

    state: Path
    port: int

    @property
    def environment(self) -> dict[str, str]:
        """For a program that is to use this place."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("HOTLINE_")}
        return kept | {
            "HOTLINE_STATE_DIR": str(self.state),
            "HOTLINE_PORT": str(self.port),
            "PYTHONPATH": os.pathsep.join([str(HERE), str(PROJECT), os.environ.get("PYTHONPATH", "")]).rstrip(
                os.pathsep
            ),
        }

    @property
    def settings(self) -> Settings:
        """The same for this process."""
        return load_settings({"HOTLINE_STATE_DIR": str(self.state), "HOTLINE_PORT": str(self.port)})

    def start(self, program: str, *arguments: str) -> subprocess.Popen[str]:
        """Run a program of this folder, its output readable."""
        return subprocess.Popen(
            [sys.executable, str(HERE / program), *arguments],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def processes(self) -> list[psutil.Process]:
        """Everything alive that works in this state folder or was told to."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.pid == os.getpid() or process.status() == psutil.STATUS_ZOMBIE:
                    continue
                if process.name().startswith(("python", "hotline")):
                    mine = process.environ().get("HOTLINE_STATE_DIR") == str(self.state)
                else:
                    mine = process.cwd().startswith(f"{self.state}/")
                if mine:
                    found.append(process)
            except (psutil.NoSuchProcess, psutil.AccessDenied, OSError):
                continue
        return found

    def server(self, name: str) -> psutil.Process | None:
        """The running ``postgres`` (its first process) or ``valkey`` of this place."""
        found = [one for one in self.processes() if one.name().startswith(name) and "/servers/" in one.cwd() + "/"]
        own = [one for one in found if one.ppid() not in {other.pid for other in found}]
        return own[0] if own else None

    def children(self, argument: str) -> list[psutil.Process]:
        """Supervised children that run with ``argument``."""
        return [one for one in self.processes() if one.cmdline()[-2:] == ["child_program", argument]]

    @staticmethod
    def new(state: Path) -> Place:
        """With a port that is free now."""
        return Place(state, free_port("127.0.0.1", 0))
