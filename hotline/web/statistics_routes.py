"""Statistics in the API's table: figures, exports, saved views, wall displays."""

from __future__ import annotations

from hotline.statistics.asked import FILTERS
from hotline.web.api import displays, exports, saved_views, statistics
from hotline.web.api_route import ApiRoute

_EXPORT = r"/exports/{id:\d{1,18}}"

STATISTICS: tuple[ApiRoute, ...] = (
    ApiRoute("GET", "/statistics/routing", statistics.routing, "分流统计", query=("from", "to", "by", *FILTERS)),
    ApiRoute(
        "GET",
        "/statistics/charts",
        statistics.charts,
        "图表数据",
        query=("from", "to", "compare", "compare_from", "compare_to", *FILTERS),
        answers=(200, 422),
    ),
    ApiRoute("GET", "/statistics/totals", statistics.totals, "一段时间的总数", query=("from", "to")),
    ApiRoute(
        "GET",
        "/statistics/indicators",
        statistics.indicators,
        "指标，附口径和版本",
        query=("period", "from", "to", "by"),
        answers=(200, 422),
    ),
    ApiRoute(
        "GET",
        "/statistics/export",
        statistics.export,
        "导出统计（CSV 或 Excel），小单元隐去",
        query=("what", "format", "period", "from", "to", "by"),
        answers=(200, 422),
    ),
    ApiRoute("GET", "/exports", exports.listing, "我的导出和待我审批的导出"),
    ApiRoute("POST", "/exports", exports.ask, "申请导出", body=exports.ExportBody, answers=(202, 403, 422)),
    ApiRoute("POST", rf"{_EXPORT}/approve", exports.approve, "批准导出（另一名管理者）", answers=(200, 404, 409)),
    ApiRoute("POST", rf"{_EXPORT}/refuse", exports.refuse, "不批准导出", answers=(200, 404, 409)),
    ApiRoute("POST", rf"{_EXPORT}/take-back", exports.take_back, "撤回自己的导出", answers=(200, 404, 409)),
    ApiRoute("GET", rf"{_EXPORT}/file", exports.fetch, "下载导出的文件", answers=(200, 404, 409)),
    ApiRoute("GET", "/statistics/views", saved_views.listing, "保存的视图"),
    ApiRoute("POST", "/statistics/views", saved_views.save, "保存视图", body=saved_views.ViewBody, answers=(201, 422)),
    ApiRoute("DELETE", r"/statistics/views/{id:\d{1,18}}", saved_views.forget, "删除视图", answers=(200, 404)),
    ApiRoute("POST", "/displays", displays.add, "登记大屏", body=displays.DisplayBody, answers=(201, 422)),
    ApiRoute("POST", r"/displays/{id:\d{1,18}}/end", displays.end, "停用大屏", answers=(200, 404)),
)
