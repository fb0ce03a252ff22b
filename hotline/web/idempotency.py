"""Idempotency-Key: the same request sent twice is done once and answered the same."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from hotline.web.problems import json_bytes, json_response, problem
from routing.sealing import Vault
from routing.sql import load_queries

queries = load_queries(__file__, "idempotency.sql")

HEADER = "Idempotency-Key"
MAX_LENGTH = 200
RESPONSE = "idempotency_keys.response"


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """One key of one principal on one route; ``body_hash``, keyed, tells a repeat from a reuse."""

    principal: str
    route: str
    key: str
    body_hash: bytes


async def key_of(request: web.Request, vault: Vault, principal_id: int, route: str) -> IdempotencyKey | None:
    """The key of a request, None without the header. Raises web.HTTPBadRequest for an unusable one."""
    key = request.headers.get(HEADER)
    if key is None:
        return None
    if not 1 <= len(key) <= MAX_LENGTH or not key.isascii():
        raise web.HTTPBadRequest(text=f"{HEADER} 需要 1 到 {MAX_LENGTH} 个 ASCII 字符。")
    body_hash = vault.content_hash(hashlib.sha256(await request.read()).digest())
    return IdempotencyKey(f"user:{principal_id}", route, key, body_hash)


async def begin(connection: Any, vault: Vault, key: IdempotencyKey) -> web.Response | None:
    """Inside the transaction that does the work: the earlier answer, or None when this is the first time.

    The row inserted here makes a second request with the key wait until the
    first has committed or failed.
    """
    if await queries.reserve(
        connection, principal=key.principal, route=key.route, key=key.key, body_hash=key.body_hash
    ):
        return None
    found = await queries.answered(connection, principal=key.principal, route=key.route, key=key.key)
    if found["body_hash"] != key.body_hash:
        return problem(
            422, "idempotency-key-reused", "幂等键重复使用", f"{HEADER} 已用于另一个内容不同的请求，请换一个。"
        )
    return json_response(vault.open_json(found["response"], RESPONSE), status=found["status"])


async def finish(connection: Any, vault: Vault, key: IdempotencyKey, status: int, body: dict[str, Any]) -> None:
    """Keep the answer, sealed, in the same transaction."""
    response = vault.seal(json_bytes(body).decode(), RESPONSE)
    await queries.keep(
        connection, principal=key.principal, route=key.route, key=key.key, status=status, response=response
    )
