"""Statistics in the API's table: figures, exports, saved views, wall displays."""

from __future__ import annotations

from hotline.statistics.asked import FILTERS
from hotline.web.api import statistics
from hotline.web.api_route import ApiRoute

STATISTICS: tuple[ApiRoute, ...] = (
    ApiRoute("GET", "/statistics/routing", statistics.routing, "分流统计", query=("from", "to", "by", *FILTERS)),
    ApiRoute(
        "GET",
        "/statistics/charts",
        statistics.charts,
        "图表数据",
        query=("from", "to", "compare", *FILTERS),
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
)
