"""The OpenAPI 3.1 description, made from the route table."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from hotline import __version__
from hotline.intake.api_record import ApiCall
from hotline.web.api_route import ApiRoute
from hotline.web.authentication import permission_of
from hotline.web.routes import API, ROUTES

_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "description": "稳定的错误标识 urn:hotline:problem:…"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {"type": "array", "items": {"type": "object"}},
    },
}
_TEXTS = {
    200: "成功",
    201: "已创建",
    202: "已受理",
    204: "完成，没有内容（如没有可接的来电）",
    400: "请求格式有误",
    401: "需要登录",
    403: "没有权限",
    404: "没有找到",
    409: "与当前状态冲突",
    413: "请求过大",
    422: "内容有误",
    423: "屏幕已锁定",
    429: "过于频繁",
    503: "暂不可用",
}
_PROTECTED = (401, 403, 503)


@cache
def describe() -> dict[str, Any]:
    """The whole description; made once in a process, since anybody may ask for it, and not to be changed."""
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        path = API + re.sub(r":[^}]*\}+", "}", route.path.replace(r"\d{1,18}", "").replace(r"\w{1,40}", ""))
        paths.setdefault(path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {"title": "热线研判分流服务", "version": __version__, "license": {"name": "Apache-2.0"}},
        "paths": paths,
        "components": {
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
            "schemas": {"Problem": _PROBLEM, **_models()},
        },
        "security": [{"bearer": []}],
    }


def _models() -> dict[str, Any]:
    models = {"Call": ApiCall} | {route.body.__name__: route.body for route in ROUTES if route.body}
    schemas: dict[str, Any] = {}
    for name, model in models.items():
        schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= schema.pop("$defs", {})
        schemas[name] = schema
    return schemas


def _operation(route: ApiRoute) -> dict[str, Any]:
    parameters = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "integer", "minimum": 1} if name == "id" else {"type": "string"},
        }
        for name in re.findall(r"\{(\w+):", route.path)
    ] + [{"name": name, "in": "query", "required": False, "schema": {"type": "string"}} for name in route.query]
    operation: dict[str, Any] = {
        "summary": route.summary,
        "description": (route.handler.__doc__ or "").strip(),
        "operationId": f"{route.handler.__module__.rsplit('.', 1)[-1]}_{route.handler.__name__}",
        "parameters": parameters,
        "x-permission": permission_of(route.handler),
        "responses": {str(code): _response(code) for code in sorted({*route.answers, *_PROTECTED})},
    }
    if route.path == "/calls" and route.method == "POST":
        call = {"$ref": "#/components/schemas/Call"}
        operation["requestBody"] = {
            "required": True,
            "content": {
                "application/json": {"schema": {"anyOf": [call, {"type": "array", "items": call, "maxItems": 1000}]}},
                "application/x-ndjson": {"schema": {"type": "string"}},
            },
        }
    elif route.body:
        operation["requestBody"] = {
            "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{route.body.__name__}"}}}
        }
    return operation


def _response(code: int) -> dict[str, Any]:
    response: dict[str, Any] = {"description": _TEXTS[code]}
    if code >= 400:
        response["content"] = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return response
