"""Published versions in PostgreSQL."""

from __future__ import annotations

from routing.sql import load_queries

queries = load_queries(__file__)
