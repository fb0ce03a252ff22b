"""A console that is always on: it reads the event stream and comes back with Last-Event-ID whenever it is cut off."""

from __future__ import annotations

import http.client
import itertools
import threading
import time
from collections.abc import Sequence

from tests.integration.durability.installation import UNHURRIED_S, Installation, rows

#: After so many events it hangs up by itself, so that it also reconnects while nothing is killed.
HANGS_UP_AFTER = 150


class Console:
    """Reads in a thread from the moment it is made; ``events`` holds (id, kind) in the order they came."""

    def __init__(self, installation: Installation, ports: Sequence[int] | None = None) -> None:
        self.events: list[tuple[str, str]] = []
        self.start = ""
        """Where it began: the id of the first greeting."""
        self.connections = 0
        self.cut_off = 0
        """How often the other side ended what it was reading, or was away when it came back of itself."""
        self._installation = installation
        self._ports = itertools.cycle(ports or [installation.port])
        self._last = ""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        installation.until(lambda: self.start)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._read()
            except (OSError, http.client.HTTPException):
                self.cut_off += 1
                time.sleep(0.1)

    def _read(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", next(self._ports), timeout=15)
        try:
            headers = {"Authorization": f"Bearer {self._installation.token}"}
            if self._last:
                headers["Last-Event-ID"] = self._last
            connection.request("GET", "/api/v1/events", headers=headers)
            answer = connection.getresponse()
            if answer.status != 200:
                time.sleep(0.1)
                return
            self.connections += 1
            self.cut_off += self._was_cut_off(answer)
        finally:
            connection.close()

    def _was_cut_off(self, answer: http.client.HTTPResponse) -> bool:
        """Read until we hang up or are cut off."""
        try:
            return self._follow(answer)
        except (OSError, http.client.HTTPException):
            return not self._stop.is_set()

    def _follow(self, answer: http.client.HTTPResponse) -> bool:
        event_id = kind = ""
        until = len(self.events) + HANGS_UP_AFTER
        while not self._stop.is_set() and len(self.events) < until:
            line = answer.readline().decode()
            if not line:
                return True
            name, _, content = line.rstrip("\n").partition(": ")
            if line == "\n" and event_id:
                # as browsers do: cut off within an event, it is asked for again
                self._last = event_id
                self.start = self.start or event_id
            elif name == "id":
                event_id = content
            elif name == "event":
                kind = content
            elif name == "data" and kind != "alive":
                self.events.append((event_id, kind))
                self._last = event_id
        return False

    def close(self) -> None:
        """Hang up for good."""
        self._stop.set()
        self._thread.join(20)


#: Alerts of the audit go to those who audit, and to nobody else. settled: nothing can come before it any more.
EVENTS = """
select txid::text || '-' || id as id, kind, txid < pg_snapshot_xmin(pg_current_snapshot()) as settled from events e
where (e.txid, e.id) > ($1::text::xid8, $2::bigint) and kind <> 'audit_alert' order by e.txid, e.id
"""


def told_once_and_in_order(console: Console, database: str) -> None:
    """Wait until the console has what the database has now, then compare one by one."""
    txid, _, number = console.start.partition("-")

    def written() -> list[tuple[str, str]] | None:
        found = rows(database, EVENTS, txid, int(number))
        return [(row["id"], row["kind"]) for row in found] if all(row["settled"] for row in found) else None

    known = console._installation.until(written, pause_s=UNHURRIED_S)
    console._installation.until(lambda: len(console.events) >= len(known))
    seen = list(console.events)
    assert len({event_id for event_id, _ in seen}) == len(seen), "told twice"
    # something may have been written since
    assert seen[: len(known)] == known
