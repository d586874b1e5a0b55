"""``python -m steel_assets.assets.ui``: the Dagster webserver behind ``ui_guard``, with the options of ``dagster-webserver``.

``python -m steel_assets.assets.ui dev`` is ``dagster dev`` with this webserver in the place of its own. Dagster offers no way to
put anything before its application, so two names in it are replaced; where they have gone, nothing is started.
"""

import sys
import warnings
from typing import Any

import dagster as dg

from steel_assets.assets.dagster_internals import dagster_dev, webserver_cli
from steel_assets.assets.ui_guard import Guard
from steel_assets.settings import settings

WEBSERVER = "dagster_webserver"
GUARDED = "steel_assets.assets.ui"


class NotGuarded(RuntimeError):
    """Dagster starts its webserver in another way than this version of the platform knows, so it is not started at all."""


def webserver() -> None:
    """Dagster's own command, its application behind ``ui_guard``."""
    cli = webserver_cli()
    make = cli.create_app_from_workspace_process_context
    hosts = settings().ui_hosts.split(",")

    def guarded(*args: Any, **options: Any) -> Any:
        return Guard(make(*args, **options), hosts)

    cli.create_app_from_workspace_process_context = guarded
    cli.main()


def dev() -> None:
    """``dagster dev``, which starts this file as its webserver."""
    command_of_dagster = dagster_dev()
    begin = command_of_dagster.open_ipc_subprocess
    begun: list[str] = []

    def guarded(parts: Any, **options: Any) -> Any:
        command = [GUARDED if part == WEBSERVER else part for part in parts]
        begun.append(" ".join(map(str, command)))
        if GUARDED not in begun[0]:
            raise NotGuarded("the Dagster UI cannot be put behind its door with this version of Dagster; it was not started")
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
