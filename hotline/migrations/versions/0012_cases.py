"""Cases."""

from hotline.migrations.script import run_sql

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Run the version's statements."""
    run_sql("0012_cases.sql")
