"""A deployment's amendments to the lexicon: entries added to the shipped files or switched off in them. Pure.

The files stay as they are; what is amended is written to a folder of its own (``ConfigFiles.edited``), so that every
reader loads it as it loads the shipped files.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from config.errors import ConfigError
from config.files import ConfigFiles
from nlp.phrases import Label, compile_phrase
from nlp.taxonomy import Taxonomy

Table = Literal["danger", "cues", "words", "names"]
TABLES: tuple[Table, ...] = get_args(Table)
FILES: Mapping[Table, str] = {
    "danger": "lexicon/danger.toml",
    "cues": "lexicon/cues.toml",
    "words": "lexicon/words.txt",
    "names": "lexicon/names.toml",
}
#: In the form of jieba's user dictionary: a frequency at which a word of two to four characters is kept whole.
FREQUENCY, TAG = 3000, "nz"
_LONGEST = 200
_WORD = (2, 20)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the lexicon."""

    table: Table
    kind: str
    """A code of taxonomy.toml; empty for domain words."""
    level: int
    """Danger level, 1 or 2; 0 elsewhere."""
    text: str
    """A word, or a pattern such as ``拿着|举着 ..4 刀|斧``; see danger.toml."""


@dataclass(frozen=True, slots=True)
class Amendment:
    """One entry added, or one of the files' switched off."""

    entry: Entry
    off: bool = False


def loads(text: str) -> list[Amendment]:
    """Amendments as ``dumps`` wrote them. Raises KeyError, TypeError, ValueError."""
    return [
        Amendment(Entry(row["table"], row["kind"], row["level"], row["text"]), row["off"]) for row in json.loads(text)
    ]


def dumps(amendments: Sequence[Amendment]) -> str:
    """The same amendments are the same text, in whatever order they were entered."""
    ordered = sorted(amendments, key=lambda one: (one.entry.table, one.entry.kind, one.entry.text, one.entry.level))
    return json.dumps([asdict(one.entry) | {"off": one.off} for one in ordered], ensure_ascii=False, indent=1)


def version_of(amendments: Sequence[Amendment]) -> str:
    """``lexicon@`` and a hash; ``shipped`` without amendments."""
    if not amendments:
        return "shipped"
    return f"lexicon@{hashlib.sha256(dumps(amendments).encode()).hexdigest()[:12]}"


def entries(files: ConfigFiles) -> list[Entry]:
    """What the files hold: patterns of one part by their words, longer ones as they are. Raises ConfigError."""
    found: list[Entry] = []
    for table in TABLES:
        if table == "words":
            found += [Entry(table, "", 0, fields[0]) for fields in _word_lines(files.read(FILES[table]))]
            continue
        for phrase in _phrases(files, table):
            for say in phrase.get("say", []):
                found += [Entry(table, phrase["kind"], int(phrase.get("level", 0)), part) for part in _parts(say)]
    return list(dict.fromkeys(found))


def problems(files: ConfigFiles, taxonomy: Taxonomy, amendments: Sequence[Amendment]) -> list[tuple[int, str, str]]:
    """``(index, field, reason)`` of amendments that cannot be used, in Chinese."""
    known = set(entries(files))
    found: list[tuple[int, str, str]] = []
    seen: set[Entry] = set()
    for number, one in enumerate(amendments):
        entry = one.entry
        wrong = _wrong(one, known, taxonomy, files)
        if wrong is None and entry in seen:
            wrong = ("text", "写了两次；只留一次")
        if wrong is not None:
            found.append((number, *wrong))
        seen.add(entry)
    return found


def _wrong(one: Amendment, known: set[Entry], taxonomy: Taxonomy, files: ConfigFiles) -> tuple[str, str] | None:
    entry = one.entry
    kinds = {"danger": taxonomy.danger_kinds, "cues": taxonomy.cues, "names": taxonomy.entities}
    if entry.table not in TABLES:
        return "table", f"没有“{entry.table}”这张词表；可用：{'、'.join(TABLES)}"
    if files.overlaid(FILES[entry.table]):
        return "table", f"这张词表由配置目录锁定，请改那里的 {FILES[entry.table]}"
    if one.off:
        return None if entry in known else ("text", "词库里没有这一条，不必停用")
    if entry in known:
        return "text", "词库里已有这一条"
    if entry.table == "words":
        low, high = _WORD
        fits = low <= len(entry.text) <= high and not any(c.isspace() or c in "#|" for c in entry.text)
        return None if fits else ("text", f"应为 {low} 到 {high} 个字的词，不含空格、# 和 |")
    if entry.kind not in kinds[entry.table]:
        return "kind", f"没有“{entry.kind}”这一种；可用：{'、'.join(kinds[entry.table])}"
    if entry.table == "danger" and entry.level not in (1, 2):
        return "level", "危险级别应为 1（可能受害）或 2（正在发生）"
    return _wrong_pattern(entry.text)


def _wrong_pattern(text: str) -> tuple[str, str] | None:
    if not text.strip() or len(text) > _LONGEST or "\n" in text:
        return "text", f"应为一行，不超过 {_LONGEST} 个字"
    try:
        phrase = compile_phrase(text, Label("", "", 0, firm=False))
    except ValueError:
        return "text", "写法不对：词之间用 | 分开，间隔写 ..4（至多 4 个字），每一段都要有词"
    if any(len(word) < 2 for word in min(phrase.anchors, key=len)) and len(phrase.anchors) == 1:
        return "text", "单个字会到处命中；请写两个字以上的词"
    return None


def shipped_danger_off(amendments: Sequence[Amendment]) -> list[Entry]:
    """Danger words of the product that are switched off: nobody does that without being asked twice."""
    return [one.entry for one in amendments if one.off and one.entry.table == "danger"]


def write_amended(files: ConfigFiles, amendments: Sequence[Amendment], folder: Path) -> None:
    """Write the amended files below ``folder`` (``lexicon/danger.toml`` and so on), and no others."""
    (folder / "lexicon").mkdir(parents=True, exist_ok=True)
    for table in TABLES:
        mine = [one for one in amendments if one.entry.table == table]
        if mine:
            (folder / FILES[table]).write_text(amended(files, table, mine), encoding="utf-8")


def amended(files: ConfigFiles, table: Table, amendments: Sequence[Amendment]) -> str:
    """The text of one file with the amendments of its table."""
    off = {one.entry for one in amendments if one.off}
    added = [one.entry for one in amendments if not one.off]
    if table == "words":
        gone = {entry.text for entry in off}
        kept = [" ".join(fields) for fields in _word_lines(files.read(FILES[table])) if fields[0] not in gone]
        return "\n".join([*kept, *(f"{entry.text} {FREQUENCY} {TAG}" for entry in added)]) + "\n"
    data = tomllib.loads(files.read(FILES[table]))
    phrases = []
    for phrase in data.get("phrases", []):
        kind, level = phrase["kind"], int(phrase.get("level", 0))
        say = []
        for pattern in phrase.get("say", []):
            left = [part for part in _parts(pattern) if Entry(table, kind, level, part) not in off]
            if left:
                say.append("|".join(left))
        if say:
            phrases.append({**phrase, "say": say})
    for entry in added:
        extra: dict[str, Any] = {"level": entry.level} if table == "danger" else {}
        if table == "names":
            # a whole name, not the tail of one
            extra = {"firm": True}
        phrases.append({"kind": entry.kind, **extra, "say": [entry.text]})
    return _toml({name: value for name, value in data.items() if name != "phrases"}, phrases)


def _parts(say: str) -> list[str]:
    """The words of a pattern of one part; a longer pattern stays whole."""
    return [word for word in say.split("|") if word] if len(say.split()) == 1 else [say]


def _word_lines(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines() if line.strip() and not line.startswith("#")]


def _phrases(files: ConfigFiles, table: Table) -> list[dict[str, Any]]:
    try:
        return list(tomllib.loads(files.read(FILES[table])).get("phrases", []))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{files.path(FILES[table])} is no valid TOML: {error}.") from error


def _toml(tables: Mapping[str, Any], phrases: Sequence[Mapping[str, Any]]) -> str:
    """TOML of what lexicon files are made of: tables of values and lists, then the phrases."""
    lines: list[str] = []
    for name, table in tables.items():
        lines += [f"[{name}]", *(f"{key} = {_value(value)}" for key, value in table.items()), ""]
    for phrase in phrases:
        lines += ["[[phrases]]", *(f"{key} = {_value(value)}" for key, value in phrase.items()), ""]
    return "\n".join(lines)


def _value(value: Any) -> str:
    """A JSON text, number, truth value or list of these is the same in TOML, but for DEL, which no lexicon holds."""
    return json.dumps(value, ensure_ascii=False)
