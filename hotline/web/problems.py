"""RFC 9457 problem details, and the one table that maps domain errors to HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import asyncpg
import orjson
import structlog
from aiohttp import web

from config.errors import ConfigError
from hotline.access import errors as access
from hotline.accounts import errors as accounts
from hotline.audit.reasons import ReasonMissing
from hotline.database import DatabaseSlow, DatabaseUnreachable
from hotline.exports import errors as exports
from hotline.intake.errors import FileUnreadable, ProfileError, ProfileNotFound
from hotline.intake.gate import IntakeBusy, TriageBehind
from hotline.sealing.files import SealedFileBroken
from routing import errors as routing

log = structlog.get_logger(__name__)

#: Error -> (HTTP status, stable type, title). The first class that fits counts.
TABLE: tuple[tuple[type[Exception], int, str, str], ...] = (
    (routing.CallNotFound, 404, "call-not-found", "没有这通来电"),
    (routing.AssignmentNotFound, 404, "assignment-not-found", "没有这张接单"),
    (routing.TransferNotFound, 404, "transfer-not-found", "没有这次转办"),
    (routing.QueueNotFound, 404, "queue-not-found", "没有这个队列"),
    (routing.ArticleNotFound, 404, "article-not-found", "没有这个条目"),
    (routing.HandoverNotFound, 404, "handover-not-found", "没有这项交接"),
    (routing.NotYourArticle, 403, "not-your-article", "不是本单位的条目"),
    (routing.ArticleNotCitable, 409, "article-not-citable", "条目不能引用"),
    (routing.ArticleChanged, 409, "article-changed", "草稿已被他人修改"),
    (routing.HandoverChanged, 409, "handover-changed", "交接已有变化"),
    (routing.ReviewNotFound, 404, "review-not-found", "没有这项质检"),
    (routing.TrialNotFound, 404, "trial-not-found", "没有这次试算"),
    (routing.VersionNotFound, 404, "version-not-found", "没有这个版本"),
    (routing.VersionChanged, 409, "version-changed", "已有新版本"),
    (routing.DangerWordsOff, 409, "danger-words-off", "停用危险词须再次确认"),
    (routing.UndertakingNotFound, 404, "undertaking-not-found", "没有这件承办"),
    (routing.PoliceDeclined, 409, "police-declined", "警务台已认定非警务"),
    (routing.HeldByOther, 409, "held-by-other", "由他人处理中"),
    (routing.ProposalChanged, 409, "proposal-changed", "分流建议已更新"),
    (routing.NoLiveChannel, 409, "no-live-channel", "来电不在线"),
    (routing.TransferTaken, 409, "transfer-taken", "转办已被接走"),
    (routing.LeaseLost, 409, "lease-lost", "接单已结束"),
    (routing.IllegalTransition, 409, "illegal-transition", "当前状态不允许"),
    (routing.AnswerChanged, 409, "answer-changed", "这一项刚被修改"),
    (routing.ClosingLocked, 409, "closing-locked", "自伤来电不能直接结束"),
    (routing.NoShiftLeader, 403, "no-shift-leader", "只有当班班长可以"),
    (routing.ReasonRequired, 422, "reason-required", "需要填写理由"),
    (routing.ConsentRequired, 422, "consent-required", "需要本人同意"),
    (routing.OutsideSafeHours, 422, "outside-safe-hours", "不在安全时段"),
    (routing.InvalidRequest, 422, "invalid-request", "请求内容有误"),
    (routing.SnippetNotFound, 404, "snippet-not-found", "没有这一条速查"),
    (routing.SnippetChanged, 409, "snippet-changed", "这一条刚被修改"),
    (routing.PolicyError, 422, "policy-invalid", "分流规则有误"),
    (routing.WeekChanged, 409, "week-changed", "这一周已由他人改动"),
    (routing.RotationChanged, 409, "rotation-changed", "轮值已有变化"),
    (routing.ShiftNotFound, 404, "shift-not-found", "没有这个班次"),
    (routing.GridError, 422, "grids-invalid", "网格表有误"),
    (routing.OrganisationNotFound, 404, "organisation-not-found", "没有这个单位"),
    (routing.OrganisationStaffed, 409, "organisation-staffed", "单位还有人"),
    (routing.OrganisationInvalid, 422, "organisation-invalid", "单位信息有误"),
    (routing.RosterError, 422, "roster-invalid", "值班表有误"),
    (exports.ExportNotFound, 404, "export-not-found", "没有这项导出"),
    (exports.SecondPersonNeeded, 409, "second-person-needed", "须由另一人审批"),
    (exports.ExportChanged, 409, "export-changed", "导出状态已变化"),
    (exports.ReportMissing, 422, "report-missing", "未安装报告组件"),
    (accounts.LoginRefused, 401, "login-refused", "登录失败"),
    (accounts.LoginThrottled, 429, "login-throttled", "登录过于频繁"),
    (accounts.PasswordRejected, 422, "password-rejected", "密码不符合要求"),
    (accounts.CodeRefused, 422, "code-refused", "验证码不对"),
    (accounts.SecondFactorRequired, 409, "second-factor-required", "必须使用动态口令"),
    (accounts.AccountNotFound, 404, "account-not-found", "没有这个账号"),
    (accounts.SessionNotFound, 404, "session-not-found", "没有这个会话"),
    (accounts.OwnAccount, 409, "own-account", "不能对自己操作"),
    (accounts.LastSecurityAdministrator, 409, "last-security-administrator", "最后一名安全管理员"),
    (accounts.ProviderRefused, 401, "provider-refused", "统一身份认证未通过"),
    (accounts.ProviderUnreachable, 503, "provider-unreachable", "统一身份认证暂不可用"),
    (accounts.AccountError, 422, "account-invalid", "账号信息有误"),
    (access.NotInHand, 403, "not-in-hand", "不在您手上"),
    (access.CallerHidden, 403, "caller-hidden", "保密来电"),
    (access.OwnComplaint, 403, "own-complaint", "涉及本单位"),
    (ProfileNotFound, 404, "line-profile-not-found", "没有这份线路档案"),
    (ProfileError, 422, "line-profile-invalid", "线路档案有误"),
    (FileUnreadable, 422, "file-unreadable", "文件读不了"),
    (SealedFileBroken, 404, "rejects-gone", "退回文件不在了"),
    (ReasonMissing, 422, "reason-required", "需要填写理由"),
    (ConfigError, 422, "config-invalid", "配置有误"),
    (routing.SealBroken, 503, "sealed-unreadable", "存储的内容打不开"),
    (IntakeBusy, 429, "intake-busy", "接收过忙"),
    (TriageBehind, 429, "triage-behind", "研判积压过多"),
    (DatabaseUnreachable, 503, "database-unreachable", "数据库暂不可用"),
    (DatabaseSlow, 503, "database-slow", "数据库响应过慢"),
    # before OSError, of which it is one: the driver's own limit on a server that has stopped answering
    (TimeoutError, 503, "database-slow", "数据库响应过慢"),
    # a value no column can hold: U+0000 in a text, a number beyond its type
    (asyncpg.exceptions.DataError, 422, "value-unstorable", "内容不能保存"),
    (asyncpg.exceptions.QueryCanceledError, 503, "database-slow", "数据库响应过慢"),
    (asyncpg.exceptions.LockNotAvailableError, 503, "database-busy", "数据库繁忙"),
    (asyncpg.exceptions.DiskFullError, 503, "disk-full", "存储空间已满"),
    (asyncpg.exceptions.InsufficientResourcesError, 503, "database-busy", "数据库繁忙"),
    (asyncpg.exceptions.PostgresConnectionError, 503, "database-unreachable", "数据库暂不可用"),
    (asyncpg.exceptions.InternalClientError, 503, "database-unreachable", "数据库暂不可用"),
    (asyncpg.exceptions.InterfaceError, 503, "database-unreachable", "数据库暂不可用"),
    (asyncpg.exceptions.OperatorInterventionError, 503, "database-unreachable", "数据库暂不可用"),
    (OSError, 503, "database-unreachable", "数据库暂不可用"),
)

_DETAILS = {
    "sealed-unreadable": "这项内容暂时打不开，请通知系统管理员检查密钥文件；其他来电不受影响。",
    "value-unstorable": "内容里有不能保存的字符（如 U+0000）或超出范围的数，请改正后再提交。",
    "database-unreachable": "数据库正在恢复，请几秒后重试；已受理的来电不会丢失。",
    "database-slow": "数据库没有及时响应，本次未受理，请稍后重试。",
    "database-busy": "数据库正忙，本次未受理，请稍后重试。",
    "disk-full": "服务器存储空间已满，本次未受理；请通知管理员清理后重试。",
}
RETRY_AFTER_S = "2"


def json_bytes(body: Any) -> bytes:
    """Any answer of the API; datetimes as ISO 8601 with zone."""
    return orjson.dumps(body, option=orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS)


def json_response(body: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """A JSON answer."""
    return web.Response(body=json_bytes(body), status=status, content_type="application/json", headers=headers)


def problem(
    status: int,
    kind: str,
    title: str,
    detail: str,
    *,
    errors: Sequence[dict[str, Any]] | None = None,
    headers: dict[str, str] | None = None,
) -> web.Response:
    """A problem answer; ``type`` is stable and may be relied on."""
    body: dict[str, Any] = {"type": f"urn:hotline:problem:{kind}", "title": title, "status": status, "detail": detail}
    if errors is not None:
        body["errors"] = list(errors)
    if status in (429, 503):
        headers = {"Retry-After": RETRY_AFTER_S, **(headers or {})}
    return web.Response(body=json_bytes(body), status=status, headers=headers, content_type="application/problem+json")


def from_exception(error: Exception) -> web.Response | None:
    """The problem for an error of the table; None when it is not in it."""
    cause = getattr(error, "sqlstate", None)
    if cause == "HL001":
        return problem(409, "illegal-transition", "当前状态不允许", "来电状态已变化，请刷新后再试。")
    for kind, status, name, title in TABLE:
        if isinstance(error, kind):
            detail = _DETAILS.get(name) or str(error)
            if name == "value-unstorable":
                # the sender's to mend; a mistake of our own would look the same, so it is told here too
                log.warning("value_unstorable", error=type(error).__name__, sqlstate=cause)
            elif status >= 500:
                log.error("request_failed", problem=name, error=type(error).__name__)
            return problem(status, name, title, detail, errors=_proposed(error))
    return None


def _proposed(error: Exception) -> list[dict[str, Any]] | None:
    """For a call-back outside the safe hours: the window that may be promised instead, once a person agrees."""
    if not isinstance(error, routing.OutsideSafeHours):
        return None
    begins, ends = error.proposed
    return [{"field": "callback_at", "message": str(error), "proposed_from": begins, "proposed_until": ends}]


_HTTP_TITLES = {
    400: ("bad-request", "请求格式有误"),
    404: ("not-found", "没有这个地址"),
    405: ("method-not-allowed", "不支持这个方法"),
    413: ("too-large", "请求过大"),
    415: ("unsupported-media-type", "不支持的内容类型"),
}


#: Whoever measured it: our limits, or aiohttp while an unannounced body arrived.
_TOO_LARGE = (
    "一次最多 16 MiB（登录前 64 KiB），本次未受理。请拆成几次；"
    "来电导出文件也可由系统管理员在服务器上用 hotline import --line 线路 文件 导入，大小不限。"
)


def from_http(error: web.HTTPException) -> web.Response:
    """aiohttp's own errors in the same form."""
    kind, title = _HTTP_TITLES.get(error.status, ("http-error", error.reason))
    headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else None
    detail = _TOO_LARGE if error.status == web.HTTPRequestEntityTooLarge.status_code else error.text or title
    return problem(error.status, kind, title, detail, headers=headers)
