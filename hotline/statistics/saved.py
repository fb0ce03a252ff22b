"""Saved views: the filters of the page of charts under a name."""

from __future__ import annotations

from routing.sql import load_queries

queries = load_queries(__file__, "saved.sql")

#: Names are sealed: people type them.
NAME_USE = "statistics_views.name"
#: So many may one person keep.
MOST = 50
