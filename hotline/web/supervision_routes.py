"""The supervisors' part of the API's table: reviews, agreement, policy, lexicon, trials of drafts."""

from __future__ import annotations

from hotline.web.api import lexicon, policy, supervision, trials
from hotline.web.api_route import ApiRoute

_REVIEW = r"/supervision/reviews/{id:\d{1,18}}"

SUPERVISION: tuple[ApiRoute, ...] = (
    ApiRoute("GET", "/supervision/queue", supervision.queue, "质检队列：各类待判数、今日已判、可撤销的一项"),
    ApiRoute(
        "POST",
        "/supervision/claim",
        supervision.claim,
        "质检：接下一通",
        body=supervision.ClaimBody,
        answers=(200, 204, 422),
    ),
    ApiRoute("POST", f"{_REVIEW}/keep", supervision.keep, "质检：续租", answers=(200, 409)),
    ApiRoute("POST", f"{_REVIEW}/pass", supervision.leave, "质检：留给别人", answers=(200, 409)),
    ApiRoute(
        "POST",
        f"{_REVIEW}/decide",
        supervision.decide,
        "质检：同意或更正类别、主题、危险",
        body=supervision.VerdictBody,
        answers=(200, 404, 409, 422),
    ),
    ApiRoute("POST", f"{_REVIEW}/undo", supervision.undo, "质检：撤销自己的判定", answers=(200, 404, 409)),
    ApiRoute("GET", "/policy", policy.show, "现行分流规则"),
    ApiRoute("POST", "/policy", policy.publish, "校验并发布分流规则", body=policy.PolicyBody, answers=(201, 409, 422)),
    ApiRoute("POST", "/policy/check", policy.check, "校验规则文本，逐行指出问题；列出规则", body=policy.CheckBody),
    ApiRoute("GET", "/policy/versions", policy.listing, "分流规则的发布记录"),
    ApiRoute("GET", r"/policy/versions/{id:\d{1,18}}", policy.one_version, "一个版本及其差异", answers=(200, 404)),
    ApiRoute(
        "POST",
        "/trials/policy",
        trials.try_policy,
        "试算：最近的来电按草稿会去哪里",
        body=trials.PolicyTrialBody,
        answers=(201, 422),
    ),
    ApiRoute(
        "POST",
        "/trials/lexicon",
        trials.try_lexicon,
        "试算：最近的来电按词库草稿会怎样研判",
        body=trials.LexiconTrialBody,
        answers=(201, 422),
    ),
    ApiRoute(
        "POST",
        "/trials/sentence",
        trials.try_sentence,
        "试一句话：分词、类别、危险的前后对比",
        body=trials.SentenceBody,
        answers=(201, 422),
    ),
    ApiRoute("GET", "/lexicon", lexicon.show, "词库：随产品提供的条目、本地的增停"),
    ApiRoute("POST", "/lexicon/check", lexicon.check, "校验词库草稿", body=lexicon.CheckBody),
    ApiRoute("POST", "/lexicon", lexicon.publish, "发布词库", body=lexicon.LexiconBody, answers=(201, 409, 422)),
    ApiRoute(
        "GET", r"/lexicon/versions/{id:\d{1,18}}", lexicon.one_version, "词库的一个版本及其差异", answers=(200, 404)
    ),
    ApiRoute("GET", r"/trials/{id:\d{1,18}}", trials.show, "试算的进度与结果", answers=(200, 404)),
    ApiRoute("POST", r"/trials/{id:\d{1,18}}/cancel", trials.cancel, "取消试算", answers=(200, 404)),
    ApiRoute(
        "GET",
        "/supervision/agreement",
        supervision.agreement,
        "机器与质检或话务员的一致性",
        query=("from", "to", "against", "of", "step"),
        answers=(200, 422),
    ),
)
