"""Transcript and readings, handling and case texts have periods of their own."""

from hotline.migrations.script import run_sql

revision = "0032"
down_revision = "0031"


def upgrade() -> None:
    """Run the version's statements."""
    run_sql("0032_more_pieces_erased.sql")
