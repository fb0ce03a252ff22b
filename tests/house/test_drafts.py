"""No lost input: every form of the console keeps what is typed, or it is said here why it need not."""

from __future__ import annotations

import re
from pathlib import Path

CONSOLE = Path(__file__).parents[2] / "hotline" / "console"
FORM = re.compile(r"<form\b(?:\{%.*?%\}|\{\{.*?\}\}|[^>])*>")

SECRETS = "a password or a code: never kept"
ADDRESS = "what is chosen stands in the page's address"
LOOKS_UP = "words to look something up: nothing is written"
FILE = "a file, which no page can choose for its reader"
CONFIRMS = "a confirmation, given anew each time"

#: Template and the form's id or action, in order; why nothing of it is kept by data-draft.
WITHOUT = {
    "_find.html": [LOOKS_UP],
    "_handover.html": ["its note is kept as a field", "its note is kept as a field"],
    "_article_form.html": ["knowledge.js keeps it by article"],
    "_department_dialog.html": [LOOKS_UP],
    "_overrule_dialog.html": [CONFIRMS, CONFIRMS],
    "_recusal_dialog.html": [CONFIRMS, CONFIRMS],
    "_review.html": ["supervision.js keeps it by review"],
    "_rotation_dialog.html": ["roster_rotations.js keeps it by rotation"],
    "_safe_hours_dialog.html": [CONFIRMS],
    "_snippet_dialog.html": ["snippets.js keeps it by snippet"],
    "agreement.html": [LOOKS_UP],
    "alarms.html": [ADDRESS],
    "audit.html": [ADDRESS],
    "base.html": [SECRETS, "logs out", SECRETS],
    "calls.html": [ADDRESS, LOOKS_UP],
    "grids.html": [FILE],
    "knowledge.html": [LOOKS_UP, FILE, CONFIRMS],
    "line.html": [FILE, "its text and its note are kept as fields"],
    "locked.html": [SECRETS, "logs out"],
    "login.html": [SECRETS],
    "login_code.html": [SECRETS, "logs out"],
    "me.html": [SECRETS, SECRETS, SECRETS, SECRETS],
    "organisations.html": [CONFIRMS],
    "policy.html": ["its text is kept as a field"],
    "rosters.html": [FILE],
    "statistics_routing.html": [ADDRESS],
    "users.html": [ADDRESS, FILE],
}


def _unkept(template: Path) -> list[str]:
    return [form for form in FORM.findall(template.read_text("utf-8")) if "data-draft" not in form]


def test_every_form_keeps_what_is_typed_or_says_why_not() -> None:
    for template in sorted((CONSOLE / "templates").glob("*.html")):
        unkept = _unkept(template)
        reasons = WITHOUT.get(template.name, [])
        assert len(unkept) == len(reasons), f"{template.name}: {unkept} keep nothing: data-draft, or a reason here"


def test_what_is_kept_elsewhere_is_kept_there() -> None:
    for name, reasons in WITHOUT.items():
        text = (CONSOLE / "templates" / name).read_text("utf-8")
        for reason in reasons:
            if "as a field" in reason or "as fields" in reason:
                assert re.search(r"<(?:textarea|input)[^>]*data-draft=", text), name
            if ".js keeps" in reason:
                script = (CONSOLE / "static" / "js" / reason.split(" ", 1)[0]).read_text("utf-8")
                assert "writeDraft(" in script, reason


def test_secrets_and_files_are_never_kept() -> None:
    """drafts.js leaves them out by type; a code that is no password says so in its form."""
    script = (CONSOLE / "static" / "js" / "drafts.js").read_text("utf-8")
    for kind in ("password", "file", "hidden", "one-time-code"):
        assert f'"{kind}"' in script, kind
    assert "data-undrafted" in (CONSOLE / "templates" / "statistics_displays.html").read_text("utf-8")


def test_only_drafts_js_writes_what_is_typed_to_the_browser() -> None:
    """Elsewhere the browser keeps filters of a list, which nobody typed."""
    allowed = {"drafts.js", "case_list.js", "operator_list.js"}
    for script in (CONSOLE / "static" / "js").glob("*.js"):
        if script.name not in allowed:
            assert "sessionStorage" not in script.read_text("utf-8"), script.name
