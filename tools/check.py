"""Everything CI checks, in stages: ``make test``. Run by the project's own Python.

Three stages run side by side on the two cores of the machine that matters, since tests also wait: whoever is done takes
the next from one list, in which what fails fastest and then what takes longest comes first, so that no core idles long.
Every stage runs even after another failed, each one's output is printed in one piece when it ends, and the seconds of
each stand in a table at the end. Last, what services wrote all the while is searched for what tests had told them of
callers. The last line counts the tests, a failed stage without tests counting as one failure.

A few tests that failed beside other stages are run once more when the machine is quiet (docs/adr/0060); those that pass
then fail nothing and are named at the end as unsteady.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from xml.etree import ElementTree

import browser

from hotline.embedded.binaries import OLDEST_POSTGRES, available_postgres

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
PYTEST_FOUND_NOTHING = 5


@dataclass(frozen=True)
class Stage:
    """One check: a command whose exit code decides, or a folder of tests for pytest."""

    name: str
    command: list[str] = field(default_factory=list)
    tests: str = ""
    without: tuple[str, ...] = ()
    """Tests of the folder that this stage does not run."""
    only: tuple[str, ...] = ()
    """The tests of the folder that this stage runs; empty: all but those left out."""
    environment: dict[str, str] = field(default_factory=dict)
    lacks: Callable[[], str | None] = lambda: None
    """Why the stage cannot run on this machine, in a sentence; None when it can."""
    needed_by_ci: bool = True
    """Whether lacking something fails the run under CI; else the stage is left out there too."""
    second_look: bool = True
    """Whether its failed tests may be tried again alone; not where one failure in many runs is what is looked for."""


@dataclass(frozen=True)
class Result:
    """How a stage ended. ``note`` says why a stage failed or was left out; the counts are tests."""

    stage: Stage
    seconds: float
    ok: bool
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    note: str = ""
    unsteady: tuple[str, ...] = ()
    """Tests that failed beside other stages and passed alone."""


def tool(name: str, *arguments: str) -> list[str]:
    """A command of the virtual environment."""
    return [str(BIN / name), *arguments]


def lacks_second_postgres() -> str | None:
    """Why the integration tests cannot run against a second PostgreSQL."""
    if len(available_postgres()) > 1:
        return None
    return f"there is no PostgreSQL >= {OLDEST_POSTGRES} on this machine beside the wheel's"


def integration_files() -> tuple[str, ...]:
    """The files of the integration tests, but for the folders that are stages of their own."""
    return tuple(str(path.relative_to(ROOT)) for path in sorted((ROOT / "tests" / "integration").glob("test_*.py")))


# In the order they are begun: what fails at once, then the longest, so that the two ends meet.
STAGES = [
    Stage("ruff", tool("ruff", "check", ".")),
    Stage("format", tool("ruff", "format", "--check", ".")),
    Stage("imports", tool("lint-imports", "--no-logo", "--no-cache")),
    Stage("hadolint", tool("hadolint", "Dockerfile")),
    Stage("chromium90", [sys.executable, str(ROOT / "tools" / "lint_browser.py")]),
    Stage("mypy", tool("mypy")),
    Stage("durability", tests="tests/integration/durability", second_look=False),
    Stage("browser", tests="tests/browser", lacks=browser.missing_after_install),
    # In two halves, each with a service of its own: in one piece it would outlast everything else.
    Stage("integration", tests="tests/integration", only=integration_files()[::2]),
    Stage("integration-other", tests="tests/integration", only=integration_files()[1::2]),
    Stage("embedded", tests="tests/integration/embedded"),
    Stage("house", tests="tests/house"),
    Stage("unit", tests="tests/unit"),
    # Schema, outbox, claims and statistics on the oldest PostgreSQL around: what another version may do otherwise.
    Stage(
        "integration-system",
        tests="tests/integration",
        only=tuple(
            f"tests/integration/test_{name}.py"
            for name in ("claims", "events", "forwarding", "journey", "states", "statistics", "timeline")
        ),
        environment={"HOTLINE_TEST_POSTGRES": "system"},
        lacks=lacks_second_postgres,
        needed_by_ci=False,
    ),
    Stage("properties", tests="tests/properties", second_look=False),
]
#: One more than the cores of the machine that matters: tests wait as long as they compute.
AT_ONCE = 3
# Far beyond what any stage takes: a stage that hangs shall say so instead of holding up everybody.
STAGE_LIMIT_S = 1800.0
TEST_LIMIT_S = 300
#: When more tests than this fail, no second look: something is broken.
FEW = 3

#: Some images forbid Python to keep what it has compiled. Tests start hundreds of our commands, and each would compile
#: all of it again.
FORBIDS_BYTECODE = "PYTHONDONTWRITEBYTECODE"

#: Where tests keep what services said meanwhile (tests/kept_output.py), and the folder of it.
KEEP_OUTPUT_IN, WRITTEN = "KEEP_OUTPUT_IN", "written"

printing = threading.Lock()


def say(text: str) -> None:
    """Prints one piece whole, though several stages print."""
    with printing:
        print(text, flush=True)


def counted(report: Path) -> tuple[int, int, int]:
    """Passed, failed and skipped tests of a pytest run by its XML report."""
    if not report.is_file():
        return 0, 0, 0
    # The report was written a moment ago by our own pytest.
    suites = ElementTree.parse(report).getroot().iter("testsuite")  # noqa: S314
    total = failed = skipped = 0
    for suite in suites:
        total += int(suite.get("tests", "0"))
        failed += int(suite.get("failures", "0")) + int(suite.get("errors", "0"))
        skipped += int(suite.get("skipped", "0"))
    return total - failed - skipped, failed, skipped


def run_to_its_end(command: list[str], environment: dict[str, str]) -> tuple[int, str]:
    """Exit code and output of a command; one that does not end is interrupted, so that it can tidy up, then killed."""
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    try:
        said, _ = process.communicate(timeout=STAGE_LIMIT_S)
        return process.returncode, said
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGINT)
    try:
        said, _ = process.communicate(timeout=30)
    except subprocess.TimeoutExpired:
        process.kill()
        said, _ = process.communicate()
    return process.returncode or 1, f"{said}\nit did not end within {STAGE_LIMIT_S:.0f} s and was stopped"


def run(stage: Stage, folder: Path) -> Result:
    """Runs one stage and prints what it said; ``folder`` keeps which of its tests failed."""
    say(f"--- {stage.name}: started")
    begun = time.monotonic()
    if missing := stage.lacks():
        fails = stage.needed_by_ci and bool(os.environ.get("CI"))
        verdict = "failed" if fails else "left out"
        say(f"=== {stage.name}: {verdict}: {missing}")
        return Result(stage, time.monotonic() - begun, ok=not fails, note=f"{verdict}: {missing}")
    report = folder / f"{stage.name}.xml"
    environment = inherited() | stage.environment | {KEEP_OUTPUT_IN: str(folder / WRITTEN / stage.name)}
    exit_code, said = run_to_its_end(stage.command or tests_of(stage, folder, report), environment)
    passed, failed, skipped = counted(report)
    seconds = time.monotonic() - begun
    ok = exit_code == 0
    note = "" if ok else f"exit {exit_code}"
    if stage.tests and exit_code == PYTEST_FOUND_NOTHING:
        note = f"no test in {stage.tests}"
    say(f"=== {stage.name}: {'ok' if ok else 'FAILED'} after {seconds:.1f} s\n{said.rstrip()}")
    return Result(stage, seconds, ok, passed, failed, skipped, note)


def searched(folder: Path) -> Result:
    """The last stage: nothing that a test has told the service of a caller stands in what services wrote."""
    return run(Stage(WRITTEN, [sys.executable, "-m", "tests.planted", str(folder / WRITTEN)]), folder)


def inherited() -> dict[str, str]:
    """Our environment as stages get it."""
    return {name: value for name, value in os.environ.items() if name != FORBIDS_BYTECODE}


def tests_of(stage: Stage, folder: Path, report: Path, *options: str) -> list[str]:
    """The command that runs the tests of a stage."""
    return tool(
        "pytest",
        "-q",
        "-o",
        f"faulthandler_timeout={TEST_LIMIT_S}",
        "-o",
        f"cache_dir={folder / stage.name}",
        "--durations=5",
        "--durations-min=1",
        f"--junitxml={report}",
        *options,
        *(f"--ignore={path}" for path in stage.without),
        *(stage.only or (stage.tests,)),
    )


def looked_at_again(results: list[Result], folder: Path) -> list[Result]:
    """The results, with the few failed tests of stages that allow it run once more, alone (docs/adr/0060)."""
    if not 0 < sum(result.failed for result in results) <= FEW:
        return results
    return [look_again(result, folder) for result in results]


def look_again(result: Result, folder: Path) -> Result:
    """One stage's failed tests once more; the result as it was when they fail again."""
    stage = result.stage
    if not (result.failed and stage.second_look):
        return result
    names = sorted(json.loads((folder / stage.name / "v" / "cache" / "lastfailed").read_text(encoding="utf-8")))
    report = folder / f"{stage.name}-again.xml"
    command = tests_of(stage, folder, report, "--last-failed", "--last-failed-no-failures=none")
    environment = inherited() | stage.environment | {KEEP_OUTPUT_IN: str(folder / WRITTEN / stage.name)}
    exit_code, said = run_to_its_end(command, environment)
    passed, _, _ = counted(report)
    # by name: a test that fails and whose tear-down complains too counts twice among the failed
    well = exit_code == 0 and passed == len(names)
    say(f"=== {stage.name}, a second look: {'ok' if well else 'FAILED'}\n{said.rstrip()}")
    if not well:
        return replace(result, note=f"{result.note}, on a second look too")
    return replace(
        result, ok=True, passed=result.passed + passed, failed=0, note="on a second look", unsteady=tuple(names)
    )


def table(results: list[Result], wall_seconds: float) -> str:
    """Seconds, verdict and counts of each stage."""
    lines = ["", f"{'stage':<18} {'seconds':>8}  verdict"]
    for result in results:
        counts = f"{result.passed} passed, {result.failed} failed, {result.skipped} skipped"
        verdict = "ok" if result.ok else "FAILED"
        lines.append(
            f"{result.stage.name:<18} {result.seconds:>8.1f}  {verdict}"
            + (f"  {counts}" if result.stage.tests else "")
            + (f"  ({result.note})" if result.note else "")
        )
    lines.append(f"{'in all':<18} {wall_seconds:>8.1f}  ({AT_ONCE} stages run side by side)")
    return "\n".join(lines)


def main() -> int:
    """Runs the stages asked for; 0 when all are well."""
    parser = argparse.ArgumentParser(prog="check", description="Everything CI checks, in stages.")
    parser.add_argument(
        "--only", nargs="+", metavar="STAGE", choices=[stage.name for stage in STAGES], help="run these"
    )
    only = parser.parse_args().only
    begun = time.monotonic()
    chosen = [stage for stage in STAGES if not only or stage.name in only]
    with tempfile.TemporaryDirectory(prefix="check-") as folder, ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        results = list(pool.map(run, chosen, [Path(folder)] * len(chosen)))
        results = looked_at_again(results, Path(folder))
        if (Path(folder) / WRITTEN).is_dir():
            results.append(searched(Path(folder)))
    print(table(results, time.monotonic() - begun))
    passed, failed, skipped = (
        sum(getattr(result, count) for result in results) for count in ("passed", "failed", "skipped")
    )
    failed += sum(1 for result in results if not result.ok and result.failed == 0)
    for name in (name for result in results for name in result.unsteady):
        print(f"UNSTEADY {name}: failed beside other stages, passed alone; find out why before it matters")
    if any(result.stage.tests for result in results):
        print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 0 if all(result.ok for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
