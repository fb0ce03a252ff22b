"""Organisations are looked after on a page; a forward may name the department."""

from hotline.migrations.script import run_sql

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Run the version's statements."""
    run_sql("0021_organisations.sql")
