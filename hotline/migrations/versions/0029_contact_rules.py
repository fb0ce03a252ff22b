"""How a caller wants to be called back travels with the call."""

from hotline.migrations.script import run_sql

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    """Run the version's statements."""
    run_sql("0029_contact_rules.sql")
