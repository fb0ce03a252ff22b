"""Text in, Classification out: no network, no database.

``load_reader`` gives a :class:`~nlp.classification.Reader`; everything else in
the package stands behind it and may be replaced without touching a caller.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from config.files import ConfigFiles
    from nlp.classification import Reader


def load_reader(model_dir: Path | None = None, files: ConfigFiles | None = None) -> Reader:
    """The reader of the model in ``model_dir`` (default: the shipped one), taxonomy and lexicon from ``files``.

    Loading takes a moment: do it once per process. Raises ModelError or
    ConfigError, whose messages say what to do.
    """
    # numpy, the tokenizer and OpenCC load only where a text is read.
    from nlp import reader

    return reader.load_reader(model_dir, files)
