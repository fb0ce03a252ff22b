"""Claims and imports cost less."""

from hotline.migrations.script import run_sql

revision = "0020"
down_revision = "0017"


def upgrade() -> None:
    """Run the version's statements."""
    run_sql("0020_speed.sql")
