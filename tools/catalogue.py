"""The console's English: what Chinese text is not wrapped, what has no English, what English nobody asks for.

    python tools/catalogue.py                 everything that is wrong, by file
    python tools/catalogue.py --missing FILE  what FILE says and has no English, as entries for a .po file

Chinese is the source and its own key (hotline/console/language.py). Looked at are the templates (``_("…")``), the
scripts (``t("…")``), and in Python ``say("…")``, the tables of labels that templates hand to ``_``, and what the
service says of itself: errors, rows that cannot be used, reasons of decisions. Where values stand in such a sentence
its key has them by number, ``f"没有名为“{name}”的队列"`` is ``没有名为“{0}”的队列`` (hotline/console/sentences.py).
"""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import jinja2
from babel.messages.pofile import read_po
from jinja2 import nodes

ROOT = Path(__file__).resolve().parent.parent
CONSOLE = ROOT / "hotline" / "console"
LOCALE = CONSOLE / "locale" / "en"
CHINESE = re.compile(r"[\u3400-\u9fff]")
#: Modules whose tables of labels are shown by ``_`` in templates, by ``say`` in files: every Chinese string in a table
#: of theirs is text.
TABLES = (
    "hotline/console/words.py",
    "hotline/console/navigation.py",
    "hotline/accounts/permissions.py",
    "hotline/accounts/permission_words.py",
    "hotline/access/sheets.py",
    "hotline/audit/actions.py",
    "hotline/audit/reasons.py",
    "hotline/console/audit.py",
    "hotline/console/lines.py",
    "hotline/console/users.py",
    "hotline/exports/making.py",
    "hotline/exports/report.py",
    "hotline/statistics/tables.py",
    "hotline/web/api/audit_files.py",
    "routing/erasure/parts.py",
    "routing/grids/tree.py",
    "routing/organisations/organisation.py",
    "routing/rosters/days.py",
    "hotline/access/rules.py",
    "routing/calls/record.py",
    "routing/calls/states.py",
    "routing/cases/deadlines.py",
    "routing/cases/states.py",
    "routing/cases/terms.py",
    "routing/police_returns/terms.py",
)
#: Calls that take a sentence which people read on a screen; beside ``raise``.
TELLING = frozenset(
    ["problem", "fault", "Break", "RowProblem", "Shortage", "_fail", "_fault", "add", "append", "ask_person"]
)
#: Modules that tell sentences by other ways: every Chinese string of theirs outside a pattern is a sentence.
SPEAKING = (
    "hotline/web/problems.py",
    "hotline/intake/gate.py",
    "nlp/amendments.py",
    "routing/policy/outline.py",
    "routing/policy/rails.py",
)
#: Modules whose sentences no page shows: command lines, faults of records that programs send, words cut out of texts.
SILENT = (
    "hotline/commands",
    "hotline/demo",
    "hotline/backup",
    "hotline/lexicon/store.py",
    "hotline/embedded",
    "hotline/sealing",
    "hotline/supervise",
    "hotline/intake/api_record.py",
    "hotline/intake/progress.py",
    "routing/snippets/citations.py",
)
#: Names of classes, topics and queues, and reasons of rules, as shipped; a city's own stay as it writes them.
LABELS = ("config/taxonomy.toml", "config/policy.toml", "config/presets/12348-first.toml")


@dataclass(frozen=True)
class Text:
    """A Chinese text where it stands."""

    path: Path
    line: int
    text: str
    wrapped: bool

    def __str__(self) -> str:
        return f"{self.path.relative_to(ROOT)}:{self.line}: {self.text.strip()[:60]}"


def is_chinese(text: object) -> bool:
    """Whether a person who reads no Chinese could not read it."""
    return isinstance(text, str) and CHINESE.search(text) is not None


def of_template(path: Path) -> Iterator[Text]:
    """Chinese texts of a template: in its HTML, and in the strings of its expressions."""
    environment = jinja2.Environment(extensions=["jinja2.ext.i18n"], autoescape=True)
    tree = environment.parse(path.read_text(encoding="utf-8"))
    yield from _of_node(path, tree, wrapped=False)


def _of_node(path: Path, node: nodes.Node, *, wrapped: bool) -> Iterator[Text]:
    if isinstance(node, nodes.TemplateData):
        for offset, line in enumerate(node.data.split("\n")):
            # a language names itself
            if is_chinese(line.replace("中文", "")):
                yield Text(path, node.lineno + offset, line, wrapped=False)
    elif isinstance(node, nodes.Const) and is_chinese(node.value) and node.value != "中文":
        yield Text(path, node.lineno, node.value, wrapped=wrapped)
    calls = isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name) and node.node.name in ("_", "gettext")
    if isinstance(node, nodes.Compare):
        # what is compared is a value of ours, not shown
        return
    for child in node.iter_child_nodes():
        first = calls and isinstance(node, nodes.Call) and bool(node.args) and child is node.args[0]
        # _('一' if n else '二'): both are texts
        yield from _of_node(path, child, wrapped=first or (wrapped and isinstance(node, nodes.CondExpr)))


_PIECE = re.compile(
    r"""(?P<passed>//[^\n]*|/\*.*?\*/
        |(?<=[(,=:\[!&|?{};>\n])\s*/(?![/*])(?:[^/\\\n\[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/[a-z]*)
    |(?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
    |(?P<template>`) | (?P<open>\{) | (?P<close>\})""",
    re.DOTALL | re.VERBOSE,
)
_PART = re.compile(r"(?:[^`\\$]|\\.|\$(?!\{))*", re.DOTALL)
#: What stands before a text that is compared with a value, not shown.
_COMPARED = re.compile(r"([!=]==|\bcase)\s*$")


def _strings(source: str) -> Iterator[tuple[int, str]]:
    """Where strings and the fixed parts of template strings begin, and what stands in them."""
    at, templates = 0, [0]  # open braces in each ${…} we are in
    while piece := _PIECE.search(source, at):
        at = piece.end()
        if piece["string"]:
            yield piece.start(), piece["string"]
            continue
        if piece["open"]:
            templates[-1] += 1
        elif piece["close"] and templates[-1]:
            templates[-1] -= 1
        elif piece["template"] or (piece["close"] and len(templates) > 1):
            if piece["close"]:
                templates.pop()
            part = _PART.match(source, at)
            text = part[0] if part else ""
            yield at, f"`{text}`"
            at += len(text)
            if source.startswith("${", at):
                templates.append(0)
                at += 2
            else:
                at += 1


def of_script(path: Path) -> Iterator[Text]:
    """Chinese texts of a script; wrapped is what stands literally in ``t("…")``."""
    source = path.read_text(encoding="utf-8")
    for start, text in _strings(source):
        before = source[max(0, start - 40) : start]
        if not is_chinese(text) or _COMPARED.search(before):
            continue
        wrapped = text[0] == '"' and re.search(r"(?<![\w.])t\(\s*$", before) is not None
        yield Text(path, source.count("\n", 0, start) + 1, text[1:-1].replace('\\"', '"'), wrapped=wrapped)


def of_python(path: Path) -> Iterator[Text]:
    """Texts that a module says by ``say``; and every Chinese string of a table, where it is one of TABLES."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    if path.relative_to(ROOT).as_posix() in TABLES:
        for table in tree.body:
            if isinstance(table, ast.Assign | ast.AnnAssign):
                for entry in ast.walk(table):
                    if isinstance(entry, ast.Constant) and is_chinese(entry.value):
                        yield Text(path, entry.lineno, str(entry.value), wrapped=True)
    for node in ast.walk(tree):
        if path.stem == "words" and isinstance(node, ast.Return) and node.value:
            words = (one.value for one in ast.walk(node.value) if isinstance(one, ast.Constant))
            yield from (Text(path, node.lineno, str(word), wrapped=True) for word in words if is_chinese(word))
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in ("say", "say_n"):
                for argument in node.args[: 2 if name == "say_n" else 1]:
                    for text in (one for one in ast.walk(argument) if isinstance(one, ast.Constant)):
                        if is_chinese(text.value):
                            yield Text(path, text.lineno, str(text.value), wrapped=True)


def template(made: ast.JoinedStr) -> str:
    """An f-string as a key of the catalogue: its values by number."""
    values = iter(range(len(made.values)))
    return "".join(str(part.value) if isinstance(part, ast.Constant) else f"{{{next(values)}}}" for part in made.values)


def _sentences(path: Path, node: ast.AST) -> Iterator[Text]:
    if isinstance(node, ast.JoinedStr):
        if is_chinese(template(node)):
            yield Text(path, node.lineno, template(node), wrapped=True)
        inner: Iterator[ast.AST] = (part for part in node.values if not isinstance(part, ast.Constant))
    else:
        if isinstance(node, ast.Constant) and is_chinese(node.value):
            yield Text(path, node.lineno, str(node.value), wrapped=True)
        inner = ast.iter_child_nodes(node)
    for child in inner:
        yield from _sentences(path, child)


def of_messages(path: Path) -> Iterator[Text]:
    """What a module tells people of its own: in ``raise``, in calls of TELLING, or anywhere if it is SPEAKING."""
    name = path.relative_to(ROOT).as_posix()
    if name.startswith(SILENT):
        return
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            node.value.value = ""  # a docstring
    if name in SPEAKING:
        yield from _sentences(path, tree)
    for node in ast.walk(tree):
        called = node.func if isinstance(node, ast.Call) else None
        told = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
        if isinstance(node, ast.Raise) or told in TELLING or told.endswith("Error"):
            yield from _sentences(path, node)


def of_labels(path: Path) -> Iterator[Text]:
    """What a shipped configuration calls its classes, topics and queues, and the reasons its rules give."""

    def labels(value: object) -> Iterator[str]:
        if isinstance(value, dict):
            for key, inner in value.items():
                if (key == "label" or path.stem == "taxonomy") and is_chinese(inner):
                    yield str(inner)
                if key == "reasons":
                    yield from inner
                yield from labels(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from labels(inner)

    for text in labels(tomllib.loads(path.read_text(encoding="utf-8"))):
        yield Text(path, 1, text, wrapped=True)


def texts() -> list[Text]:
    """All of them."""
    found: list[Text] = []
    for path in sorted((CONSOLE / "templates").rglob("*.html")):
        found += of_template(path)
    for path in sorted((CONSOLE / "static" / "js").rglob("*.js")):
        found += of_script(path)
    for path in sorted([*(ROOT / "hotline").rglob("*.py"), *(ROOT / "routing").rglob("*.py")]):
        found += of_python(path)
    for path in sorted(one for area in ("hotline", "routing", "nlp") for one in (ROOT / area).rglob("*.py")):
        found += of_messages(path)
    for name in LABELS:
        found += of_labels(ROOT / name)
    return found


def english() -> dict[str, dict[str, str]]:
    """Area -> Chinese -> English."""
    areas: dict[str, dict[str, str]] = {}
    for path in sorted(LOCALE.glob("*.po")):
        with path.open("rb") as file:
            areas[path.stem] = {
                str(entry.id): str(entry.string) for entry in read_po(file, locale="en") if entry.id and not entry.fuzzy
            }
    return areas


def filled(text: str) -> set[str]:
    """The names of the values in a text: ``%(n)s`` and ``{n}``."""
    return set(re.findall(r"%\((\w+)\)", text)) | set(re.findall(r"\{(\w+)\}", text))


def _of_configuration() -> Iterator[str]:
    """Every string of the shipped configuration."""

    def strings(value: object) -> Iterator[str]:
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict | list):
            for inner in value.values() if isinstance(value, dict) else value:
                yield from strings(inner)

    for path in (ROOT / "config").rglob("*.toml"):
        yield from strings(tomllib.loads(path.read_text(encoding="utf-8")))


def _of_all_python() -> tuple[set[str], list[re.Pattern[str]]]:
    """Every Chinese string of our Python, and what f-strings make, as patterns."""
    plain: set[str] = set()
    made: list[re.Pattern[str]] = []
    for path in (one for folder in ("hotline", "routing", "config") for one in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and is_chinese(node.value):
                plain.add(str(node.value))
            elif isinstance(node, ast.JoinedStr) and any(
                isinstance(part, ast.Constant) and (is_chinese(part.value) or "÷" in str(part.value))
                for part in node.values
            ):
                parts = (re.escape(str(p.value)) if isinstance(p, ast.Constant) else ".+" for p in node.values)
                made.append(re.compile("".join(parts)))
    return plain, made


def wrong() -> dict[str, list[str]]:
    """Kind of fault -> where."""
    found, areas = texts(), english()
    known = {chinese: shown for words in areas.values() for chinese, shown in words.items() if shown}
    said = {one.text for one in found}
    # what Python and the configuration say besides is not asked for its English, but may have some
    said |= set(_of_configuration())
    plain, made = _of_all_python()
    said |= plain
    twice: dict[str, set[str]] = {}
    for words in areas.values():
        for chinese, shown in words.items():
            twice.setdefault(chinese, set()).add(shown)
    return {
        "not wrapped": [str(one) for one in found if not one.wrapped],
        "without English": sorted({str(one) for one in found if one.wrapped and one.text not in known}),
        "asked for by nobody": [
            f"{area}.po: {text}"
            for area, words in areas.items()
            for text in words
            if is_chinese(text) and text not in said and not any(pattern.fullmatch(text) for pattern in made)
        ],
        "not translated": [text for text, shown in known.items() if text == shown and is_chinese(text)],
        "other values in the English": [
            f"{text} -> {shown}" for text, shown in known.items() if filled(text) != filled(shown)
        ],
        "two different words for one": [f"{text}: {sorted(shown)}" for text, shown in twice.items() if len(shown) > 1],
    }


def missing(names: list[str]) -> str:
    """Entries for a .po file: what the named files say and has no English."""
    known = {chinese for words in english().values() for chinese, shown in words.items() if shown}
    entries: dict[str, Text] = {}
    for one in texts():
        if one.wrapped and one.text not in known and (not names or any(str(one.path).endswith(name) for name in names)):
            entries.setdefault(one.text, one)

    def quoted(text: str) -> str:
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'

    return "\n".join(
        f'#: {str(one).rsplit(": ", 1)[0]}\nmsgid {quoted(text)}\nmsgstr ""\n' for text, one in entries.items()
    )


def main() -> int:
    """Prints what is wrong, or entries to fill in."""
    if sys.argv[1:2] == ["--missing"]:
        print(missing(sys.argv[2:]))
        return 0
    faults = wrong()
    for kind, places in faults.items():
        print(f"{kind}: {len(places)}", *places, sep="\n  ")
    return 1 if any(faults.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
