"""Words of the screens (DESIGN section 4) that are no configuration, and what may be chosen from short lists."""

from __future__ import annotations

from hotline.accounts.permissions import Role
from routing.cases.states import STATES as UNDERTAKING_STATES
from routing.cases.terms import APPRAISALS as CASE_APPRAISALS
from routing.cases.terms import OUTCOMES

#: Where each role begins its work.
HOME: dict[Role, str] = {
    "operator": "/operator",
    "lawyer": "/desk",
    "mediator": "/desk",
    "police": "/desk",
    "department": "/desk",
    "manager": "/statistics",
    "admin": "/policy",
    "security": "/admin/users",
    "auditor": "/audit",
}

#: Destination -> (screen name, function key that forwards there, None: no key).
DESTINATIONS: dict[str, tuple[str, str | None]] = {
    "lawyers": ("12348 律师", "F2"),
    "mediators": ("调解员", "F3"),
    "police": ("110 民警", "F4"),
    "departments": ("12345 承办单位", "F6"),
    "operators": ("话务员", None),
}

#: Why a person sends a call elsewhere than proposed; the last one asks for own words.
OVERRULE_REASONS: tuple[str, ...] = (
    "来电人明确要求",
    "类别判断有误",
    "危险程度判断有误",
    "该去向无人在岗",
    "属地或职责不符",
    "其他",
)

#: How a call may end at each desk; the first is chosen most often and stands first.
DISPOSITIONS: dict[Role, tuple[str, ...]] = {
    "operator": ("已答复", "约定回拨", "未接通"),
    "lawyer": ("已解答", "建议法律援助", "建议调解", "建议报警", "约定回拨", "未接通"),
    "mediator": ("已受理调解", "电话调解成功", "不属调解范围", "约定回拨", "未接通"),
    "police": ("已派警", "电话处置", "核实无警情", "已告知其他渠道", "未接通"),
    "department": ("已受理", "已办理答复", "已转相关单位", "约定回拨", "未接通"),
    "admin": ("已处理", "约定回拨", "未接通"),
}
#: The disposition with which a time for calling back is recorded.
CALLBACK = "约定回拨"

#: How a call ended at the operators' table, in the form after it.
WRAP_UP_DISPOSITIONS: tuple[str, ...] = ("已转办", "直接答复", "约定回拨", "来电人挂断", "未接通")

RELEASE_REASONS: tuple[str, ...] = ("回避（利益冲突）", "不熟悉该领域", "临时离席", "误接", "其他")

PRESENCES: dict[str, str] = {
    "available": "空闲",
    "ringing": "振铃",
    "on_call": "通话中",
    "wrap_up": "整理中",
    "paused": "小休",
    "offline": "离线",
}

TRANSFER_MODES: dict[str, str] = {
    "one_key": "一键转办",
    "blind": "直转",
    "attended": "咨询转",
    "conference": "三方通话",
    "manual": "人工转接",
    "ticket": "工单流转",
}

TRANSFER_STATES: dict[str, str] = {
    "pending": "等待接手",
    "confirmed": "已确认，等待接手",
    "taken": "已接手",
    "cancelled": "已撤回",
    "returned": "已退回",
}

ITEM_STATES: dict[str, str] = {
    "waiting": "等待",
    "offered": "振铃",
    "claimed": "已接单",
    "done": "已完成",
    "cancelled": "已取消",
}

DANGER_LEVELS: dict[int, str] = {0: "无", 1: "有危险", 2: "正在发生"}

CHOICES: dict[str, str] = {"wait": "在线等候", "callback": "约定回拨", "message": "留言"}

#: Of cases, as a call's page tells them.
CASE_STATES = UNDERTAKING_STATES
APPRAISALS = CASE_APPRAISALS
CASE_OUTCOMES: dict[str, str] = {code: name for desk in OUTCOMES.values() for code, name in desk.items()}

#: Entries of a call's log, as its course shows them.
ACTIONS: dict[str, str] = {
    "received": "接收",
    "not_connected": "未接通，仅统计",
    "new_version": "收到新版本",
    "triaged": "研判",
    "triage_set_aside": "研判多次失败，待人工",
    "proposed": "给出建议，待确认",
    "queued": "进入队列",
    "offered": "振铃",
    "no_answer": "振铃无人接，回到队列",
    "refused": "谢绝振铃，回到队列",
    "offer_withdrawn": "转出人撤回，停止振铃",
    "claimed": "接单",
    "released": "退回队列",
    "callback_promised": "约定回拨，来电保留",
    "recused": "有利益冲突，退回原位",
    "nobody_left": "无人可接，转回话务台",
    "lease_expired": "接单人失联，回到队列",
    "forwarded": "转办",
    "transfer_cancelled": "撤回转办",
    "returned": "退回话务台",
    "answered_directly": "直接答复",
    "completed": "办结",
    "closed": "关闭",
    "danger_acknowledged": "危险警报已确认",
    "danger_escalated": "危险警报无人确认，继续上报",
    "danger_answered": "危险问询有答复",
    "self_harm_hung_up": "自伤来电挂断，警报再次响起",
    "leader_wanted": "请班长加入",
    "leader_joined": "班长已加入",
    "closing_released": "确认安全，可以结束",
    "wrap_up_saved": "整理已保存",
    "caller_choice": "登记来电人选择",
    "hung_up": "来电人已挂断",
    "case_accepted": "受理为案件",
    "case_taken_over": "接手案件",
    "case_returned": "案件退回话务台",
    "case_extended": "案件延期",
    "case_appraised": "登记来电人评价",
    "case_again": "来电人不满意，重新办理",
    "fed_back": "反馈来电人",
    "step_planned": "安排下一步",
    "step_done": "登记一步的结果",
    "objected": "对派单提出异议",
    "objection_upheld": "异议成立，改派",
    "objection_rejected": "异议驳回",
    "no_police_matter": "警务台退回：非警务",
    "duty_to_desk": "交接班：首接责任转到话务台",
    "holder_left": "经办人停用或换岗，来电退回",
}


def confidence_word(confidence: float | None, *, review: bool) -> str:
    """How sure the machine is, as a word that stands beside the bar."""
    if confidence is None:
        return "未研判"
    if review:
        return "待人工"
    if confidence >= 0.85:
        return "把握大"
    return "较有把握" if confidence >= 0.65 else "把握小"
