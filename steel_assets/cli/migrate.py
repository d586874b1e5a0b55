"""``steel migrate``: an installation of an older release goes on under the keys of this one."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd
import typer

from steel_assets.assets.migration import migrate as migrated
from steel_assets.assets.runs import instance_here
from steel_assets.bootstrap import platform
from steel_assets.cli.problem import Problem
from steel_assets.definitions import installation
from steel_assets.operations.publishing import publish


def migrate() -> None:
    """Show what an older release made under the keys of this one; runs, tables and files stay. Done again, it adds nothing."""
    parts, now = platform(), datetime.now(UTC)
    with instance_here() as instance:
        done = migrated(instance, parts, installation(), now)
    typer.echo(
        f"shown under the markets' own keys: {done.newest} assets and {done.days} days of issue; "
        f"{done.closed} incidents about former keys closed"
    )
    in_force = publish(parts, parts.snapshots, pd.Timestamp(now).floor("s"))
    typer.echo(f"what the service answers from: {in_force.pointer.version}")
    if in_force.failed:
        raise Problem(f"not everything in it is new: {in_force.failed}")
