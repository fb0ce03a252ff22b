"""The Dockerfile's very commands in a scratch folder, and the compose file's promises.

No container is started: each stage becomes a folder, COPY copies between them, and RUN runs there. Left out is only
what changes the machine (the user, and where the state folder belongs to it).
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.house.conftest import lend

CHANGES_THE_MACHINE = re.compile(r"^\s*(useradd|chmod 0700 /var/lib|apt-get)")


@dataclass
class Stage:
    """One FROM with what follows it, in order."""

    name: str
    base: str
    steps: list[tuple[str, str]] = field(default_factory=list)


def parse(dockerfile: str) -> list[Stage]:
    """The stages of a Dockerfile, continuation lines joined and comments left out."""
    joined = re.sub(r"\\\n\s*", " ", re.sub(r"(?m)^\s*#.*\n", "", dockerfile))
    stages: list[Stage] = []
    for line in filter(str.strip, joined.splitlines()):
        word, _, rest = line.strip().partition(" ")
        if word == "FROM":
            base, _, name = rest.partition(" AS ")
            stages.append(Stage(name or "image", base))
        else:
            stages[-1].steps.append((word, rest))
    return stages


@pytest.fixture(scope="module")
def stages(root: Path) -> list[Stage]:
    """The project's Dockerfile."""
    return parse((root / "Dockerfile").read_text(encoding="utf-8"))


def step(stage: Stage, word: str) -> str:
    """The last instruction of a kind, which is the one in force."""
    return [rest for kind, rest in stage.steps if kind == word][-1]


def test_every_copied_file_is_committed_and_reaches_the_builder(
    stages: list[Stage], project_files: list[Path], root: Path
) -> None:
    sources = {
        source
        for stage in stages
        for word, rest in stage.steps
        if word == "COPY" and not rest.startswith("--from")
        for source in shlex.split(rest)[:-1]
    }
    committed = {str(path.relative_to(root)) for path in project_files}
    committed |= {path.split("/")[0] for path in committed}
    let_through = set(re.findall(r"(?m)^!(\S+)", (root / ".dockerignore").read_text(encoding="utf-8")))
    assert sources - committed == set()
    assert sources == let_through


def test_the_image_runs_without_root_and_checks_its_health(stages: list[Stage]) -> None:
    final = stages[-1]
    assert step(final, "USER") == "10001"
    assert "/healthz" in step(final, "HEALTHCHECK")
    assert json.loads(step(final, "ENTRYPOINT")) == ["hotline"]
    assert json.loads(step(final, "CMD")) == ["serve"]
    # What was needed for building stays behind: only the finished environment comes over.
    assert [rest for word, rest in final.steps if word == "COPY"] == ["--from=wheel /opt/hotline /opt/hotline"]


def copy(rest: str, here: Path, folders: dict[str, Path], context: Path) -> None:
    """Carries out one COPY; ``here`` is the stage's root."""
    words = shlex.split(rest)
    origin = context
    if words[0].startswith("--from="):
        origin = folders[words.pop(0).removeprefix("--from=")]
    *sources, target = words
    goal = here / target.lstrip("/") if target.startswith("/") else here / "build" / target
    for source in sources:
        found = origin / source.lstrip("/")
        if found.is_dir():
            ignore = shutil.ignore_patterns("__pycache__", "vendor", "built") if origin is context else None
            shutil.copytree(found, goal, symlinks=True, dirs_exist_ok=True, ignore=ignore)
        else:
            file = goal / found.name if target.endswith("/") else goal
            file.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(found, file)


def test_the_build_commands_work(
    stages: list[Stage],
    root: Path,
    tmp_path: Path,
    dependencies_folder: Path,
    outside: dict[str, str],
) -> None:
    folders = {stage.name: tmp_path / stage.name for stage in stages}
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "python").symlink_to(sys.executable)
    env = {**outside, "PATH": f"{tools}:{os.environ['PATH']}"}
    for stage in stages:
        here = folders[stage.name]
        (here / "build").mkdir(parents=True)
        for word, rest in stage.steps:
            if word == "COPY":
                copy(rest, here, folders, root)
            elif word == "RUN" and not CHANGES_THE_MACHINE.match(rest):
                for command in rest.split(" && "):
                    run(command.strip(), here, root, env, dependencies_folder)
    environment = folders["image"] / "opt" / "hotline"
    # The environment was made at another path than it has here, so its own Python is asked and not its scripts.
    code = "import hotline, pathlib; here = pathlib.Path(hotline.__file__).parent; "
    code += "static = here / 'console/static'; "
    code += "print(all((static / name).is_file() for name in ('vendor/htmx.min.js', 'built/index.json')))"
    python = [str(environment / "bin" / "python"), "-c", code]
    done = subprocess.run(python, cwd=tmp_path, env=outside, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True"


def run(command: str, here: Path, root: Path, env: dict[str, str], dependencies: Path) -> None:
    """Runs one command of a RUN as it stands, with the stage's folders in place of the image's."""
    if command.startswith("npm ") and shutil.which("npm") is None:
        # A machine without Node: make setup has fetched the same files by the same lock.
        shutil.copytree(root / "node_modules", here / "build" / "node_modules", symlinks=True)
        return
    translated = command.replace("/opt/hotline", str(here / "opt" / "hotline"))
    done = subprocess.run(
        ["sh", "-ec", translated], cwd=here / "build", env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-1500:]}\n{done.stderr[-1500:]}"
    if " -m venv " in command:
        # The pinned dependencies are those of the environment that runs this test; pip finds them there by hash-pinned
        # version and need not fetch them once more.
        lend(dependencies, here / "opt" / "hotline")


@pytest.fixture(scope="module")
def compose(root: Path) -> dict[str, Any]:
    """The compose file."""
    loaded: dict[str, Any] = yaml.safe_load((root / "compose.yaml").read_text(encoding="utf-8"))
    return loaded


def test_compose_starts_web_workers_database_and_signals(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert {"web", "worker", "migrate", "postgres", "valkey"} <= set(services)
    assert services["postgres"]["image"].startswith("postgres:17")
    assert services["valkey"]["image"].startswith("valkey/valkey:8")
    assert [services[name]["command"] for name in ("web", "worker", "migrate")] == [["serve"], ["work"], ["migrate"]]


def test_compose_waits_for_healthy_servers_and_for_the_migrations(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert [name for name in ("postgres", "valkey") if "test" not in services[name]["healthcheck"]] == []
    for name in ("web", "worker"):
        conditions = {other: one["condition"] for other, one in services[name]["depends_on"].items()}
        assert conditions == {
            "postgres": "service_healthy",
            "valkey": "service_healthy",
            "migrate": "service_completed_successfully",
        }


def test_compose_publishes_to_this_machine_only(compose: dict[str, Any]) -> None:
    published = [port for service in compose["services"].values() for port in service.get("ports", [])]
    assert published == ["127.0.0.1:8080:8080"]


def test_compose_keeps_the_passwords_out_of_the_environment(compose: dict[str, Any], root: Path) -> None:
    environments = json.dumps([service.get("environment", {}) for service in compose["services"].values()])
    assert "postgresql://" not in environments
    superuser = compose["services"]["postgres"]["environment"]["POSTGRES_PASSWORD_FILE"]
    assert superuser == "/run/secrets/database-superuser-password"
    for secret in compose["secrets"].values():
        asked = ["git", "check-ignore", "--quiet", secret["file"]]
        assert subprocess.run(asked, cwd=root, check=False).returncode == 0


def test_compose_gives_each_password_to_who_needs_it(compose: dict[str, Any], root: Path) -> None:
    given = {name: set(service.get("secrets", [])) for name, service in compose["services"].items()}
    service, owner, superuser = (f"database-{role}password" for role in ("", "owner-", "superuser-"))
    assert given["web"] == given["worker"] == {service}
    assert given["migrate"] == {service, owner}
    assert given["postgres"] == {service, owner, superuser} == set(compose["secrets"])
    mounted = [volume.split(":") for volume in compose["services"]["postgres"]["volumes"]]
    scripts = [source for source, target, *_ in mounted if target.startswith("/docker-entrypoint-initdb.d/")]
    assert scripts == ["./deploy/postgres/roles.sql"]
    assert set(re.findall(r"/run/secrets/([\w-]+)", (root / scripts[0]).read_text(encoding="utf-8"))) == {
        service,
        owner,
    }


def test_the_entrypoint_builds_the_address_from_the_secret(compose: dict[str, Any], tmp_path: Path) -> None:
    shell, flags, script, name = compose["services"]["web"]["entrypoint"]
    (tmp_path / "database-password").write_text("0123abcd", encoding="utf-8")
    echo = '#!/bin/sh\necho "$HOTLINE_DATABASE_URL" "${HOTLINE_OWNER_DATABASE_URL-none}" "$@"\n'
    (tmp_path / "hotline").write_text(echo, encoding="utf-8")
    (tmp_path / "hotline").chmod(0o755)
    # Compose writes a dollar sign as two.
    here = script.replace("$$", "$").replace("/run/secrets/", f"{tmp_path}/")
    env = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    command = [shell, flags, here, name, "serve", "--now"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    service = "postgresql://hotline:0123abcd@postgres:5432/hotline"
    assert done.stdout.strip() == f"{service} none serve --now"
    (tmp_path / "database-owner-password").write_text("4567cdef", encoding="utf-8")
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"{service} postgresql://hotline_owner:4567cdef@postgres:5432/hotline serve --now"


def test_the_key_is_made_once(
    compose: dict[str, Any], installed: Path, outside: dict[str, str], tmp_path: Path
) -> None:
    service = compose["services"]["key"]
    key = tmp_path / "secret.key"
    command = [str(installed / "bin" / service["entrypoint"][0]), *service["command"]]
    made = []
    for _ in range(2):
        subprocess.run(command, cwd=tmp_path, env={**outside, "HOTLINE_SECRET_KEY_FILE": str(key)}, check=True)
        made.append(key.read_text(encoding="utf-8"))
    first, second = made
    assert first == second
    assert key.stat().st_mode & 0o777 == 0o600


def test_compose_says_commands_that_exist(compose: dict[str, Any], installed: Path, outside: dict[str, str]) -> None:
    for name in ("web", "worker", "migrate", "key"):
        command = [str(installed / "bin" / "hotline"), *compose["services"][name]["command"], "--help"]
        done = subprocess.run(command, env=outside, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{name}: {done.stderr}"
