"""One child process, started again whenever it dies."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import structlog

from hotline.supervise.child import PIPE_VARIABLE
from hotline.supervise.ports import CHILD_SCRIPT

FIRST_DELAY_S = 0.2
LAST_DELAY_S = 30.0
STEADY_S = 60.0
"""A child that ran this long is started again without delay's growth."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """What to run as a child."""

    name: str
    """For the log, such as ``web`` or ``worker-1``."""
    arguments: tuple[str, ...]
    """Of the command ``hotline``."""
    serves: bool = False
    """Whether it answers ``GET /readyz`` on the configured host and port."""
    module: str = "hotline"
    """Run as ``python -m`` would."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Added to ours."""


class Child:
    """Runs one :class:`ChildSpec` over and over; :meth:`run` as a task, then :meth:`terminate` and :meth:`kill`."""

    def __init__(self, spec: ChildSpec, *, pipe: int, environment: Mapping[str, str]) -> None:
        self.spec = spec
        self.ended = 0
        """How often it has ended without being told to."""
        self.exit_code: int | None = None
        self._pipe = pipe
        self._environment = {**os.environ, **environment, **spec.environment, PIPE_VARIABLE: str(pipe)}
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Start it, and again each time it dies, until told to stop."""
        delay_s = FIRST_DELAY_S
        while not self._stopping.is_set():
            started = time.monotonic()
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",
                str(CHILD_SCRIPT),
                self.spec.module,
                *self.spec.arguments,
                stdin=asyncio.subprocess.DEVNULL,
                env=self._environment,
                pass_fds=(self._pipe,),
                start_new_session=True,
            )
            log.info("child started", child=self.spec.name, pid=self._process.pid)
            if self._stopping.is_set():
                self.terminate()
            self.exit_code = await self._process.wait()
            self._signal_group(signal.SIGKILL)
            if self._stopping.is_set():
                return
            self.ended += 1
            if time.monotonic() - started >= STEADY_S:
                delay_s = FIRST_DELAY_S
            log.warning(
                "child ended and is started again", child=self.spec.name, exit_code=self.exit_code, delay_s=delay_s
            )
            try:
                await asyncio.wait_for(self._stopping.wait(), delay_s)
            except TimeoutError:
                delay_s = min(delay_s * 2, LAST_DELAY_S)

    def terminate(self) -> None:
        """Ask it to stop and start it no more."""
        self._stopping.set()
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()

    def kill(self) -> None:
        """End it and whatever it started."""
        if self._process is not None and self._process.returncode is None:
            self._signal_group(signal.SIGKILL)

    def _signal_group(self, number: signal.Signals) -> None:
        if self._process is None:
            return
        try:
            os.killpg(self._process.pid, number)
        except ProcessLookupError:
            return
