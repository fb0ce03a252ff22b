"""The demo's knowledge base: articles of many departments, written by us, some with several versions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from hotline.demo.store import queries
from routing.knowledge import service as knowledge
from routing.knowledge.article import ArticleText
from routing.policy.facts import LOCAL_ZONE

_FILE = Path(__file__).with_name("articles.jsonl")
#: Of articles without earlier versions.
FIRST_AGO = timedelta(days=45)
#: The last revision of the others: before the first call that cites it.
LAST_AGO = timedelta(days=33)
#: People of these log-in names work for these owners.
STAFF = {"department": "cg", "department2": "zj"}
#: Owner and change of a revision that waits for a manager.
PROPOSED = (
    "cg",
    "占道经营、夜市扰民",
    "请告知路名、大致时段和摊位数，由属地城管中队到场劝导；反复出现的列入重点巡查。",
)


async def add_knowledge(connection: Any, ids: Mapping[str, int], now: datetime) -> None:
    """Departments, their people, articles with all versions, and one revision that waits for a manager."""
    head, *rows = [json.loads(line) for line in _FILE.read_text(encoding="utf-8").splitlines() if line]
    owners: dict[str, int] = {}
    for code, name in head["owners"].items():
        owners[code] = await queries.put_organisation(connection, code=code, name=name, kind="department")
    for person, code in STAFF.items():
        await queries.set_organisation(connection, user_id=ids[person], org_id=owners[code])
    manager = ids["manager"]
    today = now.astimezone(LOCAL_ZONE).date()
    for row in rows:
        text = ArticleText(
            title=row["title"],
            answer=row["answer"],
            body=row["body"],
            topic=row["topic"],
            org_id=owners[row["owner"]],
            expires_on=today + timedelta(days=row["days"]),
            change_note="按最新口径修订" if row["earlier"] else "首次发布",
        )
        article_id = int(await knowledge.queries.insert_article(connection))
        for old in row["earlier"]:
            earlier = replace(text, answer=old["answer"], body="", change_note=old["note"])
            await knowledge.publish_text(
                connection, article_id, earlier, manager, at=now - LAST_AGO - timedelta(days=old["ago"])
            )
        at = now - (LAST_AGO if row["earlier"] else FIRST_AGO)
        await knowledge.publish_text(connection, article_id, text, manager, at=at)
        if (row["owner"], row["title"]) == PROPOSED[:2]:
            editor = knowledge.Editor(ids["department"], owners[row["owner"]], publishes=False)
            proposed = replace(text, answer=PROPOSED[2], change_note="来电多问摊位数，补充说明")
            await knowledge.save(connection, editor, article_id, proposed, None, propose=True)
