"""Errors are logged by type and place: their messages may quote what somebody said."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator
from typing import Any

import asyncpg
import pytest
import structlog

from hotline.errors import HotlineError
from hotline.logs import configure_logs

SAID = "我儿子在三小二班"


@pytest.fixture(autouse=True)
def _own_logging() -> Iterator[None]:
    root = logging.getLogger()
    before = root.handlers, root.level, structlog.get_config()
    yield
    root.handlers, root.level = before[0], before[1]
    structlog.configure(**before[2])
    structlog.contextvars.clear_contextvars()


def logged(capsys: pytest.CaptureFixture[str], error: Exception) -> dict[str, Any]:
    """What is written when a request crashes with ``error``."""
    configure_logs("web")
    try:
        try:
            raise error
        except type(error) as cause:
            raise KeyError(SAID) from cause
    except KeyError:
        structlog.get_logger("test").exception("request_crashed", path="/calls")
    return json.loads(capsys.readouterr().err)  # type: ignore[no-any-return]


def test_a_database_error_is_told_without_the_row_it_failed_on(capsys: pytest.CaptureFixture[str]) -> None:
    error = asyncpg.CheckViolationError("new row violates check constraint")
    error.detail = f"Failing row contains ({SAID})."
    entry = logged(capsys, error)
    assert SAID not in json.dumps(entry, ensure_ascii=False)
    assert [line.split(" at ")[0] for line in entry["exception"]] == ["KeyError", "CheckViolationError (23514)"]
    assert "test_logs_without_values.py" in entry["exception"][0]
    assert entry["path"] == "/calls"


def test_our_own_sentences_are_kept(capsys: pytest.CaptureFixture[str]) -> None:
    assert "HotlineError: Start PostgreSQL." in logged(capsys, HotlineError("Start PostgreSQL."))["exception"][1]


def test_a_task_that_nobody_waited_for_tells_no_value(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("web")

    async def fail() -> None:
        raise ValueError(SAID)

    async def forget() -> None:
        task = asyncio.create_task(fail())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        del task

    asyncio.run(forget())
    said = capsys.readouterr().err
    assert "Task exception was never retrieved" in said
    assert SAID not in said
