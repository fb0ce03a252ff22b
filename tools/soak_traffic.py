"""Who uses the service in a soak: lines that post, imports, operators, agents, a console. All of them try again."""

from __future__ import annotations

import asyncio
import csv
import json
import random
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
from soak_books import Accepted

TEXTS = (
    ("12345", "小区门口的路灯坏了半个月，晚上看不清路，请派人修"),
    ("12345", "楼上装修每天敲到半夜，协商几次都没用，想请人调解"),
    ("12348", "公司拖欠我两个月工资，没有签合同，想问能不能申请劳动仲裁"),
    ("12348", "邻居借了我三万块写了借条，到期不还，起诉要准备什么"),
    ("110", "钥匙落在家里打不开门，想问哪里可以找人开锁"),
    ("110", "两个人在饭店门口打起来了，有人流血，快来人"),
)
AGENTS = {"lawyer": ("lawyers",), "police": ("police", "police_nonemergency"), "mediator": ("mediators",)}
AWAY = (aiohttp.ClientError, OSError, asyncio.TimeoutError)


@dataclass
class Place:
    """The service as its users reach it."""

    address: str
    environment: dict[str, str]
    tokens: dict[str, str]
    folder: Path
    accepted: Accepted = field(default_factory=Accepted)
    live: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Live calls whose end the line has not reported yet, as they were posted, by external id."""
    answers: dict[str, int] = field(default_factory=dict)
    """How often each status was answered; 0: nobody answered."""
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    number: int = 0

    async def ask(self, session: aiohttp.ClientSession, role: str, method: str, path: str, body: Any = None) -> Any:
        """(status, body); status 0 while nobody answers."""
        headers = {"Authorization": f"Bearer {self.tokens[role]}"}
        try:
            async with session.request(method, f"{self.address}/api/v1{path}", json=body, headers=headers) as answer:
                status, said = answer.status, await answer.json(content_type=None) if answer.status != 204 else None
        except AWAY:
            status, said = 0, None
        self.answers[str(status)] = self.answers.get(str(status), 0) + 1
        return status, said

    async def post(self, session: aiohttp.ClientSession, record: dict[str, Any]) -> int:
        """Post a call until it is answered; its id."""
        while True:
            status, said = await self.ask(session, "line", "POST", "/calls", record)
            if status == 202:
                if said["rejected"]:
                    raise RuntimeError(f"a made-up call was rejected: {said['rejected']}")
                self.accepted.keys.add((record["line"], record["external_id"]))
                return int((said["accepted"] + said["duplicates"] + said["updated"])[0]["call_id"])
            await asyncio.sleep(0.3)

    def record(self, *, live: bool) -> dict[str, Any]:
        """A call that nobody has made yet."""
        self.number += 1
        line, text = random.choice(TEXTS)  # noqa: S311 - traffic, no secret
        return {
            "line": line,
            "external_id": f"soak-{self.number:07d}",
            "received_at": datetime.now(UTC).isoformat(),
            "caller_number": f"139{self.number:08d}",
            "transcript": [{"speaker": "caller", "text": f"{text}，第{self.number}件", "seq": 1}] if live else text,
            "live": live,
        }


async def line(place: Place, session: aiohttp.ClientSession) -> None:
    """Posts calls; some are live, get more words, and end later."""
    while not place.stop.is_set():
        record = place.record(live=random.random() < 0.3)  # noqa: S311
        call_id = await place.post(session, record)
        if record["live"]:
            place.live[record["external_id"]] = record
            more = {"segments": [{"speaker": "caller", "text": "就在刚才，麻烦快一点", "seq": 2}]}
            await place.ask(session, "line", "POST", f"/calls/{call_id}/segments", more)
        if len(place.live) > 20:
            await hang_up(place, session, next(iter(place.live)))
        await asyncio.sleep(random.uniform(0.02, 0.2))  # noqa: S311


async def hang_up(place: Place, session: aiohttp.ClientSession, external_id: str) -> None:
    """The line reports the end of a live call: the same record, no longer live."""
    record = place.live.pop(external_id, None)
    if record is not None:
        await place.post(session, record | {"live": False})


async def imports(place: Place, count: int) -> None:
    """Imports an export again and again; one that failed is run again, as the message says."""
    number = 0
    while not place.stop.is_set():
        number += 1
        export = place.folder / f"soak-{number}.csv"
        with export.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["工单编号", "来电时间", "联系电话", "诉求内容"])
            for n in range(count):
                _, text = TEXTS[n % len(TEXTS)]
                writer.writerow([f"file-{number}-{n}", "2026-11-20 08:00:00", f"1370000{n:04d}", f"{text}，{n}号"])
        while not await import_one(place, export, count):  # noqa: ASYNC110 - it is run again, nothing is waited for
            await asyncio.sleep(1)
        export.unlink()
        await asyncio.sleep(5)


async def import_one(place: Place, export: Path, count: int) -> bool:
    """Run the command once; whether all of it is in."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "hotline", "import", "--line", "12345", str(export)),
        env=place.environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    if process.returncode != 0:
        print(f"  import ended with {process.returncode}: {err.decode().strip().splitlines()[-1:]}", flush=True)
        return False
    answer = json.loads(out.decode().strip().splitlines()[-1])
    if answer["accepted"] + answer["duplicates"] != count:
        raise RuntimeError(f"an import of {count} rows answered {answer}")
    place.accepted.imported += count
    return True


async def operator(place: Place, session: aiohttp.ClientSession) -> None:
    """Forwards what is proposed, answers some directly, takes what waits for operators."""
    while not place.stop.is_set():
        status, page = await place.ask(session, "operator", "GET", "/calls?state=proposed&limit=5")
        for item in page["items"] if status == 200 else ():
            if random.random() < 0.3:  # noqa: S311
                body = {"answer": "已告知办理地点和所需材料。"}
                await place.ask(session, "operator", "POST", f"/calls/{item['id']}/answer", body)
            else:
                await place.ask(session, "operator", "POST", f"/calls/{item['id']}/forward", {"mode": "one_key"})
        await work_one(place, session, "operator", "operators")
        await asyncio.sleep(random.uniform(0.1, 0.5))  # noqa: S311


async def agent(place: Place, session: aiohttp.ClientSession, role: str) -> None:
    """Claims, keeps, gives back and completes."""
    while not place.stop.is_set():
        for queue in AGENTS[role]:
            await work_one(place, session, role, queue)
        await asyncio.sleep(random.uniform(0.05, 0.3))  # noqa: S311


async def work_one(place: Place, session: aiohttp.ClientSession, role: str, queue: str) -> None:
    """One claim to its end; an agent may vanish in the middle of it, which the lease ends."""
    status, taken = await place.ask(session, role, "POST", f"/queues/{queue}/claim")
    if status != 200:
        return
    path = f"/assignments/{taken['assignment_id']}"
    await place.ask(session, role, "POST", f"{path}/heartbeat")
    await asyncio.sleep(random.uniform(0.0, 0.3))  # noqa: S311
    chance = random.random()  # noqa: S311
    if chance < 0.2:
        await place.ask(session, role, "POST", f"{path}/release", {"reason": "先去接更急的电话"})
    elif chance < 0.95:
        body = {"disposition": "已解答", "notes": "已说明办理步骤。"}
        await place.ask(session, role, "POST", f"{path}/complete", body)


async def console(place: Place, session: aiohttp.ClientSession, seen: list[str]) -> None:
    """Reads the event stream all the time and comes back with Last-Event-ID; ``seen`` gets every event's id."""
    last = ""
    while True:
        headers = {"Authorization": f"Bearer {place.tokens['manager']}", **({"Last-Event-ID": last} if last else {})}
        try:
            async with session.get(
                f"{place.address}/api/v1/events", headers=headers, timeout=aiohttp.ClientTimeout(sock_read=30)
            ) as answer:
                if answer.status == 200:
                    kind = event_id = ""
                    async for raw in answer.content:
                        name, _, content = raw.decode().rstrip("\n").partition(": ")
                        if name == "id":
                            event_id = content
                            if not seen:
                                seen.append(content)
                        elif name == "event":
                            kind = content
                        elif name == "data" and kind not in ("alive", "reload"):
                            # only now: cut off within an event, it is asked for again
                            last = event_id
                            seen.append(last)
        except AWAY:
            pass
        await asyncio.sleep(0.2)
