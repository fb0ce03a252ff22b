"""Asks a vulnerability service about every pinned package: ``make audit-deps``.

pip-audit against the package registry's own service first, then OSV. A registry that is a mirror answers "not found"
for every package, and pip-audit calls that "no known vulnerabilities": what was skipped is counted here, and said.

Exit code: 0 every pin was checked and nothing is known, 1 something is known, 3 no service answered for all of the
pins, so nothing is proved. Needs the network, hence no stage of ``make test``.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

from locked import PYTHON_LOCK, ROOT

SERVICES = ("pypi", "osv")
CLEAN, KNOWN, UNCHECKED = 0, 1, 3


@dataclass(frozen=True, slots=True)
class Audit:
    """What one service said."""

    checked: tuple[str, ...]
    skipped: tuple[str, ...]
    known: tuple[str, ...]
    """``name version: id, fixed in ...`` of each vulnerability."""


def read_answer(answer: dict[str, Any]) -> Audit:
    """The JSON that pip-audit writes."""
    checked, skipped, known = [], [], []
    for package in answer["dependencies"]:
        if "skip_reason" in package:
            skipped.append(package["name"])
            continue
        checked.append(package["name"])
        for found in package["vulns"]:
            fixed = ", ".join(found["fix_versions"]) or "no release yet"
            known.append(f"{package['name']} {package['version']}: {found['id']}, fixed in {fixed}")
    return Audit(tuple(checked), tuple(skipped), tuple(known))


def ask(service: str) -> Audit | str:
    """What ``service`` knows, or why it could not be asked."""
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(PYTHON_LOCK), "--require-hashes"]
    command += ["--disable-pip", "--vulnerability-service", service, "--format", "json", "--progress-spinner", "off"]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    except subprocess.TimeoutExpired:
        return "no answer within five minutes"
    try:
        return read_answer(json.loads(done.stdout))
    except (ValueError, KeyError, TypeError):
        said = done.stderr.strip().splitlines()
        return said[-1][:200] if said else f"exit {done.returncode} without an answer"


def verdict(audits: dict[str, Audit | str]) -> tuple[int, list[str]]:
    """Exit code and the lines to print; a package counts as checked if any service knew it."""
    lines: list[str] = []
    known: set[str] = set()
    checked: set[str] = set()
    pins: set[str] = set()
    for service, audit in audits.items():
        if isinstance(audit, str):
            lines.append(f"{service}: not reached ({audit})")
            continue
        lines.append(f"{service}: {len(audit.checked)} packages checked, {len(audit.skipped)} unknown to it")
        known.update(audit.known)
        checked.update(audit.checked)
        pins.update(audit.checked, audit.skipped)
    lines += sorted(known)
    if known:
        return KNOWN, [*lines, f"{len(known)} known vulnerabilities: take the fixed versions by make lock."]
    if not checked:
        return UNCHECKED, [*lines, "No vulnerability service answered: nothing was checked, nothing is proved."]
    if unchecked := sorted(pins - checked):
        return UNCHECKED, [*lines, f"Not checked: {', '.join(unchecked)}"]
    return CLEAN, [*lines, f"All {len(checked)} pinned packages were checked; nothing is known."]


def main() -> int:
    """Ask until one service has checked every pin."""
    audits: dict[str, Audit | str] = {}
    for service in SERVICES:
        audits[service] = audit = ask(service)
        if isinstance(audit, Audit) and not audit.skipped:
            break
    code, lines = verdict(audits)
    print("\n".join(lines))
    return code


if __name__ == "__main__":
    sys.exit(main())
