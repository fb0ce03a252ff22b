"""Asking for exports, deciding about them, fetching them. Every step is recorded in the audit log."""

from __future__ import annotations

import base64
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from hotline.accounts.store import Principal
from hotline.audit.reasons import Reason
from hotline.audit.store import record, record_reasoned
from hotline.exports.errors import ExportChanged, ExportNotFound, ReportMissing, SecondPersonNeeded
from routing.sealing import Vault
from routing.sql import load_queries

queries = load_queries(__file__)

What = Literal["routing", "indicators", "report", "calls"]
WHAT: dict[What, str] = {"routing": "分流统计", "indicators": "指标", "report": "统计报告", "calls": "来电列表"}
FORMS: dict[str, str] = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
}
STATES: dict[str, str] = {
    "asked": "待审批",
    "queued": "排队生成",
    "running": "生成中",
    "done": "可下载",
    "failed": "未能生成",
    "refused": "未获批准",
    "taken_back": "已撤回",
    "expired": "已过期",
}
#: Why a second person has to agree.
WHY: dict[str, str] = {"calls": "含来电记录", "rows": "行数较多"}
#: Why an export did not come.
FAILURES: dict[str, str] = {
    "rows": "符合条件的行数超过上限，请缩短时段或加上条件后再申请",
    "bytes": "文件超过大小上限，请缩短时段或加上条件后再申请",
    "report": "本机未安装报告组件（hotline[report]），请联系系统管理员，或改选 Excel",
    "interrupted": "生成多次中断，请重新申请；持续出现请联系系统管理员",
    "asker": "申请人账号已停用或不再有导出权限",
    "asked": "条件已不适用，请重新申请",
}
FILE_USE = "export_jobs.file"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an export is to hold."""

    what: What
    form: str
    asked: Mapping[str, Any]
    """Period, keys and filters as they stand in an address; codes and names of places, nothing of a person."""


def check_report() -> None:
    """Raise ReportMissing unless PDF reports can be made here."""
    if any(importlib.util.find_spec(name) is None for name in ("typst", "pylopdf_fonts_zh_cn")):
        raise ReportMissing(
            "本机未安装 PDF 报告组件；请系统管理员执行 pip install 'hotline[report]' 后重启服务，或改选 Excel。"
        )


async def ask(
    connection: Any, vault: Vault, who: Principal, wanted: Wanted, *, why: str | None, reason: Reason | None
) -> int:
    """Write down what is asked for; the job's id. ``why`` a second person has to agree, None: nobody has to.

    In the caller's transaction.
    """
    job_id = int(
        await queries.ask(
            connection, what=wanted.what, form=wanted.form, asked=dict(wanted.asked), why=why, user_id=who.user_id
        )
    )
    detail = {"what": wanted.what, "format": wanted.form, "why": why, **wanted.asked}
    subject = f"export:{job_id}"
    if reason is None:
        await record(connection, actor=who, action="export_asked", subject=subject, detail=detail)
    else:
        await record_reasoned(
            connection, vault, actor=who, action="export_asked", subject=subject, reason=reason, detail=detail
        )
    return job_id


async def decide(pool: Any, who: Principal, job_id: int, *, agreed: bool) -> None:
    """A second person agrees or refuses. Raises ExportNotFound, SecondPersonNeeded or ExportChanged."""
    async with pool.acquire() as connection, connection.transaction():
        job = await queries.job(connection, id=job_id)
        if job is None:
            raise ExportNotFound(f"没有编号为 {job_id} 的导出。")
        if job["asked_by"] == who.user_id:
            raise SecondPersonNeeded("导出须由另一名管理者审批；本人申请的不能自己批准。")
        state = "queued" if agreed else "refused"
        done = await queries.decide(connection, id=job_id, state=state, before="asked", decided_by=who.user_id)
        if done is None:
            raise ExportChanged(f"这项导出现在是“{STATES[job['state']]}”，不能再审批；请刷新。")
        action = "export_approved" if agreed else "export_refused"
        await record(connection, actor=who, action=action, subject=f"export:{job_id}", detail={"by": job["asked_by"]})


async def take_back(pool: Any, who: Principal, job_id: int) -> None:
    """Who asked wants it no more. Raises ExportNotFound or ExportChanged."""
    async with pool.acquire() as connection, connection.transaction():
        job = await _own(connection, who, job_id)
        for before in ("asked", "queued"):
            if await queries.decide(connection, id=job_id, state="taken_back", before=before, decided_by=None):
                await record(connection, actor=who, action="export_taken_back", subject=f"export:{job_id}")
                return
        raise ExportChanged(f"这项导出现在是“{STATES[job['state']]}”，不能撤回；请刷新。")


async def fetch(pool: Any, vault: Vault, who: Principal, job_id: int) -> tuple[str, bytes]:
    """Form and content of a finished export of one's own; recorded. Raises ExportNotFound or ExportChanged."""
    async with pool.acquire() as connection, connection.transaction():
        job = await _own(connection, who, job_id)
        text = vault.open(job["file"], FILE_USE)
        if text is None:
            raise ExportChanged(f"这项导出现在是“{STATES[job['state']]}”，没有可下载的文件；请重新申请。")
        await record(connection, actor=who, action="export_fetched", subject=f"export:{job_id}")
    return job["form"], base64.b64decode(text)


async def _own(connection: Any, who: Principal, job_id: int) -> Any:
    job = await queries.job(connection, id=job_id)
    if job is None or job["asked_by"] != who.user_id:
        raise ExportNotFound(f"您没有编号为 {job_id} 的导出。")
    return job
