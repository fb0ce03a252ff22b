"""词库: domain words, danger words, signals and names; a sentence tried, a dry run, publication."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from hotline.console.language import say
from hotline.console.render import page
from hotline.web.keys import needs, services
from routing.publishing.service import LEXICON, versions

#: Table -> (its name, what its words do).
TABLES = {
    "danger": ("危险词", "听到就按种类和级别判断危险，可能报警"),
    "cues": ("信号词", "分流规则要看的信号，如暴力控制、未成年人"),
    "words": ("领域词", "分词时保持为一个词"),
    "names": ("机构地名", "识别为机构或地址，不影响类别"),
}
#: Offered for a dry run: so many of the last calls.
TRIED = (200, 1000, 5000)


def _said(words: Mapping[str, str]) -> dict[str, str]:
    return {code: say(name) for code, name in words.items()}


@needs("lexicon.write")
async def show(request: web.Request) -> web.StreamResponse:
    """GET /lexicon."""
    own = services(request)
    async with own.pool.acquire() as connection:
        published = await versions(connection, own.vault, LEXICON)
    taxonomy = own.published.policy.taxonomy
    kinds = {"danger": taxonomy.danger_kinds, "cues": taxonomy.cues, "names": taxonomy.entities, "words": {}}
    names = {
        "routes": _said(taxonomy.routes),
        "topics": _said(taxonomy.topics),
        "kinds": {table: _said(words) for table, words in kinds.items()},
    }
    tables = {table: (say(name), say(what)) for table, (name, what) in TABLES.items()}
    shown = {"versions": published, "tables": tables, "names": names, "tried": TRIED, "lines": list(own.profiles)}
    return await page(request, "lexicon.html", shown)
