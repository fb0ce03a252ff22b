"""``hotline evaluate``: measures the model on labelled rows, alone or against another."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from config.files import ConfigFiles
from config.settings import load_settings
from nlp.classification import Reader
from nlp.comparison import compare, text_of
from nlp.deep.reader import BothReaders, load_second_reader
from nlp.evaluation import evaluate as measure
from nlp.evaluation import share_interval
from nlp.labels import read_labels
from nlp.reader import load_reader
from nlp.report import html_report, text_report

#: Exit code where --against says that the candidate must not be promoted.
_REFUSED = 4


def readers_of(folder: Path | None, files: ConfigFiles, *, second: bool) -> Reader:
    """The model of ``folder``, with its second reader where it is wanted and there."""
    first = load_reader(folder, files)
    deeper = load_second_reader(first, folder) if second else None
    return BothReaders(deeper) if deeper else first


def evaluate(  # noqa: PLR0917 - typer reads the options from the signature
    gold: Annotated[list[Path], typer.Argument(help="labelled rows, JSON Lines")],
    json_file: Annotated[Path | None, typer.Option("--json", help="write the report as JSON")] = None,
    html_file: Annotated[Path | None, typer.Option("--html", help="write the report as a page")] = None,
    model: Annotated[Path | None, typer.Option(help="folder of the model; default: the shipped one")] = None,
    against: Annotated[
        Path | None,
        typer.Option(help="folder of the model in force: compare, and refuse promotion where danger or macro-F1 falls"),
    ] = None,
    second: Annotated[
        bool, typer.Option("--second/--first-only", help="ask the second reader where the first is unsure")
    ] = True,
    speed: Annotated[bool, typer.Option("--speed", help="measure the speed ratio too (half a minute)")] = False,
    seed: Annotated[int, typer.Option(help="of the bootstrap intervals")] = 20,
) -> None:
    """Print how well the model reads labelled calls, each figure with its 95 % interval."""
    rows = read_labels(gold)
    files = ConfigFiles(load_settings().config_dir)
    reader = readers_of(model, files, second=second)
    report = measure(reader, rows, seed=seed)
    if isinstance(reader, BothReaders):
        low, high = share_interval(reader.asked, reader.read_calls, seed)
        share = reader.asked / max(reader.read_calls, 1)
        report["second"] = {"asked": reader.asked, "rows": reader.read_calls, "share": share, "low": low, "high": high}
    if speed:
        from hotline.commands.bench import measured_speed

        report["speed"] = measured_speed(rows, model, files)
    comparison = compare(load_reader(against, files), load_reader(model, files), rows, seed=seed) if against else None
    if comparison:
        report["against"] = comparison.to_json()
    if json_file:
        json_file.write_text(json.dumps(report, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    if html_file:
        html_file.write_text(html_report(report), encoding="utf-8")
    typer.echo(text_report(report))
    if comparison:
        typer.echo("\n" + text_of(comparison))
        if comparison.refusals:
            raise typer.Exit(_REFUSED)
