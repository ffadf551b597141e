"""The roots, and what is built in them: once for all tests, which for that run in one worker."""

import re
from collections.abc import Generator

import pytest

from tests.deploy import roots
from tests.deploy.dockerfile import Build, Context, stages_of
from tests.deploy.image import DOCKER, DOCKERFILE, Image
from tests.deploy.roots import OFFLINE, Disk, Root, skip_unless_possible
from tests.docs.markdown import ROOT
from tests.sources import copy_sources


@pytest.fixture(scope="session")
def debian(tmp_path_factory: pytest.TempPathFactory) -> Generator[Root]:
    """Return the smallest Debian."""
    skip_unless_possible()
    disk = Disk(tmp_path_factory.mktemp("roots"))
    yield roots.debian(disk, "ca-certificates")
    disk.close()


@pytest.fixture(scope="session")
def python(debian: Root) -> Root:
    """Return one with Python and the locked packages at hand, which stands for the image that FROM names."""
    return roots.with_python(debian, ROOT / "requirements")


@pytest.fixture(scope="session")
def image(python: Root) -> Image:
    """Return what the Dockerfile's own steps make."""
    _, stages = stages_of(DOCKERFILE.read_text("utf-8"))
    context = Context(ROOT, (DOCKER / "Dockerfile.dockerignore").read_text("utf-8"))
    *before, last = stages
    made: dict[str, Root] = {}
    for stage in before:
        made[stage.name] = python.copy(f"image-{stage.name}")
        Build(made[stage.name], context, made, extra=OFFLINE).all(stage.steps)
    building = Build(python.copy("image"), context, made)
    building.all(last.steps)
    for root in made.values():
        root.remove()
    return Image(building.root, last, building.environment, building.user)


@pytest.fixture(scope="session")
def package(python: Root) -> Root:
    """Return a root that has the package in /built, as `make deb` makes it."""
    root = python.copy("builder")
    script = (ROOT / "deploy" / "debian" / "build").read_text("utf-8")
    # What the script itself says to install where something is missing.
    (said,) = re.findall(r"sudo apt install (.*)\"", script)
    roots.install(root, *said.split())
    copy_sources(root.file("/source"))
    root.run("deploy/debian/build", "/built", folder="/source", environment=OFFLINE)
    return root
