"""Roll-ups."""

from hotline.migrations.script import run_sql

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Run the version's statements."""
    run_sql("0005_statistics.sql")
