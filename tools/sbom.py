"""Writes the software bill of materials: ``make sbom``.

CycloneDX 1.6 JSON of every package that requirements.lock and package-lock.json pin, with the hashes of its files. The
same locks give the same bytes: no time, no random number, no address of a registry.

    .venv/bin/python tools/sbom.py [FILE]        default: dist/hotline.cdx.json
"""

from __future__ import annotations

import hashlib
import sys
import tomllib
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from locked import PYTHON_LOCK, ROOT, Pin, browser_pins, python_pins
from packageurl import PackageURL

TARGET = ROOT / "dist" / "hotline.cdx.json"
#: Of the serial number, which names the content: the same locks, the same number.
NAMESPACE = uuid.UUID("7d6d0e0c-54f0-4ad2-8f0a-6f6f3d1b5a4e")
_ALGORITHMS = {"sha256": HashAlgorithm.SHA_256, "sha384": HashAlgorithm.SHA_384, "sha512": HashAlgorithm.SHA_512}


def component(pin: Pin, kind: str) -> Component:
    """One package. A release has several files (one for each machine); the bill holds the hashes of all."""
    namespace, _, name = pin.name.rpartition("/")
    url = PackageURL(type=kind, namespace=namespace or None, name=name, version=pin.version)
    return Component(
        type=ComponentType.LIBRARY,
        name=name,
        group=namespace or None,
        version=pin.version,
        purl=url,
        bom_ref=url.to_string(),
        hashes=[HashType(alg=_ALGORITHMS[algorithm], content=digest) for algorithm, digest in pin.hashes],
        properties=[Property(name="hotline:environment", value=pin.marker)] if pin.marker else [],
    )


def _project() -> dict[str, Any]:
    table: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return table


def project_version() -> str:
    """The version that pyproject.toml names."""
    return str(_project()["version"])


def debian_component(name: str, version: str, sha256: str) -> Component:
    """A package of the interpreter in an offline archive."""
    url = PackageURL(type="deb", namespace="debian", name=name, version=version)
    hashes = [HashType(alg=HashAlgorithm.SHA_256, content=sha256)]
    return Component(
        type=ComponentType.LIBRARY, name=name, version=version, purl=url, bom_ref=url.to_string(), hashes=hashes
    )


def bill(debian: Sequence[tuple[str, str, str]] = (), *, extra: Sequence[Pin] = ()) -> str:
    """The whole document; ``debian`` (name, version, sha256) and ``extra`` are what an offline archive adds."""
    project = _project()
    parts = [component(pin, "pypi") for pin in (*python_pins(), *extra)]
    parts += [component(pin, "npm") for pin in browser_pins()]
    parts += [debian_component(*package) for package in debian]
    root = Component(
        type=ComponentType.APPLICATION,
        name=project["name"],
        version=project["version"],
        description=project["description"],
        bom_ref=f"pkg:generic/{project['name']}@{project['version']}",
    )
    digest = hashlib.sha256(
        "".join(sorted(part.bom_ref.value or "" for part in parts)).encode() + PYTHON_LOCK.read_bytes()
    )
    bom = Bom(
        components=parts,
        serial_number=uuid.uuid5(NAMESPACE, digest.hexdigest()),
        metadata=BomMetaData(component=root),
    )
    bom.metadata.timestamp = None  # type: ignore[assignment]
    bom.metadata.tools.components.clear()
    bom.metadata.tools.tools.clear()
    bom.register_dependency(root, parts)
    return JsonV1Dot6(bom).output_as_string(indent=2) + "\n"


def main() -> None:
    """Write the bill to the file named, else to dist/."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET
    target.parent.mkdir(parents=True, exist_ok=True)
    text = bill()
    target.write_text(text, encoding="utf-8")
    print(f"{target}: {text.count('bom-ref') - 1} packages")


if __name__ == "__main__":
    main()
