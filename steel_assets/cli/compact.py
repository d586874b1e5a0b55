"""``steel lake compact``: by hand what the sensor ``old_files`` does, for example for the lake of an older release."""

from __future__ import annotations

import dataclasses
import json
from typing import Annotated

import typer
from rich.console import Console

from steel_assets.adapters.lake.raw_compaction import LEAST
from steel_assets.bootstrap import platform
from steel_assets.cli.dates import now
from steel_assets.operations.maintenance import maintain


def lake_compact(
    least: Annotated[int, typer.Option(min=2, help="raw files of closed days that a group must have to be compacted")] = LEAST,
    as_json: Annotated[bool, typer.Option("--json", help="print the outcome as JSON")] = False,
) -> None:
    """Compact the raw files of closed days, so that they are read as one. The daemon does it by itself.

    What was compacted is deleted by the first round that comes an hour later or more, after comparing it row for row.
    """
    parts = platform()
    done = maintain(parts.catalog, parts.lake, now(), least=least)
    if as_json:
        typer.echo(json.dumps(dataclasses.asdict(done)))
    else:
        Console(highlight=False).print(done.text, soft_wrap=True)
