"""Reports."""

from hotline.migrations.script import run_sql

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Run the version's statements."""
    run_sql("0013_reports.sql")
