"""Looking at what is hidden: who may, which reason it takes, what goes on record, what stays hidden from whom."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from config.audit_limits import KINDS
from hotline.exports.rounds import export_round
from routing.search.service import index_calls
from tests.service_fixtures import CallMaker, RunningService

LAMP = "我们小区门口的路灯坏了半个月了，晚上黑漆漆的，麻烦派人来修一下"
WAGES = "老板欠我三个月工资一共两万，我想问怎么申请劳动仲裁，要带什么材料"
NUMBER = "13677776543"
NAME = "欧阳朗月"
ADDRESS = f"幸福路3号 联系{NUMBER}"
SECRET = {"caller_number": NUMBER, "caller_name": NAME, "address": ADDRESS, "recording_number": "R-5"}
WORDS = "家属要求当面核对地址"


async def entries(service: RunningService, *actions: str) -> list[Any]:
    """What the audit log holds of these actions, oldest first."""
    async with service.pool.acquire() as connection:
        rows = await connection.fetch(
            "select user_id, role, action, subject, reason, detail from audit_entries "
            "where action = any($1::text[]) order by id",
            list(actions),
        )
    return list(rows)


async def stored(service: RunningService, *records: dict[str, Any]) -> list[int]:
    """Post calls; their ids."""
    answer = await service.post_calls(*records)
    return [entry["call_id"] for entry in answer["accepted"]]


async def me(service: RunningService, role: str, user: str | None = None) -> int:
    """The id behind a role's token."""
    _, body = await service.request("GET", "/me", role=role, user=user)
    return int(body["user_id"])


UNMASK = {"fields": ["caller_number", "caller_name", "address"], "reason": "callback"}


async def test_clear_values_only_of_calls_in_hand_with_a_reason_and_on_record(
    service: RunningService, call: CallMaker
) -> None:
    [call_id] = await stored(service, call(LAMP, **SECRET, live=True))
    path = f"/calls/{call_id}/unmask"
    status, problem = await service.request("POST", path, role="operator", json=UNMASK)
    assert (status, problem["type"]) == (403, "urn:hotline:problem:not-in-hand")
    await service.request("POST", f"/calls/{call_id}/hold", role="operator")
    for reason in ("", "other", "哦"):
        status, problem = await service.request("POST", path, role="operator", json=UNMASK | {"reason": reason})
        assert (status, problem["type"]) == (422, "urn:hotline:problem:reason-required"), reason
    status, _ = await service.request("POST", path, role="operator", json=UNMASK | {"fields": ["source"]})
    assert status == 422
    status, shown = await service.request("POST", path, role="operator", json=UNMASK)
    assert status == 200
    assert shown["fields"] == {"caller_number": f"+86{NUMBER}", "caller_name": NAME, "address": SECRET["address"]}
    _, page = await service.request("GET", f"/calls/{call_id}", role="operator")
    assert page["call"]["caller_number"] == "136****6543", "for one view only"
    written = await entries(service, "call_unmasked", "call_unmask_refused")
    operator = await me(service, "operator")
    told = f"call:{call_id}", "callback", {"fields": ["address", "caller_name", "caller_number"]}
    assert [tuple(row) for row in written] == [
        (operator, "operator", "call_unmask_refused", *told),
        (operator, "operator", "call_unmasked", *told),
    ]


UNMASK_OF_ANY = {"manager": 200, "admin": 403, "security": 403, "auditor": 403, "line": 403, "lawyer": 403}


async def test_who_sees_calls_that_are_not_in_hand(service: RunningService, call: CallMaker) -> None:
    [call_id] = await stored(service, call(LAMP, **SECRET))
    body = UNMASK | {"reason": WORDS}
    for role, wanted in UNMASK_OF_ANY.items():
        status, answer = await service.request("POST", f"/calls/{call_id}/unmask", role=role, json=body)
        assert status == wanted, role
        assert (NUMBER in json.dumps(answer)) == (status == 200), role
    async with service.pool.acquire() as connection:
        note = await connection.fetchval(
            "select note from audit_notes n join audit_entries e on e.id = n.entry_id where action = 'call_unmasked'"
        )
        row = await connection.fetchrow("select * from audit_entries where action = 'call_unmasked'")
    assert service.services.vault.open(note, "audit_notes.note") == WORDS
    assert row["reason"] == "other"
    assert WORDS not in str(dict(row))


async def test_a_desk_sees_what_it_has_claimed_but_not_who_made_a_confidential_call(
    service: RunningService, call: CallMaker
) -> None:
    await service.start_worker()
    ids = await stored(service, call(LAMP, **SECRET), call(LAMP, **SECRET, confidential=True))
    for call_id in ids:
        await service.call_in(call_id, "queued")
    for _ in ids:
        status, claim = await service.request("POST", "/queues/departments/claim", role="department")
        assert status == 200
        call_id = claim["call"]["id"]
        status, answer = await service.request("POST", f"/calls/{call_id}/unmask", role="department", json=UNMASK)
        if call_id == ids[0]:
            assert (status, answer["fields"]["caller_number"]) == (200, f"+86{NUMBER}")
        else:
            assert (status, answer["type"]) == (403, "urn:hotline:problem:caller-hidden")
            assert NUMBER not in json.dumps(claim)


async def test_a_callers_other_call_opens_with_a_reason_only(service: RunningService, call: CallMaker) -> None:
    now = datetime.now(UTC)
    first, second = await stored(
        service,
        call(LAMP, caller_number=NUMBER, received_at=(now - timedelta(days=3)).isoformat()),
        call(WAGES, caller_number=NUMBER, line="12348"),
    )
    _, page = await service.request("GET", f"/calls/{second}", role="operator")
    [entry] = page["caller_timeline"]
    assert "路灯" not in json.dumps(page, ensure_ascii=False)
    path = f"/calls/{second}/timeline"
    status, _ = await service.request("POST", path, role="operator", json={"entry": entry["entry"], "reason": ""})
    assert status == 422
    status, _ = await service.request("POST", path, role="operator", json={"entry": "0" * 24, "reason": "handling"})
    assert status == 422
    status, _ = await service.request("POST", path, role="admin", json={"entry": entry["entry"], "reason": "handling"})
    assert status == 403
    body = {"entry": entry["entry"], "reason": "handling"}
    status, other = await service.request("POST", path, role="operator", json=body)
    assert (status, other["call"]["id"]) == (200, first)
    [row] = await entries(service, "timeline_opened")
    assert (row["subject"], row["reason"], row["detail"]) == (f"call:{first}", "handling", {"from_call": second})


async def test_looking_at_a_page_is_recorded_once(service: RunningService, call: CallMaker) -> None:
    [call_id] = await stored(service, call(LAMP))
    for role in ("operator", "operator", "manager"):
        await service.request("GET", f"/calls/{call_id}", role=role)
    rows = await entries(service, "call_viewed")
    assert [(row["role"], row["subject"]) for row in rows] == [
        ("operator", f"call:{call_id}"),
        ("manager", f"call:{call_id}"),
    ]


async def indexed(service: RunningService, ids: list[int], texts: list[str]) -> None:
    """Make calls findable, as reading them does."""
    async with service.pool.acquire() as connection, connection.transaction():
        calls = [(n, datetime.now(UTC), [{"text": t}]) for n, t in zip(ids, texts, strict=True)]
        await index_calls(connection, service.services.vault, calls)


async def test_search_by_words_code_and_person(service: RunningService, call: CallMaker) -> None:
    ids = await stored(
        service,
        call(LAMP, **SECRET, external_id="GD-2026-1"),
        call(WAGES),
        call(LAMP, **SECRET, confidential=True, external_id="GD-2026-2"),
    )
    await indexed(service, ids, [LAMP, WAGES, LAMP])

    async def found(role: str, query: str, **body: Any) -> tuple[int, list[int]]:
        status, answer = await service.request("POST", "/search", role=role, json={"q": query, **body})
        return status, [item["id"] for item in answer.get("items", [])]

    assert await found("lawyer", "路灯 小区") == (200, [ids[0]]), "confidential calls are not found by words"
    assert await found("lawyer", "GD-2026-2") == (200, [ids[2]])
    assert await found("lawyer", "没有的词语") == (200, [])
    for given in (NUMBER, f"+86 {NUMBER}", "136-7777-6543"):
        assert await found("operator", given, reason="callback") == (200, [ids[0]])
        assert (await found("operator", given))[0] == 422, "a person is searched with a reason only"
        assert (await found("lawyer", given, reason="callback"))[0] == 403
        status, _ = await service.request("GET", "/search", role="operator", params={"q": given, "reason": "callback"})
        assert status == 422, "no number in an address"
    status, answer = await service.request("GET", "/search", role="manager", params={"q": "路灯"})
    assert (status, answer["kind"], [item["id"] for item in answer["items"]]) == (200, "words", [ids[0]])
    assert answer["items"][0]["caller_number"] == "136****6543"
    for role in ("admin", "security", "auditor", "line"):
        assert (await found(role, "路灯"))[0] == 403
    rows = await entries(service, "calls_searched", "person_searched")
    assert [row["detail"]["kind"] for row in rows] == ["words", "code", "words", "number", "number", "number", "words"]
    assert len({row["subject"] for row in rows if row["detail"]["kind"] == "number"}) == 1, "the same person"
    text = str([dict(row) for row in rows])
    assert [word for word in (NUMBER, "6543", "路灯", "GD-2026") if word in text] == []


def table(body: bytes) -> list[list[str]]:
    assert body.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(body.decode("utf-8-sig"))))


BULK = "[bulk]\nwindow_minutes = 60\n" + "\n".join(f"{kind} = 60" for kind in KINDS)


async def exported(
    service: RunningService, role: str, *, user: str | None = None, published: Any = None, **body: Any
) -> tuple[int, bytes]:
    """A list of calls asked for, agreed to by another manager, made and fetched; the first refusal's status."""
    asked = {"what": "calls", "form": "csv", **body}
    status, job = await service.request("POST", "/exports", role=role, user=user, json=asked)
    if status != 202:
        return status, b""
    agreed = await service.request("POST", f"/exports/{job['id']}/approve", role="manager", user="second-manager")
    assert agreed[0] == 200, agreed
    await export_round(service.pool, service.services.vault, published or service.services.published)
    headers = {"Authorization": f"Bearer {await service.token(role, user)}"}
    async with service.session.get(f"{service.address}/api/v1/exports/{job['id']}/file", headers=headers) as answer:
        return answer.status, await answer.read()


async def test_exports_are_masked_marked_harmless_and_recorded(service: RunningService, call: CallMaker) -> None:
    ids = await stored(
        service,
        call(LAMP, **SECRET, region='=HYPERLINK("http://x")', external_id="@SUM(A1)"),
        call(LAMP, **SECRET, confidential=True),
    )

    async def export(role: str, **body: Any) -> tuple[int, bytes]:
        return await exported(service, role, **body)

    for role in ("operator", "lawyer", "department", "admin", "security", "auditor"):
        assert (await export(role, reason="report"))[0] == 403, role
    assert (await export("manager"))[0] == 422, "no reason"
    assert (await export("manager", reason="report", form="pdf"))[0] == 422
    status, body = await export("manager", reason="report")
    assert status == 200
    mark, _, head, *rows = table(body)
    assert f"工号 {await me(service, 'manager')}" in mark[0]
    assert "已脱敏" in mark[0]
    by_id = {row[0]: dict(zip(head, row, strict=True)) for row in rows}
    shown, hidden = by_id[str(ids[0])], by_id[str(ids[1])]
    assert (shown["来电号码"], shown["姓名"]) == ("136****6543", "欧**")
    assert NUMBER not in body.decode()
    assert (shown["区域"][0], shown["来电编号"][0]) == ("'", "'")
    assert {hidden["来电号码"], hidden["姓名"], hidden["地址"]} == {"（保密）"}
    status, body = await export("manager", reason="legal", unmasked=True)
    clear = [dict(zip(head, row, strict=True)) for row in table(body)[3:]]
    assert {row["来电号码"] for row in clear} == {f"'+86{NUMBER}", "（保密）"}
    status, body = await export("manager", reason="report", form="xlsx")
    assert (status, body[:2]) == (200, b"PK")
    details = [row["detail"] for row in await entries(service, "calls_exported")]
    assert [(detail["format"], detail["clear"], detail["rows"]) for detail in details] == [
        ("csv", False, 2),
        ("csv", True, 2),
        ("xlsx", False, 2),
    ]


async def test_an_export_too_long_is_refused(service: RunningService, call: CallMaker) -> None:
    await stored(service, call(LAMP), call(LAMP), call(LAMP))
    files = SimpleNamespace(read=lambda name: "[export]\nmax_rows = 2\n" + BULK)
    published = SimpleNamespace(files=files, policy=service.services.published.policy)
    status, _ = await exported(service, "manager", published=published, reason="report")
    assert status == 409, "there is no file"
    _, found = await service.request("GET", "/exports", role="manager")
    assert (found["items"][0]["state"], found["items"][0]["failure"]) == ("failed", "rows")
    assert await entries(service, "calls_exported") == []


async def test_lawyers_notes_stay_with_lawyers_in_lists_search_and_exports(
    service: RunningService, call: CallMaker
) -> None:
    notes = "对方或以时效抗辩，暂不告知当事人"
    await service.start_worker()
    [call_id] = await stored(service, call(WAGES, line="12348"))
    await service.call_in(call_id, "queued")
    status, claim = await service.request("POST", "/queues/lawyers/claim", role="lawyer", user="lin")
    assert status == 200
    body = {"disposition": "已解答", "notes": notes, "summary": "已告知仲裁流程"}
    path = f"/assignments/{claim['assignment_id']}/complete"
    await service.request("POST", path, role="lawyer", user="lin", json=body)
    seen: dict[str, list[Any]] = {}
    for role in ("operator", "mediator", "police", "department", "manager", "admin", "security", "auditor"):
        seen[role] = [
            await service.request("GET", f"/calls/{call_id}", role=role),
            await service.request("GET", "/calls", role=role),
            await service.request("GET", "/assignments", role=role),
            await service.request("POST", "/search", role=role, json={"q": "时效抗辩"}),
            await service.request("POST", "/search", role=role, json={"q": "工资"}),
            await service.request("POST", f"/calls/{call_id}/unmask", role=role, json=UNMASK | {"reason": "legal"}),
        ]
    _, content = await exported(service, "manager", reason="legal", unmasked=True)
    seen["manager"].append(content.decode())
    for role, answers in seen.items():
        assert "抗辩" not in json.dumps(answers, ensure_ascii=False, default=str), role
    _, page = await service.request("GET", f"/calls/{call_id}", role="lawyer", user="luo")
    assert page["assignments"][0]["notes"] == notes


OWN = "我要投诉市容管理局，他们的执法人员上门乱收费，打电话过去就推诿，没有人处理"


async def test_a_complaint_never_goes_to_whom_it_concerns(service: RunningService, call: CallMaker) -> None:
    for name in ("rong", "shui"):
        await service.token("department", name)
    async with service.pool.acquire() as connection:
        await connection.execute(
            "insert into organisations (code, name, aliases) values ('sr', '某某市城市容貌管理局', '{市容管理局}')"
        )
        await connection.execute(
            "update users set org_id = (select id from organisations where code = 'sr') where name = 'rong'"
        )
    await service.start_worker()
    about, other = await stored(service, call(OWN), call("路上有坑，我问过市容管理局说不归他们管，麻烦修一下路面"))
    for call_id in (about, other):
        page = await service.call_in(call_id, "queued")
        if page["queue_item"]["queue"] != "departments":
            body = {"destination": "departments", "reason": "交承办单位"}
            assert (await service.request("POST", f"/calls/{call_id}/forward", role="operator", json=body))[0] == 200

    async def listed(user: str) -> tuple[set[int], set[int]]:
        _, queue = await service.request("GET", "/queues/departments/items", role="department", user=user)
        _, calls = await service.request("GET", "/calls", role="department", user=user)
        return {item["call_id"] for item in queue["items"]}, {item["id"] for item in calls["items"]}

    assert await listed("rong") == ({other}, {other})
    assert await listed("shui") == ({about, other}, {about, other})
    status, problem = await service.request("GET", f"/calls/{about}", role="department", user="rong")
    assert (status, problem["type"]) == (403, "urn:hotline:problem:own-complaint")
    status, claim = await service.request("POST", "/queues/departments/claim", role="department", user="rong")
    assert (status, claim["call"]["id"]) == (200, other)
    assert (await service.request("POST", "/queues/departments/claim", role="department", user="rong"))[0] == 204
    status, claim = await service.request("POST", "/queues/departments/claim", role="department", user="shui")
    assert (status, claim["call"]["id"]) == (200, about)
    assert [row["subject"] for row in await entries(service, "call_refused")] == [f"call:{about}"]
    await service.token("manager", "zong")
    async with service.pool.acquire() as connection:
        await connection.execute(
            "update users set org_id = (select id from organisations where code = 'sr') where name = 'zong'"
        )
    _, content = await exported(service, "manager", user="zong", reason="report")
    assert {row[0] for row in table(content)[3:]} == {str(other)}
