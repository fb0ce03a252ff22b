"""``hotline bench triage``: speed of the first reader against the plain way."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from config.files import ConfigFiles
from config.settings import checkout_root, load_settings
from hotline.errors import HotlineError
from nlp.calls import CALLS
from nlp.labels import LabelledRow, read_labels
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
    figures = measured_speed(rows, None, ConfigFiles(load_settings().config_dir))
    for name, value in figures.items():
        typer.echo(f"{name}: {value}")
    typer.echo(json.dumps({name: figures[name] for name in ("batch_ratio", "single_ratio", "p50_ms", "p99_ms")}))


def measured_speed(rows: Sequence[LabelledRow], model: Path | None, files: ConfigFiles) -> dict[str, float | str | int]:
    """The ratios of one run. Raises BenchToolsError where scikit-learn is not installed."""
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
        "plain_ms": round(speed.plain_ms, 3),
        "reader_ms": round(speed.reader_ms, 3),
        "batch_ratio": round(speed.batch_ratio, 2),
        "batch_ratio_without_evidence": round(speed.batch_ratio_without_evidence, 2),
        "batch_ratio_with_entities": round(speed.batch_ratio_with_everything, 2),
        "single_ratio": round(speed.single_ratio, 2),
        "p50_ms": round(speed.p50_ms, 3),
        "p99_ms": round(speed.p99_ms, 3),
    }


def _default_rows() -> list[Path]:
    root = checkout_root()
    shared = [root.parent / "shared" / "labels" / name for name in _SHARED] if root else []
    return shared if shared and all(path.is_file() for path in shared) else sorted(CALLS.glob("*.jsonl"))
