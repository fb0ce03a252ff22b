"""Web and worker with wall clocks that are days ahead and behind: leases, offers, sessions and deadlines go by the
database's clock, or by monotonic time."""

from __future__ import annotations

import ast
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.integration.durability.installation import rows
from tests.integration.durability.replicas import replicas
from tests.integration.test_run import ROOT

DAYS_S = 3 * 86_400
SHIFTED = str(Path(__file__).with_name("shifted_clock.py"))
WAGES = "老板欠我三个月工资一共一万八，一直不给，我想问一下能不能去劳动仲裁，要准备什么材料，时效是多久"
#: Modules whose process clock may be wrong without harm, and why.
MAY_LOOK_AT_THE_CLOCK = {
    "hotline/accounts/second_factor.py": "the telephone's clock is compared, which knows no database",
    "hotline/accounts/administration.py": "when open work of a leaver was handed over, for its summary",
    "hotline/audit/linking.py": "a checkpoint's own statement of when it was signed, for outside the database",
    "hotline/backup/": "ages of files of this machine",
    "hotline/console/": "shown on a page: 'three minutes ago', which day is opened first",
    "hotline/demo/": "made-up calls of the days before",
    "hotline/erasure/person.py": "the date on an export and in the ledger of what was erased",
    "hotline/exports/rounds.py": "the moment printed on an export",
    "hotline/intake/": "whether what a line sends can be from the future",
    "hotline/statistics/": "which day is opened first",
    "hotline/web/api/": "the default of a day or week that the caller left out",
    "hotline/web/case_views.py": "how near a date is, as a word in a list",
    "hotline/web/listening.py": "a certificate's end, as every client judges it",
    "hotline/web/roster_plan.py": "which day of a week is marked as today",
    "routing/queues/service.py": "a first guess at whose shift it is, corrected by the database's clock",
    "routing/leavers/": "when open work of a leaver was handed over, for its summary",
}


def test_shifted_clocks_end_no_lease_and_move_no_deadline(owner_url: str, redis_url: str) -> None:
    with replicas(owner_url, redis_url) as cluster:
        cluster.run_many(1, 0, command=(SHIFTED, str(DAYS_S)))
        cluster.start_again("work-0", command=(SHIFTED, str(-DAYS_S)))
        cluster.start_again("work-1", command=(SHIFTED, str(DAYS_S)))
        record = {"line": "12348", "external_id": "clock", "received_at": datetime.now(UTC).isoformat()}
        status, answer = cluster.request("POST", "/calls", record | {"transcript": WAGES})
        assert status == 202, answer
        call_id = answer["accepted"][0]["call_id"]
        cluster.queued(call_id)
        cluster.token = cluster.command("token", "create", "--role", "lawyer").stdout.strip()
        status, taken = cluster.request("POST", "/queues/lawyers/claim")
        assert status == 200, taken
        ends = datetime.fromisoformat(taken["lease_expires_at"])
        assert timedelta(0) < ends - datetime.now(UTC) < timedelta(hours=1)
        # both workers have looked at leases and offers since
        seen = "select count(*) from workers where seen_at > $1"
        since = rows(owner_url, "select now() as at")[0]["at"]
        cluster.until(lambda: rows(owner_url, seen, since)[0]["count"] == 2)
        path = f"/assignments/{taken['assignment_id']}"
        assert cluster.request("POST", f"{path}/heartbeat")[0] == 200
        assert cluster.request("POST", f"{path}/complete", {"disposition": "已解答", "notes": "已说明"})[0] == 200
        deadlines = rows(owner_url, "select created_at, deadline from decisions where deadline is not null")
        assert all(timedelta(0) < row["deadline"] - row["created_at"] < timedelta(days=60) for row in deadlines)


def test_nothing_else_looks_at_the_clock_of_its_process() -> None:
    found = set()
    for package in ("config", "nlp", "routing", "hotline"):
        for path in (ROOT / package).rglob("*.py"):
            name = str(path.relative_to(ROOT))
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                    looks = (node.value.id, node.attr) in {
                        ("datetime", "now"),
                        ("datetime", "utcnow"),
                        ("time", "time"),
                        ("date", "today"),
                    }
                    if looks and not name.startswith(tuple(MAY_LOOK_AT_THE_CLOCK)):
                        found.add(f"{name}:{node.lineno}")
    assert found == set(), "ask the database (queries.clock), or say above why not"
