"""The second look at live calls: it replaces a proposal nobody has taken up, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from nlp.classification import Classification, Reader, Route
from tests.service_fixtures import CallMaker, RunningService, eventually

_TEXT = "楼上漏水把我家泡了，我要他赔钱修好"


class _Second:
    """Says what it was told to say, and remembers what it was asked."""

    model = "first+second"

    def __init__(self, first: Reader, route: Route) -> None:
        self._first = first
        self._route = route
        self.asked: list[str] = []

    def read(self, text: str, *, line: str | None = None) -> Classification:
        self.asked.append(text)
        one = self._first.read(text, line=line)
        ranking = ((self._route, 0.9), *((route, 0.025) for route, _ in one.ranking if route != self._route))
        return one._replace(route=self._route, confidence=0.9, ranking=ranking, review=False, model=self.model)

    def read_batch(self, items: Sequence[tuple[str, str | None]]) -> list[Classification]:
        return [self.read(text, line=line) for text, line in items]


async def _live(service: RunningService, call: CallMaker) -> int:
    await service.token("operator", "anna")
    answer = await service.post_calls(call(_TEXT) | {"live": True, "operator": "anna"})
    call_id: int = answer["accepted"][0]["call_id"]
    return call_id


async def _readings(service: RunningService, call_id: int) -> list[Any]:
    async with service.pool.acquire() as connection:
        return list(await connection.fetch("select route, model from triages where call_id = $1 order by id", call_id))


async def test_a_proposal_is_sharpened_while_nobody_has_taken_it_up(
    service: RunningService, call: CallMaker, reader: Reader
) -> None:
    second = _Second(reader, "legal_consultation")
    await service.start_worker(second=second)
    call_id = await _live(service, call)

    async def sharpened() -> dict[str, Any] | None:
        page = await service.call_in(call_id, "proposed")
        return page if page["triage"]["route"] == "legal_consultation" else None

    page = await eventually(sharpened)
    assert page["decision"]["destination"] == "lawyers"
    assert page["triage"]["model"] == second.model
    assert [row["route"] for row in await _readings(service, call_id)] == ["dispute", "legal_consultation"]
    assert len(second.asked) == 1


async def test_the_same_class_changes_nothing_and_is_asked_about_once(
    service: RunningService, call: CallMaker, reader: Reader
) -> None:
    second = _Second(reader, "dispute")
    await service.start_worker(second=second)
    call_id = await _live(service, call)
    await service.call_in(call_id, "proposed")

    async def asked() -> bool:
        return bool(second.asked)

    await eventually(asked)
    # another call comes in and is asked about: the round after the first one has been
    other = await service.post_calls(call(_TEXT + "，急") | {"live": True, "operator": "anna"})
    await service.call_in(other["accepted"][0]["call_id"], "proposed")

    async def both() -> bool:
        return len(second.asked) == 2

    await eventually(both)
    assert [row["model"] for row in await _readings(service, call_id)] == [reader.model]


async def test_a_call_that_was_forwarded_meanwhile_keeps_its_decision(
    service: RunningService, call: CallMaker, reader: Reader
) -> None:
    class Slow(_Second):
        """Answers when it is told to."""

        begun = asyncio.Event()
        go_on = asyncio.Event()
        loop = asyncio.get_running_loop()

        def read(self, text: str, *, line: str | None = None) -> Classification:
            self.loop.call_soon_threadsafe(self.begun.set)
            asyncio.run_coroutine_threadsafe(self.go_on.wait(), self.loop).result(15)
            return super().read(text, line=line)

    second = Slow(reader, "legal_consultation")
    await service.start_worker(second=second)
    call_id = await _live(service, call)
    await service.call_in(call_id, "proposed")
    await asyncio.wait_for(second.begun.wait(), 60)
    body = {"mode": "manual", "destination": "mediators", "reason": "双方同意调解"}
    status, answer = await service.request("POST", f"/calls/{call_id}/forward", role="operator", user="anna", json=body)
    assert status == 200, answer
    second.go_on.set()
    # a later call is asked about: the round with the first one is over
    await service.post_calls(call(_TEXT + "，急") | {"live": True, "operator": "anna"})

    async def both() -> bool:
        return len(second.asked) == 2

    await eventually(both)
    assert [row["model"] for row in await _readings(service, call_id)] == [reader.model]
