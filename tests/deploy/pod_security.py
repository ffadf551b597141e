"""Kubernetes' Pod Security Standards, restricted: what a cluster that enforces them would say of a pod.

https://kubernetes.io/docs/concepts/security/pod-security-standards/, which names the fields and what they may hold. The
list of baseline is in it: restricted is that and more. Nothing here looks at Windows nodes.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

Tree = Mapping[str, Any]
"""A resource, or a part of one, as YAML has it."""

VOLUMES: Final = frozenset(
    {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}
)
SYSCTLS: Final = frozenset(
    {
        "kernel.shm_rmid_forced",
        "net.ipv4.ip_local_port_range",
        "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.ip_unprivileged_port_start",
        "net.ipv4.ping_group_range",
        "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_keepalive_intvl",
        "net.ipv4.tcp_keepalive_probes",
        "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_rmem",
        "net.ipv4.tcp_syncookies",
        "net.ipv4.tcp_wmem",
    }
)
SELINUX_TYPES: Final = frozenset({None, "", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"})
PROFILES: Final = frozenset({"RuntimeDefault", "Localhost"})
HOOKS: Final = ("startupProbe", "readinessProbe", "livenessProbe")


def containers(pod: Tree) -> Sequence[Tree]:
    """Return all containers of a pod's spec, those that begin it included."""
    return [each for kind in ("initContainers", "containers", "ephemeralContainers") for each in pod.get(kind, ())]


def violations(pod: Tree) -> list[str]:
    """Return what of the standard a pod's spec does not keep."""
    return [name for name, keeps in CONTROLS.items() if not keeps(pod)]


def _contexts(pod: Tree) -> Iterator[Tree]:
    """Yield the security contexts that are there, the pod's first."""
    yield pod.get("securityContext", {})
    for container in containers(pod):
        yield container.get("securityContext", {})


def _each(pod: Tree, *keys: str) -> list[Any]:
    """Return what each container's security context holds under `keys`; None where it holds nothing."""
    return [_at(container.get("securityContext", {}), *keys) for container in containers(pod)]


def _at(tree: Tree, *keys: str) -> Any:  # noqa: ANN401 - a part of YAML
    first, *others = keys
    found: Any = tree.get(first)
    return found if not others or found is None else _at(found, *others)


def _in_force(pod: Tree, *keys: str) -> list[Any]:
    """Return what holds for each container: what it says itself, else what the pod says."""
    whole = _at(pod.get("securityContext", {}), *keys)
    return [whole if own is None else own for own in _each(pod, *keys)]


def _host_named(container: Tree) -> bool:
    """Tell whether a probe or a hook asks another host than the pod."""
    asked = [container.get(hook, {}) for hook in HOOKS]
    asked += [container.get("lifecycle", {}).get(hook, {}) for hook in ("postStart", "preStop")]
    return any(each.get(how, {}).get("host") for each in asked for how in ("httpGet", "tcpSocket"))


CONTROLS: Final[Mapping[str, Callable[[Tree], bool]]] = {
    "host namespaces": lambda pod: not any(pod.get(key) for key in ("hostNetwork", "hostPID", "hostIPC")),
    "privileged containers": lambda pod: not any(_each(pod, "privileged")),
    "host ports": lambda pod: (
        not any(port.get("hostPort") for container in containers(pod) for port in container.get("ports", ()))
    ),
    "host probes and hooks": lambda pod: not any(_host_named(container) for container in containers(pod)),
    "AppArmor": lambda pod: (
        {_at(context, "appArmorProfile", "type") for context in _contexts(pod)} <= PROFILES | {None}
    ),
    "SELinux": lambda pod: all(
        _at(context, "seLinuxOptions", "type") in SELINUX_TYPES
        and not _at(context, "seLinuxOptions", "user")
        and not _at(context, "seLinuxOptions", "role")
        for context in _contexts(pod)
    ),
    "/proc mount type": lambda pod: set(_each(pod, "procMount")) <= {None, "Default"},
    "sysctls": lambda pod: {each["name"] for each in pod.get("securityContext", {}).get("sysctls", ())} <= SYSCTLS,
    "volume types": lambda pod: all(set(volume) - {"name"} <= VOLUMES for volume in pod.get("volumes", ())),
    "privilege escalation": lambda pod: all(told is False for told in _each(pod, "allowPrivilegeEscalation")),
    "running as non-root": lambda pod: all(told is True for told in _in_force(pod, "runAsNonRoot")),
    "running as non-root user": lambda pod: all(context.get("runAsUser") != 0 for context in _contexts(pod)),
    "seccomp": lambda pod: set(_in_force(pod, "seccompProfile", "type")) <= PROFILES,
    "capabilities": lambda pod: (
        all("ALL" in (told or ()) for told in _each(pod, "capabilities", "drop"))
        and all(set(told or ()) <= {"NET_BIND_SERVICE"} for told in _each(pod, "capabilities", "add"))
    ),
}
"""The controls of the page, by its names; those that restricted makes stricter stand here once, as it has them."""
