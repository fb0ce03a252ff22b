"""Promoted models: stored, taken up by a reader that runs, rolled back by one command."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from hotline.models import store
from hotline.worker.guarded import GuardedReader, ReaderUnusable
from nlp.errors import ModelError
from nlp.model import DEFAULT_FOLDER, load_model

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
