"""``hotline run``."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from config.settings import load_settings
from hotline.embedded.servers import ServerUrls
from hotline.logs import configure_logs
from hotline.sealing.opening import check_key_file, prepare_vault
from hotline.supervise.children import ChildSpec
from hotline.supervise.supervisor import supervise
from hotline.web.listening import check_exposure

if TYPE_CHECKING:
    from hotline.demo.fill import DemoLogin


def run(
    demo: Annotated[bool, typer.Option("--demo/--no-demo", help="demo users and calls on a new database")] = True,
) -> None:
    """Run everything: servers, migrations, web and workers; SIGTERM stops all of it."""
    configure_logs("run")
    settings = load_settings()
    check_exposure(settings)
    check_key_file(settings)
    logins: list[DemoLogin] = []

    async def prepare(urls: ServerUrls) -> None:
        vault = await prepare_vault(settings, urls)
        if demo:
            # brings reader and triage along, which nobody else in this process needs
            from hotline.demo.fill import fill_demo

            logins.extend(await fill_demo(settings, urls, vault))

    def on_ready(address: str) -> None:
        console = Console()
        console.print(f"\n[bold]Hotline is ready:[/bold] {address}", highlight=False)
        if logins:
            console.print("Demo log-ins (name / password / role):", highlight=False)
            for login in logins:
                console.print(f"  {login.name:<12} {login.password:<20} {login.label}", highlight=False)
        elif demo:
            console.print("Log-ins: those made before; new ones with: hotline user add NAME --role ROLE")
        else:
            console.print("First log-in: hotline user add NAME --role security (accounts),")
            console.print("              then hotline user add NAME --role admin (system)")
        console.print("Stop with Ctrl-C.\n")

    children = [ChildSpec("web", ("serve",), serves=True)]
    first = settings.operation.worker_metrics_port
    for n in range(settings.workers):
        ports = {"HOTLINE_WORKER_METRICS_PORT": str(first + n)} if first else {}
        children.append(ChildSpec(f"worker-{n + 1}", ("work",), environment=ports))
    if settings.database_url is None:
        children.append(ChildSpec("archiver", (), module="hotline.backup.archiver"))
    raise typer.Exit(asyncio.run(supervise(settings, children, prepare=prepare, on_ready=on_ready)))
