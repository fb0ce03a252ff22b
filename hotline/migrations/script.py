"""Runs a version's SQL file through the driver's own connection."""

from __future__ import annotations

from pathlib import Path

from alembic import op
from sqlalchemy.util import await_only

VERSIONS = Path(__file__).resolve().parent / "versions"


def run_sql(file_name: str) -> None:
    """Run all statements of ``versions/<file_name>``.

    SQLAlchemy prepares each statement, and PostgreSQL prepares one at a time
    only; asyncpg's own ``execute`` takes the whole file.
    """
    sql = (VERSIONS / file_name).read_text(encoding="utf-8")
    # SQLAlchemy opens the transaction with the first statement it sends itself; without one the
    # file would run outside of it.
    op.execute("select 1")
    driver = op.get_bind().connection.driver_connection
    assert driver is not None  # noqa: S101 - the engine is online, see env.py
    await_only(driver.execute(sql))
