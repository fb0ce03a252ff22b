"""Groups of mediators."""

from hotline.migrations.script import run_sql

revision = "0019"
down_revision = "0015"


def upgrade() -> None:
    """Run the version's statements."""
    run_sql("0019_groups.sql")
