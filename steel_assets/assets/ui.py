"""``python -m steel_assets.assets.ui``: the Dagster webserver behind ``ui_guard``, with the options of ``dagster-webserver``.

It also shows the pictures that assets write to the lake (``ui_pictures.py``).

``python -m steel_assets.assets.ui dev`` is ``dagster dev`` with this webserver instead of its own. Dagster has no hook for
middleware in its webserver, so two of its names are replaced; if a version of Dagster lacks them, nothing is started.
"""

import sys
import warnings
from functools import cache
from typing import Any

import dagster as dg

from steel_assets.adapters.objects.object_store import ObjectStore
from steel_assets.assets.dagster_internals import dagster_dev, webserver_cli
from steel_assets.assets.ui_guard import Guard
from steel_assets.assets.ui_pictures import Pictures
from steel_assets.bootstrap import store_at
from steel_assets.settings import settings

WEBSERVER = "dagster_webserver"
GUARDED = "steel_assets.assets.ui"


class NotGuarded(RuntimeError):
    """This version of Dagster starts its webserver in another way than expected, so it is not started at all."""


def webserver() -> None:
    """Dagster's webserver command with its application behind ``ui_guard``."""
    cli = webserver_cli()
    make = cli.create_app_from_workspace_process_context
    hosts = settings().ui_hosts.split(",")

    def guarded(*args: Any, **options: Any) -> Any:
        return Guard(Pictures(make(*args, **options), _store), hosts)

    cli.create_app_from_workspace_process_context = guarded
    cli.main()


@cache
def _store() -> ObjectStore:
    """The lake that the settings name, opened when it is first asked for."""
    return store_at(settings().lake_address, settings())


def dev() -> None:
    """``dagster dev`` with this file's webserver."""
    command_of_dagster = dagster_dev()
    begin = command_of_dagster.open_ipc_subprocess
    begun: list[str] = []

    def guarded(parts: Any, **options: Any) -> Any:
        command = [GUARDED if part == WEBSERVER else part for part in parts]
        begun.append(" ".join(map(str, command)))
        if GUARDED not in begun[0]:
            raise NotGuarded("this version of Dagster does not allow its UI's requests to be checked; the UI was not started")
        return begin(command, **options)

    command_of_dagster.open_ipc_subprocess = guarded
    warnings.filterwarnings("ignore", category=dg.SupersessionWarning)  # `dg dev` cannot be given our check
    command_of_dagster.dev_command()


if __name__ == "__main__":
    if sys.argv[1:2] == ["dev"]:
        del sys.argv[1]
        dev()
    else:
        webserver()
