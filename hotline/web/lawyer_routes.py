"""Routes of lawyers' work beside queues: the other side of a call, conflicts of interest, snippets of law."""

from __future__ import annotations

from hotline.web.api import lawyers
from hotline.web.api_route import ApiRoute

LAWYERS: tuple[ApiRoute, ...] = (
    ApiRoute(
        "PUT",
        r"/calls/{id:\d{1,18}}/counterparty",
        lawyers.put_counterparty,
        "登记对方当事人",
        body=lawyers.CounterpartyBody,
        answers=(200, 404, 422),
    ),
    ApiRoute(
        "POST",
        r"/calls/{id:\d{1,18}}/recusal",
        lawyers.step_back,
        "登记回避，来电回到原位",
        body=lawyers.RecusalBody,
        answers=(200, 404, 409),
    ),
    ApiRoute("GET", "/snippets", lawyers.find_snippets, "法条速查", query=("q",)),
    ApiRoute("POST", "/snippets", lawyers.add_snippet, "新增速查条目", body=lawyers.SnippetBody, answers=(201, 422)),
    ApiRoute(
        "PUT",
        r"/snippets/{id:\d{1,18}}",
        lawyers.change_snippet,
        "修改速查条目",
        body=lawyers.SnippetBody,
        answers=(200, 404, 409, 422),
    ),
    ApiRoute(
        "DELETE", r"/snippets/{id:\d{1,18}}", lawyers.remove_snippet, "删除自己的速查条目", answers=(200, 404, 422)
    ),
)
