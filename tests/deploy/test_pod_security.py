"""The rules themselves: a pod that keeps them, and for each a pod that does not."""

import copy
from typing import Any

import pytest

from tests.deploy.pod_security import CONTROLS, violations

GOOD: dict[str, Any] = {
    "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
    "containers": [
        {"name": "a", "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}}
    ],
    "volumes": [{"name": "config", "projected": {}}],
}


def changed(place: str, key: str, value: object) -> dict[str, Any]:
    """Return the pod with another value in the pod itself, its context, its container, or that one's context."""
    pod = copy.deepcopy(GOOD)
    (container,) = pod["containers"]
    contexts = {"pod": pod, "context": pod["securityContext"], "container": container}
    (contexts | {"own": container["securityContext"]})[place][key] = value
    return pod


def test_a_pod_that_keeps_them_all() -> None:
    assert violations(GOOD) == []


BAD = [
    ("host namespaces", "pod", "hostNetwork", True),
    ("privileged containers", "own", "privileged", True),
    ("host ports", "container", "ports", [{"hostPort": 443}]),
    ("host probes and hooks", "container", "livenessProbe", {"httpGet": {"host": "10.0.0.1"}}),
    ("host probes and hooks", "container", "lifecycle", {"preStop": {"tcpSocket": {"host": "10.0.0.1"}}}),
    ("AppArmor", "context", "appArmorProfile", {"type": "Unconfined"}),
    ("SELinux", "own", "seLinuxOptions", {"type": "spc_t"}),
    ("SELinux", "own", "seLinuxOptions", {"user": "system_u"}),
    ("SELinux", "context", "seLinuxOptions", {"role": "system_r"}),
    ("/proc mount type", "own", "procMount", "Unmasked"),
    ("sysctls", "context", "sysctls", [{"name": "net.core.somaxconn", "value": "1"}]),
    ("volume types", "pod", "volumes", [{"name": "a", "hostPath": {"path": "/"}}]),
    ("privilege escalation", "own", "allowPrivilegeEscalation", None),
    ("running as non-root", "context", "runAsNonRoot", None),
    ("running as non-root", "own", "runAsNonRoot", False),
    ("running as non-root user", "own", "runAsUser", 0),
    ("seccomp", "context", "seccompProfile", None),
    ("seccomp", "own", "seccompProfile", {"type": "Unconfined"}),
    ("capabilities", "own", "capabilities", {"drop": ["NET_RAW"]}),
    ("capabilities", "own", "capabilities", {"drop": ["ALL"], "add": ["SYS_ADMIN"]}),
]


@pytest.mark.parametrize(("control", "place", "key", "value"), BAD)
def test_a_pod_that_breaks_one(control: str, place: str, key: str, value: object) -> None:
    assert violations(changed(place, key, value)) == [control]


def test_a_container_that_begins_the_pod_is_looked_at_too() -> None:
    pod = {**GOOD, "initContainers": [{"name": "b"}]}
    assert violations(pod) == ["privilege escalation", "capabilities"]


def test_each_control_has_a_pod_that_breaks_it() -> None:
    assert {control for control, *_ in BAD} == set(CONTROLS)
