"""Entries of the lexicon, additions and switched-off words: written out, every other entry stays as it was."""

from __future__ import annotations

from dataclasses import replace

import pytest

from config.files import ConfigFiles
from nlp.amendments import (
    Amendment,
    Entry,
    amended,
    dumps,
    entries,
    loads,
    problems,
    version_of,
    write_amended,
)
from nlp.danger import DangerLexicon
from nlp.taxonomy import load_taxonomy

FILES = ConfigFiles()
ALIGHT = Entry("danger", "fire", 2, "着火啦")
LONG = next(e for e in entries(FILES) if e.table == "danger" and ".." in e.text)
SMOKE = Entry("danger", "fire", 2, "火苗|火舌 ..4 蹿")


def test_what_is_amended_is_all_that_changes(tmp_path):
    draft = [Amendment(ALIGHT, off=True), Amendment(LONG, off=True), Amendment(SMOKE)]
    draft += [Amendment(Entry("words", "", 0, "灵泉新苑")), Amendment(Entry("cues", "minor", 0, "娃儿还小"))]
    write_amended(FILES, draft, tmp_path)
    edited = replace(FILES, edited=tmp_path)
    before, after = set(entries(FILES)), set(entries(edited))
    assert before - after == {ALIGHT, LONG}
    assert after - before == {one.entry for one in draft if not one.off}
    assert edited.read("lexicon/names.toml") == FILES.read("lexicon/names.toml"), (
        "tables that stay are the shipped ones"
    )
    taxonomy = load_taxonomy()
    plain, other = DangerLexicon(FILES, taxonomy), DangerLexicon(edited, taxonomy)
    # one pattern less and one more: what stands beside a switched-off word stays in its pattern
    assert len(other.phrases) == len(plain.phrases)
    marks = {(p.label.kind, p.label.level, p.label.sure, p.label.firm, bool(p.label.unless)) for p in plain.phrases}
    assert {
        (p.label.kind, p.label.level, p.label.sure, p.label.firm, bool(p.label.unless)) for p in other.phrases
    } <= marks


def test_the_same_amendments_are_the_same_version():
    one, two = Amendment(ALIGHT, off=True), Amendment(SMOKE)
    assert version_of([one, two]) == version_of([two, one]) != version_of([one])
    assert version_of([]) == "shipped"
    assert set(loads(dumps([one, two]))) == {one, two}


def test_the_overlay_counts_more_than_what_was_edited(tmp_path):
    (tmp_path / "city" / "lexicon").mkdir(parents=True)
    (tmp_path / "city" / "lexicon" / "words.txt").write_text("盐仓 3000 nz\n", encoding="utf-8")
    locked = ConfigFiles(tmp_path / "city")
    draft = [Amendment(Entry("words", "", 0, "灵泉新苑"))]
    assert [(n, field) for n, field, _ in problems(locked, load_taxonomy(), draft)] == [(0, "table")]
    write_amended(FILES, draft, tmp_path / "edited")
    assert ConfigFiles(tmp_path / "city", tmp_path / "edited").read("lexicon/words.txt") == "盐仓 3000 nz\n"


@pytest.mark.parametrize(
    ("entry", "off", "field"),
    [
        (Entry("words", "", 0, "长"), False, "text"),
        (Entry("words", "", 0, "有 空格"), False, "text"),
        (Entry("danger", "dragon", 2, "喷火了"), False, "kind"),
        (Entry("danger", "fire", 0, "冒火星了"), False, "level"),
        (Entry("danger", "fire", 2, "火"), False, "text"),
        (Entry("danger", "fire", 2, "..4"), False, "text"),
        (Entry("danger", "fire", 2, "|"), False, "text"),
        (Entry("danger", "fire", 2, "一行\n两行"), False, "text"),
        (ALIGHT, False, "text"),
        (SMOKE, True, "text"),
    ],
)
def test_what_cannot_be_used_is_told_by_entry_and_field(entry, off, field):
    (found,) = problems(FILES, load_taxonomy(), [Amendment(entry, off)])
    assert (found[0], found[1]) == (0, field)
    good = [Amendment(SMOKE), Amendment(entry, off), Amendment(SMOKE)]
    assert {number for number, _, _ in problems(FILES, load_taxonomy(), good)} >= {1, 2}


def test_texts_with_quotes_survive_the_file():
    text = amended(FILES, "danger", [Amendment(Entry("danger", "fire", 2, '说"烧\\了"好几遍'))])
    assert '说\\"烧\\\\了\\"好几遍' in text
