"""POST /calls and its segments over HTTP: what is taken, what is refused, and that every record is answered once."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hotline.web.limits import MAX_BODY_BYTES
from routing.calls.store import opened_call
from routing.calls.store import queries as call_queries
from tests.service_fixtures import CallMaker, RunningService, eventually

LAMP = "我们院子门口的路灯不亮了，请派人修"
LISTS = ("accepted", "updated", "duplicates", "rejected")
PROBLEM = "urn:hotline:problem:"


async def post(service: RunningService, data: bytes, content_type: str = "application/json") -> tuple[int, Any]:
    """POST /calls with a body as it stands."""
    headers = {"Content-Type": content_type}
    return await service.request("POST", "/calls", role="line", data=data, headers=headers)


def dumped(*records: Any) -> bytes:
    """A JSON list; lone surrogates stay escapes."""
    return json.dumps(records).encode()


async def stored(service: RunningService, external_id: str) -> dict[str, Any]:
    """The row of a call, opened."""
    async with service.pool.acquire() as connection:
        row = await connection.fetchrow("select * from calls where external_id = $1", external_id)
    assert row is not None, external_id
    return opened_call(service.services.vault, row)


async def count(service: RunningService) -> int:
    """How many calls are stored."""
    async with service.pool.acquire() as connection:
        return int(await connection.fetchval("select count(*) from calls"))


def places(answer: dict[str, Any]) -> dict[str, list[int]]:
    """The indexes in each list of an answer."""
    assert set(answer) == set(LISTS)
    return {name: [entry["index"] for entry in answer[name]] for name in LISTS if answer[name]}


async def test_one_object_a_list_and_an_empty_list(service: RunningService, call: CallMaker) -> None:
    status, answer = await post(service, json.dumps(call(LAMP, external_id="A")).encode())
    assert (status, places(answer)) == (202, {"accepted": [0]})
    assert answer["accepted"][0] == {
        "index": 0,
        "line": "12345",
        "external_id": "A",
        "call_id": (await stored(service, "A"))["id"],
    }
    status, answer = await post(service, dumped(call(LAMP), call(LAMP)))
    assert (status, places(answer)) == (202, {"accepted": [0, 1]})
    status, answer = await post(service, b"[]")
    assert (status, places(answer)) == (202, {})


async def test_ndjson_with_a_broken_line_keeps_the_others(service: RunningService, call: CallMaker) -> None:
    lines = [json.dumps(call(LAMP)), '{"line": "12345", ', "", json.dumps(call(LAMP)), "null"]
    status, answer = await post(service, "\r\n".join(lines).encode(), "application/x-ndjson")
    assert status == 202
    assert places(answer) == {"accepted": [0, 2], "rejected": [1, 3]}
    assert [error["field"] for error in answer["rejected"][0]["errors"]] == ["(line)"]
    assert all(error["message"] for entry in answer["rejected"] for error in entry["errors"])
    assert await count(service) == 2


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe\x00", b'{"line": NaN}', b"[" * 5000 + b"]" * 5000])
async def test_a_body_that_is_no_json_is_a_problem(service: RunningService, body: bytes) -> None:
    status, problem = await post(service, body)
    assert (status, problem["type"], problem["status"]) == (400, f"{PROBLEM}bad-json", 400)
    assert problem["detail"]


async def test_at_most_a_thousand_records(service: RunningService, call: CallMaker) -> None:
    records = [call(LAMP) for _ in range(1001)]
    status, problem = await post(service, dumped(*records))
    assert (status, problem["type"]) == (413, f"{PROBLEM}too-many-records")
    lines = "\n".join(json.dumps(record) for record in records).encode()
    status, problem = await post(service, lines, "application/x-ndjson")
    assert (status, problem["type"]) == (413, f"{PROBLEM}too-many-records")
    assert await count(service) == 0
    status, answer = await post(service, dumped(*records[:1000]))
    assert (status, places(answer)) == (202, {"accepted": list(range(1000))})
    assert await count(service) == 1000


async def test_at_most_16_mib(service: RunningService, call: CallMaker) -> None:
    padded = dumped(call(LAMP)) + b" " * MAX_BODY_BYTES
    headers = {"Authorization": f"Bearer {await service.token('line')}"}
    async with service.session.post(f"{service.address}/api/v1/calls", data=padded, headers=headers) as answer:
        assert answer.status == 413
        assert answer.content_type == "application/problem+json"
        assert (await answer.json(content_type=None))["type"] == f"{PROBLEM}too-large"
    assert await count(service) == 0
    status, _ = await post(service, padded[:MAX_BODY_BYTES])
    assert status == 202, "16 MiB itself is allowed"


async def test_characters_postgresql_cannot_hold_spoil_neither_the_record_nor_its_neighbours(
    service: RunningService, call: CallMaker
) -> None:
    hostile = call(
        "喂\u0000你好\ud83d 听得到吗\\ud800",
        external_id="H\u0000",
        caller_name="王\ud800某",
        address="\udfff路",
        source={"a\u0000": ["\ud800", 1e300]},
    )
    status, answer = await post(service, dumped(call(LAMP), hostile, call("表情\U0001f600正常")))
    assert (status, places(answer)) == (202, {"accepted": [0, 1, 2]})
    async with service.pool.acquire() as connection:
        row, other = [
            opened_call(service.services.vault, await call_queries.call(connection, call_id=entry["call_id"]))
            for entry in answer["accepted"][1:]
        ]
    assert row["transcript"] == "喂\ufffd你好\ufffd 听得到吗\\ud800", "same length: offsets hold"
    assert row["caller_name"].startswith("王")
    assert other["transcript"] == "表情\U0001f600正常"
    await service.start_worker()
    page = await service.call_in(row["id"], "queued", "closed")
    assert page["call"]["transcript"].startswith("喂")


async def test_a_byte_order_mark_is_no_reason_to_refuse(service: RunningService, call: CallMaker) -> None:
    status, answer = await post(service, b"\xef\xbb\xbf" + dumped(call(LAMP)))
    assert (status, places(answer)) == (202, {"accepted": [0]})
    line = json.dumps(call(LAMP)).encode()
    status, answer = await post(service, b"\xef\xbb\xbf" + line, "application/x-ndjson")
    assert (status, places(answer)) == (202, {"accepted": [0]})


async def test_huge_text_is_stored_whole_and_read(service: RunningService, call: CallMaker) -> None:
    text = (LAMP + "。") * (200_000 // (len(LAMP) + 1))
    answer = await service.post_calls(call(text, external_id="huge"))
    assert places(answer) == {"accepted": [0]}
    assert (await stored(service, "huge"))["transcript"] == text
    await service.start_worker()
    page = await service.call_in(answer["accepted"][0]["call_id"], "queued")
    assert page["triage"]["route"] == "non_police_help"


async def test_times_need_a_zone_and_lines_need_not_be_known(service: RunningService, call: CallMaker) -> None:
    answer = await service.post_calls(
        call(LAMP, received_at="2026-11-20T08:00:00"),
        call(LAMP, received_at="2026-11-20T08:00:00Z", line="96110", external_id="other"),
        call(LAMP, received_at="2026-11-20T08:00:00+08:00", external_id="zoned"),
        call(LAMP, line="a line"),
        call(LAMP, line=""),
    )
    assert places(answer) == {"accepted": [1, 2], "rejected": [0, 3, 4]}
    fields = [[error["field"] for error in entry["errors"]] for entry in answer["rejected"]]
    assert fields == [["received_at"], ["line"], ["line"]]
    assert (await stored(service, "other"))["line"] == "96110"
    assert (await stored(service, "zoned"))["received_at"] == datetime(2026, 11, 20, tzinfo=UTC)


async def test_withheld_numbers_have_no_hash_and_the_same_number_has_one_hash(
    service: RunningService, call: CallMaker
) -> None:
    numbers = {"none": None, "word": "匿名", "zero": "0", "service": "110", "plain": "13911112222"}
    numbers |= {"zone": "+86 139-1111-2222", "float": 13911112222.0}
    for external_id, number in numbers.items():
        await service.post_calls(call(LAMP, external_id=external_id, caller_number=number))
    await service.post_calls(call(LAMP, external_id="secret", caller_number="13911113333", confidential=True))
    hashes = {external_id: (await stored(service, external_id))["caller_hash"] for external_id in numbers}
    assert [hashes[name] for name in ("none", "word", "zero", "service")] == [None] * 4
    assert len({hashes[name] for name in ("plain", "zone", "float")} - {None}) == 1
    assert b"13911112222" not in hashes["plain"]
    assert (await stored(service, "secret"))["confidential"] is True


async def test_one_key_twice_in_a_body_is_answered_in_order(service: RunningService, call: CallMaker) -> None:
    first = call(LAMP, external_id="K")
    other = first | {"transcript": "路灯修好了，谢谢你们"}
    answer = await service.post_calls(first, first, other, other, first)
    assert places(answer) == {"accepted": [0], "duplicates": [1, 3], "updated": [2, 4]}
    assert len({entry["call_id"] for name in LISTS for entry in answer[name]}) == 1
    row = await stored(service, "K")
    assert (row["transcript"], row["version"]) == (LAMP, 3)


async def test_one_key_on_two_lines_is_two_calls(service: RunningService, call: CallMaker) -> None:
    answer = await service.post_calls(call(LAMP, external_id="K"), call(LAMP, external_id="K", line="110"))
    assert places(answer) == {"accepted": [0, 1]}


async def test_the_same_keys_posted_at_once_are_accepted_once(service: RunningService, call: CallMaker) -> None:
    records = [call(LAMP) for _ in range(60)]
    await service.token("line")
    orders = [records, records[::-1], records[30:] + records[:30]] * 4
    answers = await asyncio.gather(*(service.post_calls(*order) for order in orders))
    accepted = Counter(entry["external_id"] for answer in answers for entry in answer["accepted"])
    assert accepted == {record["external_id"]: 1 for record in records}
    assert sum(len(answer["duplicates"]) for answer in answers) == len(orders) * 60 - 60
    assert await count(service) == 60


async def test_versions_posted_at_once_are_all_kept(service: RunningService, call: CallMaker) -> None:
    record = call(LAMP, external_id="V")
    await service.token("line")
    versions = [record | {"transcript": f"{LAMP}，第{n}次来电"} for n in range(12)]
    answers = await asyncio.gather(*(service.post_calls(version) for version in versions))
    kinds = Counter(name for answer in answers for name in places(answer))
    assert kinds == {"accepted": 1, "updated": 11}
    async with service.pool.acquire() as connection:
        rows = await connection.fetch("select version from call_versions order by version")
    assert [row["version"] for row in rows] == list(range(1, 13))


async def test_live_and_recorded_calls_differ_in_contact(service: RunningService, call: CallMaker) -> None:
    answer = await service.post_calls(
        call(LAMP, live=True), call(LAMP), call(LAMP, caller_number=None), call(LAMP, live="yes please")
    )
    assert places(answer) == {"accepted": [0, 1, 2], "rejected": [3]}
    pages = [await service.request("GET", f"/calls/{entry['call_id']}") for entry in answer["accepted"]]
    assert [page["call"]["contact_label"] for _, page in pages] == ["在线", "待回拨", "工单"]
    assert [page["call"]["live"] for _, page in pages] == [True, False, False]


# ---- live segments


async def segments(service: RunningService, call_id: int, body: Any) -> tuple[int, Any]:
    return await service.request("POST", f"/calls/{call_id}/segments", role="line", json=body)


async def live_call(service: RunningService, record: dict[str, Any]) -> int:
    answer = await service.post_calls(record | {"live": True})
    return int(answer["accepted"][0]["call_id"])


async def test_segments_stand_in_order_of_seq_and_each_counts_once(service: RunningService, call: CallMaker) -> None:
    call_id = await live_call(service, call([{"speaker": "来电人", "text": "你好", "seq": 0}]))
    status, answer = await segments(
        service,
        call_id,
        [
            {"speaker": "来电人", "text": "第三句", "seq": 3},
            {"speaker": "话务员", "text": "请讲", "seq": 2},
            {"speaker": "来电人", "text": "第一句", "seq": 1},
        ],
    )
    assert (status, answer["added"], answer["segments"]) == (200, 3, 4)
    status, answer = await segments(
        service, call_id, {"segments": [{"text": "改口", "seq": 1}, {"speaker": "来电人", "text": "第四句", "seq": 4}]}
    )
    assert (status, answer["added"], answer["segments"]) == (200, 1, 5)
    status, answer = await segments(service, call_id, {"speaker": "来电人", "text": "第五句", "seq": 5})
    assert (status, answer["added"]) == (200, 1)
    _, page = await service.request("GET", f"/calls/{call_id}")
    assert [s["seq"] for s in page["call"]["segments"]] == [0, 1, 2, 3, 4, 5]
    assert page["call"]["transcript"] == "你好\n第一句\n第三句\n第四句\n第五句"


async def test_segments_sent_at_once_are_all_kept(service: RunningService, call: CallMaker) -> None:
    call_id = await live_call(service, call("你好"))
    await asyncio.gather(
        *(segments(service, call_id, {"speaker": "来电人", "text": f"第{n}句", "seq": n}) for n in range(1, 25)),
        *(segments(service, call_id, {"speaker": "来电人", "text": f"第{n}句", "seq": n}) for n in range(1, 25)),
    )
    _, page = await service.request("GET", f"/calls/{call_id}")
    assert [s["seq"] for s in page["call"]["segments"]] == list(range(25))


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ([{"text": "没有序号"}], "segments.0.seq"),
        ([{"text": "好", "seq": 1}, {"text": 5, "seq": 2}], "segments.1.text"),
        ([{"text": "好", "seq": -1}], "segments.0.seq"),
        ([{"text": "一", "seq": 1}, {"text": "二", "seq": 1}], "transcript"),
        ("rubbish", "segments"),
        ({"segments": None}, "segments"),
    ],
)
async def test_bad_segments_are_named_and_nothing_is_written(
    service: RunningService, call: CallMaker, body: Any, field: str
) -> None:
    call_id = await live_call(service, call("你好"))
    status, problem = await segments(service, call_id, body)
    assert (status, problem["type"]) == (422, f"{PROBLEM}invalid-request")
    assert [error["field"] for error in problem["errors"]] == [field]
    _, page = await service.request("GET", f"/calls/{call_id}")
    assert [s["text"] for s in page["call"]["segments"]] == ["你好"]


async def test_segments_of_calls_that_are_over_or_unknown(service: RunningService, call: CallMaker) -> None:
    call_id = await live_call(service, call("我想问一下办证需要带什么材料"))
    await service.start_worker()
    await service.call_in(call_id, "proposed")
    status, _ = await service.request(
        "POST", f"/calls/{call_id}/answer", role="operator", json={"answer": "带身份证即可"}
    )
    assert status == 200
    status, problem = await segments(service, call_id, [{"text": "还有", "seq": 7}])
    assert (status, problem["type"]) == (409, f"{PROBLEM}illegal-transition")
    status, problem = await segments(service, 987_654, [{"text": "还有", "seq": 7}])
    assert (status, problem["type"]) == (404, f"{PROBLEM}call-not-found")


async def test_new_segments_are_read_again(service: RunningService, call: CallMaker) -> None:
    call_id = await live_call(service, call("你好，我想反映个事"))
    await service.start_worker()
    page = await service.call_in(call_id, "proposed")
    assert page["triage"]["danger"]["level"] == 0
    await segments(service, call_id, [{"speaker": "来电人", "text": "他拿着刀冲进来了快救我", "seq": 5}])

    async def alarmed() -> bool:
        return (await service.call_in(call_id, "proposed"))["triage"]["danger"]["level"] == 2

    await eventually(alarmed)


# ---- rubbish

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec=None), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
FIELDS = (
    *("line", "external_id", "received_at", "transcript", "caller_number", "caller_name", "address", "region"),
    *("operator", "confidential", "source", "live", "talk_time_s", "satisfaction", "joint_units", "contact", "else"),
)
GOOD = {"line": "110", "received_at": "2026-11-20T08:00:00+08:00", "transcript": "楼下有人吵"}
records_like = st.builds(
    lambda good, external_id, wrong: {**(GOOD if good else {}), "external_id": external_id, **wrong},
    st.booleans(),
    st.sampled_from(["1", "2", "3"]) | json_values,
    st.dictionaries(st.sampled_from(FIELDS), json_values, max_size=2),
)


async def test_whatever_is_sent_every_index_is_answered_once_and_accepted_means_stored(
    service: RunningService,
) -> None:
    loop = asyncio.get_running_loop()
    await service.token("line")

    async def check(body: Any) -> None:
        status, answer = await post(service, json.dumps(body).encode())
        assert status == 202, (status, answer)
        size = len(body) if isinstance(body, list) else 1
        assert sorted(index for indexes in places(answer).values() for index in indexes) == list(range(size))
        ids = {entry["call_id"] for name in LISTS[:3] for entry in answer[name]}
        async with service.pool.acquire() as connection:
            known = await connection.fetchval("select count(*) from calls where id = any($1::bigint[])", list(ids))
        assert known == len(ids)
        assert all(error["message"] for entry in answer["rejected"] for error in entry["errors"])

    @settings(max_examples=60, suppress_health_check=list(HealthCheck))
    @given(st.lists(records_like | json_values, max_size=4) | records_like | json_values)
    def whatever(body: Any) -> None:
        asyncio.run_coroutine_threadsafe(check(body), loop).result(30)

    await asyncio.to_thread(whatever)
    assert await count(service) > 0, "the samples must hold good records too"


async def test_whatever_segments_are_sent_the_answer_is_200_or_422(service: RunningService, call: CallMaker) -> None:
    loop = asyncio.get_running_loop()
    call_id = await live_call(service, call("你好"))
    segment_like = st.fixed_dictionaries(
        {"text": json_values, "seq": st.integers(0, 50) | json_values},
        optional={"speaker": json_values, "at": json_values, "confidence": json_values, "language": json_values},
    )

    async def check(body: Any) -> None:
        data = json.dumps(body).encode()
        status, answer = await service.request("POST", f"/calls/{call_id}/segments", role="line", data=data)
        assert status in (200, 422), (status, answer)

    @settings(max_examples=40, suppress_health_check=list(HealthCheck))
    @given(st.lists(segment_like, max_size=3) | json_values)
    def whatever(body: Any) -> None:
        asyncio.run_coroutine_threadsafe(check(body), loop).result(30)

    await asyncio.to_thread(whatever)
