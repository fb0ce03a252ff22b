"""Planning a week: shifts one by one, who was faster, last week's copy, previews, calendars out and in, holidays."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from routing.policy.facts import LOCAL_ZONE
from routing.rosters.planning import week_begin
from tests.integration.test_rosters_api import CALENDAR, EXCEL, load, person, workbook
from tests.service_fixtures import RunningService

MONDAY = date(2026, 9, 28)
"""National Day begins on the Thursday of this week."""


def at(day: int, hour: int) -> str:
    """A time of the week, with zone."""
    return (week_begin(MONDAY) + timedelta(days=day, hours=hour)).isoformat()


async def plan(service: RunningService, monday: date = MONDAY) -> dict[str, Any]:
    status, shown = await service.request("GET", f"/rosters/plan?week={monday}", role="lawyer")
    assert status == 200, shown
    return shown  # type: ignore[no-any-return]


async def change(
    service: RunningService, method: str, path: str, *, user: str | None = None, **body: Any
) -> tuple[int, Any]:
    role = "manager"
    return await service.request(method, path, role=role, user=user, json={"week": str(MONDAY), **body})


async def test_a_week_is_planned_shift_by_shift_and_who_was_faster_is_told(service: RunningService) -> None:
    wang = await person(service, "lawyer", "wang")
    await person(service, "manager", "chen")
    first = {"queue": "lawyers", "user_id": wang, "start": at(0, 8), "end": at(0, 16)}
    status, made = await change(service, "POST", "/rosters/shifts", user="chen", version=0, **first)
    assert status == 201, made
    assert made["plan"]["version"] == 1
    status, late = await change(service, "POST", "/rosters/shifts", user="li", version=0, **first)
    assert (status, late["type"]) == (409, "urn:hotline:problem:week-changed")
    assert "chen" in late["detail"], "says who"
    path = f"/rosters/shifts/{made['shift_id']}"
    status, moved = await change(service, "PUT", path, version=1, **first | {"start": at(1, 9), "end": at(1, 18)})
    assert status == 200, moved
    [shift] = moved["plan"]["shifts"]
    assert (shift["start"], shift["end"]) == (at(1, 9).replace("+00:00", "Z"), at(1, 18).replace("+00:00", "Z"))
    lawyers = next(group for group in moved["plan"]["groups"] if group["queue"] == "lawyers")
    assert lawyers["gap_hours"] == 7 * 24 - 9
    refused: list[dict[str, Any]] = [
        {"start": at(1, 10), "end": at(1, 12)},
        {"user_id": 987_654},
        {"queue": "police"},
        {"end": at(4, 8)},
        {"end": at(0, 1)},
    ]
    for wrong in refused:
        status, problem = await change(service, "POST", "/rosters/shifts", version=2, **first | wrong)
        assert (status, problem["type"]) == (422, "urn:hotline:problem:roster-invalid"), (wrong, problem)
    status, gone = await service.request("DELETE", f"{path}?week={MONDAY}&version=2", role="manager")
    assert (status, gone["plan"]["shifts"]) == (200, [])
    status, _ = await service.request("DELETE", f"{path}?week={MONDAY}&version=3", role="manager")
    assert status == 404
    async with service.pool.acquire() as connection:
        acts = await connection.fetch("select action from audit_entries where action like 'shift%' order by id")
    assert [row["action"] for row in acts] == ["shift_added", "shift_moved", "shift_removed"]


async def test_last_week_is_copied_once_and_one_person_at_two_desks_shows(service: RunningService) -> None:
    wang = await person(service, "lawyer", "wang")
    for day in (0, 6):
        body = {"queue": "lawyers", "user_id": wang, "start": at(day, 20), "end": at(day + 1, 8)}
        status, _ = await change(service, "POST", "/rosters/shifts", version=day and 1, **body)
        assert status == 201
    following = MONDAY + timedelta(days=7)
    shown = await plan(service, following)
    assert shown["version"] == 1, "the night of Sunday lies in both weeks"
    status, copied = await service.request(
        "POST", "/rosters/copy-week", role="manager", json={"week": str(following), "version": 1}
    )
    assert (status, copied["copied"]) == (200, 2)
    status, again = await service.request(
        "POST", "/rosters/copy-week", role="manager", json={"week": str(following), "version": 2}
    )
    assert (status, again["copied"], again["plan"]["version"]) == (200, 0, 2)
    async with service.pool.acquire() as connection:
        await connection.execute(
            "insert into shifts (queue, user_id, starts_at, ends_at) values ('mediators', $1, $2, $3)",
            wang,
            datetime.fromisoformat(at(0, 18)),
            datetime.fromisoformat(at(0, 22)),
        )
    [overlap] = (await plan(service))["overlaps"]
    assert overlap["queues"] == ["lawyers", "mediators"]
    assert overlap["start"] == at(0, 20).replace("+00:00", "Z")


async def test_a_preview_stores_nothing_and_a_replacement_takes_only_what_was_shown(service: RunningService) -> None:
    await person(service, "lawyer", "wang")
    await person(service, "lawyer", "zhao")
    today = datetime.now(LOCAL_ZONE).date()
    days = [str(today + timedelta(days=number)) for number in range(2)]
    old = workbook((days[0], "08:00", "16:00", "wang", "lawyers"), (days[1], "08:00", "16:00", "wang", "lawyers"))
    status, answer = await load(service, old, EXCEL, "?preview=yes")
    assert (status, answer["applied"], answer["added_count"]) == (200, False, 2)
    async with service.pool.acquire() as connection:
        assert await connection.fetchval("select count(*) from shifts") == 0
    await load(service, old, EXCEL)
    new = workbook(
        (days[0], "08:00", "16:00", "wang", "lawyers"),
        (days[0], "12:00", "20:00", "wang", "lawyers"),
        (days[1], "08:00", "16:00", "zhao", "lawyers"),
        (days[1], "08:00", "16:00", "谁也不是", "lawyers"),
    )
    status, seen = await load(service, new, EXCEL, "?preview=yes&replace=yes")
    assert status == 200
    assert (seen["added_count"], seen["standing"], seen["removed_count"]) == (2, 1, 1)
    assert [row["field"] for row in seen["rejected"]] == ["姓名"]
    assert len(seen["overlaps"]) == 1, "the second shift of the first day lies on the first"
    status, stale = await load(service, new, EXCEL, "?replace=yes&mark=0000000000000000")
    assert (status, stale["type"]) == (409, "urn:hotline:problem:week-changed")
    status, done = await load(service, new, EXCEL, f"?replace=yes&mark={seen['mark']}")
    assert (status, done["applied"], done["removed_count"]) == (200, True, 1)
    async with service.pool.acquire() as connection:
        assert await connection.fetchval("select count(*) from shifts") == 3


async def test_a_roster_goes_out_as_a_calendar_and_comes_back_the_same(service: RunningService) -> None:
    await person(service, "lawyer", "wang")
    today = datetime.now(LOCAL_ZONE).date()
    await load(service, workbook((str(today), "08:00", "24:00", "wang", "lawyers")), EXCEL)
    headers = {"Authorization": f"Bearer {await service.token('lawyer', 'wang')}"}
    address = f"{service.address}/api/v1/rosters/export.ics?week={today}&queue=lawyers"
    async with service.session.get(address, headers=headers) as answer:
        calendar = await answer.read()
        assert answer.content_type == "text/calendar"
    status, back = await load(service, calendar, CALENDAR, "?preview=yes")
    assert (status, back["shifts"], back["standing"], back["rejected"]) == (200, 1, 1, [])


async def test_holidays_are_known_and_a_city_corrects_them(service: RunningService) -> None:
    days = {day["day"]: day for day in (await plan(service))["days"]}
    assert (days["2026-10-01"]["kind"], days["2026-10-01"]["name"]) == ("holiday", "国庆节")
    status, changed = await service.request(
        "PUT", "/rosters/days/2026-09-30", role="manager", json={"workday": False, "note": "本市运动会"}
    )
    assert status == 200, changed
    entered = next(day for day in changed["plan"]["days"] if day["day"] == "2026-09-30")
    assert (entered["kind"], entered["name"], entered["entered"]) == ("holiday", "本市运动会", True)
    calendar = service.services.published.policy.calendar
    assert not calendar.kind(date(2026, 9, 30)).workday, "time limits in workdays count by it"
    later = calendar.add_workdays(datetime(2026, 9, 29, 4, tzinfo=UTC), 1)
    assert later.astimezone(LOCAL_ZONE).date() > date(2026, 10, 1)
    status, back = await service.request("PUT", "/rosters/days/2026-09-30", role="manager", json={"workday": None})
    assert status == 200
    assert not any(day["entered"] for day in back["plan"]["days"])


async def test_a_rotation_is_looked_at_on_the_week_then_kept_and_ended(service: RunningService) -> None:
    wang, zhao = await person(service, "lawyer", "wang"), await person(service, "lawyer", "zhao")
    officer = await person(service, "police", "officer")
    body = {
        "queue": "lawyers",
        "name": "lawyers·白班",
        "participants": [wang, zhao],
        "start": at(0, 8),
        "shift_length": 1,
        "shift_unit": "days",
        "windows": [{"weekdays": [1, 2, 3], "start_minute": 8 * 60, "end_minute": 16 * 60}],
    }

    async def preview(**more: Any) -> tuple[int, Any]:
        path = f"/rosters/rotations/preview?week={MONDAY}"
        return await service.request("POST", path, role="manager", json=body | more)

    async def keep(**more: Any) -> tuple[int, Any]:
        return await service.request("PUT", "/rosters/rotations", role="manager", json=body | more)

    status, seen = await preview()
    assert (status, seen["turns"]) == (200, 3), seen
    assert [(turn["user_id"], turn["name"]) for turn in seen["plan"]["turns"]] == [
        (wang, "白班"),
        (zhao, "白班"),
        (wang, "白班"),
    ]
    assert (await plan(service))["rotations"] == [], "nothing was kept"
    status, _ = await keep(seen="")
    assert status == 200
    [kept] = (await plan(service))["rotations"]
    assert (kept["label"], kept["participants"], kept["end"]) == ("白班", [wang, zhao], None)
    # a name stands for one rotation; who has seen an older state of it is told
    for seen_mark in ("", "0" * 16):
        status, problem = await keep(seen=seen_mark, participants=[zhao])
        assert (status, problem["type"]) == (409, "urn:hotline:problem:rotation-changed")
    status, _ = await keep(seen=kept["mark"], participants=[zhao, wang], end=at(1, 0))
    assert status == 200
    shown = await plan(service)
    assert [turn["user_id"] for turn in shown["turns"]] == [zhao], "it ended on Tuesday"
    assert shown["rotations"][0]["mark"] != kept["mark"]
    for wrong in (
        {"participants": [officer]},
        {"participants": [987_654]},
        {"participants": [10**30]},
        {"participants": [wang, wang]},
        {"participants": []},
        {"queue": "moon"},
        {"shift_length": 0},
        {"shift_unit": "years"},
        {"headcount": 0},
        {"start": "2026-09-28T08:00:00"},
        {"start": "1066-10-14T08:00:00+00:00"},
        {"windows": [{"weekdays": [8], "start_minute": 0, "end_minute": 60}]},
        {"windows": [{"weekdays": [1], "start_minute": 0, "end_minute": 10**9}]},
        {"name": ""},
        {"name": "\x00"},
    ):
        for status, problem in (await preview(**wrong), await keep(**wrong)):
            assert status in (404, 422), (wrong, problem)
            assert problem["detail"], wrong
    # who has left may stay in a rotation that is ended or changed, and is not put into another
    await service.pool.execute("update users set disabled_at = now() where id = $1", wang)
    assert (await keep(participants=[wang, zhao], headcount=2))[0] == 200
    assert (await keep(name="lawyers·夜班"))[0] == 422
    async with service.pool.acquire() as connection:
        acts = await connection.fetchval("select count(*) from audit_entries where action = 'rotation_changed'")
    assert acts == 3, "a preview is no change"
