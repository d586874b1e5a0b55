"""``python -m steel_assets_tests.client``: the models of the Python client, from the service's OpenAPI document (make client)."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from steel_assets_tests.docs.reference import openapi
from steel_assets_tests.isolation import ROOT

MODELS = ROOT / "client" / "steel_assets_client" / "models.py"
OPTIONS = (
    "--input-file-type=openapi",
    "--output-model-type=pydantic_v2.BaseModel",
    "--target-python-version=3.11",
    "--use-standard-collections",
    "--use-union-operator",
    "--use-schema-description",
    "--use-field-description",
    "--disable-timestamp",
    "--formatters=ruff-format",
    "--enum-field-as-literal=all",
    "--use-annotated",
    "--extra-fields=ignore",  # a field that a later service adds breaks no client
)


def generated() -> str:
    """The models as the generator makes them now."""
    with tempfile.TemporaryDirectory() as folder:
        document, models = Path(folder, "openapi.json"), Path(folder, "models.py")
        document.write_text(json.dumps(openapi()))
        command = [str(Path(sys.executable).parent / "datamodel-codegen"), f"--input={document}", f"--output={models}"]
        subprocess.run([*command, *OPTIONS], check=True, cwd=folder)
        return models.read_text()


if __name__ == "__main__":
    MODELS.write_text(generated())
