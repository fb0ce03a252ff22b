"""Alert rules and dashboard against the real /metrics; slow queries; figures while the database is away."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
import yaml
from prometheus_client.parser import text_string_to_metric_families

from hotline import process_metrics
from hotline.backup.status import update_status
from hotline.web import metrics
from hotline.worker import metrics as of_worker
from routing.sql import SLOW, load_queries
from tests.service_fixtures import CallMaker, RunningService

#: Words of PromQL that are no metric.
WORDS = frozenset(
    """and or unless on ignoring group_left group_right by without bool offset sum min max avg count topk bottomk
    quantile stddev rate irate increase delta histogram_quantile time absent absent_over_time max_over_time
    min_over_time avg_over_time clamp_min clamp_max label_replace vector scalar le""".split()  # noqa: SIM905
)
#: Prometheus's own, about the scrape.
OF_PROMETHEUS = {"up"}
CHARACTERS = re.compile(r"[\w\s:(){}\[\]=~!\"'.,+*/<>%^|-]*")


def names_in(expression: str) -> set[str]:
    """The metrics an expression asks for; fails on what cannot be PromQL."""
    assert CHARACTERS.fullmatch(expression), expression
    for opening, closing in ("()", "{}", "[]"):
        assert expression.count(opening) == expression.count(closing), expression
    bare = re.sub(r"\"[^\"]*\"|\{[^}]*\}|\[[^\]]*\]", " ", expression)
    bare = re.sub(r"\b(by|without|on|ignoring)\s*\([^)]*\)", " ", bare)
    return {word for word in re.findall(r"[a-zA-Z_:][\w:]*", bare) if word not in WORDS}


def labels_in(expression: str) -> Iterator[tuple[str, set[str]]]:
    """Each metric with the labels it is chosen by."""
    for name, inside in re.findall(r"([a-zA-Z_:][\w:]*)\{([^}]*)\}", expression):
        yield name, set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", inside))


@pytest.fixture(scope="module")
def rules(root: Path) -> list[dict[str, Any]]:
    text = (root / "deploy" / "prometheus" / "rules.yml").read_text(encoding="utf-8")
    return [rule for group in yaml.safe_load(text)["groups"] for rule in group["rules"]]


@pytest.fixture(scope="module")
def dashboard(root: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((root / "deploy" / "grafana" / "hotline.json").read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def root() -> Path:
    return Path(__file__).resolve().parent.parent.parent


async def read_metrics(service: RunningService) -> dict[str, set[str]]:
    """Every sample's name with its labels, of families with no sample yet the names they will have."""
    async with service.session.get(f"{service.address}/metrics") as answer:
        assert answer.status == 200
        text = await answer.text()
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(text):
        endings = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count")}.get(family.type, ("",))
        for ending in endings:
            found.setdefault(family.name + ending, set())
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


async def test_rules_and_dashboard_ask_only_for_what_is_there(
    service: RunningService, rules: list[dict[str, Any]], dashboard: dict[str, Any], root: Path
) -> None:
    process_metrics.begin(500)
    have = await read_metrics(service)
    asked = [rule["expr"] for rule in rules]
    asked += [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]
    assert len(asked) > 40
    missing = {name for expression in asked for name in names_in(expression) if name not in have} - OF_PROMETHEUS
    assert missing == set()
    for expression in asked:
        for name, labels in labels_in(expression):
            # what a histogram or counter has no sample of yet shows no labels
            assert name in OF_PROMETHEUS or not have[name] or labels <= have[name], (name, labels)
    wanted = {
        "HotlineQueueAge",
        "HotlineDeadLetters",
        "HotlineSignalsLost",
        "HotlineDangerUnacknowledged",
        "HotlineBackupTooOld",
        "HotlineDiskFilling",
    }
    assert wanted <= {rule["alert"] for rule in rules}
    page = (root / "docs" / "alerts.md").read_text(encoding="utf-8")
    anchors = {re.sub(r"[^\w-]", "", title.lower().replace(" ", "-")) for title in re.findall(r"(?m)^#+ (.*)$", page)}
    for rule in rules:
        path, _, anchor = rule["annotations"]["runbook"].partition("#")
        assert (path, anchor in anchors) == ("docs/alerts.md", True), rule["alert"]
        assert rule["annotations"]["summary"]
        assert rule["labels"]["severity"] in ("page", "warning")


def test_every_rule_has_series_on_which_it_fires(rules: list[dict[str, Any]], root: Path) -> None:
    tests = yaml.safe_load((root / "deploy" / "prometheus" / "rules.test.yml").read_text(encoding="utf-8"))["tests"]
    firing = {case["alertname"] for test in tests for case in test["alert_rule_test"] if case["exp_alerts"]}
    assert firing == {rule["alert"] for rule in rules}


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool (Debian package prometheus) is not installed")
@pytest.mark.parametrize("command", [["check", "rules", "rules.yml"], ["test", "rules", "rules.test.yml"]])
def test_promtool_takes_the_rules_and_they_fire_on_made_up_series(command: list[str], root: Path) -> None:
    done = subprocess.run(
        ["promtool", *command], cwd=root / "deploy" / "prometheus", capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_dashboard_is_one_that_grafana_takes(dashboard: dict[str, Any]) -> None:
    assert {"title", "uid", "schemaVersion", "panels", "templating", "time"} <= dashboard.keys()
    panels = dashboard["panels"]
    ids = [panel["id"] for panel in panels]
    assert len(set(ids)) == len(ids)
    places = set()
    for panel in panels:
        at = panel["gridPos"]
        assert 0 <= at["x"] < at["x"] + at["w"] <= 24
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & places, panel["title"]
        places |= cells
        assert panel["type"] in ("row", "stat", "timeseries")
        if panel["type"] != "row":
            assert panel["datasource"]["type"] == "prometheus"
            references = [target["refId"] for target in panel["targets"]]
            assert len(set(references)) == len(references) > 0


async def test_names_follow_the_conventions_and_labels_are_few(service: RunningService, call: CallMaker) -> None:
    await service.post_calls(call("路灯坏了"), call("井盖丢了"))
    async with service.session.get(f"{service.address}/metrics") as answer:
        families = list(text_string_to_metric_families(await answer.text()))
    ours = [family for family in families if family.name.startswith("hotline_")]
    assert len(ours) > 25
    for family in ours:
        assert family.documentation
        assert re.fullmatch(r"[a-z_]+", family.name)
        assert not re.search(r"_(ms|milliseconds|minutes|hours|kb|mb|kib|mib)(_|$)", family.name), "base units only"
        if family.type == "histogram":
            assert family.name.endswith("_seconds")
        if family.type != "counter":
            assert not family.name.endswith("_total")
        series = {tuple(sorted(sample.labels.items())) for sample in family.samples}
        # routes by buckets is the most there is
        assert len(series) < 3000, family.name
    by_name = {family.name: family for family in ours}
    assert sum(sample.value for sample in by_name["hotline_triage_pending"].samples) == 2
    assert by_name["hotline_database_up"].samples[0].value == 1


async def test_backup_figures_come_from_the_state_folder(service: RunningService) -> None:
    update_status(service.services.settings.state_dir, last_backup_s=1000.0, gaps=2, error="disk full")
    await metrics.gather(service.services)
    assert metrics.LAST_BACKUP._value.get() == 1000.0
    assert metrics.WAL_GAPS._value.get() == 2
    assert metrics.WAL_FAILING._value.get() == 1


async def test_a_slow_query_is_logged_by_name_without_its_values(service: RunningService, tmp_path: Path) -> None:
    folder = tmp_path / "some" / "package"
    folder.mkdir(parents=True)
    (folder / "queries.sql").write_text(
        "-- name: think\n-- Takes its time.\nselect pg_sleep(:pause::float8), :secret::text as said\n"
        "from generate_series(1, 2);\n"
    )
    queries = load_queries(str(folder / "store.py"))
    told: list[str] = []
    try:
        with structlog.testing.capture_logs() as lines:
            async with service.pool.acquire() as connection:
                SLOW.watch(600_000, told.append)
                await queries.think(connection, pause=0.0, secret="quick")
                assert told == []
                SLOW.watch(40, told.append)
                await queries.think(connection, pause=0.03, secret="张三的电话")
    finally:
        SLOW.watch(0)
    # the service works beside, and on a busy machine its own queries are slow as well
    slow = [line for line in lines if (line["event"], line.get("query")) == ("slow_query", "some.package.think")]
    assert len(slow) == 1
    assert told.count("some.package.think") == 1
    assert slow[0]["rows"] == 2
    assert slow[0]["duration_ms"] >= 40
    assert "张三" not in str(lines)


async def test_a_database_that_is_away_takes_only_its_own_figures_along(
    service: RunningService, monkeypatch: pytest.MonkeyPatch
) -> None:
    await read_metrics(service)

    async def away(*_: Any, **__: Any) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(metrics, "_gather_database", away)
    have = await read_metrics(service)
    assert metrics.DATABASE_UP._value.get() == 0
    assert not have["hotline_queue_waiting"], "old figures are not told as new ones"
    assert have["hotline_http_requests_total"]


def test_a_worker_serves_its_metrics_on_a_port_of_its_own(unused_tcp_port: int) -> None:
    of_worker.serve_metrics("127.0.0.1", unused_tcp_port)
    of_worker.READ.labels("fresh").inc(3)
    with urllib.request.urlopen(f"http://127.0.0.1:{unused_tcp_port}/metrics", timeout=5) as answer:
        text = answer.read().decode()
    assert 'hotline_worker_calls_read_total{lane="fresh"}' in text
    told = {family.name for family in text_string_to_metric_families(text)}
    assert {"hotline_worker_calls_read", "hotline_build_info", "hotline_database_pool_connections"} <= told
    assert not told & {"hotline_database_up", "hotline_signals_connected", "hotline_queue_waiting"}, (
        "what only the web knows would be told as zero, and alert"
    )
    with pytest.raises(of_worker.MetricsPortTaken, match="HOTLINE_WORKER_METRICS_PORT"):
        of_worker.serve_metrics("127.0.0.1", unused_tcp_port)
