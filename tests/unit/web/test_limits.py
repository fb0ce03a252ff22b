"""Bodies that are packed, too large, or that dribble in."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from hotline.web import limits
from hotline.web.authentication import answer_errors
from hotline.web.keys import needs
from hotline.web.limits import MAX_BODY_BYTES, MAX_FORM_FIELDS, PUBLIC_BODY_BYTES, body_time_s, limit_body
from hotline.web.uploads import read_upload


@needs("calls.submit")
async def count(request: web.Request) -> web.Response:
    return web.json_response(len(await request.read()))


@needs("public")
async def form(request: web.Request) -> web.Response:
    return web.json_response(len(await request.post()))


@needs("lines.write")
async def file(request: web.Request) -> web.Response:
    upload = await read_upload(request)
    return web.json_response([upload.suffix, len(upload.data), dict(upload.fields)])


@needs("self")
async def careless(request: web.Request) -> web.Response:
    """Does not read what it is sent."""
    return web.json_response(0)


@pytest.fixture
async def client() -> AsyncIterator[TestClient[Any, Any]]:
    app = web.Application(
        middlewares=[answer_errors, limit_body],
        client_max_size=MAX_BODY_BYTES,
        client_max_fields=MAX_FORM_FIELDS,
    )
    app.router.add_post("/api/v1/count", count)
    app.router.add_post("/api/v1/form", form)
    app.router.add_post("/api/v1/file", file)
    app.router.add_post("/api/v1/careless", careless)
    async with TestClient(TestServer(app)) as opened:
        yield opened


async def test_packed_bodies_are_refused_unread(client: TestClient[Any, Any]) -> None:
    bomb = gzip.compress(b" " * (1 << 20))
    answer = await client.post("/api/v1/count", data=bomb, headers={"Content-Encoding": "gzip"})
    assert answer.status == 415
    assert (await answer.json(content_type=None))["type"] == "urn:hotline:problem:content-encoding"
    answer = await client.post("/api/v1/count", data=b"abc", headers={"Content-Encoding": "Identity"})
    assert await answer.json() == 3


async def test_a_body_may_be_as_large_as_the_contract_says(client: TestClient[Any, Any]) -> None:
    answer = await client.post("/api/v1/count", data=b" " * MAX_BODY_BYTES)
    assert await answer.json() == MAX_BODY_BYTES
    answer = await client.post("/api/v1/count", data=b" " * (MAX_BODY_BYTES + 1))
    assert answer.status == 413

    async def unannounced() -> AsyncIterator[bytes]:
        for _ in range(17):
            yield b" " * (1 << 20)

    assert (await client.post("/api/v1/count", data=unannounced())).status == 413


async def test_too_large_a_file_is_told_what_to_do(client: TestClient[Any, Any]) -> None:
    """Announced or not: a form of parts is read piece by piece, so its length counts as it comes."""

    def parts(size: int) -> aiohttp.FormData:
        body = aiohttp.FormData({"as": "backlog"})
        body.add_field("file", b"a" * size, filename="export.CSV")
        return body

    answer = await client.post("/api/v1/file", data=parts(1 << 20))
    assert await answer.json() == [".csv", 1 << 20, {"as": "backlog"}]
    written = parts(MAX_BODY_BYTES + 1)()

    async def unannounced() -> AsyncIterator[bytes]:
        yield await written.as_bytes()

    for sent in ({"data": parts(MAX_BODY_BYTES + 1)}, {"data": unannounced(), "headers": written.headers}):
        answer = await client.post("/api/v1/file", **sent)
        assert answer.status == 413
        problem = await answer.json(content_type=None)
        assert problem["type"] == "urn:hotline:problem:too-large"
        assert "hotline import" in problem["detail"]


async def test_before_the_log_in_little_is_read(client: TestClient[Any, Any]) -> None:
    answer = await client.post("/api/v1/form", data={"name": "a" * (PUBLIC_BODY_BYTES - 100)})
    assert answer.status == 200
    assert (await client.post("/api/v1/form", data={"name": "a" * PUBLIC_BODY_BYTES})).status == 413

    async def unannounced() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"a" * (PUBLIC_BODY_BYTES // 2)

    urlencoded = {"Content-Type": "application/x-www-form-urlencoded"}
    assert (await client.post("/api/v1/form", data=unannounced(), headers=urlencoded)).status == 413
    many = "&".join(f"f{n}=1" for n in range(MAX_FORM_FIELDS + 1))
    assert (await client.post("/api/v1/form", data=many, headers=urlencoded)).status in (400, 413)


async def test_a_body_that_dribbles_in_is_given_up(
    client: TestClient[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "body_time_s", lambda length: 0.2)
    stop = asyncio.Event()

    async def dribble() -> AsyncIterator[bytes]:
        yield b"a"
        await stop.wait()

    answer = await client.post("/api/v1/count", data=dribble())
    assert answer.status == 408
    assert answer.headers["Connection"] == "close"
    stop.set()


async def test_a_handler_may_take_longer_than_its_body(
    client: TestClient[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "body_time_s", lambda length: 0.05)
    seen = asyncio.Event()

    @needs("self")
    async def slow(request: web.Request) -> web.Response:
        await request.read()
        await asyncio.sleep(0.2)
        seen.set()
        return web.json_response(1)

    app = web.Application(middlewares=[answer_errors, limit_body])
    app.router.add_post("/", slow)
    async with TestClient(TestServer(app)) as opened:
        assert (await opened.post("/", data=b"abc")).status == 200
    assert seen.is_set()


async def test_an_unread_body_does_no_harm(client: TestClient[Any, Any]) -> None:
    for _ in range(3):
        assert await (await client.post("/api/v1/careless", data=b"a" * 200_000)).json() == 0


def test_a_whole_batch_has_minutes_and_a_form_has_seconds() -> None:
    assert body_time_s(1000) < 21
    assert body_time_s(MAX_BODY_BYTES) == body_time_s(None) == 276
