"""The software bill of materials against the locks, and what an audit of the dependencies may claim."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session", autouse=True)
def tools_on_path(root: Path) -> Iterator[None]:
    """The programs of tools/ import each other by their own names."""
    sys.path.insert(0, str(root / "tools"))
    yield
    sys.path.remove(str(root / "tools"))


def test_the_bill_holds_every_pin_with_its_hashes(root: Path) -> None:
    from sbom import bill

    made = json.loads(bill())
    assert (made["bomFormat"], made["specVersion"], made["metadata"]["component"]["name"]) == (
        "CycloneDX",
        "1.6",
        "hotline",
    )
    by_url = {part["purl"]: {one["content"] for one in part["hashes"]} for part in made["components"]}
    # read here anew, not by the code that made the bill
    lock = (root / "requirements.lock").read_text(encoding="utf-8")
    pins = re.findall(r"(?m)^([\w.\-]+)==(\S+)((?:.*\\\n)+.*)", lock)
    assert len(pins) == len(re.findall(r"(?m)^[\w.\-]+==", lock)) > 90
    for name, version, rest in pins:
        hashes = set(re.findall(r"sha256:([0-9a-f]{64})", rest))
        assert by_url[f"pkg:pypi/{name}@{version}"] == hashes, name
    locked = json.loads((root / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    # what only lint and tests need is shipped to nobody
    browser = {path: package for path, package in locked.items() if not package.get("dev")}
    for path, package in browser.items():
        if path:
            name = path.removeprefix("node_modules/").replace("@", "%40")
            assert len(by_url[f"pkg:npm/{name}@{package['version']}"]) == 1
    assert len(by_url) == len(pins) + len(browser) - 1
    (root_refs,) = [one["dependsOn"] for one in made["dependencies"] if one["ref"].startswith("pkg:generic/hotline@")]
    assert len(root_refs) == len(by_url)


def test_the_same_locks_give_the_same_bill() -> None:
    from sbom import bill

    assert bill() == bill()
    assert "timestamp" not in bill()
    more = json.loads(bill([("libssl3", "3.0.1-1", "0" * 64)]))
    assert "pkg:deb/debian/libssl3@3.0.1-1" in {part["purl"] for part in more["components"]}
    assert more["serialNumber"] != json.loads(bill())["serialNumber"]


def answer(*packages: tuple[str, str]) -> dict[str, list[dict[str, object]]]:
    """What pip-audit writes: name and ``clean``, ``skipped``, or the id of a vulnerability."""
    found: list[dict[str, object]] = []
    for name, state in packages:
        if state == "skipped":
            found.append({"name": name, "skip_reason": "Dependency not found on PyPI"})
            continue
        known = [] if state == "clean" else [{"id": state, "fix_versions": ["2.0"], "aliases": [], "description": ""}]
        found.append({"name": name, "version": "1.0", "vulns": known})
    return {"dependencies": found}


def test_an_audit_that_checked_nothing_does_not_pass() -> None:
    from audit_dependencies import CLEAN, KNOWN, UNCHECKED, read_answer, verdict

    nothing = read_answer(answer(("a", "skipped"), ("b", "skipped")))
    code, lines = verdict({"pypi": nothing, "osv": "not found"})
    assert (code, "nothing is proved" in lines[-1]) == (UNCHECKED, True)
    half = read_answer(answer(("a", "clean"), ("b", "skipped")))
    code, lines = verdict({"pypi": half})
    assert (code, lines[-1]) == (UNCHECKED, "Not checked: b")
    rest = read_answer(answer(("a", "skipped"), ("b", "clean")))
    assert verdict({"pypi": half, "osv": rest})[0] == CLEAN
    bad = read_answer(answer(("a", "PYSEC-1"), ("b", "skipped")))
    code, lines = verdict({"pypi": bad})
    assert (code, "a 1.0: PYSEC-1, fixed in 2.0" in lines) == (KNOWN, True)
