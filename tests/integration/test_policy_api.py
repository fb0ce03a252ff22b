"""The policy by the API: refused with lines, in force for the next decision, locked by an overlay."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from config.files import PACKAGED
from config.settings import Settings
from tests.service_fixtures import CallMaker, RunningService

LAMP = "我们小区门口的路灯坏了半个月了，晚上黑漆漆的，麻烦派人来修一下"


async def policy(service: RunningService) -> dict[str, Any]:
    """The one in force."""
    status, shown = await service.request("GET", "/policy", role="manager")
    assert status == 200
    return dict(shown)


async def publish(service: RunningService, text: str) -> tuple[int, Any]:
    return await service.request("POST", "/policy", role="manager", json={"text": text, "note": "试验"})


async def test_a_published_policy_decides_the_next_call_and_names_its_version(
    service: RunningService, call: CallMaker
) -> None:
    shown = await policy(service)
    assert not shown["locked"]
    await service.start_worker()
    answer = await service.post_calls(call(LAMP))
    before = await service.call_in(answer["accepted"][0]["call_id"], "queued")
    assert before["decision"]["policy_version"] == shown["version"]
    assert before["decision"]["destination"] == "departments"
    rule = '[[rules]]\nname = "of_the_test"\nwhen = { class = "non_police_help" }\nqueue = "lawyers"\n'
    rule += 'reasons = ["试行：{class}先问律师"]\n\n'
    head, first, tail = shown["text"].partition("\n[[rules]]\n")
    changed = head + "\n" + rule + first + tail
    status, made = await publish(service, changed)
    assert status == 201, made
    assert made["version"] != shown["version"]
    assert (await policy(service))["version"] == made["version"]
    await service.stop_worker()
    # a worker that starts reads what is published, whatever its files say
    await service.start_worker()
    answer = await service.post_calls(call(LAMP))
    after = await service.call_in(answer["accepted"][0]["call_id"], "queued")
    assert after["decision"]["policy_version"] == made["version"]
    assert (after["decision"]["destination"], after["decision"]["rule"]) == ("lawyers", "of_the_test")
    _, old = await service.request("GET", f"/calls/{before['call']['id']}")
    assert old["decision"]["policy_version"] == shown["version"], "decisions made stay as they were made"
    async with service.pool.acquire() as connection:
        rows = await connection.fetch("select user_id, subject from audit_entries where action = 'policy_published'")
    assert [(row["user_id"] is not None, row["subject"]) for row in rows] == [(True, f"policy:{made['version']}")]


async def test_a_running_worker_changes_over_by_itself(
    service: RunningService, call: CallMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hotline.published.REFRESH_S", 0.1)
    await service.start_worker()
    shown = await policy(service)
    status, made = await publish(service, shown["text"].replace("backlog = 7", "backlog = 8"))
    assert status == 201

    async def decided_by_the_new_one() -> bool:
        answer = await service.post_calls(call(LAMP))
        page = await service.call_in(answer["accepted"][0]["call_id"], "queued")
        return bool(page["decision"]["policy_version"] == made["version"])

    for _ in range(50):
        if await decided_by_the_new_one():
            return
    pytest.fail("the worker kept the old policy")


async def test_a_broken_policy_is_refused_with_its_lines_and_nothing_changes(service: RunningService) -> None:
    shown = await policy(service)
    lines = shown["text"].splitlines()
    target = next(n for n, line in enumerate(lines, start=1) if line.startswith("non_police_help ="))
    broken = shown["text"].replace('non_police_help = "departments"', 'non_police_help = "nowhere"')
    status, problem = await publish(service, broken)
    assert (status, problem["type"]) == (422, "urn:hotline:problem:policy-invalid")
    assert str(target) in problem["detail"]
    assert "nowhere" in problem["detail"]
    for text in ("[[rules", "name = 5\n", "= = =", "\u0000", "x" * 199_999):
        status, problem = await publish(service, text)
        assert status == 422, (text[:10], problem)
        assert problem["detail"]
    status, _ = await publish(service, "")
    assert status == 422
    assert await policy(service) == shown


async def test_the_same_policy_published_twice_is_one_version(service: RunningService) -> None:
    shown = await policy(service)
    text = shown["text"].replace("backlog = 7", "backlog = 8")
    first, second = await publish(service, text), await publish(service, text)
    assert first == second
    assert first[0] == 201
    # back to what was before: the newest publication counts, not the newest text
    status, back = await publish(service, shown["text"])
    assert status == 201
    assert (await policy(service))["version"] == back["version"]
    status, again = await publish(service, text)
    assert (status, (await policy(service))["version"]) == (201, again["version"])


class TestOverlay:
    """HOTLINE_CONFIG_DIR has a policy of its own."""

    @pytest.fixture
    def settings(self, settings: Settings, tmp_path: Path) -> Settings:
        overlay = tmp_path / "city"
        overlay.mkdir()
        text = (PACKAGED / "policy.toml").read_text(encoding="utf-8")
        (overlay / "policy.toml").write_text(text.replace("backlog = 7", "backlog = 6"), encoding="utf-8")
        return replace(settings, config_dir=overlay)

    async def test_it_counts_and_locks_editing(self, service: RunningService) -> None:
        shown = await policy(service)
        assert shown["locked"]
        assert "backlog = 6" in shown["text"]
        status, problem = await publish(service, shown["text"].replace("backlog = 6", "backlog = 8"))
        assert status in (409, 422)
        assert "HOTLINE_CONFIG_DIR" in problem["detail"]
        assert await policy(service) == shown
