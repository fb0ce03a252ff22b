"""``hotline train``: makes a model from labelled rows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from config.files import ConfigFiles
from config.settings import load_settings
from hotline.errors import HotlineError
from nlp.labels import read_labels
from nlp.model import save_model


class TrainingToolsError(HotlineError):
    """scikit-learn is not installed."""


def train(
    gold: Annotated[list[Path], typer.Argument(help="labelled rows, JSON Lines")],
    out: Annotated[Path, typer.Option("--out", help="folder of the new model")],
    seed: Annotated[int, typer.Option(help="the same seed and rows give the same model")] = 20,
) -> None:
    """Train a model on labelled rows and store it; the running service keeps its own."""
    try:
        from nlp.training.fit import train as fit
    except ImportError as error:
        raise TrainingToolsError("Training needs scikit-learn: install the extra [train].") from error
    files = ConfigFiles(load_settings().config_dir)
    trained = fit(read_labels(gold), seed=seed, files=files, say=lambda text: typer.echo(text, err=True))
    save_model(trained.model, out)
    for name, value in trained.out_of_fold.items():
        typer.echo(f"out of fold {name}: {value:.4f}")
    typer.echo(f"{trained.model.name} stored in {out}")
