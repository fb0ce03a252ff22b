"""Routes of the knowledge base, the shift handover and notices."""

from __future__ import annotations

from hotline.web.api import articles, handovers
from hotline.web.api_route import ApiRoute

_ARTICLE = r"/articles/{id:\d{1,18}}"
_HANDOVER = r"/handovers/{id:\d{1,18}}"
_MATTER = _HANDOVER + r"/items/{kind:\w{1,20}}/{ref:\d{1,18}}"

SHIFT: tuple[ApiRoute, ...] = (
    ApiRoute("GET", "/articles", articles.listing, "知识库条目", query=("q", "state", "topic", "limit")),
    ApiRoute("POST", "/articles", articles.add, "新增条目草稿", body=articles.ArticleBody, answers=(201, 403, 422)),
    ApiRoute("POST", "/articles/import", articles.import_file, "导入条目（Excel 或 CSV）", answers=(200, 422)),
    ApiRoute("GET", _ARTICLE, articles.show, "一个条目及其版本", query=("version",), answers=(200, 404)),
    ApiRoute(
        "PUT",
        f"{_ARTICLE}/draft",
        articles.save,
        "保存或提交条目草稿",
        body=articles.ArticleBody,
        answers=(200, 403, 404, 409, 422),
    ),
    ApiRoute(
        "POST",
        f"{_ARTICLE}/publish",
        articles.publish,
        "发布草稿为新版本",
        body=articles.RevisionBody,
        answers=(200, 404, 409, 422),
    ),
    ApiRoute(
        "POST",
        f"{_ARTICLE}/return",
        articles.give_back,
        "附理由退回修订",
        body=articles.ReturnDraftBody,
        answers=(200, 404, 422),
    ),
    ApiRoute(
        "POST",
        f"{_ARTICLE}/discard",
        articles.discard,
        "删除草稿",
        body=articles.RevisionBody,
        answers=(200, 403, 404, 409),
    ),
    ApiRoute("POST", f"{_ARTICLE}/withdraw", articles.withdraw, "停用条目", answers=(200, 404)),
    ApiRoute(
        "GET",
        r"/calls/{id:\d{1,18}}/articles",
        articles.suggested,
        "适合一通来电的条目",
        query=("q",),
        answers=(200, 403, 404),
    ),
    ApiRoute("GET", "/handovers", handovers.listing, "交接班记录", query=("limit",)),
    ApiRoute(
        "POST", "/handovers", handovers.prepare, "准备交接班", body=handovers.PrepareBody, answers=(201, 403, 409)
    ),
    ApiRoute("GET", _HANDOVER, handovers.show, "一份交接班", answers=(200, 404)),
    ApiRoute(
        "PUT",
        f"{_HANDOVER}/note",
        handovers.write_note,
        "填写交接说明",
        body=handovers.PrepareBody,
        answers=(200, 403, 404, 409),
    ),
    ApiRoute(
        "PUT",
        f"{_MATTER}/note",
        handovers.write_item_note,
        "填写一项的说明",
        body=handovers.PrepareBody,
        answers=(200, 403, 404, 409),
    ),
    ApiRoute("POST", f"{_MATTER}/confirm", handovers.confirm, "确认交接的一项", answers=(200, 403, 404, 409)),
    ApiRoute("POST", f"{_HANDOVER}/close", handovers.close, "完成交接班", answers=(200, 403, 404, 409)),
    ApiRoute("POST", f"{_HANDOVER}/call-off", handovers.call_off, "撤回交接班", answers=(200, 404, 409)),
    ApiRoute("POST", r"/calls/{id:\d{1,18}}/called-back", handovers.keep_promise, "完成约定回拨", answers=(200, 404)),
    ApiRoute("POST", "/notices", handovers.write_notice, "发布通知", body=handovers.NoticeBody, answers=(201, 422)),
    ApiRoute("POST", r"/notices/{id:\d{1,18}}/withdraw", handovers.withdraw_notice, "撤下通知", answers=(200, 404)),
)
