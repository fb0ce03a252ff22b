"""``hotline bench triage``: speed of the first reader against the plain way."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from config.files import ConfigFiles
from config.settings import checkout_root, load_settings
from hotline.errors import HotlineError
from nlp.calls import CALLS
from nlp.labels import LabelledRow, read_labels
from nlp.reader import load_reader
from nlp.report import told_speed
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
    figures = measured_speed(rows, None, ConfigFiles(load_settings().config_dir))
    for name, value in figures.items():
        typer.echo(f"{name}: {told_speed(value)}")
    typer.echo(
        json.dumps({name: figures[name]["value"] for name in ("batch_ratio", "single_ratio", "p50_ms", "p99_ms")})
    )


def measured_speed(rows: Sequence[LabelledRow], model: Path | None, files: ConfigFiles) -> dict[str, Any]:
    """The ratios of one run with their intervals. Raises BenchToolsError where scikit-learn is not installed."""
    readers = Readers(
        usual=load_reader(model, files, with_entities=False),
        bare=load_reader(model, files, with_evidence=False, with_entities=False),
        whole=load_reader(model, files),
    )
    try:
        speed = measure(rows, readers)
    except ImportError as error:
        raise BenchToolsError("The plain way needs scikit-learn: install the extra [train].") from error
    return {
        "engine": readers.whole.tokenizer.name,
        "texts": speed.texts,
        "plain_ms": speed.plain_ms.rounded(3),
        "reader_ms": speed.reader_ms.rounded(3),
        "batch_ratio": speed.batch_ratio.rounded(2),
        "batch_ratio_without_evidence": speed.batch_ratio_without_evidence.rounded(2),
        "batch_ratio_with_entities": speed.batch_ratio_with_everything.rounded(2),
        "single_ratio": speed.single_ratio.rounded(2),
        "p50_ms": speed.p50_ms.rounded(3),
        "p99_ms": speed.p99_ms.rounded(3),
        "p50_with_entities_ms": speed.p50_with_everything_ms.rounded(3),
        "p99_with_entities_ms": speed.p99_with_everything_ms.rounded(3),
        "plain_p50_ms": speed.plain_p50_ms.rounded(3),
        "plain_p99_ms": speed.plain_p99_ms.rounded(3),
    }


def _default_rows() -> list[Path]:
    root = checkout_root()
    shared = [root.parent / "shared" / "labels" / name for name in _SHARED] if root else []
    return shared if shared and all(path.is_file() for path in shared) else sorted(CALLS.glob("*.jsonl"))
