"""``steel serve``: the prediction service and its dashboard on this machine."""

from __future__ import annotations

from typing import Annotated

import typer

from steel_assets.cli.problem import Problem
from steel_assets.settings import settings

LOOPBACK = ("127.0.0.1", "::1", "localhost")


def serve(
    port: Annotated[int | None, typer.Option(help="port to answer on; default STEEL_PORT, 8000", min=1, max=65535)] = None,
    host: Annotated[
        str, typer.Option(help="address to answer on; on others than 127.0.0.1 every request needs a key")
    ] = "127.0.0.1",
    opened: Annotated[
        bool, typer.Option("--open", help="let everybody on this machine read without a key, until the first key is created")
    ] = False,
) -> None:
    """Answer GET /predict/steel-rebar-price from the last published forecast, and show the dashboard."""
    if opened and host not in LOOPBACK:
        raise Problem(f"--open: on {host} other machines could read; leave --host out, or create a key: steel keys create NAME")
    chosen = port or settings().port
    from steel_assets.serving import run

    run.serve(host, chosen, opened=opened)
