"""``hotline evaluate``: measures the model on labelled rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from config.files import ConfigFiles
from config.settings import load_settings
from nlp import load_reader
from nlp.evaluation import evaluate as measure
from nlp.labels import read_labels
from nlp.report import html_report, text_report


def evaluate(
    gold: Annotated[list[Path], typer.Argument(help="labelled rows, JSON Lines")],
    json_file: Annotated[Path | None, typer.Option("--json", help="write the report as JSON")] = None,
    html_file: Annotated[Path | None, typer.Option("--html", help="write the report as a page")] = None,
    model: Annotated[Path | None, typer.Option(help="folder of the model; default: the shipped one")] = None,
    seed: Annotated[int, typer.Option(help="of the bootstrap intervals")] = 20,
) -> None:
    """Print how well the model reads labelled calls, each figure with its 95 % interval."""
    rows = read_labels(gold)
    reader = load_reader(model, ConfigFiles(load_settings().config_dir))
    report = measure(reader, rows, seed=seed)
    if json_file:
        json_file.write_text(json.dumps(report, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    if html_file:
        html_file.write_text(html_report(report), encoding="utf-8")
    typer.echo(text_report(report))
