"""Pruning as the promotion stage does it: by the catalogue's rule, at every horizon, and never in the way of a rollback."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from steel_assets.adapters.model_store import ModelStore
from steel_assets.adapters.object_store import Conflict
from steel_assets.bootstrap import Platform, platform
from steel_assets.operations.promoting import prune_former
from steel_assets.settings import Settings

MARKET = "rebar_fob_turkey"
WEEKS = pd.date_range("2026-01-05 09:00", periods=40, freq="7D", tz="UTC")


@pytest.fixture
def parts(tmp_path: Path) -> Platform:
    """A new champion each week at two horizons."""
    found = platform(Settings(home=tmp_path / ".steel"))
    for number, moment in enumerate(WEEKS):
        for horizon in (1, 63):
            found.models.save_candidate(MARKET, horizon, f"v{number:02d}", {"model.json": b"{}"}, {"family": "ridge"})
            found.models.promote(
                MARKET, horizon, f"v{number:02d}", found.models.production(MARKET, horizon), moment.to_pydatetime()
            )
    return found


def test_half_a_year_of_champions_stays_at_every_horizon(parts: Platform) -> None:
    rule = parts.catalog.rules.model_backups
    given_up = prune_former(parts.catalog, parts.models, MARKET, WEEKS[-1])
    kept = sorted({key.split("/")[4] for key in parts.store.list(f"models/backups/{MARKET}/h63/")})
    in_time = [f"v{n:02d}" for n in range(39) if WEEKS[n + 1] > WEEKS[-1] - pd.Timedelta(days=rule.days)]
    assert kept == in_time
    assert len(given_up) == 2 * (39 - len(in_time)) > 0
    assert prune_former(parts.catalog, parts.models, MARKET, WEEKS[-1]) == []


def test_a_rollback_at_the_same_moment_is_no_failure_of_the_stage(parts: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    def switched(*_: object) -> list[str]:
        raise Conflict("somebody switched")

    monkeypatch.setattr(ModelStore, "prune", switched)
    assert prune_former(parts.catalog, parts.models, MARKET, WEEKS[-1]) == []
