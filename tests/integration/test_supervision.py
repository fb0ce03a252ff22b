"""Calls looked at again: what enters the queue, nobody gets a call twice, judgements become labels and figures."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from hotline.models.labels import work_rows
from nlp.labels import read_labels
from tests.service_fixtures import CallMaker, RunningService

#: Hardly anything to go by: the machine is not sure.
VAGUE = "喂，那个事情你们上次说的，到底怎么样了"
LAMP = "小区门口的路灯坏了半个多月，晚上看不见路，麻烦派人来修一修"
CONSULT = "公司没有和我签劳动合同，辞职以后能不能要双倍工资，仲裁要多久"


async def _read(service: RunningService, *calls: dict[str, Any]) -> list[int]:
    """Post recorded calls and let a worker read them; their ids."""
    answer = await service.post_calls(*calls)
    ids = [row["call_id"] for row in answer["accepted"]]
    await service.start_worker()
    for call_id in ids:
        await service.call_in(call_id, "queued", "closed", "proposed")
    await service.stop_worker()
    return ids


async def _claim(service: RunningService, user: str, **body: Any) -> Any:
    status, answer = await service.request("POST", "/supervision/claim", role="manager", user=user, json=body)
    assert status in (200, 204), answer
    return answer


async def test_no_call_is_given_to_two_supervisors(service: RunningService, call: CallMaker) -> None:
    ids = await _read(service, *[call(VAGUE + "啊" * n) for n in range(6)])
    names = [f"boss{n}" for n in range(4)]
    for name in names:
        await service.token("manager", name)
    _, state = await service.request("GET", "/supervision/queue", role="manager", user=names[0])
    assert state["total"] >= 6
    assert state["waiting"]["uncertain"] >= 6
    # twice each at the same moment: two windows of one supervisor open the same call
    taken = await asyncio.gather(*[_claim(service, name) for name in names for _ in range(2)])
    by_name = [{taken[2 * n]["call_id"], taken[2 * n + 1]["call_id"]} for n in range(len(names))]
    assert [len(calls) for calls in by_name] == [1, 1, 1, 1]
    assert len(set.union(*by_name)) == 4
    assert set.union(*by_name) <= set(ids)

    mine = taken[0]
    path = f"/supervision/reviews/{mine['review_id']}"
    for verb in ("keep", "decide", "pass"):
        status, problem = await service.request("POST", f"{path}/{verb}", role="manager", user=names[1], json={})
        assert (status, problem["type"]) == (409, "urn:hotline:problem:lease-lost")
    async with service.pool.acquire() as connection:
        await connection.execute("update reviews set leased_until = now() - interval '1 second'")
    status, problem = await service.request("POST", f"{path}/keep", role="manager", user=names[0])
    assert status == 409, problem
    again = await asyncio.gather(*[_claim(service, name) for name in names])
    assert len({one["call_id"] for one in again}) == 4, "a lapsed lease is anybody's, but of one only"


async def test_judged_taken_back_judged_again(service: RunningService, call: CallMaker) -> None:
    (call_id,) = await _read(service, call(VAGUE))
    taken = await _claim(service, "boss", reason="uncertain")
    assert taken["call_id"] == call_id
    path = f"/supervision/reviews/{taken['review_id']}"

    async def ask(verb: str, body: dict[str, Any]) -> tuple[int, Any]:
        return await service.request("POST", f"{path}/{verb}", role="manager", user="boss", json=body)

    for body in ({"route": "nonsense"}, {"topic": "nonsense"}, {"danger": 3}):
        status, problem = await ask("decide", body)
        assert status == 422, problem
    status, said = await ask("decide", {})
    assert (status, said["agreed"], said["changed"]) == (200, True, [])
    status, problem = await ask("decide", {})
    assert status == 409, problem
    _, state = await service.request("GET", "/supervision/queue", role="manager", user="boss")
    assert state["judged_today"] == 1
    assert state["undo"]["id"] == taken["review_id"]
    assert (await ask("undo", {}))[0] == 200
    status, said = await ask("decide", {"route": "dispute", "topic": "neighbour", "danger": 1})
    assert (status, said["agreed"], said["route"]) == (200, False, "dispute")
    assert set(said["changed"]) == {"route", "topic", "danger"}

    async with service.pool.acquire() as connection:
        acts = await connection.fetch("select action, subject, detail from audit_entries where action like 'review%'")
    assert [(act["action"], act["subject"]) for act in acts] == [
        (action, f"call:{call_id}") for action in ("review_decided", "review_undone", "review_decided")
    ]
    _, figures = await service.request(
        "GET", "/supervision/agreement?against=supervisors&of=all", role="manager", user="boss"
    )
    assert (figures["overall"]["pairs"], figures["overall"]["agreed"]) == (1, 0)
    assert figures["danger"]["missed"] == 1
    assert "by" not in figures, "never by person"
    headers = {"Authorization": f"Bearer {await service.token('manager', 'boss')}"}
    for which, calls in (
        ("which=pairs", 1),
        ("which=agreed", 0),
        ("which=missed", 1),
        ("which=false", 0),
        ("which=pair&person=dispute", 1),
        ("which=pair&person=legal_consult", 0),
    ):
        path = f"{service.address}/supervision/agreement/calls?against=supervisors&of=all&{which}"
        async with service.session.get(path, headers=headers) as answer:
            text = await answer.text()
        assert answer.status == 200, text
        assert f"共 {calls} 通" in text, which
        assert text.count(f'href="/calls/{call_id}"') == calls, which


async def test_overruled_and_drawn_calls_enter_with_their_reason(service: RunningService, call: CallMaker) -> None:
    ids = await _read(service, call(CONSULT, live=True, line="12348"), *[call(LAMP) for _ in range(3)])
    body = {"mode": "manual", "destination": "police", "reason": "来电人要求民警到场"}
    status, answer = await service.request("POST", f"/calls/{ids[0]}/forward", role="operator", json=body)
    assert status == 200, answer
    await service.request("GET", "/supervision/queue", role="manager")
    async with service.pool.acquire() as connection:
        # drawn with everything: what the draw itself says is a unit test's
        reasons = await connection.fetchval("select reasons from reviews where call_id = $1", ids[0])
        assert "overruled" in reasons
        await connection.execute("update calls set live = false where id = $1", ids[0])
    assert (await _claim(service, "boss", reason="overruled"))["call_id"] == ids[0]
    _, figures = await service.request(
        "GET", "/supervision/agreement?against=operators&step=day", role="manager", user="boss"
    )
    assert (figures["overall"]["pairs"], figures["overall"]["agreed"]) == (1, 0)
    place = figures["names"].index("lawyers"), figures["names"].index("police")
    assert figures["matrix"][place[0]][place[1]] == 1


async def test_corrections_become_labelled_rows(service: RunningService, call: CallMaker, tmp_path: Path) -> None:
    said = "我叫赵铁柱，电话13912345678，" + VAGUE
    ids = await _read(
        service,
        call(said, caller_name="赵铁柱", caller_number="13912345678"),
        call(VAGUE + "呀", confidential=True),
        call(VAGUE + "呢"),
    )
    wanted = {ids[0]: {"route": "dispute", "topic": "neighbour", "danger": 2}, ids[1]: {"route": "invalid"}, ids[2]: {}}
    for _ in ids:
        taken = await _claim(service, "boss", reason="uncertain")
        path = f"/supervision/reviews/{taken['review_id']}/decide"
        status, answer = await service.request("POST", path, role="manager", user="boss", json=wanted[taken["call_id"]])
        assert status == 200, answer
    async with service.pool.acquire() as connection:
        rows = [row async for row in work_rows(connection, service.services.vault, 1)]
        confirmed = [row async for row in work_rows(connection, service.services.vault, 1, agreed_too=True)]
    (row,) = rows
    assert len(confirmed) == 2, "confidential calls are no labels"
    assert {name: row[name] for name in ("line", "route", "topic", "danger", "by", "also")} == {
        "line": "12345",
        "route": "dispute",
        "topic": ["neighbour"],
        "danger": 1,
        "by": "supervisor",
        "also": None,
    }
    assert "赵铁柱" not in row["text"]
    assert "12345678" not in row["text"]
    assert len(row["text"]) == len(said)
    file = tmp_path / "labels.jsonl"
    file.write_text("".join(json.dumps(each, ensure_ascii=False) + "\n" for each in confirmed), encoding="utf-8")
    assert next((label.route, label.danger) for label in read_labels([file])) == ("dispute", True)
