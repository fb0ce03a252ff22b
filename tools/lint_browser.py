"""Style sheets, scripts and templates of the console against Chromium 90 (tools/chromium90.mjs), and against the house.

The house: raw colours stand in tokens.css only, sizes of type are in rem, scripts reach the service under its own
address. Exit 1 with ``file:line: reason`` for each finding.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import assets

ROOT = Path(__file__).resolve().parent.parent
CONSOLE = ROOT / "hotline" / "console"
RULES: tuple[tuple[str, re.Pattern[str], str], ...] = (
    (
        "css",
        re.compile(r"#[0-9a-fA-F]{3,8}\b(?![^{]*\{)|\b(?:rgb|hsl)a?\("),
        "a raw colour: use a token of tokens.css, or add one there for light and dark",
    ),
    (
        "css",
        re.compile(r"^(?!.*\bsvg text\b).*font(?:-size)?:[^;}]*\dpx"),
        "a type size in px does not follow the person's type size: rem",
    ),
    ("js", re.compile(r"[\"'`]#[0-9a-fA-F]{6}\b"), "a raw colour: read a token with getComputedStyle"),
    (
        "js",
        re.compile(r"[\"'`]https?://(?!www\.w3\.org/)"),
        "an address elsewhere: pages load nothing from other hosts",
    ),
)


def node() -> str:
    """The machine's Node.js where it is new enough, else the one under .cache."""
    if assets.machine_npm():
        return str(shutil.which("node"))
    return assets.fetched_npm(Path(sys.executable))[0]


def files() -> list[Path]:
    """What the console's pages are made of, without other people's files."""
    static = [path for kind in ("js", "css") for path in (CONSOLE / "static" / kind).rglob(f"*.{kind}")]
    return sorted([*static, *(CONSOLE / "static").glob("*.css"), *(CONSOLE / "templates").rglob("*.html")])


def against_the_house(path: Path) -> list[str]:
    """What the house does not want, with its line."""
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        for suffix, pattern, reason in RULES:
            if path.suffix == f".{suffix}" and path.name != "tokens.css" and pattern.search(line):
                found.append(f"{path}:{number}: {reason}")
    return found


def main(paths: list[Path]) -> int:
    """Checks ``paths``, or all of the console."""
    chosen = paths or files()
    found = [one for path in chosen for one in against_the_house(path)]
    print("\n".join(found), end="\n" if found else "", flush=True)
    command = [node(), str(ROOT / "tools" / "chromium90.mjs"), *map(str, chosen)]
    answer = subprocess.run(command, check=False).returncode
    return 1 if found else answer


if __name__ == "__main__":
    sys.exit(main([Path(name) for name in sys.argv[1:]]))
