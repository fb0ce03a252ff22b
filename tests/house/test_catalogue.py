"""Every text of the screens is wrapped and has its English."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="module", autouse=True)
def tools_on_path(root: Path) -> Iterator[None]:
    """The programs of tools/ import each other by their own names."""
    sys.path.insert(0, str(root / "tools"))
    yield
    sys.path.remove(str(root / "tools"))


def test_nothing_is_left_untranslated() -> None:
    import catalogue

    faults = catalogue.wrong()
    # the same Chinese in two areas: the later catalogue's English counts
    del faults["two different words for one"]
    assert {kind: places for kind, places in faults.items() if places} == {}


def test_what_is_not_wrapped_is_found(tmp_path: Path) -> None:
    import catalogue

    page = tmp_path / "page.html"
    page.write_text(
        """<p title="{{ _('提示') }}">没有包</p>
{{ _('一' if n else '二') }} {{ '三' if n else '' }} {% if a == '四' %}{{ blank('empty', '五') }}{% endif %}{# 六 #}""",
        encoding="utf-8",
    )
    found = {text.text: text.wrapped for text in catalogue.of_template(page)}
    bare = {text for text, wrapped in found.items() if not wrapped}
    assert {text for text in found if found[text]} == {"提示", "一", "二"}
    assert {"三", "五"} <= bare
    assert any("没有包" in text for text in bare)
    assert not any(mark in text for text in found for mark in "四六")
    script = tmp_path / "script.js"
    script.write_text(
        """// 七
t("八"); toast("九"); const a = value === "十"; s.replace(/["`]/g, `一${t("二")}三${x ? `四` : {}}`);""",
        encoding="utf-8",
    )
    heard = [(text.text, text.wrapped) for text in catalogue.of_script(script)]
    assert heard == [("八", True), ("九", False), ("一", False), ("二", True), ("三", False), ("四", False)]
