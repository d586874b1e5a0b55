"""``python -m steel_assets.serving.healthy``: the container's health check; exit code 0 if the service answers."""

from __future__ import annotations

import http.client
import sys

from steel_assets.settings import settings

SECONDS = 4.0


def healthy(port: int) -> bool:
    """Whether the service on this machine's ``port`` reports that it is up."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(0 if healthy(settings().port) else 1)
