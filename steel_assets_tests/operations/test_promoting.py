"""Promotion as a stage that may die anywhere: what is decided again is decided alike, against the champion that was found."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from steel_assets.adapters.warehouse.warehouse import DuckDBWarehouse
from steel_assets.bootstrap import Platform, platform
from steel_assets.core.tables import BACKTEST, PROMOTIONS, QUANTILE_COLUMNS
from steel_assets.operations import judging
from steel_assets.operations.candidates import CANDIDATES, validation_key
from steel_assets.settings import Settings
from steel_assets_tests.assets.measured_world import MARKET, made_of

LAST_WEEK, TODAY = pd.Timestamp("2026-11-16T09:00:00Z"), pd.Timestamp("2026-11-23T09:00:00Z")
HORIZON = 1
DAYS = 250


@pytest.fixture
def parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Platform:
    """Ridge is in force and was trained anew: the candidate is no worse than it and better than the last price."""
    monkeypatch.setattr(judging, "quality_score", lambda *_: 1.0)
    found = platform(Settings(home=tmp_path / "home"))
    found.store.put("lake.json", b'{"simulated": true}')
    found.lake.write(validation_key(MARKET), _forecasts(naive=2.0, ridge=1.0, champion=1.0), BACKTEST)
    for version in ("old", "new"):
        found.models.save_candidate(MARKET, HORIZON, version, {"model.json": version.encode()}, {"family": "ridge"})
    found.models.promote(MARKET, HORIZON, "old", None, LAST_WEEK.to_pydatetime())
    announcement = {"market": MARKET, "as_of": TODAY.isoformat(), "versions": {HORIZON: "new"}}
    found.store.put(f"{CANDIDATES}/{MARKET}.json", json.dumps(announcement).encode())
    return found


def test_a_promotion_that_died_between_switch_and_ledger_is_decided_again_alike(
    parts: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: object) -> None:
        raise MemoryError

    with monkeypatch.context() as dying:
        dying.setattr(DuckDBWarehouse, "upsert", dies)
        assert not made_of(parts, "promotions", moment=TODAY).success
    assert _in_force(parts) == "new"
    assert parts.warehouse.read(PROMOTIONS).empty
    assert made_of(parts, "promotions", moment=TODAY).success
    row = parts.warehouse.read(PROMOTIONS).iloc[0]
    assert (row["decision"], row["candidate_version"], row["champion_version"]) == ("promoted", "new", "old")
    pointer = parts.models.production(MARKET, HORIZON)
    assert pointer is not None
    assert [switch.version for switch in pointer.switches] == ["old", "new"]


def test_a_candidate_judged_against_a_champion_that_is_no_longer_in_force_does_not_take_over(
    parts: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged = judging.judge(parts.catalog, parts.lake, parts.warehouse, parts.models, MARKET)
    parts.models.save_candidate(MARKET, HORIZON, "other", {"model.json": b"other"}, {"family": "ridge"})
    parts.models.promote(
        MARKET, HORIZON, "other", parts.models.production(MARKET, HORIZON), (LAST_WEEK + pd.Timedelta(days=1)).to_pydatetime()
    )
    monkeypatch.setattr("steel_assets.operations.promoting.judge", lambda *_: judged)
    done = made_of(parts, "promotions", moment=TODAY)
    assert not done.success
    assert _in_force(parts) == "other"
    assert parts.warehouse.read(PROMOTIONS).empty


def test_the_ledger_names_the_experiment_that_a_candidates_family_won(parts: Platform) -> None:
    about = {"family": "ridge", "experiment": "trial"}
    parts.models.save_candidate(MARKET, HORIZON, "won", {"model.json": b"won"}, about)
    announcement = {"market": MARKET, "as_of": TODAY.isoformat(), "versions": {HORIZON: "won"}}
    parts.store.put(f"{CANDIDATES}/{MARKET}.json", json.dumps(announcement).encode())
    assert made_of(parts, "promotions", moment=TODAY).success
    row = parts.warehouse.read(PROMOTIONS).iloc[0]
    assert row["decision"] == "promoted"
    assert "its family won experiment trial" in row["reason"]


def _in_force(parts: Platform) -> str | None:
    pointer = parts.models.production(MARKET, HORIZON)
    return pointer.version if pointer else None


def _forecasts(**errors: float) -> pd.DataFrame:
    """Forecasts of each model, this far from the price in turn above and below."""
    origins = pd.bdate_range(end="2026-11-20", periods=DAYS)
    price = 500 + 100 * np.sin(np.arange(DAYS) / 20)
    signs = np.where(np.arange(DAYS) % 2, 1, -1)
    tables = [
        pd.DataFrame(
            {
                "market": MARKET,
                "model": model,
                "origin": origins,
                "target_date": origins + pd.offsets.BDay(HORIZON),
                "h": HORIZON,
                "age": 0,
                "y": price,
                "last": price + 2.0 * signs,
                "p": price + error * signs,
                **{name: price + 5 * place for place, name in enumerate(QUANTILE_COLUMNS, start=-3)},
            }
        )
        for model, error in errors.items()
    ]
    return BACKTEST.enforce(pd.concat(tables, ignore_index=True))
