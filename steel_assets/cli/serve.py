"""``steel serve``: the prediction service on this machine."""

from __future__ import annotations

from typing import Annotated

import typer

from steel_assets.bootstrap import platform


def serve(
    port: Annotated[int, typer.Option(help="port to answer on", min=1, max=65535)] = 8000,
    host: Annotated[str, typer.Option(help="address to answer on")] = "127.0.0.1",
) -> None:
    """Answer GET /predict/steel-rebar-price from the last published forecast."""
    import uvicorn

    from steel_assets.serving.app import create_app

    parts = platform()
    uvicorn.run(create_app(parts.lake, parts.catalog), host=host, port=port, server_header=False)
