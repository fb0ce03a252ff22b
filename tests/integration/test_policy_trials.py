"""A draft of the policy tried out on stored calls: what the trial says is what the router does afterwards."""

from __future__ import annotations

import asyncio
from typing import Any

from routing.trials.store import queries
from tests.service_fixtures import CallMaker, RunningService, eventually

TEXTS = (
    "小区门口的路灯坏了半个多月，晚上看不见路，麻烦派人来修一修",
    "公司没有和我签劳动合同，辞职以后能不能要双倍工资，仲裁要多久",
    "楼上漏水把我家天花板泡了，我们两家吵了好几次，想请人来调解一下",
    "我家门口有人拿着刀在砸门，快来人啊，现在就在砸",
    "喂，那个事情你们上次说的，到底怎么样了",
)

RULES = """
[[rules]]
name = "lamps_to_lawyers"
when = { class = "non_police_help", danger_max = 0 }
queue = "lawyers"
reasons = ["试行"]

[[rules]]
name = "quarrels_by_hand"
when = { class = "dispute", danger_max = 0 }
mode = "review"
reasons = ["试行"]
"""


async def trial(service: RunningService, trial_id: int) -> Any:
    """The trial once it has ended."""

    async def look() -> Any:
        _, state = await service.request("GET", f"/trials/{trial_id}", role="manager")
        return state if state["state"] not in ("waiting", "running") else None

    return await eventually(look)


async def test_a_trial_says_what_the_router_does_afterwards(service: RunningService, call: CallMaker) -> None:
    _, shown = await service.request("GET", "/policy", role="manager")
    head, first, tail = shown["text"].partition("\n[[rules]]\n")
    draft = f"{head}\n{RULES}{first}{tail}".replace("bar = 0.5 ", "bar = 0.7 ").replace(
        'weapon = ["110"]', 'weapon = ["110", "120"]'
    )
    await service.start_worker()
    posted = await service.post_calls(*[call(text, live=n % 2 == 1) for n, text in enumerate(TEXTS)])
    ids = [row["call_id"] for row in posted["accepted"]]
    before = [await service.call_in(call_id, "queued", "proposed", "closed") for call_id in ids]
    status, ordered = await service.request(
        "POST", "/trials/policy", role="manager", json={"text": draft, "calls": len(ids)}
    )
    assert status == 201, ordered
    told = await trial(service, ordered["trial_id"])
    assert (told["state"], told["done"], told["total"]) == ("done", len(ids), len(ids)), told["error"]
    result = told["result"]

    status, made = await service.request(
        "POST", "/policy", role="manager", json={"text": draft, "note": "试算之后", "base_version": shown["version"]}
    )
    assert status == 201, made
    assert made["version"] == result["after"]
    await service.stop_worker()
    await service.start_worker()
    again = await service.post_calls(*[call(text, live=n % 2 == 1) for n, text in enumerate(TEXTS)])
    after = [await service.call_in(row["call_id"], "queued", "proposed", "closed") for row in again["accepted"]]

    def place(page: dict[str, Any]) -> str:
        decision = page["decision"]
        if decision["outcome"] == "close":
            return "close"
        return "review" if decision["mode"] == "review" else str(decision["target_queue"])

    real = {call_id: (place(a), place(b)) for call_id, a, b in zip(ids, before, after, strict=True)}
    moved = {call_id: moves for call_id, moves in real.items() if moves[0] != moves[1]}
    said = {one["call_id"]: (one["before"], one["after"]) for one in result["calls"]}
    assert result["elsewhere"] == len(moved) > 0
    assert {call_id: moves for call_id, moves in said.items() if moves[0] != moves[1]} == moved
    joint = {
        call_id
        for call_id, a, b in zip(ids, before, after, strict=True)
        if a["decision"]["joint"] != b["decision"]["joint"]
    }
    assert result["joint_changed"] == len(joint) == 1
    assert result["calls"][0]["call_id"] == ids[3], "danger comes first"
    assert all(page["triage"]["model"] for page in before)
    for call_id, page in zip(ids, before, strict=True):
        _, now = await service.request("GET", f"/calls/{call_id}", role="manager")
        assert now["decision"]["id"] == page["decision"]["id"], "nothing is written to calls"


async def test_a_trial_is_called_off_and_belongs_to_one_person(service: RunningService, call: CallMaker) -> None:
    _, shown = await service.request("GET", "/policy", role="manager")
    status, problem = await service.request(
        "POST", "/trials/policy", role="manager", json={"text": shown["text"] + "\nbar = 3\n", "calls": 5}
    )
    assert (status, problem["type"]) == (422, "urn:hotline:problem:policy-invalid")
    body = {"text": shown["text"], "calls": 5}
    _, ordered = await service.request("POST", "/trials/policy", role="manager", json=body)
    path = f"/trials/{ordered['trial_id']}"
    assert (await service.request("GET", path, role="manager", user="other"))[0] == 404
    async with service.pool.acquire() as connection:
        taken = await queries.take_trial(connection, worker="w", lease_s=30)
        assert await queries.take_trial(connection, worker="v", lease_s=30) is None
        assert taken["id"] == ordered["trial_id"]
    _, state = await service.request("POST", f"{path}/cancel", role="manager")
    assert state["state"] == "cancelled"
    async with service.pool.acquire() as connection:
        going_on = queries.tell_progress(connection, trial_id=taken["id"], worker="w", done=1, total=5, lease_s=30)
        assert await going_on is None, "the worker stops at its next step"


async def test_problems_stand_with_line_and_key_and_versions_keep_note_and_difference(service: RunningService) -> None:
    _, shown = await service.request("GET", "/policy", role="manager")

    async def check(text: str) -> Any:
        _, found = await service.request("POST", "/policy/check", role="manager", json={"text": text, "compare": True})
        return found

    found = await check(shown["text"].replace("bar = 0.5 ", "bar = 5 "))
    (problem,) = found["problems"]
    assert (problem["key"], problem["reason"]) == ("confidence.bar", "现为 5；应为 0 到 1 的数")
    assert shown["text"].splitlines()[problem["line"] - 1].startswith("bar = 0.5")
    text = shown["text"].replace("backlog = 7", "backlog = 8")
    found = await check(text)
    assert [
        (one["kind"], one["text"].split("#")[0].strip()) for one in found["differences"] if one["kind"] != "same"
    ] == [
        ("out", "backlog = 7"),
        ("in", "backlog = 8"),
    ]
    rules = found["outline"]["rules"]
    assert rules[0]["name"] == "danger_now"
    assert text.splitlines()[rules[0]["line"] - 1] == "[[rules]]"

    async def publish(text: str, base: str) -> tuple[int, Any]:
        body = {"text": text, "note": "补录晚一些", "base_version": base}
        return await service.request("POST", "/policy", role="manager", json=body)

    both = await asyncio.gather(publish(text, shown["version"]), publish(text + "# x\n", shown["version"]))
    assert sorted(status for status, _ in both) == [201, 409], both
    refused = next(body for status, body in both if status == 409)
    assert refused["type"] == "urn:hotline:problem:version-changed"
    _, listed = await service.request("GET", "/policy/versions", role="manager")
    (made,) = listed["items"]
    assert made["note"] == "补录晚一些"
    _, back = await service.request("GET", f"/policy/versions/{made['id']}", role="manager")
    status, _ = await publish(shown["text"], made["version"])
    assert status == 201
    assert back["text"].strip() in (text.strip(), (text + "# x").strip())
    async with service.pool.acquire() as connection:
        sealed = await connection.fetchval("select note from published where id = $1", made["id"])
    assert "补录".encode() not in sealed
