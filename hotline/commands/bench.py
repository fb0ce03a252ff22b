"""``hotline bench triage``: speed of the first reader against the plain way."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from config.files import ConfigFiles
from config.settings import checkout_root, load_settings
from hotline.errors import HotlineError
from nlp.calls import CALLS
from nlp.labels import read_labels
from nlp.reader import load_reader
from nlp.speed import Readers, measure

_SHARED = ("phone_train.jsonl", "train.jsonl")


class BenchToolsError(HotlineError):
    """scikit-learn is not installed."""


def bench_triage(
    gold: Annotated[
        list[Path] | None,
        typer.Argument(
            help="labelled rows; default: ../shared/labels where it is, else the calls written for training"
        ),
    ] = None,
) -> None:
    """Print how many times faster the reader is than jieba.lcut with scikit-learn, both in this run."""
    rows = read_labels(gold or _default_rows())
    files = ConfigFiles(load_settings().config_dir)
    try:
        readers = Readers(
            usual=load_reader(None, files, with_entities=False),
            bare=load_reader(None, files, with_evidence=False, with_entities=False),
            whole=load_reader(None, files),
        )
        speed = measure(rows, readers)
    except ImportError as error:
        raise BenchToolsError("The plain way needs scikit-learn: install the extra [train].") from error
    typer.echo(f"{speed.texts} texts; plain {speed.plain_ms:.3f} ms, reader {speed.reader_ms:.3f} ms a text in batches")
    typer.echo(f"engine: {readers.whole.tokenizer.name}")
    typer.echo(f"batch ratio, class, topic, danger, cues and evidence: {speed.batch_ratio:.2f}")
    typer.echo(f"batch ratio without evidence: {speed.batch_ratio_without_evidence:.2f}")
    typer.echo(f"batch ratio with entities too, all that the service stores: {speed.batch_ratio_with_everything:.2f}")
    figures = {
        "batch_ratio": round(speed.batch_ratio, 2),
        "single_ratio": round(speed.single_ratio, 2),
        "p50_ms": round(speed.p50_ms, 3),
        "p99_ms": round(speed.p99_ms, 3),
    }
    typer.echo(json.dumps(figures))


def _default_rows() -> list[Path]:
    root = checkout_root()
    shared = [root.parent / "shared" / "labels" / name for name in _SHARED] if root else []
    return shared if shared and all(path.is_file() for path in shared) else sorted(CALLS.glob("*.jsonl"))
