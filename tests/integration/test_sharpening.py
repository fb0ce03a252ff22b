"""The second look at calls: it replaces a proposal nobody has taken up, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from config.files import ConfigFiles
from hotline.published import Published
from nlp.classification import Classification, Reader, Route
from routing.triage.service import TriageContext
from routing.triage.sharpening.service import Sharpener
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


class _Unsure:
    """The first reader, unsure of every call but those that end with 一定."""

    model = "first"

    def __init__(self, first: Reader) -> None:
        self._first = first

    def read(self, text: str, *, line: str | None = None) -> Classification:
        one = self._first.read(text, line=line)._replace(model=self.model)
        return one._replace(confidence=0.95, review=False) if text.endswith("一定") else one._replace(review=True)

    def read_batch(self, items: Sequence[tuple[str, str | None]]) -> list[Classification]:
        return [self.read(text, line=line) for text, line in items]


async def _lead(service: RunningService, call_id: int) -> list[Any]:
    async with service.pool.acquire() as connection:
        return list(
            await connection.fetch(
                "select queue, state from queue_items where call_id = $1 and role = 'lead' and state <> 'cancelled'",
                call_id,
            )
        )


async def test_an_unsure_recorded_call_that_waits_is_read_again_and_moves(
    service: RunningService, call: CallMaker, reader: Reader
) -> None:
    second = _Second(reader, "legal_consultation")
    await service.start_worker(reader=_Unsure(reader), second=second, second_queued_s=900)
    sure = await service.post_calls(call("邻居养的狗咬伤了我，他不肯赔医药费，我要他赔一定"))
    await service.call_in(sure["accepted"][0]["call_id"], "queued")
    answer = await service.post_calls(call(_TEXT))
    call_id = answer["accepted"][0]["call_id"]

    async def moved() -> dict[str, Any] | None:
        page = await service.call_in(call_id, "queued")
        return page if page["triage"]["model"] == second.model else None

    page = await eventually(moved)
    assert page["triage"]["route"] == "legal_consultation"
    assert page["decision"]["destination"] == "lawyers"
    assert [row["model"] for row in await _readings(service, call_id)] == ["first", second.model]
    assert [(row["queue"], row["state"]) for row in await _lead(service, call_id)] == [
        (page["decision"]["queue"], "waiting")
    ]
    # what the first reader was sure of is not asked about, nor anything twice
    assert second.asked == [_TEXT]


async def test_a_recorded_call_is_left_alone_where_nobody_wants_it_read_again(
    service: RunningService, call: CallMaker, reader: Reader
) -> None:
    second = _Second(reader, "legal_consultation")
    await service.start_worker(reader=_Unsure(reader), second=second)
    answer = await service.post_calls(call(_TEXT))
    await service.call_in(answer["accepted"][0]["call_id"], "queued")
    # a live call is asked about: rounds have been made since
    live_id = await _live(service, call)

    async def asked() -> bool:
        return bool(second.asked)

    await eventually(asked)
    assert len(second.asked) == 1
    assert [row["model"] for row in await _readings(service, answer["accepted"][0]["call_id"])] == ["first"]
    assert live_id != answer["accepted"][0]["call_id"]


async def test_what_was_taken_up_or_was_not_waiting_keeps_its_place(
    service: RunningService, call: CallMaker, reader: Reader
) -> None:
    """Whoever gets hold of the call while it is read a second time keeps it as it was."""
    taken: list[int] = []
    loop = asyncio.get_running_loop()

    class Meanwhile(_Second):
        """Somebody is offered the call while it is read."""

        def read(self, text: str, *, line: str | None = None) -> Classification:
            asyncio.run_coroutine_threadsafe(self._offer(), loop).result(60)
            return super().read(text, line=line)

        async def _offer(self) -> None:
            async with service.pool.acquire() as connection:
                taken.extend(
                    row["call_id"]
                    for row in await connection.fetch(
                        "update queue_items set state = 'offered', offer_expires_at = now() + interval '1 hour'"
                        " where state = 'waiting' returning call_id"
                    )
                )

    second = Meanwhile(reader, "legal_consultation")
    await service.start_worker(reader=_Unsure(reader), second=second, second_queued_s=900)
    answer = await service.post_calls(call(_TEXT))
    call_id = answer["accepted"][0]["call_id"]

    async def offered() -> bool:
        return bool(taken)

    await eventually(offered)
    # the round with it is over when the next one asks
    other = await service.post_calls(call(_TEXT + "，急"))
    other_id = other["accepted"][0]["call_id"]

    async def both() -> bool:
        return len(second.asked) == 2

    await eventually(both)
    assert taken[0] == call_id
    assert other_id in taken
    assert [row["model"] for row in await _readings(service, call_id)] == ["first"]
    assert [row["state"] for row in await _lead(service, call_id)] == ["offered"]


def _context(service: RunningService, second: Reader, worker: str) -> TriageContext:
    policy = Published(ConfigFiles()).policy
    return TriageContext(second, policy, lambda queue, at: 1, service.services.vault, worker)


async def test_one_unsure_call_is_asked_about_by_one_of_many_workers(
    service: RunningService, call: CallMaker, reader: Reader
) -> None:
    await service.start_worker(reader=_Unsure(reader))
    answer = await service.post_calls(call(_TEXT))
    call_id = answer["accepted"][0]["call_id"]
    await service.call_in(call_id, "queued")
    seconds = [_Second(reader, "legal_consultation") for _ in range(6)]
    rounds = [
        Sharpener().queued_round(
            service.pool, _context(service, second, f"worker-{number}"), recent_s=900, unsure_below=0.9
        )
        for number, second in enumerate(seconds)
    ]
    moved = await asyncio.gather(*rounds)
    assert sum(moved) == 1
    assert sum(len(second.asked) for second in seconds) == 1
    assert [row["model"] for row in await _readings(service, call_id)] == ["first", "first+second"]


async def test_many_workers_share_the_live_proposals_and_ask_about_none_twice(
    service: RunningService, call: CallMaker, reader: Reader
) -> None:
    await service.start_worker()
    live_ids = [await _live(service, call) for _ in range(3)]
    for call_id in live_ids:
        await service.call_in(call_id, "proposed")
    # with the class that stands nothing is stored, and still nobody asks again
    seconds = [_Second(reader, "dispute") for _ in range(6)]

    async def work(second: _Second, name: str) -> None:
        sharpener = Sharpener()
        for _ in range(2):
            await sharpener.round(service.pool, _context(service, second, name))

    await asyncio.gather(*(work(second, f"worker-{number}") for number, second in enumerate(seconds)))
    assert sum(len(second.asked) for second in seconds) == len(live_ids)


async def test_what_counts_as_unsure_is_the_bar_of_the_model(
    service: RunningService, call: CallMaker, reader: Reader
) -> None:
    await service.start_worker(reader=_Unsure(reader))
    # read with 0.95
    answer = await service.post_calls(call(_TEXT + "一定"))
    await service.call_in(answer["accepted"][0]["call_id"], "queued")
    second = _Second(reader, "dispute")
    context = _context(service, second, "worker")
    await Sharpener().queued_round(service.pool, context, recent_s=900, unsure_below=0.94)
    assert second.asked == []
    await Sharpener().queued_round(service.pool, context, recent_s=900, unsure_below=0.96)
    assert len(second.asked) == 1
