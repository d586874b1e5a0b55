"""Secret Manager's REST interface, as far as the platform uses it: one call, the text of one version."""

from __future__ import annotations

import base64
from typing import Any

import google_crc32c
from starlette.applications import Starlette

from steel_assets_tests.google.faults import Faults, Refusal
from steel_assets_tests.google.serving import Call, application, route


class SecretServer:
    """Secrets by project and name, each a list of versions.

    Attributes:
        url: where it answers, once it runs.
        garble: whether the next answers arrive with a wrong checksum.
    """

    def __init__(self) -> None:
        self.url = ""
        self.faults = Faults()
        self.versions: dict[tuple[str, str], list[bytes]] = {}
        self.garble = False

    def app(self) -> Starlette:
        path = "/v1/projects/{project}/secrets/{secret}/versions/{version}:access"
        return application([route(path, "GET", self._access, self.faults)], self.faults)

    def _access(self, call: Call) -> dict[str, Any]:
        project, secret, wanted = call.names["project"], call.names["secret"], call.names["version"]
        versions = self.versions.get((project, secret), [])
        number = len(versions) if wanted == "latest" else int(wanted)
        name = f"projects/{project}/secrets/{secret}/versions/{number}"
        if not 1 <= number <= len(versions):
            raise Refusal(404, f"Secret [{name}] not found or has no versions.", "notFound")
        content = versions[number - 1]
        checksum = google_crc32c.value(content) ^ self.garble
        return {"name": name, "payload": {"data": base64.b64encode(content).decode(), "dataCrc32c": str(checksum)}}
