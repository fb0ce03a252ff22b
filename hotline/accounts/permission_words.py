"""Permissions in the words of the roles page, in groups; a test keeps them complete."""

from __future__ import annotations

from hotline.accounts.permissions import Permission

#: What everybody has, and what stands for no work of its own.
UNSAID: frozenset[Permission] = frozenset({"public", "session", "self"})

GROUPS: dict[str, dict[Permission, str]] = {
    "来电": {
        "calls.submit": "送入来电记录",
        "calls.read": "查看来电（脱敏）",
        "calls.forward": "转办",
        "calls.answer": "接听、直接答复",
        "contact_rules.write": "登记回拨须知",
        "triage.repeat": "重新研判搁置的来电",
        "danger.acknowledge": "确认危险警报",
        "events.read": "接收实时更新",
    },
    "坐席与队列": {
        "queues.read": "查看队列",
        "queues.claim": "接单",
        "tickets.receive": "签收工单",
        "police.work": "警务台：接警、退回非警务",
        "snippets.use": "法条片段",
    },
    "案件": {
        "cases.carry": "办理步骤、延期、接手同事的案件",
        "cases.mediate": "调解",
        "cases.undertake": "承办：接收、提异议、答复",
        "cases.appraise": "登记回访评价",
        "objections.decide": "审核派单异议",
    },
    "查看隐藏内容（须附理由，记入审计）": {
        "calls.unmask": "查看明文",
        "timeline.open": "打开同号的另一通来电",
        "calls.search": "按内容或编号查找",
        "person.search": "按来电人号码查找",
        "calls.export": "导出来电",
        "exports.approve": "审批他人的导出",
    },
    "统计与质检": {
        "statistics.read": "查看统计",
        "statistics.export": "导出统计",
        "displays.write": "大屏链接",
        "reviews.write": "质检复核",
    },
    "知识库与交接": {
        "knowledge.read": "查阅知识库",
        "knowledge.propose": "撰写条目",
        "knowledge.publish": "审核发布条目",
        "handover.take": "交接班",
        "notices.write": "发布通知",
    },
    "排班与规则": {
        "rosters.read": "查看值班表",
        "rosters.write": "排班、坐席专长",
        "policy.read": "查看分流规则",
        "policy.write": "编辑发布分流规则",
        "lexicon.write": "编辑发布词表",
    },
    "系统": {
        "grids.write": "导入网格",
        "organisations.write": "单位、人员归属",
        "lines.write": "线路档案、试读、导入",
        "retention.write": "保存期限、法律保留",
    },
    "账号与审计": {
        "users.write": "账号、角色、会话",
        "audit.alerts": "处理审计告警",
        "audit.read": "查阅、核验、导出审计日志",
    },
}
