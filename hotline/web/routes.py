"""Every route of the API, in one table: method, path, handler, summary, roles' permission by the handler."""

from __future__ import annotations

from aiohttp import web

from hotline.intake.contact_rules import ApiContactRules
from hotline.web.administration_routes import ADMINISTRATION
from hotline.web.api import (
    access,
    accounts,
    calls,
    contact_rules,
    danger,
    events,
    health,
    me,
    policy,
    queues,
    rosters,
    transfers,
    wrapups,
)
from hotline.web.api_route import ApiRoute
from hotline.web.case_routes import CASES
from hotline.web.lawyer_routes import LAWYERS
from hotline.web.shift_routes import SHIFT
from hotline.web.statistics_routes import STATISTICS
from hotline.web.supervision_routes import SUPERVISION

API = "/api/v1"


ROUTES: tuple[ApiRoute, ...] = (
    ApiRoute("POST", "/calls", calls.submit, "接收一条或多条来电记录", answers=(202, 400, 413, 429, 503)),
    ApiRoute(
        "GET",
        "/calls",
        calls.listing,
        "来电列表",
        query=("line", "route", "destination", "state", "from", "to", "cursor", "limit"),
    ),
    ApiRoute("GET", r"/calls/{id:\d{1,18}}", calls.show, "一通来电：研判、分流、队列、转办、经过", answers=(200, 404)),
    ApiRoute(
        "POST",
        r"/calls/{id:\d{1,18}}/segments",
        calls.add_segments,
        "追加实时转写（按 seq 幂等）",
        answers=(200, 404, 409),
    ),
    ApiRoute(
        "POST",
        r"/calls/{id:\d{1,18}}/forward",
        calls.forward,
        "转办",
        body=calls.ForwardBody,
        answers=(200, 404, 409, 422),
    ),
    ApiRoute(
        "POST", r"/calls/{id:\d{1,18}}/answer", calls.answer, "直接答复", body=calls.AnswerBody, answers=(200, 404, 409)
    ),
    ApiRoute(
        "GET", r"/calls/{id:\d{1,18}}/departments", transfers.departments, "可点名的承办单位", answers=(200, 403, 404)
    ),
    ApiRoute("POST", r"/calls/{id:\d{1,18}}/hold", calls.take_hold, "接起在线来电", answers=(200, 404, 409)),
    ApiRoute(
        "POST",
        r"/calls/{id:\d{1,18}}/choice",
        calls.choose,
        "登记来电人的选择",
        body=calls.ChoiceBody,
        answers=(201, 404),
    ),
    ApiRoute(
        "POST",
        r"/calls/{id:\d{1,18}}/unmask",
        access.unmask,
        "附理由查看明文",
        body=access.UnmaskBody,
        answers=(200, 403, 404, 422),
    ),
    ApiRoute(
        "POST",
        r"/calls/{id:\d{1,18}}/timeline",
        access.open_timeline,
        "附理由打开同号的另一通来电",
        body=access.TimelineBody,
        answers=(200, 403, 404, 422),
    ),
    ApiRoute(
        "GET",
        "/search",
        access.search,
        "按内容或编号查找",
        query=("q", "reason", "from", "to", "cursor", "limit"),
        answers=(200, 422),
    ),
    ApiRoute(
        "POST",
        "/search",
        access.search_by_body,
        "查找；按来电人号码须附理由",
        body=access.SearchBody,
        query=("from", "to", "cursor", "limit"),
        answers=(200, 403, 422),
    ),
    ApiRoute("POST", r"/calls/{id:\d{1,18}}/acknowledge", danger.acknowledge, "确认危险警报", answers=(200, 409)),
    ApiRoute("GET", r"/calls/{id:\d{1,18}}/danger", danger.show, "危险问询、班长、能否结束", answers=(200, 403)),
    ApiRoute(
        "PUT",
        r"/calls/{id:\d{1,18}}/danger/{question:\w{1,40}}",
        danger.put_answer,
        "保存危险问询的一项",
        body=danger.AnswerBody,
        answers=(200, 404, 409, 422),
    ),
    ApiRoute("POST", r"/calls/{id:\d{1,18}}/leader", danger.want_leader, "请班长加入", answers=(200, 404, 409)),
    ApiRoute("POST", r"/calls/{id:\d{1,18}}/join", danger.join, "班长加入来电", answers=(200, 403, 404, 409)),
    ApiRoute(
        "POST",
        r"/calls/{id:\d{1,18}}/release",
        danger.release,
        "确认安全，自伤来电可以结束",
        body=danger.ReleaseBody,
        answers=(200, 403, 404, 409, 422),
    ),
    ApiRoute(
        "PUT",
        r"/calls/{id:\d{1,18}}/wrap-up",
        wrapups.save,
        "保存来电后的整理",
        body=wrapups.WrapUpBody,
        answers=(200, 404, 409, 422),
    ),
    ApiRoute(
        "PUT",
        r"/calls/{id:\d{1,18}}/contact-rules",
        contact_rules.put,
        "登记回拨须知（安全时段、不发短信、改拨号码）",
        body=ApiContactRules,
        answers=(200, 403, 404, 422),
    ),
    ApiRoute("POST", r"/transfers/{id:\d{1,18}}/cancel", transfers.take_back, "撤回转办", answers=(200, 404, 409)),
    ApiRoute(
        "POST", r"/transfers/{id:\d{1,18}}/confirm", transfers.confirm_dialled, "确认人工转接已接通", answers=(200, 409)
    ),
    ApiRoute(
        "POST",
        r"/transfers/{id:\d{1,18}}/receipt",
        transfers.take_receipt,
        "登记对方工单号（签收）",
        body=transfers.ReceiptBody,
        answers=(200, 409),
    ),
    ApiRoute(
        "POST",
        r"/transfers/{id:\d{1,18}}/return",
        transfers.give_back,
        "附理由退回",
        body=transfers.ReturnBody,
        answers=(200, 409),
    ),
    ApiRoute("GET", "/transfers", transfers.search, "按工单号查转办", query=("ticket", "overdue")),
    ApiRoute("GET", "/queues", queues.listing, "各队列的情况"),
    ApiRoute("GET", r"/queues/{name:\w{1,40}}/items", queues.waiting, "一个队列里等待的来电", query=("limit",)),
    ApiRoute("POST", r"/queues/{name:\w{1,40}}/claim", queues.take, "接下一个", answers=(200, 204, 403, 404)),
    ApiRoute("POST", r"/queues/{name:\w{1,40}}/refuse", queues.refuse, "谢绝振铃"),
    ApiRoute("GET", "/assignments", queues.in_hand, "我手上的来电"),
    ApiRoute("POST", r"/assignments/{id:\d{1,18}}/heartbeat", queues.keep, "续租", answers=(200, 404, 409)),
    ApiRoute(
        "POST",
        r"/assignments/{id:\d{1,18}}/release",
        queues.give_back,
        "退回队列原位",
        body=queues.ReleaseBody,
        answers=(200, 404, 409),
    ),
    ApiRoute(
        "POST",
        r"/assignments/{id:\d{1,18}}/complete",
        queues.finish,
        "办结",
        body=queues.CompleteBody,
        answers=(200, 404, 409, 422),
    ),
    ApiRoute("PUT", r"/assignments/{id:\d{1,18}}/notes", queues.autosave, "保存笔记", body=queues.NotesBody),
    ApiRoute("PUT", "/presence", queues.be_present, "我的状态", body=queues.PresenceBody),
    ApiRoute("POST", "/presence/wrap-up", queues.lengthen_wrap_up, "延长整理时间（每通一次）", answers=(200, 409)),
    *LAWYERS,
    *CASES,
    ApiRoute("GET", "/events", events.stream, "实时事件（SSE）", query=("last_event_id",)),
    ApiRoute("GET", r"/queues/{name:\w{1,40}}/night-options", rosters.night, "人手少时来电人可选的方式"),
    ApiRoute("GET", "/triage/set-aside", policy.set_aside, "搁置的研判"),
    ApiRoute("POST", r"/calls/{id:\d{1,18}}/triage", policy.repeat, "重新研判搁置的来电", answers=(200, 404, 409)),
    ApiRoute("GET", "/me", me.me, "我是谁"),
    ApiRoute("POST", "/me/password", me.set_password, "修改密码", body=me.PasswordBody, answers=(200, 401, 422)),
    ApiRoute("POST", "/me/activity", me.activity, "有键盘或鼠标操作", answers=(204,)),
    ApiRoute("POST", "/me/lock", me.lock, "久未操作，锁定屏幕"),
    ApiRoute("GET", "/me/sessions", me.listing, "我的登录会话"),
    ApiRoute("POST", "/me/sessions/end-others", me.end_other_sessions, "结束我的其他会话"),
    ApiRoute("POST", r"/me/sessions/{id:\d{1,18}}/end", me.end_session, "结束我的一个会话", answers=(200, 404)),
    ApiRoute(
        "POST",
        "/me/second-factor",
        me.begin_second_factor,
        "开始设置动态口令",
        body=me.ConfirmationBody,
        answers=(201, 401, 422),
    ),
    ApiRoute("GET", "/me/second-factor/qr.svg", me.qr_code, "动态口令二维码", answers=(200, 404)),
    ApiRoute(
        "POST",
        "/me/second-factor/confirm",
        me.confirm_second_factor,
        "确认动态口令",
        body=me.CodeBody,
        answers=(200, 422, 429),
    ),
    ApiRoute(
        "POST",
        "/me/second-factor/recovery-codes",
        me.renew_recovery_codes,
        "重新生成备用码",
        body=me.CodeBody,
        answers=(200, 422, 429),
    ),
    ApiRoute(
        "POST",
        "/me/second-factor/remove",
        me.remove_second_factor,
        "解除动态口令",
        body=me.CodeBody,
        answers=(200, 409, 422, 429),
    ),
    ApiRoute("GET", "/users", accounts.listing, "账号"),
    ApiRoute("POST", "/users", accounts.add, "新增账号", body=accounts.UserBody, answers=(201, 422)),
    ApiRoute("PUT", r"/users/{id:\d{1,18}}/agent", accounts.set_agent, "专长与网格", body=accounts.AgentBody),
    ApiRoute("POST", r"/users/{id:\d{1,18}}/disable", accounts.disable, "停用账号", answers=(200, 404, 409, 422)),
    ApiRoute("POST", r"/users/{id:\d{1,18}}/enable", accounts.enable, "重新启用账号", answers=(200, 404, 409, 422)),
    ApiRoute(
        "POST",
        r"/users/{id:\d{1,18}}/role",
        accounts.set_role,
        "改换角色",
        body=accounts.RoleBody,
        answers=(200, 404, 409, 422),
    ),
    ApiRoute("POST", r"/users/{id:\d{1,18}}/password", accounts.reset_password, "重置密码", answers=(200, 404, 409)),
    ApiRoute("POST", r"/users/{id:\d{1,18}}/unlock", accounts.unlock, "解除锁定", answers=(200, 404, 409)),
    ApiRoute(
        "POST",
        r"/users/{id:\d{1,18}}/second-factor/reset",
        accounts.reset_second_factor,
        "重置动态口令",
        answers=(200, 404, 409),
    ),
    ApiRoute("GET", r"/users/{id:\d{1,18}}/sessions", accounts.sessions_of, "一个账号的会话"),
    ApiRoute(
        "POST",
        r"/users/{id:\d{1,18}}/sessions/end",
        accounts.end_sessions,
        "结束一个账号的全部会话",
        answers=(200, 404, 409),
    ),
    ApiRoute("GET", "/sessions", accounts.all_sessions, "所有登录会话"),
    ApiRoute("POST", r"/sessions/{id:\d{1,18}}/end", accounts.end_session, "结束一个会话", answers=(200, 404)),
    *ADMINISTRATION,
    *SHIFT,
    *STATISTICS,
    *SUPERVISION,
)


def add_api(app: web.Application) -> None:
    """Register every route of the API and the pages beside it."""
    for route in ROUTES:
        app.router.add_route(route.method, API + route.path, route.handler)
    app.router.add_get("/healthz", health.healthz)
    app.router.add_get("/readyz", health.readyz)
    app.router.add_get("/metrics", health.metrics)
    app.router.add_get("/api/openapi.json", health.openapi)
    app.router.add_get("/api/docs", health.docs)
