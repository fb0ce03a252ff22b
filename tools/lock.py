"""Writes the lock files anew: ``make lock``.

Each lock holds the hashes of every wheel of a release, for all machines and for Python 3.11 and newer, and names no
registry: whoever installs from it brings their own. The resolver is uv, kept in a folder of its own because nothing
else needs it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RESOLVER = ROOT / ".cache" / "lock-venv"

EXTRAS = ["--extra", "embedded", "--extra", "train", "--extra", "fast", "--extra", "deep", "--extra", "report"]
LOCKS: dict[str, tuple[str, list[str]]] = {
    "requirements-build.lock": (
        "What building needs: the build backend and what builds the few dependencies that come as source.",
        ["--only-group", "build"],
    ),
    "requirements.lock": ("What the service needs to run, train and serve, with the embedded servers.", EXTRAS),
    "requirements-dev.lock": ("requirements.lock and what `make test` needs.", [*EXTRAS, "--group", "dev"]),
    "requirements-bundle.lock": (
        "What only the offline archive needs: its pip, its font, and tools that run where it is made.",
        ["--only-group", "bundle"],
    ),
    "requirements-node.lock": (
        "A Node.js for machines that have none; only copies the browser assets into place.",
        ["--only-group", "node"],
    ),
}


def resolver() -> Path:
    """The path of uv, installed on first use."""
    uv = RESOLVER / "bin" / "uv"
    if not uv.exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(RESOLVER)], check=True)
        subprocess.run([str(RESOLVER / "bin" / "pip"), "install", "--quiet", "uv"], check=True)
    return uv


def compile_lock(uv: Path, name: str, purpose: str, selection: list[str], upgrade: list[str]) -> None:
    """Resolves one lock; pins that still fit are kept unless ``upgrade`` says otherwise."""
    target = ROOT / name
    source = [] if selection[0] == "--only-group" else ["pyproject.toml"]
    groups = ["--group", selection[1]] if selection[0] == "--only-group" else selection
    fresh = target.with_suffix(".new")
    if target.exists():
        shutil.copyfile(target, fresh)
    constraint = ["--constraint", "requirements.lock"] if name == "requirements-dev.lock" else []
    command = [str(uv), "pip", "compile", "--quiet", "--universal", "--generate-hashes", "--python-version", "3.11"]
    command += ["--fork-strategy", "fewest", "--no-header", "--no-emit-index-url", "--no-annotate"]
    command += [*source, *groups, *constraint, *upgrade, "--output-file", str(fresh)]
    subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
    pins = fresh.read_text(encoding="utf-8")
    fresh.unlink()
    if "://" in pins:
        sys.exit(f"{name}: the resolver wrote an address into the lock; it may name packages and hashes only")
    target.write_text(f"# {purpose}\n# Written by `make lock`; do not edit.\n{pins}", encoding="utf-8")
    print(f"{name}: {pins.count('==')} packages")


def main() -> None:
    """Resolves all locks; ``--upgrade`` takes the newest versions that pyproject.toml allows."""
    upgrade = ["--upgrade"] if "--upgrade" in sys.argv[1:] else []
    uv = resolver()
    for name, (purpose, selection) in LOCKS.items():
        compile_lock(uv, name, purpose, selection, upgrade)
    if npm := shutil.which("npm"):
        subprocess.run(
            [npm, "install", "--package-lock-only", "--silent"], check=True, cwd=ROOT, env={**os.environ, "CI": "true"}
        )
    else:
        print("package-lock.json was left as it is: that needs npm")


if __name__ == "__main__":
    main()
