"""The shipped reader, loaded once."""

from __future__ import annotations

import pytest

from nlp.reader import load_reader
from nlp.reading import CallReader


@pytest.fixture(scope="session")
def reader() -> CallReader:
    """The shipped model with the packaged lexicon."""
    return load_reader()
