"""Rosters by the API: imports that keep the good rows, changes by hand, and what they do to decisions and claims."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import xlsxwriter

from hotline.intake.api_record import record_from_api
from hotline.intake.store import store_batch
from routing.calls.record import CallRecord
from routing.policy.facts import LOCAL_ZONE
from tests.service_fixtures import CallMaker, RunningService

WAGES = "我想咨询一下，公司没有和我签劳动合同就把我辞退了，能不能要双倍工资，申请仲裁要准备什么材料，时效是多久"
EXCEL = {"Content-Type": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
CALENDAR = {"Content-Type": "text/calendar; charset=utf-8"}


def workbook(*rows: tuple[Any, ...]) -> bytes:
    """An Excel sheet with a title, headings and ``rows``."""
    made = io.BytesIO()
    book = xlsxwriter.Workbook(made)
    sheet = book.add_worksheet("值班")
    for number, row in enumerate((("十一月值班表",), ("日期", "开始", "结束", "姓名", "岗位"), *rows)):
        for column, value in enumerate(row):
            sheet.write(number, column, value)
    book.close()
    return made.getvalue()


async def person(service: RunningService, role: str, name: str) -> int:
    """A user's id."""
    await service.token(role, name)
    _, me = await service.request("GET", "/me", role=role, user=name)
    return int(me["user_id"])


async def load(service: RunningService, data: bytes, headers: dict[str, str], query: str = "") -> tuple[int, Any]:
    return await service.request("POST", f"/rosters/import{query}", role="manager", data=data, headers=headers)


async def on_duty(service: RunningService, queue: str) -> list[str]:
    status, shown = await service.request("GET", "/rosters", role="lawyer", params={"queue": queue})
    assert status == 200
    return list(shown["items"][0]["on_duty"])


def around_now() -> dict[str, str]:
    """An interval with zone that holds now."""
    now = datetime.now(UTC)
    return {"start": (now - timedelta(hours=1)).isoformat(), "end": (now + timedelta(hours=1)).isoformat()}


def before_now() -> dict[str, str]:
    now = datetime.now(UTC)
    return {"start": (now - timedelta(hours=3)).isoformat(), "end": (now - timedelta(hours=2)).isoformat()}


async def nobody_on_duty(service: RunningService, queue: str, user_id: int) -> None:
    """The queue has a roster from now on, with nobody on duty now."""
    body = {"queue": queue, "kind": "add", "user_id": user_id, **before_now()}
    status, answer = await service.request("POST", "/rosters/overrides", role="manager", json=body)
    assert status == 201, answer


async def test_an_excel_sheet_names_its_bad_rows_and_the_good_ones_count(service: RunningService) -> None:
    await person(service, "lawyer", "wang")
    await person(service, "lawyer", "zhao")
    today = datetime.now(LOCAL_ZONE).strftime("%Y-%m-%d")
    sheet = workbook(
        (today, "00:00", "24:00", "wang、zhao", "lawyers"),
        ("2026-13-40", "08:00", "17:00", "wang", "lawyers"),
        (today, "8点半", "十七点", "wang", "lawyers"),
        (today, "08:00", "17:00", "nobody", "lawyers"),
        (today, "08:00", "17:00", "wang", "钓鱼队"),
        (today, "08:00", "17:00", "", "lawyers"),
    )
    status, answer = await load(service, sheet, EXCEL)
    assert (status, answer["shifts"]) == (200, 2)
    assert {(row["row"], row["field"]) for row in answer["rejected"]} == {
        ("第4行", "日期"),
        ("第5行", "结束"),
        ("第6行", "姓名"),
        ("第7行", "队列"),
        ("第8行", "姓名"),
    }
    assert all(row["reason"] for row in answer["rejected"])
    assert sorted(await on_duty(service, "lawyers")) == ["wang", "zhao"]
    status, answer = await load(service, sheet, EXCEL)
    assert status == 200
    async with service.pool.acquire() as connection:
        assert await connection.fetchval("select count(*) from shifts") == 2, "the same sheet again doubles nothing"


async def test_a_calendar_counts_for_the_queue_named_beside_it(service: RunningService) -> None:
    await person(service, "lawyer", "wang")
    now = datetime.now(UTC)
    form = "%Y%m%dT%H%M%SZ"
    events = [
        (now - timedelta(days=1, hours=1), now - timedelta(days=1) + timedelta(hours=1), "wang", "RRULE:FREQ=DAILY"),
        (now, now + timedelta(hours=1), "nobody", ""),
        (now, now - timedelta(hours=1), "wang", ""),
    ]
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test//roster//"]
    for number, (start, end, title, rule) in enumerate(events):
        lines += [
            "BEGIN:VEVENT",
            f"UID:{number}@test",
            f"DTSTART:{start.strftime(form)}",
            f"DTEND:{end.strftime(form)}",
        ]
        lines += [f"SUMMARY:{title}", *([rule] if rule else []), "END:VEVENT"]
    lines += ["END:VCALENDAR", ""]
    status, answer = await load(service, "\r\n".join(lines).encode(), CALENDAR, "?queue=lawyers")
    assert status == 200
    assert answer["shifts"] > 100, "repeats are expanded"
    assert len(answer["rejected"]) == 2
    assert await on_duty(service, "lawyers") == ["wang"]


async def test_files_that_are_no_roster_are_refused_in_words(service: RunningService) -> None:
    for data, headers in ((b"rubbish", EXCEL), (b"", EXCEL), (b"rubbish", CALENDAR), (b"PK\x03\x04", EXCEL)):
        status, problem = await load(service, data, headers)
        assert (status, problem["type"]) == (422, "urn:hotline:problem:roster-invalid"), problem
        assert problem["detail"]
    status, problem = await load(service, workbook(), EXCEL, "?queue=nowhere")
    assert (status, problem["type"]) == (404, "urn:hotline:problem:queue-not-found")


async def test_overrides_add_remove_and_replace(service: RunningService) -> None:
    wang, zhao = await person(service, "lawyer", "wang"), await person(service, "lawyer", "zhao")

    async def change(**body: Any) -> int:
        status, _ = await service.request(
            "POST", "/rosters/overrides", role="manager", json={"queue": "lawyers", **around_now(), **body}
        )
        return status

    assert await change(kind="add", user_id=wang) == 201
    assert await on_duty(service, "lawyers") == ["wang"]
    assert await change(kind="replace", user_id=wang, substitute_id=zhao) == 201
    assert await on_duty(service, "lawyers") == ["zhao"]
    assert await change(kind="remove", user_id=zhao) == 201
    assert await on_duty(service, "lawyers") == []
    refused = [
        {"kind": "add", "user_id": 987_654},
        {"kind": "add", "user_id": 10**30},
        {"kind": "replace", "user_id": wang},
        {"kind": "dance", "user_id": wang},
        {"kind": "add", "user_id": wang, "end": around_now()["start"]},
        {"kind": "add", "user_id": wang, "start": "2026-11-20T08:00:00"},
    ]
    assert [await change(**body) for body in refused] == [422] * len(refused)


async def test_a_rotation_puts_people_on_duty_by_turns(service: RunningService) -> None:
    wang, zhao = await person(service, "lawyer", "wang"), await person(service, "lawyer", "zhao")
    body = {
        "queue": "lawyers",
        "name": "白班",
        "participants": [wang, zhao],
        "start": (datetime.now(UTC) - timedelta(hours=1)).isoformat(),
        "shift_length": 2,
        "shift_unit": "hours",
    }
    status, first = await service.request("PUT", "/rosters/rotations", role="manager", json=body)
    assert status == 200, first
    assert await on_duty(service, "lawyers") == ["wang"]
    body["start"] = (datetime.now(UTC) - timedelta(hours=3)).isoformat()
    status, again = await service.request("PUT", "/rosters/rotations", role="manager", json=body)
    assert (status, again["rotation_id"]) == (200, first["rotation_id"]), "changed by its name"
    assert await on_duty(service, "lawyers") == ["zhao"]
    for wrong in ({"participants": [987_654]}, {"shift_length": 0}, {"shift_length": -1}, {"headcount": 0}):
        status, problem = await service.request("PUT", "/rosters/rotations", role="manager", json=body | wrong)
        assert status == 422, (wrong, problem)


async def test_where_nobody_is_on_duty_the_fallback_is_taken_and_what_was_short_is_recorded(
    service: RunningService, call: CallMaker
) -> None:
    await nobody_on_duty(service, "lawyers", await person(service, "lawyer", "wang"))
    await service.start_worker()
    await service.token("operator", "anna")
    answer = await service.post_calls(call(WAGES, line="12348", live=True, operator="anna"), call(WAGES, line="12348"))
    live, recorded = [entry["call_id"] for entry in answer["accepted"]]
    for page in (await service.call_in(live, "proposed"), await service.call_in(recorded, "queued")):
        assert (page["decision"]["target_queue"], page["decision"]["queue"]) == ("lawyers", "operators")
        [short] = page["decision"]["short"]
        assert (short["queue"], short["fallback_to"], bool(short["reason"])) == ("lawyers", "operators", True)
    assert page["queue_item"]["queue"] == "operators"


async def test_an_old_record_waits_for_the_next_shift(service: RunningService, call: CallMaker) -> None:
    await nobody_on_duty(service, "lawyers", await person(service, "lawyer", "wang"))
    record = record_from_api(call(WAGES, line="12348"), profiles=service.services.profiles)
    assert isinstance(record, CallRecord)
    [outcome] = await store_batch(service.pool, [record], intake="backlog", vault=service.services.vault)
    await service.start_worker()
    page = await service.call_in(outcome.call_id, "queued")
    assert page["queue_item"]["queue"] == "lawyers"
    [short] = page["decision"]["short"]
    assert (short["queue"], short["fallback_to"]) == ("lawyers", None)


async def test_night_options_tell_the_wait_and_the_choice_is_recorded(service: RunningService, call: CallMaker) -> None:
    wang = await person(service, "lawyer", "wang")
    await nobody_on_duty(service, "lawyers", wang)
    status, told = await service.request("GET", "/queues/lawyers/night-options", role="operator")
    assert (status, told["on_duty"], told["expected_wait_s"]) == (200, 0, None)
    assert [option["choice"] for option in told["options"]] == ["callback", "message"], "nobody to wait for"
    body = {"queue": "lawyers", "kind": "add", "user_id": wang, **around_now()}
    await service.request("POST", "/rosters/overrides", role="manager", json=body)
    _, told = await service.request("GET", "/queues/lawyers/night-options", role="operator")
    assert told["on_duty"] == 1
    options = {option["choice"]: option for option in told["options"]}
    assert set(options) == {"wait", "callback", "message"}
    assert options["wait"]["expected_wait_s"] > 0
    answer = await service.post_calls(call(WAGES, live=True))
    call_id = answer["accepted"][0]["call_id"]
    window = {key: options["callback"][key] for key in ("window_start", "window_end")}
    status, _ = await service.request(
        "POST", f"/calls/{call_id}/choice", role="operator", json={"choice": "callback", **window}
    )
    assert status == 201
    _, page = await service.request("GET", f"/calls/{call_id}", role="operator")
    assert [(c["choice"], c["window_start"]) for c in page["choices"]] == [("callback", window["window_start"])]


async def test_a_claim_off_the_roster_is_allowed_and_recorded(service: RunningService, call: CallMaker) -> None:
    wang = await person(service, "lawyer", "wang")
    zhao = await person(service, "lawyer", "zhao")
    body = {"queue": "lawyers", "kind": "add", "user_id": wang, **around_now()}
    await service.request("POST", "/rosters/overrides", role="manager", json=body)
    await service.start_worker()
    answer = await service.post_calls(call(WAGES, line="12348"), call(WAGES, line="12348"))
    for entry in answer["accepted"]:
        page = await service.call_in(entry["call_id"], "queued")
        assert page["queue_item"]["queue"] == "lawyers"
    for name in ("wang", "zhao"):
        status, claim = await service.request("POST", "/queues/lawyers/claim", role="lawyer", user=name)
        assert status == 200, claim
    async with service.pool.acquire() as connection:
        rows = await connection.fetch("select user_id, off_roster from assignments")
    assert {row["user_id"]: row["off_roster"] for row in rows} == {wang: False, zhao: True}
