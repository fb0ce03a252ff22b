"""make test's own runner: a failure anywhere must show in the exit code, the table and the last line."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture
def check(root: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """tools/check.py without stages; the pytest it starts needs none of our plugins, which take seconds to import."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.syspath_prepend(str(root / "tools"))
    module = importlib.import_module("check")
    monkeypatch.setattr(module, "STAGES", [])
    monkeypatch.setattr(sys, "argv", ["check"])
    return module


def exits(code: int) -> list[str]:
    """A command that ends with ``code``."""
    return [sys.executable, "-c", f"import sys; print('said'); sys.exit({code})"]


def folder_of_tests(folder: Path, source: str) -> str:
    """A folder for pytest with one file of tests."""
    (folder / "test_one.py").write_text(source, encoding="utf-8")
    # Settings of its own, so that pytest takes the folder for a project and leaves the real one's alone.
    (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    return str(folder)


def test_all_well(
    check: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tests = folder_of_tests(tmp_path, "def test_a():\n    assert True\n\ndef test_b():\n    assert True\n")
    monkeypatch.setattr(check, "STAGES", [check.Stage("style", exits(0)), check.Stage("unit", tests=tests)])
    assert check.main() == 0
    assert capsys.readouterr().out.splitlines()[-1] == "2 passed, 0 failed, 0 skipped"


def test_a_failed_test_fails_the_run_and_the_rest_still_runs(
    check: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tests = folder_of_tests(tmp_path, "def test_a():\n    assert False\n\ndef test_b():\n    assert True\n")
    monkeypatch.setattr(check, "STAGES", [check.Stage("unit", tests=tests), check.Stage("after", exits(0))])
    assert check.main() == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "1 passed, 1 failed, 0 skipped"
    assert any(line.startswith("after") and "ok" in line for line in lines)


UNSTEADY = """
from pathlib import Path

import pytest

SEEN = Path(__file__).with_name("seen")

@pytest.fixture
def first():
    yield (answer := not SEEN.exists())
    SEEN.touch()
    assert not answer, "the tear-down complains too"

def test_a(first):
    assert not first

def test_b():
    assert True
"""


def test_a_test_that_passes_alone_fails_nothing_and_is_named(
    check: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tests = folder_of_tests(tmp_path, UNSTEADY)
    monkeypatch.setattr(check, "STAGES", [check.Stage("unit", tests=tests)])
    assert check.main() == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "2 passed, 0 failed, 0 skipped"
    assert lines[-2].startswith("UNSTEADY test_one.py::test_a")
    assert any("assert not first" in line for line in lines), "why it failed is printed all the same"


def test_no_second_look_where_one_failure_in_many_runs_counts(
    check: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tests = folder_of_tests(tmp_path, UNSTEADY)
    monkeypatch.setattr(check, "STAGES", [check.Stage("kills", tests=tests, second_look=False)])
    assert check.main() == 1
    assert capsys.readouterr().out.splitlines()[-1] == "1 passed, 2 failed, 0 skipped"


def test_no_second_look_where_more_than_a_few_fail(
    check: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(check, "FEW", 0)
    monkeypatch.setattr(check, "STAGES", [check.Stage("unit", tests=folder_of_tests(tmp_path, UNSTEADY))])
    assert check.main() == 1
    assert "UNSTEADY" not in capsys.readouterr().out


def test_what_shows_loss_gets_no_second_look(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(root / "tools"))
    stages = {stage.name: stage for stage in importlib.import_module("check").STAGES}
    assert {name for name, stage in stages.items() if not stage.second_look} == {"durability", "properties"}


def test_a_failed_command_counts_as_a_failure(
    check: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tests = folder_of_tests(tmp_path, "def test_a():\n    assert True\n")
    monkeypatch.setattr(check, "STAGES", [check.Stage("style", exits(3)), check.Stage("unit", tests=tests)])
    assert check.main() == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "1 passed, 1 failed, 0 skipped"
    assert any(line.startswith("style") and "FAILED" in line and "exit 3" in line for line in lines)


def test_a_folder_without_tests_fails(
    check: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(check, "STAGES", [check.Stage("unit", tests=folder_of_tests(tmp_path, ""))])
    assert check.main() == 1
    assert f"no test in {tmp_path}" in capsys.readouterr().out


@pytest.mark.parametrize(("ci", "exit_code", "verdict"), [("true", 1, "failed"), ("", 0, "left out")])
def test_without_a_browser_the_stage_says_so_and_fails_under_ci(
    check: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    ci: str,
    exit_code: int,
    verdict: str,
) -> None:
    monkeypatch.setenv("CI", ci)
    monkeypatch.setattr(check.browser, "missing_after_install", lambda: "the browser tests need chromium")
    stage = check.Stage("browser", tests="tests/browser", lacks=check.browser.missing_after_install)
    monkeypatch.setattr(check, "STAGES", [stage])
    assert check.main() == exit_code
    assert f"{verdict}: the browser tests need chromium" in capsys.readouterr().out


def test_what_no_machine_must_have_is_left_out_under_ci_too(
    check: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CI", "true")
    stage = check.Stage("second", tests="tests/none", lacks=lambda: "no second server", needed_by_ci=False)
    monkeypatch.setattr(check, "STAGES", [stage])
    assert check.main() == 0
    assert "left out: no second server" in capsys.readouterr().out


def test_a_stage_runs_its_tests_in_its_environment_without_those_it_leaves_out(
    check: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(check.FORBIDS_BYTECODE, "1")
    source = "import os\n\ndef test_a():\n    assert os.environ['WHICH'] == 'second'\n"
    tests = folder_of_tests(tmp_path, f"{source}    assert {check.FORBIDS_BYTECODE!r} not in os.environ\n")
    other = tmp_path / "other"
    other.mkdir()
    (other / "test_two.py").write_text("def test_b():\n    assert False\n", encoding="utf-8")
    stage = check.Stage("second", tests=tests, without=(str(other),), environment={"WHICH": "second"})
    monkeypatch.setattr(check, "STAGES", [stage])
    assert check.main() == 0
    assert capsys.readouterr().out.splitlines()[-1] == "1 passed, 0 failed, 0 skipped"


def test_a_stage_runs_only_what_it_names(
    check: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tests = folder_of_tests(tmp_path, "def test_a():\n    assert False\n")
    other = Path(tests) / "test_two.py"
    other.write_text("def test_b():\n    assert True\n", encoding="utf-8")
    monkeypatch.setattr(check, "STAGES", [check.Stage("some", tests=tests, only=(str(other),))])
    assert check.main() == 0
    assert capsys.readouterr().out.splitlines()[-1] == "1 passed, 0 failed, 0 skipped"


def test_integration_runs_against_the_machines_postgres_too(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(root / "tools"))
    module = importlib.import_module("check")
    stages = {stage.name: stage for stage in module.STAGES}
    assert stages["integration-system"].environment == {"HOTLINE_TEST_POSTGRES": "system"}
    assert stages["integration-system"].tests == stages["integration"].tests
    assert stages["integration-system"].only
    assert all((root / path).exists() for stage in module.STAGES for path in (*stage.without, *stage.only))
    halves = (*stages["integration"].only, *stages["integration-other"].only)
    files = {str(path.relative_to(root)) for path in (root / "tests" / "integration").glob("test_*.py")}
    assert sorted(halves) == sorted(files), "every file in one half"
    monkeypatch.setattr(module, "available_postgres", lambda: ["the wheel's"])
    assert "beside the wheel's" in module.lacks_second_postgres()
    monkeypatch.setattr(module, "available_postgres", lambda: ["the wheel's", "the system's"])
    assert module.lacks_second_postgres() is None


def test_a_stage_that_hangs_is_stopped_and_fails(
    check: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(check, "STAGE_LIMIT_S", 1.0)
    hanging = [sys.executable, "-c", "import time; print('begun', flush=True); time.sleep(600)"]
    monkeypatch.setattr(check, "STAGES", [check.Stage("hanging", hanging), check.Stage("after", exits(0))])
    assert check.main() == 1
    said = capsys.readouterr().out
    assert "begun" in said
    assert "did not end within 1 s" in said
    assert any(line.startswith("after") and "ok" in line for line in said.splitlines())


def test_every_folder_of_tests_is_a_stage(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(root / "tools"))
    module = importlib.import_module("check")
    staged = {stage.tests for stage in module.STAGES if stage.tests}
    folders = {f"tests/{path.name}" for path in (root / "tests").iterdir() if any(path.glob("**/test_*.py"))}
    assert folders <= staged


WRITES = """
import os
from pathlib import Path

def test_a():
    kept = Path(os.environ["KEEP_OUTPUT_IN"])
    kept.mkdir(parents=True)
    (kept / "run.log").write_text({said!r}, encoding="utf-8")
"""


@pytest.mark.parametrize(("said", "exit_code"), [("call 7 was read", 0), ("asked by 13900070071", 1)])
def test_what_services_wrote_is_searched_at_the_end(
    check: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    said: str,
    exit_code: int,
) -> None:
    tests = folder_of_tests(tmp_path, WRITES.format(said=said))
    monkeypatch.setattr(check, "STAGES", [check.Stage("unit", tests=tests)])
    assert check.main() == exit_code
    out = capsys.readouterr().out
    assert "searched 1 files" in out
    assert ("planted words leaked: number in unit/run.log" in out) == bool(exit_code)
