"""What `kubectl kustomize` makes of deploy/kubernetes: valid, whole, restricted, and a configuration that serves.

No cluster is asked. kubernetes-validate has the cluster's own schemas; what refers to what is looked at here, and the
gateway runs from the volume that a kubelet would write.
"""

import base64
import os
import re
import ssl
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from http import HTTPStatus
from http.client import HTTPSConnection
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import trustme
import yaml

from gateway import __version__
from gateway.cli.running import DEFAULT_CONFIG
from gateway.config.load import Loaded, load
from tests.deploy.pod_security import Tree, containers, violations
from tests.deploy.programs import program
from tests.deploy.volumes import projected, write
from tests.docs.markdown import ROOT, block
from tests.places import CRM
from tests.real.processes import LOOPBACK, Ports, accepts, running, until

KUBERNETES = ROOT / "deploy" / "kubernetes"
PAGE = KUBERNETES / "README.md"
BASE = "../cors-gateway/deploy/kubernetes/base"
BUILDS = ("base", "sidecar")
OLDEST, NEWEST = "1.30", "1.37"
"""Versions of Kubernetes: what deploy/kubernetes/README.md asks for, and the newest that the tests know."""
USER = 10001


@cache
def built(name: str) -> tuple[Tree, ...]:
    """Return the resources of a build."""
    return kustomized(KUBERNETES / name)


def kustomized(folder: Path) -> tuple[Tree, ...]:
    """Return what `kubectl kustomize` makes of a folder."""
    command = (program("kubectl"), "kustomize", folder)
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (made.returncode, made.stderr) == (0, "")
    return tuple(yaml.safe_load_all(made.stdout))


def one(resources: Sequence[Tree], kind: str) -> Tree:
    (found,) = (each for each in resources if each["kind"] == kind)
    return found


def pod_of(name: str) -> Tree:
    spec: Tree = one(built(name), "Deployment")["spec"]["template"]["spec"]
    return spec


def gateway_of(name: str) -> Tree:
    (found,) = (each for each in containers(pod_of(name)) if each["name"] == "gateway")
    return found


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
@pytest.mark.parametrize("name", BUILDS)
def test_a_cluster_of_this_version_would_take_it(name: str, version: str, tmp_path: Path) -> None:
    file = tmp_path / "built.yaml"
    file.write_text(yaml.safe_dump_all(built(name)), "utf-8")
    command = (program("kubernetes-validate"), "--strict", "--no-warn", "-k", version, file)
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    said = told.stdout + told.stderr
    assert told.returncode == 0, said
    assert said.count("passed") == len(built(name))


def test_there_is_what_the_page_lists() -> None:
    kinds = {name: sorted(each["kind"] for each in built(name)) for name in BUILDS}
    common = ["ConfigMap", "Deployment", "Namespace", "NetworkPolicy", "PodDisruptionBudget", "Service"]
    assert kinds == {"base": sorted([*common, "HorizontalPodAutoscaler"]), "sidecar": common}


# ------------------------------------------------------------------------------------------------------ who may do what


@pytest.mark.parametrize("name", BUILDS)
def test_it_keeps_restricted_pod_security(name: str) -> None:
    assert violations(pod_of(name)) == []
    labels = one(built(name), "Namespace")["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


@pytest.mark.parametrize("name", BUILDS)
def test_it_keeps_more_than_that(name: str) -> None:
    pod = pod_of(name)
    assert pod["automountServiceAccountToken"] is False
    assert {pod["securityContext"][key] for key in ("runAsUser", "runAsGroup", "fsGroup")} == {USER}
    assert gateway_of(name)["securityContext"]["readOnlyRootFilesystem"] is True
    assert all(mount["readOnly"] and "subPath" not in mount for mount in gateway_of(name)["volumeMounts"])
    (volume,) = pod["volumes"]
    assert volume["projected"]["defaultMode"] == 0o440


@pytest.mark.parametrize("name", BUILDS)
def test_each_container_asks_for_memory_and_processor_and_has_an_end_of_its_memory(name: str) -> None:
    for container in containers(pod_of(name)):
        assert set(container["resources"]["requests"]) == {"cpu", "memory"}
        assert "memory" in container["resources"]["limits"]


def test_the_image_is_of_this_version() -> None:
    assert {gateway_of(name)["image"].rpartition(":")[2] for name in BUILDS} == {__version__}


# -------------------------------------------------------------------------------------------------- what refers to what


@pytest.mark.parametrize("name", BUILDS)
def test_selectors_find_the_pods(name: str) -> None:
    resources = built(name)
    deployment = one(resources, "Deployment")["spec"]
    labels = deployment["template"]["metadata"]["labels"]
    selectors = [
        deployment["selector"]["matchLabels"],
        one(resources, "Service")["spec"]["selector"],
        one(resources, "NetworkPolicy")["spec"]["podSelector"]["matchLabels"],
        one(resources, "PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
        *(each["labelSelector"]["matchLabels"] for each in pod_of(name)["topologySpreadConstraints"]),
    ]
    for selector in selectors:
        assert selector
        assert selector.items() <= labels.items()


@pytest.mark.parametrize("name", BUILDS)
def test_all_are_in_one_namespace(name: str) -> None:
    namespace = one(built(name), "Namespace")["metadata"]["name"]
    others = [each for each in built(name) if each["kind"] != "Namespace"]
    assert {each["metadata"]["namespace"] for each in others} == {namespace}


def test_the_autoscaler_scales_the_deployment() -> None:
    deployment, scaled = one(built("base"), "Deployment"), one(built("base"), "HorizontalPodAutoscaler")
    target = {key: deployment[key] for key in ("apiVersion", "kind")} | {"name": deployment["metadata"]["name"]}
    assert scaled["spec"]["scaleTargetRef"] == target
    assert "replicas" not in deployment["spec"], "each apply would undo what the autoscaler did"


@pytest.mark.parametrize("name", BUILDS)
def test_the_ports_are_the_listeners(name: str) -> None:
    (listener,) = loaded(name).config.listeners
    (port,) = gateway_of(name)["ports"]
    assert port["containerPort"] == listener.port
    assert [each["targetPort"] for each in one(built(name), "Service")["spec"]["ports"]] == [port["name"]]
    policy = one(built(name), "NetworkPolicy")["spec"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    assert policy["ingress"] == [{"ports": [{"protocol": "TCP", "port": listener.port}]}]


def test_out_go_questions_of_names_and_requests_for_the_crm_alone() -> None:
    names = {
        "to": [
            {
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
                "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
            }
        ],
        "ports": [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}],
    }
    (_, crm), (_, database) = (one(built(name), "NetworkPolicy")["spec"]["egress"] for name in BUILDS)
    assert all(one(built(name), "NetworkPolicy")["spec"]["egress"][0] == names for name in BUILDS)
    host, port = re.findall(r"//[^.]+\.([^.]+)\.svc\.cluster\.local:(\d+)$", config_text("base"), re.MULTILINE)[0]
    assert crm["to"] == [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": host}}}]
    assert crm["ports"] == [{"protocol": "TCP", "port": int(port)}]
    assert database["ports"] == [{"protocol": "TCP", "port": 3306}]


@pytest.mark.parametrize("name", BUILDS)
def test_the_probes_ask_the_listener_and_nobody_asks_admin_from_outside(name: str) -> None:
    config = loaded(name).config
    (listener,) = config.listeners
    assert listener.health is not None
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        asked = {"path": listener.health, "port": "https", "scheme": "HTTPS"}
        assert gateway_of(name)[probe]["httpGet"] == asked
    assert config.admin is not None
    assert config.admin.host == LOOPBACK


@pytest.mark.parametrize("name", BUILDS)
def test_a_pod_is_given_the_time_to_drain(name: str) -> None:
    pod = pod_of(name)
    waits = [each["lifecycle"]["preStop"]["sleep"]["seconds"] for each in containers(pod)]
    assert len(set(waits)) == 1, "one that goes before the others leaves them alone"
    crms_own = 30 if name == "sidecar" else 0
    config = loaded(name).config
    assert config.drain_delay_seconds == 0, "preStop waits already"
    assert pod["terminationGracePeriodSeconds"] > waits[0] + crms_own + config.drain_seconds


def test_the_sidecar_begins_before_the_crm_and_ends_after_it() -> None:
    pod = pod_of("sidecar")
    (gateway,), (crm,) = pod["initContainers"], pod["containers"]
    assert gateway == {**gateway_of("base"), "restartPolicy": "Always"}
    assert crm["name"] == "crm"
    (port,) = crm["ports"]
    assert f"upstream: http://{LOOPBACK}:{port['containerPort']}\n" in config_text("sidecar")


# --------------------------------------------------------------------------------------------------- what it configures


@pytest.mark.parametrize("name", BUILDS)
def test_there_is_nothing_wrong_or_unwise_in_the_configuration(name: str) -> None:
    assert [str(warning) for warning in loaded(name).warnings] == []


@pytest.mark.parametrize("name", BUILDS)
def test_the_volume_is_the_folder_that_the_gateway_reads(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "etc"
    mounted(name, folder, trustme.CA(), {})
    read = load([folder], {})
    (listener,) = read.config.listeners
    (pair,) = listener.certificates
    assert (pair.chain, pair.key) == tuple(
        str(folder / "tls" / CRM / name) for name in ("fullchain.pem", "privkey.pem")
    )
    assert [str(warning) for warning in read.warnings] == []
    (mount,) = gateway_of(name)["volumeMounts"]
    assert mount["mountPath"] == str(DEFAULT_CONFIG)


def test_it_serves_from_the_volume_answers_the_kubelet_and_follows_the_secret(tmp_path: Path) -> None:
    folder, authority, ports = tmp_path / "etc", trustme.CA(), Ports()
    port, admin = ports.take(), ports.take()
    ours = {"'[::]:8443'": f"{LOOPBACK}:{port}", f"{LOOPBACK}:9901": f"{LOOPBACK}:{admin}"}
    first = mounted("base", folder, authority, ours)
    command = (sys.executable, "-m", "gateway", "serve", "-c", folder)
    with running(command, tmp_path / "log", lambda: accepts(port)):
        assert kubelet(port, "/healthz") == (HTTPStatus.OK, first)
        second = mounted("base", folder, authority, ours)
        told = subprocess.run((*command[:3], "status", "-c", folder), capture_output=True, text=True, check=True).stdout
        assert CRM in told
        until(lambda: kubelet(port, "/healthz") == (HTTPStatus.OK, second), "the new certificate is not shown")
    ports.close()
    assert first != second


def test_the_overlay_of_the_page_has_its_own_sites_image_and_second_certificate(tmp_path: Path) -> None:
    overlay, patch = block(PAGE, "yaml", "overlay").text, block(PAGE, "yaml", "patch").text
    base = os.path.relpath(KUBERNETES / "base", tmp_path)
    (tmp_path / "kustomization.yaml").write_text(overlay.replace(BASE, base) + patch, "utf-8")
    assert base in (tmp_path / "kustomization.yaml").read_text("utf-8")
    sites = block(PAGE, "yaml").text.replace(CRM, "crm.elm.example")
    (tmp_path / "sites.yaml").write_text(sites, "utf-8")

    made = kustomized(tmp_path)

    assert one(made, "ConfigMap")["data"] == {**one(built("base"), "ConfigMap")["data"], "sites.yaml": sites}
    pod = one(made, "Deployment")["spec"]["template"]["spec"]
    (container,), (volume,) = pod["containers"], pod["volumes"]
    assert container["image"] == f"registry.customer.example/cors-gateway:{__version__}"
    config, *secrets = volume["projected"]["sources"]
    assert config["configMap"]["name"] == one(made, "ConfigMap")["metadata"]["name"]
    assert [each["secret"]["name"] for each in secrets] == ["crm-customer-example-tls", "crm-ash-example-tls"]
    paths = [item["path"] for each in secrets for item in each["secret"]["items"]]
    assert len(set(paths)) == len(paths)
    assert violations(pod) == []


def config_text(name: str) -> str:
    return "".join(one(built(name), "ConfigMap")["data"].values())


@cache
def loaded(name: str) -> Loaded:
    """Return a build's configuration, with its certificates on another machine."""
    with TemporaryDirectory() as folder:
        for file, text in one(built(name), "ConfigMap")["data"].items():
            Path(folder, file).write_text(text, "utf-8")
        return load([Path(folder)], {}, files=False)


def mounted(name: str, folder: Path, authority: trustme.CA, changed: Mapping[str, str]) -> bytes:
    """Write a pod's volume, with a certificate as cert-manager makes it; return that in DER.

    The texts of the configuration that are in `changed` stand for others here.
    """
    leaf = authority.issue_cert(CRM)
    chain = b"".join(each.bytes() for each in leaf.cert_chain_pems)
    held = {"tls.crt": chain, "tls.key": leaf.private_key_pem.bytes()}
    data = {key: base64.b64encode(octets).decode() for key, octets in held.items()}
    secret = {"kind": "Secret", "metadata": {"name": "crm-customer-example-tls"}, "data": data}
    (volume,) = pod_of(name)["volumes"]
    files = projected(volume["projected"]["sources"], [*built(name), secret])
    text = files["gateway.yaml"].decode()
    for theirs, ours in {"/etc/cors-gateway": str(folder), **changed}.items():
        assert theirs in text
        text = text.replace(theirs, ours)
    write(folder, {**files, "gateway.yaml": text.encode()}, volume["projected"]["defaultMode"])
    return ssl.PEM_cert_to_DER_cert(leaf.cert_chain_pems[0].bytes().decode())


def kubelet(port: int, path: str) -> tuple[int, bytes | None]:
    """Ask as the kubelet does, by address, whatever the certificate; return the status and the certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    connection = HTTPSConnection(LOOPBACK, port, timeout=30, context=context)
    try:
        connection.request("GET", path, headers={"Host": f"10.1.2.3:{port}", "User-Agent": "kube-probe/1.37"})
        assert isinstance(connection.sock, ssl.SSLSocket)
        shown = connection.sock.getpeercert(binary_form=True)
        return connection.getresponse().status, shown
    finally:
        connection.close()
