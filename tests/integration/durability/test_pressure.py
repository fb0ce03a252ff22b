"""More than can be worked: the sender is told when to come again, memory stays, nothing accepted is lost."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import aiohttp
import psutil

from tests.integration.durability.installation import value
from tests.integration.durability.replicas import replicas

RECORDS, FLOOD = 250, 80
WAITING = 4_000
#: Far below what 80 bodies of 2 MiB would take once they are parsed.
MOST_MIB = 500
WORDS = "楼上漏水泡了我家吊顶，物业说不归他们管，请问该找哪个部门处理，" * 30


def body(number: int) -> bytes:
    """A batch of long calls, about 2 MiB."""
    record = {"line": "12345", "received_at": datetime.now(UTC).isoformat(), "transcript": WORDS[:900]}
    lines = (json.dumps(record | {"external_id": f"flood-{number}-{n}"}, ensure_ascii=True) for n in range(RECORDS))
    return "\n".join(lines).encode()


async def test_a_flood_is_sent_back_before_memory_grows(owner_url: str, redis_url: str) -> None:
    settings = {"HOTLINE_INTAKE_MIB": "16", "HOTLINE_INTAKE_WAITING": str(WAITING)}
    with replicas(owner_url, redis_url, **settings) as cluster:
        await asyncio.to_thread(cluster.run_many, 1, 0)
        web = psutil.Process(cluster.running["serve-0"].pid)
        headers = {"Authorization": f"Bearer {cluster.token}", "Content-Type": "application/x-ndjson"}
        answers: list[tuple[int, Any, str | None]] = []
        most = 0

        async def send(session: aiohttp.ClientSession, number: int) -> None:
            nonlocal most
            try:
                async with session.post(cluster.url("/api/v1/calls"), data=body(number), headers=headers) as answer:
                    said = await answer.json(content_type=None)
                    answers.append((answer.status, said, answer.headers.get("Retry-After")))
            except aiohttp.ClientError:
                # sent back while it was still sending
                answers.append((0, None, None))
            most = max(most, web.memory_info().rss >> 20)

        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=120)) as session:
            await asyncio.gather(*(send(session, number) for number in range(FLOOD)))
            number = FLOOD
            while not any(
                said and said["type"].endswith("triage-behind") for status, said, _ in answers if status == 429
            ):
                assert number < 3 * FLOOD, Counter(status for status, _, _ in answers)
                await send(session, number)
                number += 1
        refused = [(said, again) for status, said, again in answers if status == 429]
        kinds = Counter(said["type"].rpartition(":")[2] for said, _ in refused)
        assert set(kinds) == {"intake-busy", "triage-behind"}, kinds
        assert all(again for _, again in refused)
        # a database that is too slow for the flood is told by 503, which may be sent again as well
        slow = [again for status, _, again in answers if status == 503]
        assert all(slow)
        assert {status for status, _, _ in answers} <= {0, 202, 429, 503}
        accepted = sum(len(said["accepted"]) for status, said, _ in answers if status == 202)
        assert accepted >= WAITING
        # a body whose sender broke off may be stored: it has not been answered
        stored = await asyncio.to_thread(value, owner_url, "select count(*) from calls")
        assert accepted <= stored <= accepted + RECORDS * sum(status in (0, 503) for status, _, _ in answers)
        assert most < MOST_MIB, f"{most} MiB"
