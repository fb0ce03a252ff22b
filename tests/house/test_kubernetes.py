"""The manifests in deploy/kubernetes fit the code: its commands, settings and routes, and the image's user."""

from __future__ import annotations

import os
import re
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiohttp import web

from config.settings import load_settings
from hotline.cli import command_line
from hotline.web.listening import check_exposure
from hotline.web.routes import add_api

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = ROOT / "deploy" / "kubernetes"
#: Made by hand, as the head of kustomization.yaml says.
SECRETS = {"hotline-key": {"secret.key"}, "hotline-database": {"url", "owner-url"}, "hotline-tls": set()}


def manifests() -> list[dict[str, Any]]:
    """Every document that kustomization.yaml names."""
    listed = yaml.safe_load((FOLDER / "kustomization.yaml").read_text(encoding="utf-8"))["resources"]
    assert {path.name for path in FOLDER.glob("*.yaml")} == {"kustomization.yaml", *listed}
    return [one for name in listed for one in yaml.safe_load_all((FOLDER / name).read_text(encoding="utf-8"))]


def named(kind: str) -> dict[str, dict[str, Any]]:
    """Documents of a kind by name."""
    return {one["metadata"]["name"]: one for one in manifests() if one["kind"] == kind}


def pods() -> list[tuple[str, dict[str, Any]]]:
    """Every pod template with its owner's name."""
    owners = [*named("Deployment").items(), *named("Job").items()]
    return [(name, one["spec"]["template"]) for name, one in owners]


def containers() -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """(owner, pod specification, container), those that only prepare included."""
    for name, template in pods():
        spec = template["spec"]
        for container in (*spec["initContainers"], *spec["containers"]):
            yield name, spec, container


def test_commands_are_those_of_the_command_line() -> None:
    known = {command.name for command in command_line().registered_commands}
    said = {name: spec["spec"]["containers"][0]["args"] for name, spec in pods()}
    assert {name: args[0] for name, args in said.items()} == {
        "hotline-web": "serve",
        "hotline-worker": "work",
        "hotline-migrate": "migrate",
    }
    assert all(len(args) == 1 and args[0] in known for args in said.values())


def test_every_setting_is_one_the_code_reads_and_its_value_is_accepted() -> None:
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "config").glob("*.py")]
    read = set(re.findall(r'"(HOTLINE_[A-Z_]+)"', "".join(sources)))
    values = named("ConfigMap")["hotline"]["data"]
    variables = {one["name"] for _, _, container in containers() for one in container.get("env", [])}
    assert {*values, *variables} <= read
    settings = load_settings(values | dict.fromkeys(variables, "postgresql://hotline@db/hotline"))
    check_exposure(settings)
    assert settings.secret_key_required


def test_what_is_referred_to_is_there() -> None:
    for owner, spec, container in containers():
        for source in container.get("envFrom", []):
            assert source["configMapRef"]["name"] in named("ConfigMap"), owner
        for variable in container.get("env", []):
            wanted = variable["valueFrom"]["secretKeyRef"]
            assert wanted["key"] in SECRETS[wanted["name"]], owner
        volumes = {volume["name"]: volume for volume in spec["volumes"]}
        for mount in container["volumeMounts"]:
            assert mount["name"] in volumes, owner
        assert volumes["key"]["secret"]["secretName"] in SECRETS
        assert spec["serviceAccountName"] in named("ServiceAccount")
    head = (FOLDER / "kustomization.yaml").read_text(encoding="utf-8")
    assert all(
        f"kubectl create secret {kind} {name}" in head
        for name, kind in zip(SECRETS, ("generic", "generic", "tls"), strict=True)
    )


def test_probes_ask_routes_that_exist_on_the_port_that_is_open() -> None:
    routes = web.Application()
    add_api(routes)
    open_paths = {route.resource.canonical for route in routes.router.routes() if route.resource}
    (container,) = named("Deployment")["hotline-web"]["spec"]["template"]["spec"]["containers"]
    (port,) = container["ports"]
    assert str(port["containerPort"]) == named("ConfigMap")["hotline"]["data"]["HOTLINE_PORT"]
    asked = {probe: container[probe]["httpGet"] for probe in ("startupProbe", "livenessProbe", "readinessProbe")}
    assert {probe: get["path"] for probe, get in asked.items()} == {
        "startupProbe": "/healthz",
        "livenessProbe": "/healthz",
        "readinessProbe": "/readyz",
    }
    assert {get["path"] for get in asked.values()} <= open_paths
    assert {get["port"] for get in asked.values()} == {port["name"]}
    (service,) = named("Service").values()
    assert service["spec"]["ports"][0]["targetPort"] == port["name"]
    backend = named("Ingress")["hotline"]["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"]
    assert backend == {"name": service["metadata"]["name"], "port": {"name": service["spec"]["ports"][0]["name"]}}


def test_selectors_meet_their_pods() -> None:
    labels = {name: template["metadata"]["labels"] for name, template in pods()}
    for name, deployment in named("Deployment").items():
        assert deployment["spec"]["replicas"] > 1
        wanted = deployment["spec"]["selector"]["matchLabels"]
        assert wanted.items() <= labels[name].items()
        assert named("PodDisruptionBudget")[name]["spec"]["selector"]["matchLabels"] == wanted
    (service,) = named("Service").values()
    assert [name for name, own in labels.items() if service["spec"]["selector"].items() <= own.items()] == [
        "hotline-web"
    ]
    policies = named("NetworkPolicy")
    everybody = policies["hotline"]["spec"]
    assert all(everybody["podSelector"]["matchLabels"].items() <= own.items() for own in labels.values())
    assert "ingress" not in everybody, "nobody reaches workers"
    assert policies["hotline-web"]["spec"]["podSelector"]["matchLabels"] == labels["hotline-web"]


def test_containers_may_do_little_and_say_what_they_need() -> None:
    user = re.search(r"^USER (\d+)$", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    assert user is not None
    for owner, spec, container in containers():
        pod, own = spec["securityContext"], container["securityContext"]
        assert (pod["runAsNonRoot"], pod["runAsUser"], pod["fsGroup"]) == (True, int(user[1]), int(user[1])), owner
        assert pod["seccompProfile"] == {"type": "RuntimeDefault"}
        assert own["readOnlyRootFilesystem"] is True, owner
        assert own["allowPrivilegeEscalation"] is False, owner
        assert own["capabilities"] == {"drop": ["ALL"]}, owner
        assert set(container["resources"]["requests"]) == {"cpu", "memory"}, owner
        assert "memory" in container["resources"]["limits"], owner


@pytest.mark.parametrize("owner", [name for name, _ in pods()])
def test_the_key_reaches_the_service_as_its_own_file(owner: str, tmp_path: Path) -> None:
    """What the first container runs, in a scratch folder: a Secret of the group becomes a file of 0600."""
    spec = dict(pods())[owner]["spec"]
    (first,) = spec["initContainers"]
    source, target = tmp_path / "mounted", tmp_path / "run"
    source.mkdir()
    target.mkdir()
    (source / "secret.key").write_text("a" * 64, encoding="ascii")
    os.chmod(source / "secret.key", 0o440)
    *shell, script = first["command"]
    mounts = {mount["name"]: mount["mountPath"] for mount in first["volumeMounts"]}
    script = script.replace(mounts["key"], str(source)).replace(mounts["run"], str(target))
    subprocess.run([*shell, script], check=True)
    made = target / "secret.key"
    assert made.read_text(encoding="ascii") == "a" * 64
    assert not stat.S_IMODE(made.stat().st_mode) & 0o077
    key_file = named("ConfigMap")["hotline"]["data"]["HOTLINE_SECRET_KEY_FILE"]
    (container,) = spec["containers"]
    assert Path(key_file).parent == Path(next(m["mountPath"] for m in container["volumeMounts"] if m["name"] == "run"))
