"""Write the software bill of materials, as CycloneDX 1.6 in JSON: `python deploy/sbom.py requirements/run.txt`.

The lock says what the gateway is made of, in which versions, why, and by which hashes. The licences are what the
packages say that are installed beside the running Python. The same lock gives the same octets: no time, no chance. It
needs nothing but the standard library, so that an image and a package can be built with what the lock has.

Tools that write such a file from a lock give each package the address of an index. Here it is the package's own name:
where it is fetched from is the affair of who installs, and its hash decides.
"""

import json
import re
import sys
import uuid
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Final

SPEC_VERSION: Final = "1.6"

LONGEST_NAME_OF_A_LICENCE: Final = 60
"""In characters. In older metadata the field may hold the whole text."""

Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class Package:
    """One package of the lock."""

    name: str
    version: str
    marker: str
    """On which systems it is installed, or empty for all."""
    sha256: tuple[str, ...]
    """Of each of its files: one for each system and Python, and its source."""
    required_by: tuple[str, ...]

    @property
    def purl(self) -> str:
        """Return its name among all the packages of the world."""
        return f"pkg:pypi/{self.name}@{self.version}"


def packages_of(lock: str) -> list[Package]:
    """Return the packages of a lock as `uv pip compile` writes it.

    Raises:
        ValueError: it has a line that is none of a package's.
    """
    packages: list[Package] = []
    for entry in re.split(r"^(?=[a-z0-9])", lock, flags=re.MULTILINE)[1:]:
        head, *lines = entry.replace("\\\n", "\n").splitlines()
        found = re.fullmatch(r"([a-z0-9.-]+)==(\S+)(?: ; (.+?))?\s*", head)
        if found is None:
            raise ValueError(f"no package of a lock: {head}")
        comments = " ".join(line.partition("#")[2] for line in lines).replace(" via ", " ")
        packages.append(
            Package(
                name=found[1],
                version=found[2],
                marker=found[3] or "",
                sha256=tuple(re.findall(r"--hash=sha256:([0-9a-f]{64})", entry)),
                required_by=tuple(word for word in comments.split() if re.fullmatch(r"[a-z0-9-]+", word)),
            )
        )
    return packages


def licences_of(name: str, version: str) -> list[Json]:
    """Return what an installed package says of its licence: an SPDX expression, or the name it has for it."""
    try:
        told = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return []
    if told["Version"] != version:
        return []
    if expressions := told.get_all("License-Expression", []):
        return [{"expression": each} for each in expressions]
    classifiers = [each for each in told.get_all("Classifier", []) if each.startswith("License ::")]
    names = [each.rpartition(" :: ")[2] for each in classifiers] or told.get_all("License", [])
    return [{"license": {"name": each}} for each in names if len(each) <= LONGEST_NAME_OF_A_LICENCE]


def component_of(package: Package) -> Json:
    """Return a package as CycloneDX has it."""
    hashes = [{"alg": "SHA-256", "content": each} for each in package.sha256]
    component: Json = {
        "type": "library",
        "bom-ref": package.purl,
        "name": package.name,
        "version": package.version,
        "purl": package.purl,
        "scope": "optional" if package.marker else "required",
        "externalReferences": [
            {
                "type": "distribution",
                "url": package.purl,
                "comment": "its files, one for each system and Python; one of these hashes holds for what is installed",
                "hashes": hashes,
            }
        ],
    }
    if licences := licences_of(package.name, package.version):
        component["licenses"] = licences
    if package.marker:
        component["properties"] = [{"name": "cors-gateway:installed-where", "value": package.marker}]
    return component


def bill_of(lock: str, version: str) -> Json:
    """Return the whole: the gateway, what it is made of, and which of it needs which."""
    packages = packages_of(lock)
    gateway = f"pkg:generic/cors-gateway@{version}"
    needs: dict[str, list[str]] = {ref: [] for ref in (gateway, *(each.purl for each in packages))}
    purls = {"cors-gateway": gateway} | {each.name: each.purl for each in packages}
    for package in packages:
        for parent in package.required_by:
            needs[purls[parent]].append(package.purl)
    bill: Json = {
        "bomFormat": "CycloneDX",
        "specVersion": SPEC_VERSION,
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": gateway,
                "name": "cors-gateway",
                "version": version,
                "purl": gateway,
                "licenses": [{"expression": "Apache-2.0"}],
            }
        },
        "components": [component_of(each) for each in packages],
        "dependencies": [{"ref": ref, "dependsOn": sorted(them)} for ref, them in sorted(needs.items())],
    }
    # Of its content: two bills that say the same have the same number.
    bill["serialNumber"] = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(bill, sort_keys=True)).urn
    return bill


def main() -> None:
    """Write the bill of a lock to standard output."""
    (lock,) = sys.argv[1:]
    bill = bill_of(Path(lock).read_text("utf-8"), metadata.version("cors-gateway"))
    sys.stdout.write(json.dumps(bill, indent=2, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
