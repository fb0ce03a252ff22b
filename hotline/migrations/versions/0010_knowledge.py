"""Knowledge."""

from hotline.migrations.script import run_sql

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Run the version's statements."""
    run_sql("0010_knowledge.sql")
