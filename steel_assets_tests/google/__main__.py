"""The services by hand: ``python -m steel_assets_tests.google [-- command …]``.

Starts Cloud Storage with the bucket ``steel-lake``, BigQuery and, where redis-server is installed, Redis; then runs the command
with settings that point to them, or prints the settings and waits.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from steel_assets_tests.google.bigquery_server import BigQueryServer
from steel_assets_tests.google.redis_server import redis_here
from steel_assets_tests.google.serving import running
from steel_assets_tests.google.storage_server import StorageServer

PROJECT = "steel-project"


@contextmanager
def services() -> Iterator[tuple[dict[str, str], StorageServer, BigQueryServer]]:
    """All of them, with the settings that point to them."""
    storage, bigquery = StorageServer(), BigQueryServer()
    with ExitStack() as stack:
        storage.url = stack.enter_context(running(storage.app()))
        bigquery.url = stack.enter_context(running(bigquery.app()))
        storage.held.insert({"name": "steel-lake"})
        chosen = {
            "STEEL_LAKE": "gs://steel-lake/lake",
            "STEEL_WAREHOUSE": f"bigquery://{PROJECT}/steel_rebar_predictor",
            "STEEL_STORAGE_ENDPOINT": storage.url,
            "STEEL_BIGQUERY_ENDPOINT": bigquery.url,
        }
        redis = stack.enter_context(redis_here())
        yield chosen | ({"STEEL_REDIS_URL": redis} if redis else {}), storage, bigquery


def main() -> int:
    command = [word for word in sys.argv[1:] if word != "--"]
    with services() as (chosen, _, _):
        if command:
            return subprocess.run(command, env=os.environ | chosen, check=False).returncode
        print("\n".join(f"export {name}={value}" for name, value in chosen.items()), flush=True)  # noqa: T201
        threading.Event().wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
