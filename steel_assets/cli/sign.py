"""``steel sign``: sign what is in the lake, so that it is trusted from now on."""

from __future__ import annotations

from typing import Annotated

import typer

from steel_assets.adapters.lake.publications import FOLDER
from steel_assets.bootstrap import platform
from steel_assets.cli.problem import Problem
from steel_assets.cli.publish import publish_again


def sign(
    yes: Annotated[bool, typer.Option("--yes", help="confirm that you checked who wrote what is in the lake")] = False,
) -> None:
    """Sign the models in force and the published forecasts with STEEL_SIGNING_KEY, as they are."""
    parts = platform()
    if parts.signing_key is None:
        raise Problem(
            "STEEL_SIGNING_KEY: it is not set, so there is no key to sign with; set it (openssl rand -hex 32, or sm://project/secret)"
        )
    if not yes:
        raise Problem("--yes: everything in the lake will be trusted, whoever wrote it; confirm with --yes")
    markets = parts.catalog.markets.values()
    pointers = sum(parts.models.sign(market.id, horizon) for market in markets for horizon in market.horizons)
    keys = [key for key in parts.store.list(FOLDER) if key.endswith(".parquet")]
    for key in keys:
        parts.published.sign(key)
    publish_again(parts, parts.snapshots)
    typer.echo(f"signed: {pointers} models in force, {len(keys)} published forecasts")
