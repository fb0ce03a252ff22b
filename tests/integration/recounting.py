"""Every figure counted once more from the raw rows, call by call, in plain Python: what roll-ups are compared with."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from routing.sql import load_queries
from routing.statistics.counts import KEYS, RESPONSE_BOUNDS_S, WAIT_BOUNDS_S

RAW = load_queries(__file__, "recount.sql")
LOCAL = ZoneInfo("Asia/Shanghai")
BESIDE = ("decisions", "assignments", "queue_items", "transfers", "direct_answers", "danger_alarms", "undertakings")
STATES = {
    "queued": "waiting",
    "offered": "waiting",
    "claimed": "in_hand",
    "completed": "completed",
    "closed": "closed",
}


@dataclass(frozen=True, slots=True)
class Counted:
    """One call: where it counts, and as what."""

    received_at: datetime
    keys: Mapping[str, Any]
    counts: Counter[str]


async def count_calls(connection: Any, from_at: datetime, to_at: datetime) -> list[Counted]:
    """The calls received in the period, each with all its keys and counts."""
    beside: dict[str, dict[int, list[Any]]] = {}
    for name in BESIDE:
        beside[name] = defaultdict(list)
        for row in await getattr(RAW, name)(connection):
            beside[name][row["call_id"]].append(row)
    return [
        _counted(call, *(beside[name][call["id"]] for name in BESIDE))
        for call in await RAW.calls(connection, from_at=from_at, to_at=to_at)
    ]


def summed(
    calls: Iterable[Counted],
    from_at: datetime,
    to_at: datetime,
    by: Sequence[str],
    where: Mapping[str, Sequence[Any]] | None = None,
) -> dict[tuple[Any, ...], dict[str, int]]:
    """Counts by bucket, zeros left out."""
    buckets: dict[tuple[Any, ...], Counter[str]] = defaultdict(Counter)
    for call in calls:
        if from_at <= call.received_at < to_at and all(
            call.keys[key] in values for key, values in (where or {}).items()
        ):
            buckets[tuple(call.keys[key] for key in KEYS if key in by)].update(call.counts)
    return {keys: {name: n for name, n in counts.items() if n} for keys, counts in buckets.items()}


def _counted(
    call: Any,
    decisions: list[Any],
    assignments: list[Any],
    items: list[Any],
    transfers: list[Any],
    answers: list[Any],
    alarms: list[Any],
    appraised: list[Any],
) -> Counted:
    picked = [row for row in assignments if row["role"] == "lead"]
    places = [row for row in items if row["role"] == "lead"]
    standing = [row for row in places if row["state"] != "cancelled"]
    made = [row for row in transfers if row["state"] != "cancelled"]
    by_policy = [row for row in decisions if row["by_user"] is None and not row["notice"]]
    proposed = call["destination"] if call["by_user"] is None else by_policy[-1]["destination"] if by_policy else None
    received = call["received_at"].astimezone(LOCAL)
    whose = picked or answers
    counts: Counter[str] = Counter()
    # closed without a reading: nobody answered and nothing was said
    if not (call["connected"] is False and call["triage_id"] is None and call["state"] == "closed"):
        counts["calls"] = 1
        counts.update([STATES[call["state"]]] if call["state"] in STATES else [])
    _count_rings(counts, call)
    counts["danger"] = int((call["danger_level"] or 0) > 0)
    counts["review"] = int(bool(call["review"]))
    counts["transfers"] = len(made)
    counts["returned"] = sum(row["state"] == "returned" for row in made)
    counts["forwarded"] = int(bool(made))
    counts["overruled"] = int(any(row["overruled"] for row in made))
    _count_waits(counts, picked, places)
    _count_ends(counts, picked, places, answers)
    for row in alarms:
        counts["alarms"] += 1
        if row["acknowledged_at"] is not None:
            counts[_bucket("acknowledged", row["acknowledged_at"] - row["raised_at"], RESPONSE_BOUNDS_S)] += 1
    if call["satisfaction"]:
        counts[f"rated_{call['satisfaction']}"] = 1
    said = [row["appraisal"] for row in appraised if row["appraisal"] in ("satisfied", "unsatisfied")]
    if said:
        counts[f"case_{said[-1]}"] = 1
    settled = [row["resolved"] for row in appraised if row["resolved"] is not None]
    if settled:
        counts["case_resolved" if settled[-1] else "case_unresolved"] = 1
        again = any(row["times_again"] for row in appraised)
        counts["case_resolved_first"] = int(settled[-1] and bool(counts["finished_first"]) and not again)
    return Counted(
        call["received_at"],
        {
            "line": call["line"],
            "route": call["route"] or "",
            "destination": call["destination"] or "",
            "hour": received.hour,
            "day": received.date(),
            "weekday": received.isoweekday(),
            "region": call["region"] or "",
            "topic": call["topics"][0] if call["topics"] else "",
            "proposed": proposed or "",
            "intake": call["intake"],
            "queue": standing[-1]["queue"] if standing else "",
            "org": str(whose[-1]["org_id"]) if whose and whose[-1]["org_id"] is not None else "",
        },
        counts,
    )


def _count_rings(counts: Counter[str], call: Any) -> None:
    """What the line tells of how the call rang."""
    if call["connected"] is None:
        return
    counts["rang"] = 1
    counts["connected"] = int(call["connected"])
    counts["rang_timed"] = int(not call["connected"] or call["ring_s"] is not None)
    counts["connected_15s"] = int(call["connected"] and call["ring_s"] is not None and call["ring_s"] <= 15)


def _count_waits(counts: Counter[str], picked: list[Any], places: list[Any]) -> None:
    """Who waited how long for a person, and who hung up before."""
    hung_up = [row for row in places if row["counted"] and row["abandoned_at"] is not None]
    after_s = [(row["abandoned_at"] - row["entered_at"]).total_seconds() for row in hung_up]
    if hung_up:
        counts["abandoned"] = 1
        counts["abandoned_5s"] = int(min(after_s) <= 5)
        counts["abandoned_within"] = int(
            any(
                row["limit_s"] is not None and waited <= row["limit_s"]
                for row, waited in zip(hung_up, after_s, strict=True)
            )
        )
    else:
        limited = [row for row in picked if row["counted"] and row["limit_s"] is not None]
        counts["answered"] = int(bool(limited))
        counts["within"] = int(
            any((row["claimed_at"] - row["entered_at"]).total_seconds() <= row["limit_s"] for row in limited)
        )
    if picked:
        counts[_bucket("wait", min(row["claimed_at"] - row["enqueued_at"] for row in picked), WAIT_BOUNDS_S)] = 1


def _count_ends(counts: Counter[str], picked: list[Any], places: list[Any], answers: list[Any]) -> None:
    """Who took the call, how it ended, and whether in time."""
    counts["taken"] = int(bool(picked or answers))
    counts["direct"] = int(bool(answers))
    counts["finished"] = int(bool(answers) or any(row["outcome"] == "completed" for row in picked))
    hands = sum(row["outcome"] in ("completed", "forwarded") for row in picked)
    counts["finished_first"] = int(bool(counts["finished"]) and hands <= 1 and not counts["returned"])
    done = [row for row in places if row["state"] == "done" and row["deadline"] is not None]
    counts["due"] = int(bool(done))
    counts["on_time"] = int(any(row["ended_at"] <= row["deadline"] for row in done))


def _bucket(name: str, waited: Any, bounds_s: Sequence[int]) -> str:
    seconds = waited.total_seconds()
    return next((f"{name}_{bound}" for bound in bounds_s if seconds <= bound), f"{name}_more")
