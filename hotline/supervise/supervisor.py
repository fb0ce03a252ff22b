"""Start everything in order, keep it alive, stop it within five seconds."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

import aiohttp
import structlog

from config.settings import Settings
from hotline.embedded.errors import EmbeddedError
from hotline.embedded.servers import EmbeddedServers, ServerUrls, enter_in_thread
from hotline.ending import end_tasks
from hotline.supervise.children import Child, ChildSpec
from hotline.supervise.errors import SupervisionError
from hotline.supervise.ports import address_of, free_port

READY_LIMIT_S = 120.0
ENDINGS_BEFORE_READY = 3
HEAL_EVERY_S = 0.5
HEAL_PAUSE_LIMIT_S = 10.0
CHILD_GRACE_S = 3.0
CALL_OFF_S = 1.0
"""For the start to notice that it is called off; on top of STOP_LIMIT_S only when no child runs yet."""
STOP_LIMIT_S = 4.5
"""For all of it; SIGTERM to the last process gone stays under 5 s."""
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

log = structlog.get_logger(__name__)


async def supervise(
    settings: Settings,
    children: Sequence[ChildSpec],
    *,
    prepare: Callable[[ServerUrls], Awaitable[None]],
    on_ready: Callable[[str], None],
) -> int:
    """Run the service until a signal stops it; see the package for what that means.

    ``prepare`` gets the servers' URLs before any child starts (migrations, demo data); ``on_ready`` the
    address once every child that ``serves`` is ready. Returns 0 when stopped by a signal.
    Raises PortError before anything is started, EmbeddedError, SupervisionError when a serving child keeps
    dying before it is ready, and whatever ``prepare`` raises; all is stopped by then.
    """
    port = free_port(settings.host, settings.port)
    run = _Run(settings, port)
    loop = asyncio.get_running_loop()
    # nohup ignores SIGHUP so that the service outlives the terminal: leave that as it is.
    handled = [number for number in SIGNALS if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN]
    for number in handled:
        loop.add_signal_handler(number, run.stop.set)
    try:
        await run.go(children, prepare, on_ready)
    finally:
        await run.end()
        for number in handled:
            loop.remove_signal_handler(number)
    return 0


class _Run:
    """One run of the service."""

    def __init__(self, settings: Settings, port: int) -> None:
        self.stop = asyncio.Event()
        self._address = address_of(settings.host, port, https=settings.listening.tls_cert is not None)
        self._environment = {"HOTLINE_PORT": str(port)}
        self._servers = EmbeddedServers(settings)
        self._children: list[Child] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._healing: asyncio.Task[None] | None = None
        self._pipe, self._held = os.pipe()

    async def go(
        self,
        specs: Sequence[ChildSpec],
        prepare: Callable[[ServerUrls], Awaitable[None]],
        on_ready: Callable[[str], None],
    ) -> None:
        async def start() -> None:
            urls = await enter_in_thread(self._servers)
            self._healing = asyncio.create_task(self._heal())
            await prepare(urls)
            for spec in specs:
                child = Child(spec, pipe=self._pipe, environment=self._environment)
                self._children.append(child)
                self._tasks.append(asyncio.create_task(child.run()))
            serving = [child for child in self._children if child.spec.serves]
            if serving:
                await self._ready(serving)
            on_ready(self._address)
            # Not gather: called off, it would cancel the children's tasks before they have ended.
            done, _ = await asyncio.wait(self._tasks, return_when=asyncio.FIRST_EXCEPTION)
            for task in done:
                task.result()

        await self._unless_stopped(start())

    async def end(self) -> None:
        """Children first, then the servers, against one deadline."""
        began = time.monotonic()
        for child in self._children:
            child.terminate()
        if self._tasks:
            _, pending = await asyncio.wait(self._tasks, timeout=CHILD_GRACE_S)
            if pending:
                for child in self._children:
                    child.kill()
                for task in pending:
                    task.cancel()
                await asyncio.wait(pending)
        if self._healing is not None:
            self._servers.cancel()
            await end_tasks([self._healing])
        children_s = time.monotonic() - began
        await asyncio.to_thread(self._servers.leave, max(0.5, STOP_LIMIT_S - 1.0 - children_s))
        log.info("stopped", children_s=round(children_s, 2), all_s=round(time.monotonic() - began, 2))
        os.close(self._pipe)
        os.close(self._held)

    async def _unless_stopped(self, work: Coroutine[Any, Any, None]) -> None:
        """Do ``work`` to its end, or call it off when a signal comes."""
        doing = asyncio.create_task(work)
        stopping = asyncio.create_task(self.stop.wait())
        try:
            await asyncio.wait([doing, stopping], return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
        if doing.done():
            doing.result()
            return
        doing.cancel()
        done, _ = await asyncio.wait([doing], timeout=CALL_OFF_S)
        for task in done:
            if not task.cancelled() and (error := task.exception()) is not None:
                log.warning("the start ended with an error while it was called off", error=str(error))

    async def _ready(self, serving: Sequence[Child]) -> None:
        deadline = time.monotonic() + READY_LIMIT_S
        timeout = aiohttp.ClientTimeout(total=2.0)
        async with aiohttp.ClientSession(timeout=timeout, trust_env=False) as session:
            while True:
                for child in serving:
                    if child.ended >= ENDINGS_BEFORE_READY:
                        raise SupervisionError(
                            f"The {child.spec.name} process ended {child.ended} times before it was ready "
                            f"(exit code {child.exit_code}): mend what it said above and start again."
                        )
                try:
                    # our own child on this machine: its certificate names the public host, so it is not verified
                    async with session.get(f"{self._address}/readyz", ssl=False) as answer:
                        said = f"it answered {answer.status}"
                        if answer.status == 200:
                            return
                except (aiohttp.ClientError, TimeoutError) as error:
                    said = str(error) or type(error).__name__
                if time.monotonic() > deadline:
                    raise SupervisionError(
                        f"The web was not ready at {self._address}/readyz within {READY_LIMIT_S:.0f} s ({said}): "
                        "see what it said above."
                    )
                await asyncio.sleep(0.1)

    async def _heal(self) -> None:
        """Start servers again that died. A failure is logged and tried again: the disk may be full for a while."""
        pause_s = HEAL_EVERY_S
        while not self.stop.is_set():
            await asyncio.sleep(pause_s)
            try:
                if await asyncio.to_thread(self._servers.heal):
                    log.warning("a server had died and was started again")
                pause_s = HEAL_EVERY_S
            except EmbeddedError as error:
                pause_s = min(pause_s * 2, HEAL_PAUSE_LIMIT_S)
                log.error("a server cannot be started again", error=str(error), next_try_s=pause_s)
