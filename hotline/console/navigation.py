"""The pages in the bar: which a role has, which stand there at once, which wait under 更多."""

from __future__ import annotations

from dataclasses import dataclass

from hotline.accounts.permissions import Permission, Role, allowed

#: Path, name and permission of the pages, in their order.
NAVIGATION: tuple[tuple[str, str, Permission], ...] = (
    ("/operator", "话务台", "calls.answer"),
    ("/desk", "坐席", "queues.claim"),
    ("/feedback", "评价与异议", "cases.appraise"),
    ("/calls", "来电", "calls.read"),
    ("/search", "查找", "calls.search"),
    ("/knowledge", "知识库", "knowledge.read"),
    ("/handover", "交接班", "handover.take"),
    ("/statistics", "统计", "statistics.read"),
    ("/alarms", "警报", "statistics.read"),
    ("/supervision", "质检", "reviews.write"),
    ("/rosters", "值班", "rosters.read"),
    ("/agents", "专长", "rosters.write"),
    ("/grids", "网格", "grids.write"),
    ("/organisations", "单位与人员", "organisations.write"),
    ("/lines", "线路档案", "lines.write"),
    ("/retention", "保存期限", "retention.write"),
    ("/policy", "规则", "policy.read"),
    ("/lexicon", "词库", "lexicon.write"),
    ("/admin/users", "账号", "users.write"),
    ("/audit", "审计", "audit.alerts"),
)
#: Of a city that begins, until its steps are done (first_steps.py).
GUIDE = ("/start", "开始使用")
#: Roles that work at the operators' table and have no desk of their own.
_NO_DESK: frozenset[Role] = frozenset({"operator", "admin"})
#: So many links fit into one line beside name, live sign and search, at 1366 px and a type size of 150 %.
AT_ONCE = 6
#: English words take more room.
AT_ONCE_ENGLISH = 4
#: What a role opens all day stands in the bar, in this order; of the others as many as there is room for.
FIRST: dict[Role, tuple[str, ...]] = {
    "manager": ("/statistics", "/supervision", "/calls", "/search", "/rosters"),
    "admin": ("/policy", "/agents", "/rosters", "/calls"),
}


@dataclass(frozen=True)
class Bar:
    """Links as (path, name): those in the line, those in the menu, and which of all is the page shown ("" for none)."""

    shown: tuple[tuple[str, str], ...]
    more: tuple[tuple[str, str], ...]
    current: str

    @property
    def current_in_menu(self) -> str | None:
        """The name of the page shown, where its link stands in the menu."""
        return next((name for path, name in self.more if path == self.current), None)


def bar(role: Role, path: str, *, guide: bool = False, most: int = AT_ONCE) -> Bar:
    """The bar of ``role`` on the page ``path``, ``most`` links in the line; a new city's guide before all others."""
    links = [
        (target, name)
        for target, name, permission in NAVIGATION
        if allowed(role, permission) and not (target == "/desk" and role in _NO_DESK)
    ]
    order = FIRST.get(role, ())
    links.sort(key=lambda link: order.index(link[0]) if link[0] in order else len(order))
    if guide:
        links.insert(0, GUIDE)
    # a menu of one would cost as much room as its link
    count = len(links) if len(links) <= most + 1 else most
    under = [target for target, _ in links if path == target or path.startswith(f"{target}/")]
    return Bar(tuple(links[:count]), tuple(links[count:]), max(under, key=len, default=""))


NO_BAR = Bar((), (), "")
