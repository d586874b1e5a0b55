"""Kubernetes and Cloud Run: what the files say of Dagster is taken by Dagster's own configuration, and they hold no secret."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from dagster._config import process_config, resolve_to_config_type
from dagster._core.instance.config import dagster_instance_config
from dagster_contrib_gcp.cloud_run.run_launcher import CloudRunRunLauncher
from dagster_k8s import K8sRunLauncher

from steel_assets_tests.isolation import ROOT

VALUES = yaml.safe_load((ROOT / "deploy/kubernetes/dagster.values.yaml").read_text())
MANIFESTS = list(yaml.safe_load_all((ROOT / "deploy/kubernetes/platform.yaml").read_text()))
CLOUD_RUN = ROOT / "deploy/google-cloud/dagster.cloud-run.yaml"
NOT_OURS = {"capabilities", "securityContext", "resources", "volumes", "volumeMounts"}
"""Kubernetes' own, which Dagster hands on as they are."""


def snake(said: Any) -> Any:
    """As the chart writes its values into dagster.yaml."""
    if not isinstance(said, dict):
        return said
    return {
        re.sub("[A-Z]", lambda capital: f"_{capital[0].lower()}", name): value if name in NOT_OURS else snake(value)
        for name, value in said.items()
    }


def test_the_run_launcher_takes_what_the_values_of_the_chart_say() -> None:
    said = snake(VALUES["runLauncher"]["config"]["k8sRunLauncher"])
    named = {name: [source["name"] for source in said[name]] for name in ("env_config_maps", "env_secrets")}
    mounts = {"volume_mounts": VALUES["runLauncher"]["config"]["k8sRunLauncher"]["volumeMounts"]}
    told = {**said, **named, **mounts, "service_account_name": "steel", "dagster_home": "/", "instance_config_map": "one"}
    told = {name: value for name, value in told.items() if name != "volumeMounts"}
    done = process_config(resolve_to_config_type(K8sRunLauncher.config_type()), told)
    assert done.success, done.errors
    wrong = process_config(resolve_to_config_type(K8sRunLauncher.config_type()), {**told, "memory": "2Gi"})
    assert not wrong.success


def test_every_reference_of_the_values_is_to_what_the_manifests_bring_or_the_page_names() -> None:
    brought = {f"{manifest['kind']}/{manifest['metadata']['name']}" for manifest in MANIFESTS}
    text = (ROOT / "deploy/kubernetes/dagster.values.yaml").read_text()
    assert {f"ConfigMap/{name}" for name in re.findall(r"\{name: (steel-settings)\}", text)} <= brought
    assert f"ServiceAccount/{VALUES['global']['serviceAccountName']}" in brought
    page = (ROOT / "deploy/README.md").read_text()
    for secret in ("steel-secrets", "steel-postgres", "steel-redis"):
        assert secret in page
    assert "Secret" not in {manifest["kind"] for manifest in MANIFESTS}


@pytest.mark.parametrize("name", ["steel-service", "steel-redis"])
def test_what_is_ours_in_a_cluster_runs_as_nobody_on_a_read_only_root(name: str) -> None:
    [found] = [manifest for manifest in MANIFESTS if manifest["kind"] == "Deployment" and manifest["metadata"]["name"] == name]
    pod = found["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    for container in pod["containers"]:
        confined = container["securityContext"]
        assert (confined["readOnlyRootFilesystem"], confined["allowPrivilegeEscalation"]) == (True, False)
        assert "limits" in container["resources"]


def test_the_parts_of_dagster_in_a_cluster_run_as_nobody_on_a_read_only_root() -> None:
    for part in (VALUES["dagsterWebserver"], VALUES["dagsterDaemon"], *VALUES["dagster-user-deployments"]["deployments"]):
        assert part["podSecurityContext"]["runAsUser"] == 10001
        assert part["securityContext"]["readOnlyRootFilesystem"] is True


def test_the_instance_of_cloud_run_is_one_of_dagster_and_its_launcher_takes_its_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "a-project")
    monkeypatch.setenv("DAGSTER_CLOUD_RUN_REGION", "us-central1")
    (tmp_path / "dagster.yaml").write_text(CLOUD_RUN.read_text())
    found, custom = dagster_instance_config(str(tmp_path))
    assert custom is None
    launcher = found["run_launcher"]
    assert (launcher["module"], launcher["class"]) == (CloudRunRunLauncher.__module__, CloudRunRunLauncher.__name__)
    done = process_config(resolve_to_config_type(CloudRunRunLauncher.config_type()), launcher["config"])
    assert done.success, done.errors
    assert launcher["config"]["run_timeout"] == found["run_monitoring"]["max_runtime_seconds"]
    plain = yaml.safe_load((ROOT / "deploy/google-cloud/dagster.yaml").read_text())
    alike = yaml.safe_load(CLOUD_RUN.read_text())
    different = {name for name in {*plain, *alike} if plain.get(name) != alike.get(name)}
    assert different == {"run_launcher", "concurrency"}, "one instance, launched elsewhere"
    (tmp_path / "dagster.yaml").write_text(CLOUD_RUN.read_text().replace("run_monitoring:", "run_watching:"))
    with pytest.raises(Exception, match="run_watching"):
        dagster_instance_config(str(tmp_path))
