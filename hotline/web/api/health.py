"""Health, readiness, metrics and the API's own description."""

from __future__ import annotations

import html
from typing import Any

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from hotline.web.keys import needs, services
from hotline.web.metrics import gather
from hotline.web.problems import json_response


@needs("public")
async def healthz(request: web.Request) -> web.Response:
    """The process answers."""
    return json_response({"status": "ok"})


@needs("public")
async def readyz(request: web.Request) -> web.Response:
    """The database answers; Redis is told but not needed (work goes on by polling)."""
    own = services(request)
    try:
        async with own.pool.acquire(timeout=2) as connection:
            await connection.fetchval("select 1")
    except Exception as error:  # noqa: BLE001 - whatever is wrong, the answer is: not ready
        return json_response({"status": "unavailable", "database": type(error).__name__}, status=503)
    return json_response({"status": "ready", "database": "ok", "signals": await own.signals.answers()})


@needs("public")
async def metrics(request: web.Request) -> web.Response:
    """Prometheus metrics: counts and durations, never ids of persons."""
    await gather(services(request))
    return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})


@needs("public")
async def openapi(request: web.Request) -> web.Response:
    """The OpenAPI 3.1 description."""
    # made from the route table, which imports this module
    from hotline.web.openapi import describe

    return json_response(describe())


@needs("public")
async def docs(request: web.Request) -> web.Response:
    """The same for people, as one plain page without scripts."""
    from hotline.web.openapi import describe

    description = describe()
    rows = "".join(
        _row(path, method, operation)
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
    )
    page = (
        '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>接口说明</title>'
        '<link rel="stylesheet" href="/static/docs.css"></head><body><main>'
        f"<h1>{html.escape(description['info']['title'])} 接口 {description['info']['version']}</h1>"
        '<p>机器可读的描述：<a href="/api/openapi.json">/api/openapi.json</a>。'
        "访问令牌：<code>hotline token create --role ROLE</code>，放在 <code>Authorization: Bearer …</code>。</p>"
        "<table><thead><tr><th>方法</th><th>地址</th><th>说明</th><th>参数</th><th>权限</th><th>答复</th></tr></thead>"
        f"<tbody>{rows}</tbody></table></main></body></html>"
    )
    return web.Response(text=page, content_type="text/html")


def _row(path: str, method: str, operation: dict[str, Any]) -> str:
    parameters = "、".join(p["name"] for p in operation["parameters"])
    schema = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    body = schema.get("$ref", "").rsplit("/", 1)[-1]
    cells = (
        f"<code>{method.upper()}</code>",
        f"<code>{html.escape(path)}</code>",
        f"{html.escape(operation['summary'])}<br><small>{html.escape(operation['description'])}</small>",
        html.escape("、".join(part for part in (parameters, body) if part)),
        html.escape(str(operation["x-permission"])),
        "、".join(operation["responses"]),
    )
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
