"""The command line (CONTRACT.md): registers the commands and turns errors into one sentence.

A command's module is imported when that command is called, and with it only what it uses: web, triage, migrations and
the readers of files together take longer to import than most commands take to run.
"""

from __future__ import annotations

import gc
import logging
import signal
import sys
from collections.abc import Callable

import typer

from config.errors import ConfigError
from hotline.database import sentence_of
from hotline.errors import HotlineError
from hotline.logs import configure_logs
from nlp.errors import NlpError
from routing.errors import RoutingError


def _run(app: typer.Typer) -> None:
    from hotline.commands.run import run

    app.command("run")(run)


def _serve(app: typer.Typer) -> None:
    from hotline.commands.serve import serve

    app.command("serve")(serve)


def _work(app: typer.Typer) -> None:
    from hotline.commands.work import work

    app.command("work")(work)


def _schema(app: typer.Typer) -> None:
    from hotline.commands import schema

    app.command("migrate")(schema.migrate_schema)
    app.command("create-key")(schema.create_key)


def _backup(app: typer.Typer) -> None:
    from hotline.commands import backup

    app.command("backup")(backup.back_up)
    app.command("backups")(backup.list_backups)
    app.command("restore")(backup.bring_back)
    app.command("drill")(backup.exercise)
    app.command("archive")(backup.archive_log)


def _triage(app: typer.Typer) -> None:
    from hotline.commands.triage import triage

    app.command("triage")(triage)


def _evaluate(app: typer.Typer) -> None:
    from hotline.commands.evaluate import evaluate

    app.command("evaluate")(evaluate)


def _train(app: typer.Typer) -> None:
    from hotline.commands.train import train

    app.command("train")(train)


def _accounts(app: typer.Typer) -> None:
    from hotline.commands import accounts

    app.add_typer(accounts.users, name="user")
    app.add_typer(accounts.tokens, name="token")


def _keys(app: typer.Typer) -> None:
    from hotline.commands.keys import keys

    app.add_typer(keys, name="keys")


def _audit(app: typer.Typer) -> None:
    from hotline.commands.audit import audit

    app.add_typer(audit, name="audit")


def _rejects(app: typer.Typer) -> None:
    from hotline.commands.rejects import rejects

    app.add_typer(rejects, name="rejects")


def _person(app: typer.Typer) -> None:
    from hotline.commands import person

    app.add_typer(person.person, name="person")
    app.add_typer(person.retention, name="retention")
    app.add_typer(person.hold, name="hold")


def _statistics(app: typer.Typer) -> None:
    from hotline.commands.statistics import statistics

    app.add_typer(statistics, name="statistics")


def _models(app: typer.Typer) -> None:
    from hotline.commands.model import models

    app.add_typer(models, name="model")


def _labels(app: typer.Typer) -> None:
    from hotline.commands.labels import labels

    app.add_typer(labels, name="labels")


def _bench(app: typer.Typer) -> None:
    bench = typer.Typer(no_args_is_help=True, help="Benchmarks that compare two things in one run.")
    app.add_typer(bench, name="bench")

    # the only one of a group would be taken for the group itself
    @bench.callback()
    def _group() -> None:
        pass

    @bench.command("triage")
    def bench_triage() -> None:
        """Our reader against plain jieba with scikit-learn, interleaved in one run."""
        # scikit-learn is an extra that only this command and training need
        from hotline.commands.bench import bench_triage as run_bench

        run_bench()


def _import(app: typer.Typer) -> None:
    from hotline.commands import import_
    from hotline.commands.import_store import open_import_store

    import_.register(app, open_import_store)


#: What registers the command of each first word; the order is that of ``hotline --help``.
REGISTER: dict[str, Callable[[typer.Typer], None]] = {
    "run": _run,
    "serve": _serve,
    "work": _work,
    **dict.fromkeys(("migrate", "create-key"), _schema),
    **dict.fromkeys(("backup", "backups", "restore", "drill", "archive"), _backup),
    "triage": _triage,
    "evaluate": _evaluate,
    "train": _train,
    **dict.fromkeys(("user", "token"), _accounts),
    "keys": _keys,
    "audit": _audit,
    "rejects": _rejects,
    **dict.fromkeys(("person", "retention", "hold"), _person),
    "statistics": _statistics,
    "model": _models,
    "labels": _labels,
    "bench": _bench,
    "import": _import,
}


def command_line(word: str | None = None) -> typer.Typer:
    """The command line with the command whose first word is ``word``; with all of them where there is none such."""
    app = typer.Typer(
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        help="12345、110、12348 三线研判分流服务",
    )

    # a single command would be taken for the program itself
    @app.callback()
    def _program() -> None:
        pass

    named = REGISTER.get(word or "")
    for register in (named,) if named else dict.fromkeys(REGISTER.values()):
        register(app)
    return app


def loaded(word: str | None) -> typer.Typer:
    """The command line of ``word`` without garbage being looked for meanwhile.

    What is imported is there for good: looking through it again and again while it grows took a sixth of the start, and
    each full collection later would go through all of it once more.
    """
    gc.disable()
    try:
        return command_line(word)
    finally:
        gc.freeze()
        gc.enable()


def _terminated(number: int, frame: object) -> None:
    """SIGTERM ends a command the way an exception does, so that servers it started are stopped."""
    sys.exit(128 + number)


def main() -> None:
    """Run a command; an error that a person can mend is one sentence on stderr."""
    signal.signal(signal.SIGTERM, _terminated)
    # commands print their results on stdout; only what is wrong is told beside it
    configure_logs("command", logging.WARNING)
    try:
        loaded(sys.argv[1] if len(sys.argv) > 1 else None)()
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
