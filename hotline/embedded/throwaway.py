"""Servers for one test run: in a fresh folder, not durable, gone afterwards."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hotline.embedded.binaries import PostgresBinaries, ValkeyBinary
from hotline.embedded.folders import prepare
from hotline.embedded.postgres import Postgres
from hotline.embedded.valkey import Valkey


@contextmanager
def embedded_postgres(
    folder: Path | None = None, binaries: PostgresBinaries | None = None, *, durable: bool = False
) -> Iterator[str]:
    """A running PostgreSQL; gives the URL of its database ``hotline`` as a role that may create databases.

    ``folder``: where its data go and stay (None: a temporary one, removed afterwards). ``binaries``: one of
    ``available_postgres()`` (None: the one ``hotline run`` would take). Raises EmbeddedError.
    """
    with embedded_postgres_roles(folder, binaries, durable=durable) as (owner_url, _):
        yield owner_url


@contextmanager
def embedded_postgres_roles(
    folder: Path | None = None, binaries: PostgresBinaries | None = None, *, durable: bool = False
) -> Iterator[tuple[str, str]]:
    """As :func:`embedded_postgres`, but gives two URLs: of the owner, and of the service's own role."""
    with _place(folder) as place:
        state = prepare(place)
        postgres = Postgres(state, binaries=binaries, durable=durable)
        try:
            postgres.ensure()
            yield postgres.url, postgres.service_url
        finally:
            postgres.stop()
            state.drop_sockets()


@contextmanager
def embedded_valkey(folder: Path | None = None, binary: ValkeyBinary | None = None) -> Iterator[str]:
    """A running Valkey; gives its URL. Arguments as for :func:`embedded_postgres`, but in a folder of its own."""
    with _place(folder) as place:
        state = prepare(place)
        valkey = Valkey(state, binary=binary)
        try:
            valkey.ensure()
            yield valkey.url
        finally:
            valkey.stop()
            state.drop_sockets()


@contextmanager
def _place(folder: Path | None) -> Iterator[Path]:
    if folder is not None:
        yield folder
        return
    made = Path(tempfile.mkdtemp(prefix="hotline-test-", dir="/tmp"))
    try:
        yield made
    finally:
        shutil.rmtree(made)
