"""Web and worker with wall clocks that are days ahead and behind, and that jump while calls come in: leases, offers,
sessions and deadlines go by the database's clock, or by monotonic time."""

from __future__ import annotations

import ast
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.integration.durability.books import balanced
from tests.integration.durability.console import Console, told_once_and_in_order
from tests.integration.durability.feeding import LivePosting
from tests.integration.durability.installation import UNHURRIED_S, rows
from tests.integration.durability.replicas import Replicas, replicas
from tests.integration.durability.shifted_clock import set_clock
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
    "hotline/erasure/copying.py": "the date on a copy",
    "hotline/erasure/person.py": "the date in the ledger of what was erased",
    "hotline/erasure/rounds.py": "ages of files of this machine",
    "hotline/exports/rounds.py": "the moment printed on an export",
    "hotline/statistics/": "which day is opened first",
    "hotline/web/api/": "the default of a day or week that the caller left out",
    "hotline/web/case_views.py": "how near a date is, as a word in a list",
    "hotline/web/listening.py": "a certificate's end, as every client judges it",
    "hotline/web/roster_plan.py": "which day of a week is marked as today",
    "routing/queues/service.py": "a first guess at whose shift it is, corrected by the database's clock",
    "routing/leavers/": "when open work of a leaver was handed over, for its summary",
}


def test_shifted_clocks_end_no_lease_and_move_no_deadline(owner_url: str, redis_url: str, tmp_path: Path) -> None:
    # far shorter than the clocks are wrong by, far longer than the test takes on any machine
    policy = (ROOT / "config" / "policy.toml").read_text(encoding="utf-8")
    (tmp_path / "policy.toml").write_text(re.sub(r"(?m)^lease_s = \d+$", "lease_s = 3000", policy), encoding="utf-8")
    with replicas(owner_url, redis_url, HOTLINE_CONFIG_DIR=str(tmp_path)) as cluster:
        clocks = {name: cluster.state.parent / f"{name}.clock" for name in ("serve-0", "work-0", "work-1")}
        for name, days_s in (("serve-0", DAYS_S), ("work-0", -DAYS_S), ("work-1", DAYS_S)):
            set_clock(clocks[name], days_s)
        cluster.run_many(1, 0, command=(SHIFTED, str(clocks["serve-0"])))
        cluster.start_again("work-0", command=(SHIFTED, str(clocks["work-0"])))
        cluster.start_again("work-1", command=(SHIFTED, str(clocks["work-1"])))
        record = {"line": "12348", "external_id": "clock", "received_at": datetime.now(UTC).isoformat()}
        status, answer = cluster.request("POST", "/calls", record | {"transcript": WAGES})
        assert status == 202, answer
        call_id = answer["accepted"][0]["call_id"]
        cluster.queued(call_id)
        admin = cluster.token
        cluster.token = cluster.command("token", "create", "--role", "lawyer").stdout.strip()
        status, taken = cluster.request("POST", "/queues/lawyers/claim")
        assert status == 200, taken
        ends = datetime.fromisoformat(taken["lease_expires_at"])
        assert timedelta(0) < ends - datetime.now(UTC) < timedelta(hours=1)
        both_looked(cluster)
        lawyer, cluster.token = cluster.token, admin
        jump_while_calls_come_in(cluster, clocks)
        cluster.token = lawyer
        path = f"/assignments/{taken['assignment_id']}"
        assert cluster.request("POST", f"{path}/heartbeat")[0] == 200
        assert cluster.request("POST", f"{path}/complete", {"disposition": "已解答", "notes": "已说明"})[0] == 200
        deadlines = rows(owner_url, "select created_at, deadline from decisions where deadline is not null")
        assert all(timedelta(0) < row["deadline"] - row["created_at"] < timedelta(days=60) for row in deadlines)


def both_looked(cluster: Replicas) -> None:
    """Until both workers have looked at leases and offers since."""
    seen = "select count(*) from workers where seen_at > $1"
    since = rows(cluster.database, "select now() as at")[0]["at"]
    cluster.until(lambda: rows(cluster.database, seen, since)[0]["count"] == 2, pause_s=UNHURRIED_S)


def jump_while_calls_come_in(cluster: Replicas, clocks: dict[str, Path]) -> None:
    """Everybody's clock jumps forwards, back and right while a line posts and a console listens.

    The sender is told nothing but that its calls are accepted: there is nothing it would have to mend. None of them is
    lost, read twice or out of order.
    """
    console = Console(cluster)
    try:
        posting = LivePosting(cluster, "jump")
        try:
            for days in (300, -300, 0):
                for clock in clocks.values():
                    set_clock(clock, days * 86_400)
                posting.wait_for_more()
                both_looked(cluster)
        finally:
            posting.end()
        assert posting.sent_away == 0
        balanced(cluster, "jump", posting)
        told_once_and_in_order(console, cluster.database)
    finally:
        console.close()


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
