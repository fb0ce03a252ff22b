"""The administrators' part of the API's table."""

from __future__ import annotations

from hotline.web.api import (
    account_files,
    audit,
    audit_files,
    grids,
    lines,
    organisations,
    retention,
    roster_files,
    roster_weeks,
    rosters,
    rotations,
)
from hotline.web.api_route import ApiRoute

ADMINISTRATION: tuple[ApiRoute, ...] = (
    ApiRoute("GET", "/rosters", rosters.show, "值班表", query=("queue", "week")),
    ApiRoute(
        "GET", "/rosters/plan", roster_weeks.plan, "一周排班：班次、轮值、调班、空档、冲突、节假日", query=("week",)
    ),
    ApiRoute(
        "GET", "/rosters/export.ics", roster_files.export_calendar, "值班表日历文件", query=("queue", "week", "weeks")
    ),
    ApiRoute(
        "POST",
        "/rosters/import",
        roster_files.import_file,
        "导入值班表（Excel 或 ICS），可先预览",
        query=("queue", "preview", "replace", "mark"),
        answers=(200, 409, 422),
    ),
    ApiRoute(
        "POST", "/rosters/shifts", roster_weeks.add, "新增班次", body=roster_weeks.ShiftBody, answers=(201, 409, 422)
    ),
    ApiRoute(
        "PUT",
        r"/rosters/shifts/{id:\d{1,18}}",
        roster_weeks.move,
        "改动班次",
        body=roster_weeks.ShiftBody,
        answers=(200, 404, 409, 422),
    ),
    ApiRoute(
        "DELETE",
        r"/rosters/shifts/{id:\d{1,18}}",
        roster_weeks.remove,
        "删除班次",
        query=("week", "version"),
        answers=(200, 404, 409),
    ),
    ApiRoute(
        "POST",
        "/rosters/copy-week",
        roster_weeks.copy,
        "复制上周班次",
        body=roster_weeks.WeekBody,
        answers=(200, 409),
    ),
    ApiRoute("POST", "/rosters/overrides", rosters.override, "调班", body=rosters.OverrideBody, answers=(201, 422)),
    ApiRoute(
        "DELETE", r"/rosters/overrides/{id:\d{1,18}}", roster_weeks.remove_override, "撤销调班", answers=(200, 404)
    ),
    ApiRoute(
        "PUT", "/rosters/rotations", rotations.put, "轮值", body=rotations.RotationBody, answers=(200, 404, 409, 422)
    ),
    ApiRoute(
        "DELETE",
        r"/rosters/rotations/{id:\d{1,18}}",
        rotations.remove,
        "删除轮值",
        query=("seen",),
        answers=(200, 404, 409),
    ),
    ApiRoute(
        "POST",
        "/rosters/rotations/preview",
        rotations.preview,
        "轮值试排：一周会是怎样，不保存",
        body=rotations.RotationBody,
        query=("week",),
        answers=(200, 422),
    ),
    ApiRoute(
        "PUT",
        r"/rosters/days/{day:[\d-]{6,10}}",
        roster_weeks.enter_day,
        "更正节假日或调休上班日",
        body=roster_weeks.DayBody,
        answers=(200, 422),
    ),
    ApiRoute("GET", "/grids", grids.show, "网格树，含来电数、等候数、负责的坐席"),
    ApiRoute("GET", "/grids/export.xlsx", grids.export_sheet, "网格树（Excel）"),
    ApiRoute(
        "POST",
        "/grids/import",
        grids.import_file,
        "导入网格树（Excel），可先预览",
        query=("preview", "keep", "mark"),
        answers=(200, 422),
    ),
    ApiRoute("GET", "/organisations", organisations.listing, "单位和人员"),
    ApiRoute(
        "POST",
        "/organisations",
        organisations.add,
        "新增单位",
        body=organisations.NewOrganisationBody,
        answers=(201, 422),
    ),
    ApiRoute(
        "PUT",
        r"/organisations/{id:\d{1,18}}",
        organisations.change,
        "修改单位",
        body=organisations.OrganisationBody,
        answers=(200, 404, 422),
    ),
    ApiRoute(
        "POST", r"/organisations/{id:\d{1,18}}/retire", organisations.retire, "停用单位", answers=(200, 404, 409, 422)
    ),
    ApiRoute(
        "POST", r"/organisations/{id:\d{1,18}}/restore", organisations.restore, "恢复单位", answers=(200, 404, 422)
    ),
    ApiRoute(
        "POST",
        r"/organisations/{id:\d{1,18}}/people",
        organisations.assign,
        "安排人员到单位",
        body=organisations.PeopleBody,
        answers=(200, 404, 422),
    ),
    ApiRoute("GET", "/lines", lines.listing, "线路档案和从页面办理的导入"),
    ApiRoute("GET", r"/lines/{name:[\w-]{1,40}}", lines.show, "一份线路档案：文本和版本", answers=(200, 404)),
    ApiRoute(
        "POST",
        r"/lines/{name:[\w-]{1,40}}",
        lines.publish,
        "校验并发布线路档案",
        body=lines.ProfileBody,
        answers=(201, 409, 422),
    ),
    ApiRoute("POST", r"/lines/{name:[\w-]{1,40}}/test", lines.try_out, "试读导出文件，不保存", answers=(200, 422)),
    ApiRoute("POST", r"/lines/{name:[\w-]{1,40}}/import", lines.import_file, "导入导出文件", answers=(200, 422)),
    ApiRoute("GET", r"/lines/imports/{id:\d{1,18}}/rejects", lines.rejects, "下载退回文件", answers=(200, 404)),
    ApiRoute("GET", "/retention", retention.show, "保存期限、法律保留、已删除的"),
    ApiRoute(
        "POST", "/retention", retention.publish, "发布保存期限", body=retention.PeriodsBody, answers=(201, 409, 422)
    ),
    ApiRoute("POST", "/retention/count", retention.count, "试算到期内容", body=retention.CountBody, answers=(200, 422)),
    ApiRoute(
        "POST",
        "/retention/holds",
        retention.place,
        "设置法律保留",
        body=retention.HoldBody,
        answers=(201, 404, 422),
    ),
    ApiRoute(
        "POST",
        r"/retention/holds/{id:\d{1,18}}/release",
        retention.release,
        "附理由解除法律保留",
        body=retention.ReleaseHoldBody,
        answers=(200, 422),
    ),
    ApiRoute(
        "GET",
        "/audit/entries",
        audit.listing,
        "审计日志",
        query=("from", "to", "user_id", "action", "kind", "subject", "before_id", "limit"),
    ),
    ApiRoute(
        "GET",
        "/audit/export.csv",
        audit_files.export,
        "导出审计日志（CSV）",
        query=("from", "to", "user_id", "action", "kind", "subject"),
    ),
    ApiRoute("GET", "/audit/filters", audit_files.filters, "我的常用查询"),
    ApiRoute(
        "POST",
        "/audit/filters",
        audit_files.save_filter,
        "存为常用查询",
        body=audit_files.FilterBody,
        answers=(201, 422),
    ),
    ApiRoute("DELETE", r"/audit/filters/{id:\d{1,18}}", audit_files.drop_filter, "删除常用查询"),
    ApiRoute("GET", "/audit/alerts", audit.alerts, "审计告警"),
    ApiRoute("POST", r"/audit/alerts/{id:\d{1,18}}/acknowledge", audit.acknowledge, "告警已核查", answers=(200, 409)),
    ApiRoute("POST", "/audit/verify", audit.verify, "核验审计链", query=("progress",)),
    ApiRoute(
        "POST",
        "/users/import",
        account_files.import_file,
        "批量新增账号（Excel），可先预览",
        query=("preview",),
        answers=(200, 422),
    ),
)
