"""``steel lake compact``: does once what the sensor ``old_files`` does, for example for a lake of an earlier release."""

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
    least: Annotated[int, typer.Option(min=2, help="compact groups with at least this many raw files of past days")] = LEAST,
    as_json: Annotated[bool, typer.Option("--json", help="print the outcome as JSON")] = False,
) -> None:
    """Join the raw files of past days, so that fewer files are read. The daemon does it by itself.

    The original files are deleted by the next call an hour later or more, after comparing them row by row with the joined one.
    """
    parts = platform()
    done = maintain(parts.catalog, parts.lake, now(), least=least)
    if as_json:
        typer.echo(json.dumps(dataclasses.asdict(done)))
    else:
        Console(highlight=False).print(done.text, soft_wrap=True)
