"""A projected volume as the kubelet writes it: all that changes in it changes with one rename of `..data`.

https://kubernetes.io/docs/concepts/configuration/secret/#editing-a-secret says that it changes, and the source how:
https://pkg.go.dev/k8s.io/kubernetes/pkg/volume/util#AtomicWriter
"""

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.deploy.pod_security import Tree


def projected(sources: Sequence[Tree], resources: Sequence[Tree]) -> dict[str, bytes]:
    """Return the files of a projected volume, by path, from the ConfigMaps and Secrets among `resources`.

    Raises:
        KeyError: what a source names is not there, as which the pod would wait.
    """
    named = {(each["kind"], each["metadata"]["name"]): each for each in resources}
    files: dict[str, bytes] = {}
    for source in sources:
        ((kind, told),) = source.items()
        of = named["ConfigMap" if kind == "configMap" else "Secret", told["name"]]
        held = {name: text.encode() for name, text in of["data"].items()}
        if kind == "secret":
            held = {name: base64.b64decode(octets) for name, octets in held.items()}
        items = told.get("items") or [{"key": name, "path": name} for name in held]
        files |= {item["path"]: held[item["key"]] for item in items}
    return files


def write(folder: Path, files: Mapping[str, bytes], mode: int) -> None:
    """Write a volume, or what has become of it."""
    number = len(list(folder.glob("..2026*"))) if folder.exists() else 0
    version = folder / f"..2026_11_24_{number:02}"
    for path, octets in files.items():
        file = version / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(octets)
        file.chmod(mode)
    (folder / "..data_tmp").symlink_to(version.name)
    (folder / "..data_tmp").rename(folder / "..data")
    for name in {path.partition("/")[0] for path in files}:
        if not (folder / name).is_symlink():
            (folder / name).symlink_to(f"..data/{name}")
