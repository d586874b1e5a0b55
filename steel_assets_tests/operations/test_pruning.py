"""Pruning as the promotion stage does it: by the catalogue's rule, at every horizon, and never in the way of a rollback."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from steel_assets.adapters.models.store import ModelStore
from steel_assets.adapters.objects.object_store import Conflict
from steel_assets.bootstrap import Platform, platform
from steel_assets.operations.candidates import CANDIDATES
from steel_assets.operations.promoting import drop_rejected, prune_former
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


def test_candidates_that_were_never_promoted_go_after_a_month_but_the_newest_and_what_was_in_force_stay(tmp_path: Path) -> None:
    parts = platform(Settings(home=tmp_path / ".steel"))
    days = parts.catalog.rules.retention.candidate_days
    names = [f"{moment:%Y%m%dT%H%MZ}-ridge-{number:08x}" for number, moment in enumerate(WEEKS)]
    for name in names:
        parts.models.save_candidate(MARKET, 1, name, {"model.json": b"{}"}, {"family": "ridge"})
    parts.models.promote(MARKET, 1, names[0], None, WEEKS[0].to_pydatetime())
    announcement = {"market": MARKET, "as_of": WEEKS[1].isoformat(), "versions": {"1": names[1]}}
    parts.store.put(f"{CANDIDATES}/{MARKET}.json", json.dumps(announcement).encode())
    old = [name for name, moment in zip(names, WEEKS, strict=True) if moment < WEEKS[-1] - pd.Timedelta(days=days)]
    assert drop_rejected(parts.catalog, parts.lake, parts.models, MARKET, WEEKS[-1]) == old[2:]
    assert parts.models.staged(MARKET, 1) == sorted({*names[:2], *names} - set(old[2:]))
    assert drop_rejected(parts.catalog, parts.lake, parts.models, MARKET, WEEKS[-1]) == []
    parts.models.load("staging", MARKET, 1, names[0])
