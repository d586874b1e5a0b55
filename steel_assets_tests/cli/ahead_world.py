"""A market with one forecast published, and how commands about the days ahead of it are asked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from steel_assets.cli.main import app
from steel_assets.core.tables import FORECASTS
from steel_assets_tests.aging_world import Aging, aging
from steel_assets_tests.core.issued import issued


def published(folder: Path) -> Aging:
    """A world in ``folder`` whose newest forecast is in force."""
    world = aging(folder)
    world.parts.warehouse.upsert(FORECASTS, forecast_of(world))
    return world


def forecast_of(world: Aging) -> pd.DataFrame:
    """That forecast."""
    return issued(world.made.history(world.issue_of(0)))


def day_of(world: Aging, horizon: int) -> str:
    """The day that it is about, as people write one."""
    return f"{forecast_of(world).set_index('horizon').loc[horizon, 'target_date']:%Y-%m-%d}"


def asking(patched: pytest.MonkeyPatch, world: Aging, command: str) -> Callable[..., str]:
    """What ``command`` prints an hour after the issue, by its arguments; what it raises is raised."""
    patched.setattr(f"steel_assets.cli.{command}.platform", lambda: world.parts)
    patched.setattr(f"steel_assets.cli.{command}.now", lambda: world.issue_of(0) + pd.Timedelta(hours=1))

    def ask(*arguments: str) -> str:
        done = CliRunner().invoke(app, [command, *arguments], env={"COLUMNS": "160"})
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == 0, done.output
        return done.stdout

    return ask
