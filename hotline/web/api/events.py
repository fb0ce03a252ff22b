"""``GET /api/v1/events``: live events as a server-sent stream that misses nothing."""

from __future__ import annotations

import asyncio

from aiohttp import web

from hotline.accounts import sessions
from hotline.accounts.permissions import allowed
from hotline.web.hub import Subscription, as_sent
from hotline.web.keys import Services, needs, principal, services
from routing.events.store import Cursor, events_after

#: A sign of life that keeps proxies and browsers from giving up the stream.
HEARTBEAT_S = 10.0
CATCH_UP_BATCH = 500
#: A console that was away for more events than this reads its pages anew.
CATCH_UP_LIMIT = 20_000


@needs("events.read")
async def stream(request: web.Request) -> web.StreamResponse:
    """Events from now on, or after ``Last-Event-ID``, each once and in commit order.

    Who watches over the others gets alerts only, everybody else all but those.
    """
    own = services(request)
    who = principal(request)
    audit = allowed(who.role, "audit.alerts")
    last = request.headers.get("Last-Event-ID") or request.query.get("last_event_id")
    since = Cursor.parse(last) if last else None
    response = web.StreamResponse(
        headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    )
    subscription = own.hub.subscribe(who.user_id)
    try:
        await response.prepare(request)
        if who.session_id is not None and not await sessions.is_open(own.pool, who.session_id):
            # it ended between the check of the request and the subscription, which would not be told any more
            return response
        sent = subscription.since
        await response.write(f": live\nretry: 1000\nid: {sent if since is None else since}\n\n".encode())
        if since is not None:
            sent = await _catch_up(own, response, since, subscription.since, audit=audit)
        await _follow(response, subscription, sent, audit=audit)
    except (ConnectionResetError, asyncio.CancelledError):
        pass
    finally:
        own.hub.unsubscribe(subscription)
    return response


async def _catch_up(
    own: Services, response: web.StreamResponse, since: Cursor, until: Cursor, *, audit: bool
) -> Cursor:
    """Everything between the browser's last event and the hub's place when it subscribed."""
    sent, count = since, 0
    while sent < until:
        async with own.pool.acquire() as connection:
            events = await events_after(connection, sent, CATCH_UP_BATCH)
        events = [event for event in events if event.cursor <= until]
        if not events:
            break
        count += len(events)
        if count > CATCH_UP_LIMIT:
            await response.write(f"id: {until}\nevent: reload\ndata: {{}}\n\n".encode())
            return until
        await response.write(b"".join(line.line for line in map(as_sent, events) if line.audit == audit))
        sent = events[-1].cursor
    return max(sent, until)


async def _follow(response: web.StreamResponse, subscription: Subscription, sent: Cursor, *, audit: bool) -> None:
    while True:
        try:
            # not wait_for, which makes a task of every wait: 200 streams at 20 calls a second felt that
            async with asyncio.timeout(HEARTBEAT_S):
                event = await subscription.queue.get()
        except TimeoutError:
            # an event, not a comment: scripts must see it to notice a connection that died in silence
            await response.write(b"event: alive\ndata: {}\n\n")
            continue
        lines = []
        while event is not None:
            if event.cursor > sent:
                if event.audit == audit:
                    lines.append(event.line)
                sent = event.cursor
            if subscription.queue.empty():
                break
            event = subscription.queue.get_nowait()
        if lines:
            await response.write(b"".join(lines))
        if event is None:
            return
