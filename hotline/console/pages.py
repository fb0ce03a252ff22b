"""Registers the console's pages."""

from __future__ import annotations

from aiohttp import web


def add_console(app: web.Application) -> None:
    """Add every page to ``app``."""
