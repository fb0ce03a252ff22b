"""Draws the demo's calls: the hand-written texts, their slots filled, spread over four weeks as a hotline's calls are.

The same draw on every installation, but for the time it is counted from.
"""

from __future__ import annotations

import json
import random
import string
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hotline.demo.places import City
from hotline.errors import HotlineError
from hotline.intake.api_record import record_from_api
from hotline.intake.profile import Profile
from routing.calls.record import CallRecord
from routing.policy.facts import LOCAL_ZONE

_FOLDER = Path(__file__).with_name("calls")
#: Every external id of the demo begins so: what may be cleared after a filling that was cut short.
PREFIX = "DEMO-"
SEED = 12345
DAYS = 28
#: Drawn calls end so long before now, so that their work is done.
DONE_BEFORE = timedelta(minutes=40)
#: How often a text is used with other slots.
COPIES = 3
#: So many more calls of each line within the last hours, so that today has figures at any time of the day.
RECENT, RECENT_SPAN = 8, timedelta(hours=9)

#: Calls by hour of the day (0 to 23), as public lines have them: a morning and an afternoon peak, few at night.
HOURS = {
    "12345": (2, 1, 1, 1, 1, 2, 5, 14, 34, 46, 44, 32, 20, 22, 36, 40, 38, 30, 22, 20, 18, 14, 8, 4),
    "110": (16, 12, 9, 7, 6, 6, 9, 16, 22, 24, 24, 24, 22, 20, 22, 24, 25, 28, 30, 32, 34, 32, 28, 22),
    "12348": (2, 1, 1, 1, 1, 1, 3, 10, 30, 46, 42, 30, 16, 20, 38, 42, 36, 24, 16, 16, 16, 12, 6, 3),
}
#: Monday to Sunday.
WEEKDAYS = {
    "12345": (1.5, 1.15, 1.05, 1.0, 0.95, 0.6, 0.5),
    "110": (1.0, 0.95, 0.95, 1.0, 1.1, 1.15, 1.1),
    "12348": (1.45, 1.2, 1.1, 1.0, 0.95, 0.55, 0.45),
}
#: Share of calls an operator answers on the line; the rest comes as records.
LIVE = {"12345": 0.55, "110": 0.3, "12348": 0.5}
#: Share of older records that was imported.
IMPORTED = 0.12
#: As exports write a number that was not shown.
WITHHELD = "匿名"
#: Lines whose exchange tells how calls rang: so many callers hung up before anybody had answered.
UNANSWERED = {"12345": 5, "12348": 14}
#: Seconds until an answer: the median, and how far they scatter (of their logarithm).
RING_MEDIAN_S, RING_SPREAD = 7, 0.6
#: Numbers within a day: calls of the past count from 1, those of this moment from 9001.
_UNANSWERED_FROM = 8000
_SHORT_NAME = {"12345": "GD", "110": "JJ", "12348": "FL"}


class DemoError(HotlineError):
    """The demo's own files cannot be used."""


@dataclass(frozen=True, slots=True)
class DrawnCall:
    """One call of the demo."""

    record: CallRecord
    route: str
    """The class its writer meant: what the people of the demo find when they look."""
    danger: int
    intake: str
    """live, backlog or history."""
    to: str | None = None
    """The destination meant where it is not that of the class."""
    now: bool = False
    """One of the calls that are open at this moment."""
    holder: str | None = None
    """Log-in name of the operator who holds the live call now; None: it still rings."""
    alarm: bool = False
    """Nobody has acknowledged its danger yet."""


def texts(name: str) -> list[dict[str, Any]]:
    """The rows of ``calls/<name>.jsonl``."""
    lines = (_FOLDER / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if line]


class CallDrawer:
    """Draws calls for one city; profiles say how each line names its speakers."""

    def __init__(self, city: City, profiles: Mapping[str, Profile], now: datetime) -> None:
        self._city, self._profiles, self._now = city, profiles, now
        self._rng = random.Random(SEED)  # noqa: S311 - the same demo everywhere, no secret
        self._callers = _Callers(city, self._rng)
        # a chance of its own: how calls ring changes nothing else that is drawn
        self._ringing = random.Random(SEED + 3)  # noqa: S311 - the same demo everywhere, no secret

    def past_calls(self) -> list[DrawnCall]:
        """About 500 calls of the last four weeks, oldest first."""
        drawn = []
        for line in HOURS:
            times = _Times(line, self._now, timedelta(days=DAYS), self._rng)
            again = [text for text in texts(line) if not text.get("once")]
            for text in texts(line):
                for _ in range(1 if text.get("once") else COPIES):
                    drawn.append((times.draw(), line, text))
            recent = _Times(line, self._now, RECENT_SPAN, self._rng)
            drawn += [(recent.draw(), line, text) for text in self._rng.sample(again, RECENT)]
        drawn.sort(key=lambda each: each[0])
        return [self._past_call(line, text, at, number) for number, (at, line, text) in enumerate(drawn, 1)]

    def unanswered_calls(self) -> list[DrawnCall]:
        """Calls of the same weeks whose callers hung up while it rang, oldest first."""
        rng, callers = self._ringing, _Callers(self._city, self._ringing)
        drawn = []
        for line, many in UNANSWERED.items():
            times = _Times(line, self._now, timedelta(days=DAYS), rng)
            recent = _Times(line, self._now, RECENT_SPAN, rng)
            drawn += [(recent.draw(), line), *((times.draw(), line) for _ in range(many))]
        drawn.sort()
        return [
            DrawnCall(
                self._record(
                    {
                        "line": line,
                        "external_id": _external_id(line, at, _UNANSWERED_FROM + number),
                        "received_at": at.isoformat(),
                        "caller_number": callers.draw()[0] or WITHHELD,
                        "transcript": "",
                        "connected": False,
                        "ring_s": rng.randint(4, 58),
                    }
                ),
                route="",
                danger=0,
                intake="live",
            )
            for number, (at, line) in enumerate(drawn, 1)
        ]

    def calls_of_now(self) -> list[DrawnCall]:
        """The calls that are open at this moment, oldest first."""
        calls = []
        for number, text in enumerate(sorted(texts("now"), key=lambda text: -text["minutes"]), 9001):
            received_at = self._now - timedelta(minutes=text["minutes"], seconds=self._rng.randint(0, 40))
            item = self._item(text["line"], text, received_at, number)
            item |= {"live": text.get("live", False), "operator": text.get("held") or ""}
            calls.append(
                DrawnCall(
                    self._record(item),
                    text["route"],
                    text.get("danger", 0),
                    "live",
                    now=True,
                    holder=text.get("held"),
                    alarm=text.get("alarm", False),
                )
            )
        return calls

    def _past_call(self, line: str, text: Mapping[str, Any], received_at: datetime, number: int) -> DrawnCall:
        rng, age = self._rng, self._now - received_at
        item = self._item(line, text, received_at, number)
        live = rng.random() < LIVE[line] and bool(item["transcript"])
        intake = "live"
        if not live and age > timedelta(days=1, hours=12) and rng.random() < IMPORTED:
            # what a line could not send at once comes as an import next day; the oldest is only counted
            intake = "history" if age > timedelta(days=14) else "backlog"
        item["live"] = live
        if not live:
            item["talk_time_s"] = text.get("talk_time_s", rng.randint(35, 420))
            if rng.random() < 0.6 and line != "110":
                item["satisfaction"] = rng.choices((5, 4, 3, 2, 1), (60, 25, 8, 4, 3))[0]
        return DrawnCall(self._record(item), text["route"], text.get("danger", 0), intake, text.get("to"))

    def _item(self, line: str, text: Mapping[str, Any], received_at: datetime, number: int) -> dict[str, Any]:
        """One call in the form of ``POST /calls``."""
        rng, city = self._rng, self._city
        slots = {name: rng.choice(values) for name, values in city.slots.items()}
        _, slots["street"] = rng.choice(city.streets)
        caller_number, caller_name = self._callers.draw()
        region = text.get("region", slots["street"])
        item = {
            "line": line,
            "external_id": _external_id(line, received_at, number),
            "received_at": received_at.isoformat(),
            "caller_number": text.get("number", caller_number) or WITHHELD,
            "caller_name": text.get("caller", caller_name),
            "transcript": _transcript(text, slots, received_at, rng),
            "address": f"{city.grids[0].name}{region}{slots['road']}{rng.randint(1, 180)}号" if line != "12348" else "",
            "region": region,
            "confidential": text.get("confidential", False),
            "talk_time_s": text.get("talk_time_s"),
        }
        if "kind" in text:
            item["request_kind"] = text["kind"]
        # a live call that nobody holds rings at this moment
        if line in UNANSWERED and (text.get("held") or not text.get("live")):
            item["connected"] = True
            item["ring_s"] = round(min(RING_MEDIAN_S * self._ringing.lognormvariate(0, RING_SPREAD), 90.0))
        return item

    def _record(self, item: dict[str, Any]) -> CallRecord:
        record = record_from_api(item, profiles=self._profiles)
        if not isinstance(record, CallRecord):
            raise DemoError(f"Demo call {item['external_id']} cannot be taken in; correct calls/*.jsonl: {record}")
        return record


class _Times:
    """Times of receipt of one line within ``span`` before now, less ``DONE_BEFORE``."""

    def __init__(self, line: str, now: datetime, span: timedelta, rng: random.Random) -> None:
        self._rng = rng
        first = (now - span).astimezone(LOCAL_ZONE).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        until = now - DONE_BEFORE
        hours = [first + timedelta(hours=n) for n in range(span // timedelta(hours=1))]
        # the last hour is not over yet
        self._hours = [(hour, min((until - hour).total_seconds(), 3600.0)) for hour in hours if hour < until]
        self._weights = [
            HOURS[line][hour.hour] * WEEKDAYS[line][hour.weekday()] * length_s for hour, length_s in self._hours
        ]

    def draw(self) -> datetime:
        ((hour, length_s),) = self._rng.choices(self._hours, self._weights)
        return (hour + timedelta(seconds=int(self._rng.random() * length_s))).astimezone(UTC)


class _Callers:
    """Numbers and names; some people call more than once, and on more than one line."""

    def __init__(self, city: City, rng: random.Random) -> None:
        self._city, self._rng = city, rng
        self._again = [self._new() for _ in range(24)]

    def _new(self) -> tuple[str, str]:
        number = f"{self._rng.choice(('199', '138'))}0000{self._rng.randrange(10_000):04d}"
        return number, f"{self._rng.choice(self._city.surnames)}{self._rng.choice(self._city.forms)}"

    def draw(self) -> tuple[str, str]:
        """(number, name); a withheld number has no name."""
        kind = self._rng.random()
        if kind < 0.08:
            return "", ""
        return self._rng.choice(self._again) if kind < 0.24 else self._new()


def _external_id(line: str, received_at: datetime, number: int) -> str:
    return f"{PREFIX}{_SHORT_NAME[line]}{received_at.astimezone(LOCAL_ZONE):%Y%m%d}{number:04d}"


def _transcript(text: Mapping[str, Any], slots: Mapping[str, str], received_at: datetime, rng: random.Random) -> Any:
    if "turns" not in text:
        said = [text[key] for key in ("title", "text") if text.get(key)]
        return "\n".join(_filled(part, slots) for part in said)
    return list(_turns(text["turns"], slots, received_at, rng))


def _turns(
    turns: Sequence[Sequence[str]], slots: Mapping[str, str], received_at: datetime, rng: random.Random
) -> Iterator[dict[str, Any]]:
    at = received_at
    for seq, (speaker, said) in enumerate(turns):
        at += timedelta(seconds=rng.randint(1, 4))
        yield {
            "seq": seq,
            "speaker": speaker,
            "text": _filled(said, slots),
            "at": at.isoformat(),
            "confidence": round(rng.uniform(0.86, 0.99), 2),
        }
        at += timedelta(seconds=len(said) / 5)  # about five characters a second


def _filled(text: str, slots: Mapping[str, str]) -> str:
    return string.Formatter().vformat(text, (), slots)
