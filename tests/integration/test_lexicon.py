"""The lexicon edited: tried on a sentence and on calls, published to running readers; danger words go off by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from config.files import ConfigFiles
from hotline.lexicon.store import edited_lexicon
from hotline.worker.guarded import GuardedReader
from nlp.model import load_model
from tests.integration.test_policy_trials import trial
from tests.service_fixtures import CallMaker, RunningService

ESTATE = {"table": "words", "text": "灵泉新苑"}
SMOKE = {"table": "danger", "kind": "fire", "level": 2, "text": "火苗蹿上来|冒黑烟了"}
PLACE = {"table": "names", "kind": "address", "text": "灵泉新苑"}
ALIGHT = {"table": "danger", "kind": "fire", "level": 2, "text": "着火啦", "off": True}
SAID = "灵泉新苑这边火苗蹿上来，快来人"
KITCHEN = "厨房着火啦"


async def publish(service: RunningService, *amendments: dict[str, Any], **more: Any) -> tuple[int, Any]:
    body = {"amendments": list(amendments), "note": "新小区交付", **more}
    return await service.request("POST", "/lexicon", role="manager", json=body)


async def test_a_published_lexicon_is_read_with_without_a_stop(service: RunningService, tmp_path: Path) -> None:
    reader, files, under = GuardedReader(30), ConfigFiles(), tmp_path / "lexicons"
    shipped = load_model().name

    async def take_up() -> bool:
        async with service.pool.acquire() as connection:
            return reader.use(None, await edited_lexicon(connection, files, under))

    try:
        assert not await take_up()
        before = reader.read(SAID)
        status, made = await publish(service, ESTATE, SMOKE, PLACE, base_version="shipped")
        assert status == 201, made
        assert await take_up()
        assert not await take_up()
        after = reader.read(SAID)
        assert (before.model, after.model) == (shipped, f"{shipped}~{made['version'].partition('@')[2][:8]}")
        assert "火苗蹿上来" in {signal.text for signal in after.danger.signals}
        assert ("address", "灵泉新苑") in {(entity.kind, entity.text) for entity in after.entities}
        assert ("address", "灵泉新苑") not in {(entity.kind, entity.text) for entity in before.entities}

        status, refused = await publish(service, ESTATE, base_version="shipped")
        assert (status, refused["type"]) == (409, "urn:hotline:problem:version-changed")
        assert (await publish(service))[0] == 201
        assert await take_up()
        assert reader.read(SAID).model == shipped, "back to what was shipped"
    finally:
        reader.close()
    async with service.pool.acquire() as connection:
        acts = await connection.fetch(
            "select action, detail from audit_entries where action like 'lexicon%' order by id"
        )
    assert [(act["detail"]["added"], act["detail"]["off"]) for act in acts] == [(3, 0), (0, 0)]


async def test_danger_words_go_off_only_when_confirmed_by_name(service: RunningService) -> None:
    status, refused = await publish(service, ALIGHT)
    assert (status, refused["type"]) == (409, "urn:hotline:problem:danger-words-off")
    assert "着火啦" in refused["detail"]
    status, _ = await publish(service, ALIGHT, danger_off=["着火了"])
    assert status == 409
    status, _ = await publish(service, ALIGHT, danger_off=["着火啦"])
    assert status == 201
    # what is off already is not asked about again
    assert (await publish(service, ALIGHT, ESTATE))[0] == 201
    async with service.pool.acquire() as connection:
        rows = await connection.fetch("select detail from audit_entries where action = 'danger_words_disabled'")
    assert [(row["detail"]["entries"], row["detail"]["kinds"]) for row in rows] == [(1, ["fire"])]
    status, refused = await publish(service, {"table": "danger", "kind": "fire", "level": 3, "text": "着火的味道"})
    assert status == 422
    assert "危险级别应为" in refused["detail"]


async def test_a_draft_is_tried_on_a_sentence_and_on_calls(service: RunningService, call: CallMaker) -> None:
    await service.start_worker()
    posted = await service.post_calls(call(KITCHEN), call("小区门口的路灯坏了半个多月，麻烦派人来修"))
    ids = [row["call_id"] for row in posted["accepted"]]
    for call_id in ids:
        await service.call_in(call_id, "queued", "closed")
    gate = {"table": "names", "kind": "address", "text": "小区门口"}
    draft = [ESTATE, ALIGHT, ALIGHT | {"text": "着火"}, gate]

    async def tried(kind: str, body: dict[str, Any]) -> Any:
        status, ordered = await service.request("POST", f"/trials/{kind}", role="manager", json=body)
        assert status == 201, ordered
        told = await trial(service, ordered["trial_id"])
        assert told["state"] == "done", told["error"]
        return told["result"]

    result = await tried("sentence", {"amendments": draft, "text": "我住灵泉新苑", "line": "12345"})
    assert "灵泉新苑" in result["after"]["tokens"]
    assert "灵泉新苑" not in result["before"]["tokens"]
    result = await tried("lexicon", {"amendments": draft, "calls": 10})
    assert (result["total"], result["changed"]) == (2, 2)
    assert {name for name, count in result["counts"].items() if count} == {"danger_lowered", "entities"}
    (lowered,) = result["calls"]
    assert (lowered["call_id"], lowered["danger"]) == (ids[0], [1, 0])
    async with service.pool.acquire() as connection:
        assert await connection.fetchval("select count(*) from triages") == len(ids), "nothing is written to calls"
