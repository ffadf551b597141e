"""deploy/docker/compose.yaml, read against what goes with it: no Docker engine runs here that could carry it out."""

import re
from pathlib import PurePosixPath
from typing import Any, Final

import yaml

from gateway.config.load import load
from tests.deploy.dockerfile import stages_of
from tests.deploy.image import CONFIGURATION, DOCKER, DOCKERFILE
from tests.docs.markdown import ROOT

COMPOSE: Final[dict[str, Any]] = yaml.safe_load((DOCKER / "compose.yaml").read_text("utf-8"))
GATEWAY: Final[dict[str, Any]] = COMPOSE["services"]["gateway"]
YAML: Final = DOCKER / "config" / "gateway.yaml"


def test_the_crm_is_reached_through_the_gateway_alone() -> None:
    crm = COMPOSE["services"]["crm"]
    assert "ports" not in crm
    assert [COMPOSE["networks"][name].get("internal") for name in crm["networks"]] == [True]
    assert set(GATEWAY["networks"]) == set(COMPOSE["networks"])
    assert re.findall(r"upstream: http://(.*):80 ", YAML.read_text("utf-8")) == ["crm"]


def test_the_gateway_has_no_rights_and_nothing_to_write_to() -> None:
    assert GATEWAY["read_only"] is True
    assert GATEWAY["cap_drop"] == ["ALL"]
    assert GATEWAY["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "cap_add", "tmpfs", "user", "network_mode"} & GATEWAY.keys()
    assert [volume.split(":")[1:] for volume in GATEWAY["volumes"]] == [[CONFIGURATION, "ro"]]
    assert DOCKER / GATEWAY["volumes"][0].partition(":")[0] == YAML.parent


def test_ports_paths_and_times_fit_one_another() -> None:
    listened = set(re.findall(r"address: 0\.0\.0\.0:([0-9]+)", YAML.read_text("utf-8")))
    assert {port.partition(":")[2] for port in GATEWAY["ports"]} == listened
    _, stages = stages_of(DOCKERFILE.read_text("utf-8"))
    assert set(stages[-1].one("EXPOSE").words) == listened
    assert (DOCKER / GATEWAY["build"]["context"]).resolve() == ROOT
    assert ROOT / PurePosixPath(GATEWAY["build"]["dockerfile"]) == DOCKERFILE
    drain_seconds = load([YAML], {}, files=False).config.drain_seconds
    assert int(GATEWAY["stop_grace_period"].removesuffix("s")) > drain_seconds
