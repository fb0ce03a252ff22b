"""What Chromium 90 does not know does not get into scripts, style sheets and templates."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

TOO_NEW = {
    "js": """
list.at(-1);
structuredClone({});
Object.hasOwn({}, "a");
crypto.randomUUID();
document.getElementById("d").requestClose();
document.body.inert = true;
list.toSorted();
fetch("https://elsewhere.example/");
""",
    "css": """
.a:has(.b) { margin: 0 }
.a { & .b { margin: 0 } }
.a { accent-color: red }
.a { width: 10dvh }
.a { color: color-mix(in srgb, red, blue) }
@container (min-width: 10px) { .d { margin: 0 } }
@media (width >= 600px) { .d { margin: 0 } }
.a { color: #fff }
.a { font-size: 14px }
""",
    "html": """
<dialog closedby="any"></dialog>
<div popover></div>
<div inert></div>
<search></search>
""",
}
FINE = {
    "js": 'const { a } = options?.b ?? {}; a.replaceAll("x", "y").at_once; import("./b.js"); new Date(a.at); a.b.c;',
    "css": ".a:is(.b, .c) { inset: 0; aspect-ratio: 1; color: var(--ink) } #fab { gap: 1rem }",
    "html": '<dialog open><details><summary>{{ popover }}</summary></details></dialog><input inputmode="numeric">',
}


BEYOND = ("class A { static { } }", "const r = /a/v;", "a ||= b; await using c = d;")


def test_what_is_too_new_is_named_line_by_line_and_nothing_else_is(root: Path, tmp_path: Path) -> None:
    for kind, new in TOO_NEW.items():
        (tmp_path / f"new.{kind}").write_text(new, encoding="utf-8")
        (tmp_path / f"old.{kind}").write_text(FINE[kind], encoding="utf-8")
    for number, text in enumerate(BEYOND):
        (tmp_path / f"beyond{number}.js").write_text(text, encoding="utf-8")
    command = [sys.executable, str(root / "tools" / "lint_browser.py"), *map(str, sorted(tmp_path.iterdir()))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    said = done.stdout + done.stderr
    silent = [
        line
        for kind, text in TOO_NEW.items()
        for number, line in enumerate(text.split("\n"), 1)
        if line and f"new.{kind}:{number}: " not in said
    ]
    assert (done.returncode, silent) == (1, []), said
    assert [text for number, text in enumerate(BEYOND) if f"beyond{number}.js:1: syntax beyond" not in said] == []
    assert [line for line in said.splitlines() if "/old." in line] == []
