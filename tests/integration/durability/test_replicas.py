"""Three webs and three workers on one outside PostgreSQL and Redis, killed in turn: the books balance."""

from __future__ import annotations

from pathlib import Path

from tests.integration.durability.books import balanced
from tests.integration.durability.console import Console, told_once_and_in_order
from tests.integration.durability.feeding import Importing, LivePosting
from tests.integration.durability.replicas import replicas

EACH = 3
IMPORTED = 2_000


def test_three_webs_and_three_workers_killed_in_turn(owner_url: str, redis_url: str, tmp_path: Path) -> None:
    with replicas(owner_url, redis_url, HOTLINE_LEASE_S="3") as cluster:
        cluster.run_many(EACH, EACH)
        console = Console(cluster, cluster.ports)
        posting = LivePosting(cluster, "many")
        importing = Importing(cluster, tmp_path, "many", IMPORTED)
        try:
            for number in range(EACH):
                for name in (f"work-{number}", f"serve-{number}"):
                    answered = len(posting.accepted)
                    cluster.kill(name)
                    # work goes on without it before it comes back
                    cluster.until(lambda answered=answered: len(posting.accepted) > answered)
                    cluster.start_again(name)
                # in turn: the next web is killed when this one is back
                cluster.web_ready(number)
            importing.finished()
        finally:
            posted = posting.ended()
        balanced(cluster, "many", imported=importing.count, posted=posted)
        told_once_and_in_order(console, owner_url)
        assert console.connections >= EACH
        console.close()
