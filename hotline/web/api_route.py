"""One route of the API; :mod:`hotline.web.routes` lists them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel


@dataclass(frozen=True, slots=True)
class ApiRoute:
    """One route, with what the OpenAPI description says of it."""

    method: str
    path: str
    handler: Any
    summary: str
    body: type[BaseModel] | None = None
    query: tuple[str, ...] = ()
    answers: tuple[int, ...] = (200,)
