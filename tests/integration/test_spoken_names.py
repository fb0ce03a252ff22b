"""Names that were said, and the caller's own, show nowhere without a reason: API, pages, lists, claims."""

from __future__ import annotations

import json

import pytest

from hotline.accounts.login import log_in
from hotline.accounts.store import add_user
from hotline.web.authentication import COOKIE
from tests.service_fixtures import CallMaker, RunningService

PASSWORD = "a long word for this test"
CALLER = "欧阳朗月"
SAID = ("罗大勇", "范小婉")
SEGMENTS = [
    {"speaker": "operator", "text": "您好，请问怎么称呼？"},
    {"speaker": "caller", "text": "我叫欧阳朗月，我丈夫罗大勇又打我了，拿刀说要砍死我"},
    {"speaker": "operator", "text": "欧阳朗月您别急，罗大勇现在在家吗？"},
    {"speaker": "caller", "text": "在，罗大勇拿着刀，孩子叫范小婉，跟我姓不一样，范小婉在里屋哭"},
]


@pytest.mark.parametrize("confidential", [False, True])
async def test_names_show_nowhere_without_a_reason(
    service: RunningService, call: CallMaker, confidential: bool
) -> None:
    await service.start_worker()
    record = call("", caller_name=CALLER, confidential=confidential, line="110") | {"transcript": SEGMENTS}
    answer = await service.post_calls(record)
    call_id = answer["accepted"][0]["call_id"]
    await service.call_in(call_id, "queued", "proposed")
    await add_user(service.pool, "shen", "manager", password=PASSWORD)
    begun = await log_in(service.pool, "shen", PASSWORD, "127.0.0.1")

    shown: dict[str, str] = {}
    for path in (f"/calls/{call_id}", "/calls", "/queues/police/items", "/queues/operators/items"):
        _, body = await service.request("GET", path, role="manager")
        shown[path] = json.dumps(body, ensure_ascii=False)
    status, claimed = await service.request("POST", "/queues/police/claim", role="police")
    if status == 200:
        shown["claim"] = json.dumps(claimed, ensure_ascii=False)
    for page in ("/calls", f"/calls/{call_id}", "/console/alarms"):
        async with service.session.get(
            f"{service.address}{page}", headers={"Cookie": f"{COOKIE}={begun.cookie}"}
        ) as got:
            assert got.status == 200, page
            shown[f"page {page}"] = await got.text()
    assert "罗**" in shown[f"/calls/{call_id}"]
    for where, text in shown.items():
        for name in (CALLER, *SAID):
            assert name not in text, (where, name)
            assert name[1:] not in text, (where, name)
