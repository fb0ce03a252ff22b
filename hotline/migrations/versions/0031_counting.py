"""A claim and a completion are counted with less work."""

from hotline.migrations.script import run_sql

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    """Run the version's statements."""
    run_sql("0031_counting.sql")
