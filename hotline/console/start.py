"""The guide of a city that begins: what is done, what is next, where it is done."""

from __future__ import annotations

from aiohttp import web

from hotline.accounts.permissions import ROLES, allowed
from hotline.console.first_steps import Step, first_steps
from hotline.console.render import fragment, page
from hotline.web.keys import needs, principal, services

#: Title, what it is about, where it is done, who does it.
STEPS: dict[Step, tuple[str, str, str, str]] = {
    "passwords": ("改掉初始密码", "系统管理员和安全管理员第一次登录时各自修改。", "/me", "系统管理员"),
    "accounts": ("建立账号", "接听的人和接手的人都要有账号。", "/admin/users", "安全管理员"),
    "lines": ("核对线路档案", "用一份导出文件试读，看列名、时间和号码是否认对。", "/lines", "系统管理员"),
    "import": ("首次导入", "导入以前的来电；导入后自动研判，不排队、不响铃。", "/lines", "系统管理员"),
    "rosters": ("排班", "没有值班表时，实时来电不知道转给谁。", "/rosters", "管理者"),
    "policy": ("分流规则（可选）", "出厂规则可以直接用；按本市分工修改后，先试算再发布。", "/policy", "系统管理员"),
}


@needs("policy.write")
async def guide(request: web.Request) -> web.StreamResponse:
    """GET /start."""
    return await page(request, "start.html", await _context(request))


@needs("policy.write")
async def steps(request: web.Request) -> web.StreamResponse:
    """GET /start/steps: the list anew, while calls are being read."""
    return fragment(request, "_start.html", await _context(request))


async def _context(request: web.Request) -> dict[str, object]:
    own, who = services(request), principal(request)
    now = await first_steps(own.pool)
    return {
        "steps": STEPS,
        "now": now,
        "missing": [ROLES[role] for role in now.missing_roles],
        # accounts are the security administrator's; nobody else is led there
        "open_to": {
            "/me": True,
            "/admin/users": allowed(who.role, "users.write"),
            "/lines": allowed(who.role, "lines.write"),
            "/rosters": allowed(who.role, "rosters.read"),
            "/policy": allowed(who.role, "policy.read"),
        },
    }
