"""Administration."""

from hotline.migrations.script import run_sql

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Run the version's statements."""
    run_sql("0015_administration.sql")
