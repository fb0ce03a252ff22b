"""Live events: one reader of the outbox per process, fanned out to every open stream."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import structlog

from hotline.ending import end_tasks
from hotline.signals import Signals
from hotline.web.problems import json_bytes
from routing.events.store import Cursor, Event, events_after, newest
from routing.journey import Journey

log = structlog.get_logger(__name__)

#: How long the outbox is left alone while no bell rings.
POLL_S = 0.5
BATCH = 500
#: Tells of a person's work to those who audit it; all other events are of calls, which those do not handle.
AUDIT_ALERT = "audit_alert"
#: Sessions or tokens of a person ended: their streams end too, and come back only where one still stands.
SESSIONS_ENDED = "sessions_ended"
#: A stream whose reader is this far behind is ended; the browser comes back with Last-Event-ID.
BACKLOG = 2_000


@dataclass(frozen=True, slots=True)
class SentEvent:
    """One event as it goes over the wire: written once, however many streams get it."""

    cursor: Cursor
    line: bytes
    audit: bool
    """For those who watch over the others, and for nobody else."""


def as_sent(event: Event) -> SentEvent:
    """The event in the form of server-sent events."""
    head = f"id: {event.cursor}\nevent: {event.kind}\ndata: ".encode()
    return SentEvent(event.cursor, head + json_bytes(event.body()) + b"\n\n", event.kind == AUDIT_ALERT)


class Subscription:
    """One open stream: events after the hub's cursor at the time of subscribing."""

    def __init__(self, since: Cursor, user_id: int) -> None:
        self.since = since
        self.user_id = user_id
        self.queue: asyncio.Queue[SentEvent | None] = asyncio.Queue(BACKLOG)

    def put(self, event: SentEvent | None) -> bool:
        """Hand over one event; False when the stream is too far behind."""
        try:
            self.queue.put_nowait(event)
        except asyncio.QueueFull:
            return False
        return True


class EventHub:
    """Reads committed events in order and hands each to every subscription once."""

    def __init__(self, pool: Any, signals: Signals, journey: Journey | None = None) -> None:
        self._pool = pool
        self._journey = journey
        self._signals = signals
        self._cursor = Cursor(0, 0)
        self._subscriptions: set[Subscription] = set()
        self._tasks: list[asyncio.Task[None]] = []
        self._rang = asyncio.Event()

    async def start(self) -> None:
        """Begin at the newest event."""
        async with self._pool.acquire() as connection:
            self._cursor = await newest(connection)
        self._tasks = [
            asyncio.create_task(self._signals.bells(self._rang)),
            asyncio.create_task(self._read()),
        ]

    async def stop(self) -> None:
        """End every stream."""
        await end_tasks(self._tasks)
        for subscription in self._subscriptions:
            subscription.put(None)

    def subscribe(self, user_id: int) -> Subscription:
        """A stream of this person that gets every event from now on."""
        subscription = Subscription(self._cursor, user_id)
        self._subscriptions.add(subscription)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """The stream ended."""
        self._subscriptions.discard(subscription)

    @property
    def streams(self) -> int:
        """Open streams, for the metrics."""
        return len(self._subscriptions)

    @property
    def cursor(self) -> Cursor:
        """The last event handed to the streams."""
        return self._cursor

    async def _read(self) -> None:
        while True:
            try:
                events = await self._next()
            except Exception as error:  # noqa: BLE001 - the database may be restarting; the cursor has not moved
                log.warning("outbox_unreadable", error=type(error).__name__)
                await asyncio.sleep(POLL_S)
                continue
            for event in events:
                self._cursor = event.cursor
                sent = as_sent(event)
                for subscription in list(self._subscriptions):
                    if event.kind == SESSIONS_ENDED and event.user_id == subscription.user_id:
                        subscription.put(None)
                    elif not subscription.put(sent):
                        self._subscriptions.discard(subscription)
                        subscription.queue = asyncio.Queue(1)
                        subscription.put(None)
                if self._journey is not None and event.call_id is not None:
                    # from the transaction that told of it to the streams it was put on
                    written_ns = int(event.at.timestamp() * 1e9)
                    streams = len(self._subscriptions)
                    self._journey.step([event.call_id], f"event {event.kind}", written_ns, streams=streams)
            if len(events) < BATCH:
                await self._wait()

    async def _next(self) -> list[Event]:
        async with self._pool.acquire() as connection:
            return await events_after(connection, self._cursor, BATCH)

    async def _wait(self) -> None:
        try:
            await asyncio.wait_for(self._rang.wait(), POLL_S)
        except TimeoutError:
            return
        self._rang.clear()
