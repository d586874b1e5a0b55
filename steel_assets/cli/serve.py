"""``steel serve``: the prediction service and its dashboard on this machine."""

from __future__ import annotations

from typing import Annotated

import typer

from steel_assets.serving.reading import begin
from steel_assets.settings import settings


def serve(
    port: Annotated[int | None, typer.Option(help="port to answer on; default STEEL_PORT, 8000", min=1, max=65535)] = None,
    host: Annotated[str, typer.Option(help="address to answer on; beyond 127.0.0.1 nothing is open without a key")] = "127.0.0.1",
) -> None:
    """Answer GET /predict/steel-rebar-price from the last published forecast, and show the dashboard."""
    chosen = port or settings().port
    first = begin()  # it starts while the rest is imported
    from steel_assets.serving import run

    run.serve(host, chosen, first)
