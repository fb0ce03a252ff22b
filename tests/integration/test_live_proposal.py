"""A live call's proposal does not flicker between segments: another class must be well ahead to take its place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nlp.classification import ROUTES, Classification, Evidence, Reader, Route
from tests.service_fixtures import CallMaker, RunningService, eventually

_FIRST = "楼上漏水把我家泡了，我要他赔钱修好"
_LEGAL = "这个法律上怎么算"
_SUIT = "我想知道怎么起诉他"


class _Scripted:
    """Says the class that the last words of the transcript are told to mean, with a probability."""

    model = "scripted"

    def __init__(self, reader: Reader, script: dict[str, tuple[Route, float]]) -> None:
        self._reader = reader
        self._script = script

    def read(self, text: str, *, line: str | None = None) -> Classification:
        route, share = self._script[text.rsplit("\n", 1)[-1]]
        other: Route = "legal_consultation" if route == "dispute" else "dispute"
        rest = [(one, 0.0) for one in ROUTES if one not in (route, other)]
        return self._reader.read(text, line=line)._replace(
            route=route,
            confidence=share,
            review=False,
            ranking=((route, share), (other, 1 - share), *rest),
            evidence=(Evidence(text[:2], 0, 2, 1.0),),
            model=self.model,
        )

    def read_batch(self, items: Sequence[tuple[str, str | None]]) -> list[Classification]:
        return [self.read(text, line=line) for text, line in items]


async def _heard(service: RunningService, call_id: int, text: str, seq: int) -> dict[str, Any]:
    """The triage that stands once ``text`` was heard and read."""
    body = [{"speaker": "来电人", "text": text, "seq": seq}]
    status, answer = await service.request("POST", f"/calls/{call_id}/segments", role="line", json=body)
    assert status == 200, answer

    async def read() -> dict[str, Any] | None:
        async with service.pool.acquire() as connection:
            due = await connection.fetchval("select count(*) from triage_jobs")
        page = await service.call_in(call_id, "proposed")
        return page["triage"] if due == 0 and page["call"]["transcript"].endswith(text) else None

    triage: dict[str, Any] = await eventually(read)
    return triage


async def test_a_class_that_is_barely_ahead_does_not_take_the_shown_ones_place(
    service: RunningService, call: CallMaker, reader: Reader
) -> None:
    script: dict[str, tuple[Route, float]] = {
        _FIRST: ("dispute", 0.7),
        _LEGAL: ("legal_consultation", 0.55),
        _SUIT: ("legal_consultation", 0.8),
    }
    answer = await service.post_calls(call(_FIRST) | {"live": True})
    call_id: int = answer["accepted"][0]["call_id"]
    await service.start_worker(reader=_Scripted(reader, script))
    page = await service.call_in(call_id, "proposed")
    assert page["triage"]["route"] == "dispute"

    kept = await _heard(service, call_id, _LEGAL, 5)
    assert (kept["route"], kept["review"]) == ("dispute", True)
    assert [one["text"] for one in kept["evidence"]] == [_FIRST[:2]]

    changed = await _heard(service, call_id, _SUIT, 6)
    assert (changed["route"], changed["review"]) == ("legal_consultation", False)


async def test_what_was_shown_counts_no_more_once_the_call_is_over(
    service: RunningService, call: CallMaker, reader: Reader
) -> None:
    script: dict[str, tuple[Route, float]] = {_FIRST: ("dispute", 0.7), _LEGAL: ("legal_consultation", 0.55)}
    sent = call(_FIRST) | {"live": True}
    answer = await service.post_calls(sent)
    call_id: int = answer["accepted"][0]["call_id"]
    await service.start_worker(reader=_Scripted(reader, script))
    await service.call_in(call_id, "proposed")
    await service.post_calls({**sent, "transcript": f"{_FIRST}\n{_LEGAL}", "live": False})
    page = await service.call_in(call_id, "queued")
    assert page["triage"]["route"] == "legal_consultation"
