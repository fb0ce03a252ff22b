"""Rubbish in the forms of managers and administrators: a sentence that names the field, nothing kept, no crash."""

from __future__ import annotations

import re
from typing import Any

import aiohttp

from hotline.accounts.permissions import Role
from hotline.accounts.store import add_user
from tests.service_fixtures import RunningService

LONG = "长" * 20_000
SMILES = "👩‍👩‍👧‍👦🔥" * 20
MARKUP = "<script>alert(1)</script>"
NULL = "a\x00b"
SHIFT = {
    "week": "2026-11-23",
    "version": 0,
    "queue": "lawyers",
    "user_id": 1,
    "start": "2026-11-24T01:00:00Z",
    "end": "2026-11-24T05:00:00Z",
}
#: Who sends it, where, a body that would do but for one field, that field and what is put into it.
SENT: tuple[tuple[Role, str, str, dict[str, Any], str, tuple[Any, ...]], ...] = (
    ("manager", "POST", "/displays", {"code": "ABCD2345", "name": "墙"}, "code", ("", LONG, MARKUP, NULL, None, [])),
    ("manager", "POST", "/displays", {"code": "ABCD2345", "name": "墙"}, "name", ("", "   ", LONG, NULL, SMILES)),
    ("manager", "POST", "/displays", {"code": "ABCD2345", "name": "墙"}, "days", (0, -1, 10**9, "x", None)),
    ("manager", "POST", "/statistics/views", {"name": "周", "address": "days=7"}, "name", ("", LONG, None, 5)),
    ("manager", "POST", "/statistics/views", {"name": "周", "address": "days=7"}, "shared", (None, "x", 5)),
    ("manager", "POST", "/exports", {"what": "routing", "form": "csv"}, "by", ("line", None, {}, ["nobody"])),
    ("manager", "POST", "/exports", {"what": "routing", "form": "csv"}, "query", (LONG, "from=x", "from=9999-12-31")),
    ("security", "POST", "/users", {"name": "qian", "role": "lawyer"}, "role", ("", LONG, MARKUP, None)),
    ("security", "POST", "/users", {"name": "qian", "role": "lawyer"}, "name", ("", LONG, MARKUP, SMILES, "taken")),
    ("admin", "POST", "/rosters/shifts", SHIFT, "week", ("", "0001-01-01", "9999-12-31", LONG)),
    ("admin", "POST", "/rosters/shifts", SHIFT, "end", ("", "9999-13-31T00:00:00Z", "2026-11-24T00:00:00Z")),
    ("admin", "PUT", "/users/{id}/agent", {}, "skills", (["nobody knows it"], [LONG], "labour", [""])),
    ("admin", "PUT", "/users/{id}/agent", {}, "grids", (["ZZZ"], [MARKUP], [SMILES])),
    ("admin", "PUT", "/users/{id}/agent", {}, "languages", ([""], [LONG], [None])),
    ("admin", "POST", "/retention/holds", {"reason": "法院调取函〔2026〕5号"}, "call_id", (0, 10**30, "x")),
)
#: Addresses with periods that nobody can mean.
ASKED = (
    "/statistics/charts?from=0001-01-01&to=9999-12-31&compare=before",
    "/statistics/charts?from=x",
    "/statistics/charts?from=2026-11-02&to=2026-11-01",
    "/rosters/plan?week=9999-12-31",
)
CHINESE = re.compile("[一-鿿]")
LONGEST = 400


async def test_rubbish_is_told_in_a_sentence_and_nothing_of_it_is_kept(service: RunningService) -> None:
    user_id, _ = await add_user(service.pool, "taken", "lawyer")
    wrong = []
    for role, method, path, good, field, values in SENT:
        for value in values:
            address = path.replace("{id}", str(user_id))
            status, answer = await service.request(method, address, role=role, json={**good, field: value})
            told = answer.get("detail", "")
            if (
                status not in (404, 409, 422)
                or not CHINESE.search(told)
                or len(told) > LONGEST
                or "Input should" in told
            ):
                wrong.append(f"{path} {field}={str(value)[:20]!r}: {status} {str(answer)[:200]}")
    for path in ASKED:
        status, answer = await service.request("GET", path, role="manager")
        if status != 422 or not CHINESE.search(answer["detail"]):
            wrong.append(f"{path}: {status} {answer}")
    assert wrong == [], "\n".join(wrong)
    async with service.pool.acquire() as connection:
        assert await connection.fetchval("select count(*) from wall_displays") == 0
        assert await connection.fetchval("select count(*) from statistics_views") == 0
        assert await connection.fetchval("select count(*) from agents where user_id = $1", user_id) == 0


async def test_faults_name_the_limit_that_was_passed(service: RunningService) -> None:
    status, answer = await service.request(
        "POST", "/displays", role="manager", json={"code": "ABCD2345", "name": "墙" * 41, "days": 800}
    )
    assert status == 422
    assert [(each["field"], each["message"]) for each in answer["errors"]] == [
        ("name", "文本过长，最多 40 个字符"),
        ("days", "不能大于 730"),
    ]


async def test_a_wall_is_registered_again_by_the_code_that_stands_on_it(service: RunningService) -> None:
    """Its code follows from what it holds: twice the same, and the same again after its registration was ended."""
    async with aiohttp.ClientSession(service.address, cookie_jar=aiohttp.CookieJar(unsafe=True)) as wall:

        async def code() -> str:
            async with wall.get("/wall") as answer:
                assert answer.status == 200
                found = re.search(r'pairing-code"[^>]*>([A-Z2-7 ]+)<', await answer.text())
            return found[1] if found else ""

        async def register(name: str) -> int:
            body = {"code": await code(), "name": name}
            status, answer = await service.request("POST", "/displays", role="manager", json=body)
            assert status == 201, answer
            return int(answer["id"])

        first = await register("值班室")
        assert await code() == "", "it shows figures"
        await service.request("POST", f"/displays/{first}/end", role="manager")
        assert await code() != ""
        again = await register("会议室")
        assert await code() == ""
        async with service.pool.acquire() as connection:
            rows = await connection.fetch("select id, name from wall_displays where ended_at is null")
        assert [(row["id"], row["name"]) for row in rows] == [(again, "会议室")]
    # entered twice before the wall came: the later name counts
    body = {"code": "ABCD2345", "name": "一"}
    _, one = await service.request("POST", "/displays", role="manager", json=body)
    status, two = await service.request("POST", "/displays", role="manager", json={**body, "name": "二"})
    assert (status, two) == (201, one)
