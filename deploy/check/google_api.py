"""Check Terraform files against Google's own descriptions of its interfaces, with no network.

``terraform_schema.py`` knows which arguments the provider takes, not what they may say. The discovery documents of
google-api-python-client do: for a Cloud Run service or job, an alert policy, a channel, a log-based metric and a scheduled job,
every field that is written must be one of the interface's, of its type, and one of its names where it has a list of them;
durations are seconds. ``each.value.…`` is looked up in the locals, so each alert policy is checked as the one it becomes. An
expression that only Terraform can compute is taken for right.

    python google_api.py FOLDER-OF-DISCOVERY-DOCUMENTS FILE.tf ...

Exit code 1 if anything is wrong, or if there was nothing to look at.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import hcl2
from terraform_schema import OF_TERRAFORM, resources

KINDS = {
    "google_cloud_run_v2_service": ("run.v2", "GoogleCloudRunV2Service"),
    "google_cloud_run_v2_job": ("run.v2", "GoogleCloudRunV2Job"),
    "google_monitoring_alert_policy": ("monitoring.v3", "AlertPolicy"),
    "google_monitoring_notification_channel": ("monitoring.v3", "NotificationChannel"),
    "google_logging_metric": ("logging.v2", "LogMetric"),
    "google_cloud_scheduler_job": ("cloudscheduler.v1", "Job"),
}
"""Which discovery document, and which of its schemas, describes a type of resource."""

OF_PROVIDER = {"project", "location", "region", "deletion_protection"}
"""Arguments of a whole resource that the provider keeps to itself or puts into the address."""

LONGEST_ALIGNMENT, SHORTEST_WITH_MISSING_DATA = 90_000, 60
"""Seconds: what the descriptions of an alert policy's ``alignmentPeriod`` and ``evaluationMissingData`` allow."""


def plain(said: Any) -> Any:
    """A value without the lists that the parser puts around single ones, and without quotes around strings."""
    if isinstance(said, list):
        return plain(said[0]) if len(said) == 1 else [plain(one) for one in said]
    if isinstance(said, dict):
        return {key.strip('"'): plain(value) for key, value in said.items() if not key.startswith("__")}
    return said.strip('"') if isinstance(said, str) else said


def local_values(files: list[str]) -> dict[str, Any]:
    """The ``locals`` of all files."""
    found: dict[str, Any] = {}
    for file in files:
        with Path(file).open() as text:
            for block in hcl2.load(text).get("locals", []):
                found |= plain(block)
    return found


def each(body: Mapping[str, Any], values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The resources that one block becomes, with a name each: one for each entry of a local, where ``for_each`` names one."""
    named = re.fullmatch(r"\$\{local\.(\w+)\}", str(body.get("for_each")))
    if named is None or not isinstance(values.get(named[1]), dict):
        yield "", body
        return
    for key, value in values[named[1]].items():
        yield f"[{key}]", _filled(body, value)


def _filled(body: Any, value: Mapping[str, Any]) -> Any:
    if isinstance(body, dict):
        return {key: _filled(inner, value) for key, inner in body.items()}
    if isinstance(body, list):
        return [_filled(inner, value) for inner in body]
    if isinstance(body, str) and (whole := re.fullmatch(r"\$\{each\.value\.(\w+)\}", body)):
        return value[whole[1]]
    return body


def faults(schemas: Mapping[str, Any], schema: Mapping[str, Any], said: Any, path: str) -> Iterator[str]:
    """What is wrong with a value, a sentence each, by the schema that the interface has for it."""
    if "$ref" in schema:
        schema = schemas[schema["$ref"]]
    kind = schema.get("type")
    if said is None or (isinstance(said, str) and "${" in said):
        return
    if kind == "array":
        for item in said if isinstance(said, list) else [said]:
            yield from faults(schemas, schema["items"], item, path)
    elif kind == "object" and "additionalProperties" in schema:
        if not isinstance(said, dict):
            yield f"{path}: {said!r} is no map"
    elif kind == "object":
        yield from _faults_of_object(schemas, schema, said, path)
    elif isinstance(said, (dict, list)):
        yield f"{path}: a block stands where the interface has a {kind}"
    elif "enum" in schema and said not in schema["enum"]:
        yield f"{path}: {said!r} is none of {', '.join(schema['enum'])}"
    elif schema.get("format") == "google-duration" and not re.fullmatch(r"\d+(\.\d+)?s", str(said)):
        yield f"{path}: {said!r} is no duration: seconds, as 60s"
    elif not isinstance(said, {"boolean": bool, "integer": int, "number": (int, float), "string": (str, int)}[str(kind)]):
        yield f"{path}: {said!r} is no {kind}"


def _faults_of_object(schemas: Mapping[str, Any], schema: Mapping[str, Any], said: Any, path: str) -> Iterator[str]:
    if not isinstance(said, dict):
        yield f"{path}: {said!r} is no block"
        return
    for key, value in said.items():
        if key == "dynamic":
            for labelled in value if isinstance(value, list) else [value]:
                for label, block in labelled.items():
                    yield from _faults_of_object(schemas, schema, {label: block["content"]}, path)
        elif key not in OF_TERRAFORM:
            name = re.sub(r"_(\w)", lambda letter: letter[1].upper(), key)
            if name not in schema["properties"]:
                yield f"{path}: {key} is no field of the interface"
            else:
                yield from faults(schemas, schema["properties"][name], value, f"{path}.{key}")


def faults_of_policy(said: Mapping[str, Any], path: str) -> Iterator[str]:
    """What the descriptions of an alert policy ask for in words."""
    condition = said["conditions"]["condition_threshold"]
    duration, period = condition["duration"], condition["aggregations"]["alignment_period"]
    if not re.fullmatch(r"\d+s", duration) or int(duration[:-1]) % 60:
        yield f"{path}: its duration {duration} is no multiple of a minute"
    elif condition.get("evaluation_missing_data") and int(duration[:-1]) < SHORTEST_WITH_MISSING_DATA:
        yield f"{path}: evaluation_missing_data needs a duration of at least {SHORTEST_WITH_MISSING_DATA}s"
    if not SHORTEST_WITH_MISSING_DATA <= int(period[:-1]) <= LONGEST_ALIGNMENT:
        yield f"{path}: its alignment_period is not from 60s to {LONGEST_ALIGNMENT}s"


def main(folder: str, *files: str) -> int:
    """Print what is wrong; 1 if anything is, or if there was no resource to look at."""
    documents = {name: json.loads((Path(folder) / f"{name}.json").read_text())["schemas"] for name, _ in KINDS.values()}
    values, wrong, looked_at = local_values(list(files)), [], 0
    for file in files:
        for kind, name, body in resources(Path(file)):
            if kind not in KINDS:
                continue
            schemas, schema = documents[KINDS[kind][0]], documents[KINDS[kind][0]][KINDS[kind][1]]
            for key, said in each(plain(body), values):
                path, looked_at = f"{kind}.{name}{key}", looked_at + 1
                sent = {field: value for field, value in said.items() if field not in OF_PROVIDER}
                wrong += faults(schemas, schema, sent, path)
                if kind == "google_monitoring_alert_policy":
                    wrong += faults_of_policy(said, path)
    sys.stdout.writelines(f"{line}\n" for line in (*wrong, f"{looked_at} resources as Google has them, {len(wrong)} faults"))
    return 1 if wrong or not looked_at else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
