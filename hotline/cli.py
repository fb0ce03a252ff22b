"""The command line (CONTRACT.md): registers the commands and turns errors into one sentence."""

from __future__ import annotations

import logging
import signal
import sys

import typer

from config.errors import ConfigError
from hotline.commands import accounts, audit, backup, import_, keys, labels, model, person, rejects, service, statistics
from hotline.commands.evaluate import evaluate
from hotline.commands.import_store import open_import_store
from hotline.commands.train import train
from hotline.commands.triage import triage
from hotline.database import sentence_of
from hotline.errors import HotlineError
from hotline.web.logs import configure_logs
from nlp.errors import NlpError
from routing.errors import RoutingError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="12345、110、12348 三线研判分流服务",
)
bench = typer.Typer(no_args_is_help=True, help="Benchmarks that compare two things in one run.")

app.command("run")(service.run)
app.command("serve")(service.serve)
app.command("work")(service.work)
app.command("migrate")(service.migrate_schema)
app.command("create-key")(service.create_key)
app.command("backup")(backup.back_up)
app.command("backups")(backup.list_backups)
app.command("restore")(backup.bring_back)
app.command("drill")(backup.exercise)
app.command("archive")(backup.archive_log)
app.command("triage")(triage)
app.command("evaluate")(evaluate)
app.command("train")(train)
app.add_typer(accounts.users, name="user")
app.add_typer(accounts.tokens, name="token")
app.add_typer(keys.keys, name="keys")
app.add_typer(audit.audit, name="audit")
app.add_typer(rejects.rejects, name="rejects")
app.add_typer(person.person, name="person")
app.add_typer(person.retention, name="retention")
app.add_typer(person.hold, name="hold")
app.add_typer(statistics.statistics, name="statistics")
app.add_typer(model.models, name="model")
app.add_typer(labels.labels, name="labels")
app.add_typer(bench, name="bench")
import_.register(app, open_import_store)


@bench.command("triage")
def bench_triage() -> None:
    """Our reader against plain jieba with scikit-learn, interleaved in one run."""
    # scikit-learn is an extra that only this command and training need
    from hotline.commands.bench import bench_triage as run_bench

    run_bench()


def _terminated(number: int, frame: object) -> None:
    """SIGTERM ends a command the way an exception does, so that servers it started are stopped."""
    sys.exit(128 + number)


def main() -> None:
    """Run a command; an error that a person can mend is one sentence on stderr."""
    signal.signal(signal.SIGTERM, _terminated)
    # commands print their results on stdout; only what is wrong is told beside it
    configure_logs("command", logging.WARNING)
    try:
        app()
    except HotlineError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
    except (ConfigError, RoutingError, NlpError) as error:
        print(error, file=sys.stderr)
        sys.exit(1)
    except Exception as error:
        sentence = sentence_of(error)
        if sentence is None:
            raise
        print(sentence, file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
