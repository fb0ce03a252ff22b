"""The field's terms of a case: kinds of steps, outcomes, reasons. Codes are stored, their words are the screens'."""

from __future__ import annotations

from typing import Literal

Desk = Literal["mediators", "departments"]

#: What a next step is.
STEP_KINDS: dict[str, str] = {
    "contact": "联系当事人",
    "visit": "走访核实",
    "session": "调解会",
    "material": "补充材料",
    "legal_advice": "征询法律意见",
    "site_work": "现场处理",
    "follow_up": "回访履行",
    "confirmation": "申请司法确认",
    "other": "其他",
}

#: How each desk's work on a case may end.
OUTCOMES: dict[Desk, dict[str, str]] = {
    "mediators": {
        "agreed": "达成调解协议",
        "settled": "当事人自行和解",
        "not_agreed": "未达成协议，已告知其他途径",
        "withdrawn": "当事人撤回申请",
    },
    "departments": {
        "resolved": "已解决",
        "explained": "已解释说明",
        "planned": "列入计划，到期再办",
        "refused": "依法依规不能办理，已告知理由",
    },
}

#: Why a mediator returns a case; the last asks for own words.
RETURN_REASONS: dict[str, str] = {
    "party_refuses": "当事人不同意调解",
    "not_mediable": "不属调解范围",
    "other_grid": "不属本网格",
    "conflict": "回避（利益冲突）",
    "violence": "涉及暴力或控制，不宜调解",
    "other": "其他",
}

#: Why a department objects to a dispatch; the last asks for own words.
OBJECTION_REASONS: dict[str, str] = {
    "not_ours": "不属本单位职责",
    "other_district": "不属本辖区",
    "court": "已进入诉讼、仲裁或复议",
    "duplicate": "与在办工单重复",
    "unclear": "诉求不清，无法办理",
    "other": "其他",
}

APPRAISALS: dict[str, str] = {"satisfied": "满意", "unsatisfied": "不满意", "unreached": "未联系上"}
#: Whether the caller says that the matter is settled: 解决率 counts the first two.
SETTLED: dict[str, str] = {"yes": "已解决", "no": "未解决", "unasked": "没有问到"}

#: The reason code of a case that left a desk because its objection was upheld.
BY_OBJECTION = "objection"
