"""Promoted models: stored, taken up by a reader that runs, rolled back by one command."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from hotline.models import store
from hotline.models.labels import overruled_rows
from hotline.worker.guarded import GuardedReader, ReaderUnusable
from nlp.errors import ModelError
from nlp.model import DEFAULT_FOLDER, load_model
from tests.service_fixtures import RunningService

_TEXT = "我的电动车被人偷走了，我要报案"


def _variant(folder: Path, name: str) -> Path:
    """The shipped model under another name."""
    shutil.copytree(DEFAULT_FOLDER, folder)
    settings = json.loads((folder / "settings.json").read_text(encoding="utf-8"))
    (folder / "settings.json").write_text(json.dumps(settings | {"name": name}), encoding="utf-8")
    return folder


async def _in_force(pool: Any, under: Path) -> Path | None:
    async with pool.acquire() as connection:
        return await store.unpacked(connection, under)


async def test_a_promoted_model_is_taken_up_without_a_stop_and_rolled_back(pool: Any, tmp_path: Path) -> None:
    shipped, under = load_model().name, tmp_path / "models"
    reader = GuardedReader(30)
    try:
        assert await _in_force(pool, under) is None
        assert reader.read(_TEXT).model == shipped
        assert await store.promote(pool, _variant(tmp_path / "one", "first-one")) == "first-one"
        folder = await _in_force(pool, under)
        assert folder is not None
        assert reader.use(folder)
        assert not reader.use(folder)
        assert reader.model == reader.read(_TEXT).model == "first-one"

        with pytest.raises(store.PromotionError, match="in force already"):
            await store.promote(pool, tmp_path / "one")
        await store.promote(pool, _variant(tmp_path / "two", "first-two"))
        assert await store.roll_back(pool) == "first-one"
        assert await _in_force(pool, under) == folder
        async with pool.acquire() as connection:
            names = [row["name"] for row in await store.queries.models(connection)]
            acts = await connection.fetch("select action from audit_entries where action like 'model%' order by id")
        assert names == ["first-one", "first-two", "first-one"]
        assert [act["action"] for act in acts] == ["model_promoted", "model_promoted", "model_rolled_back"]
    finally:
        reader.close()


async def test_rolling_back_the_first_promotion_brings_the_shipped_model(pool: Any, tmp_path: Path) -> None:
    with pytest.raises(store.PromotionError, match="nothing to roll back"):
        await store.roll_back(pool)
    await store.promote(pool, _variant(tmp_path / "one", "first-one"))
    assert await store.roll_back(pool) == store.SHIPPED
    assert await _in_force(pool, tmp_path / "models") is None


async def test_what_people_overruled_is_exported_masked(service: RunningService) -> None:
    text = "我是王大锤，电话13912345678，楼上漏水泡了我家，要他赔钱修好"
    posted = await service.post_calls(
        {
            "line": "12345",
            "external_id": "labels-1",
            "received_at": "2026-03-02T09:00:00+08:00",
            "caller_name": "王大锤",
            "caller_number": "13912345678",
            "transcript": text,
            "live": True,
        }
    )
    call_id = posted["accepted"][0]["call_id"]
    await service.start_worker()
    await service.call_in(call_id, "proposed")
    await service.stop_worker()
    body = {"mode": "one_key", "destination": "police", "reason": "来电人要求民警到场"}
    status, answer = await service.request("POST", f"/calls/{call_id}/forward", role="operator", json=body)
    if status == 409:
        body["mode"] = "manual"
        status, answer = await service.request("POST", f"/calls/{call_id}/forward", role="operator", json=body)
    assert status == 200, answer
    async with service.pool.acquire() as connection:
        rows = [row async for row in overruled_rows(connection, service.services.vault, 1)]
        await connection.execute("update decisions set created_at = created_at - interval '2 days'")
        assert [row async for row in overruled_rows(connection, service.services.vault, 1)] == []
    (row,) = rows
    assert (row["route"], row["line"], row["by"]) == ("police_incident", "12345", "operator")
    assert "王大锤" not in row["text"]
    assert "12345678" not in row["text"]
    assert "楼上漏水泡了我家" in row["text"]
    assert len(row["text"]) == len(text)


async def test_an_unreadable_model_is_refused_and_the_reader_keeps_its_own(pool: Any, tmp_path: Path) -> None:
    with pytest.raises(ModelError):
        await store.promote(pool, tmp_path)
    reader = GuardedReader(30)
    try:
        with pytest.raises(ReaderUnusable):
            reader.use(tmp_path)
        assert reader.read(_TEXT).model == load_model().name
    finally:
        reader.close()
