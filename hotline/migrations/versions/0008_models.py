"""Models promoted on this installation."""

from hotline.migrations.script import run_sql

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Run the version's statements."""
    run_sql("0008_models.sql")
