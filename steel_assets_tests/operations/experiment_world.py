"""A platform whose one market takes part in an experiment, and a past in which the variant was better, worse, or no different."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from steel_assets.bootstrap import Platform
from steel_assets.core.calendars import local_day
from steel_assets.core.experiments import Experiment
from steel_assets.core.tables import EXPERIMENT_FORECASTS, FORECASTS
from steel_assets.core.types import QUANTILE_COLUMNS
from steel_assets.operations import histories
from steel_assets_tests.assets.measured_world import MARKET, lived

TRIAL = Experiment.model_validate(
    {
        "id": "trial",
        "name": "A trial",
        "family": "drift",
        "markets": [MARKET],
        "horizons": [1, 5],
        "start": "2020-06-01",
        "planned_days": 400,
    }
)


def experimenting_with(parts: Platform, *experiments: Experiment) -> Platform:
    """The same installation, whose catalogue declares ``experiments``."""
    return Platform(
        parts.settings,
        parts.catalog.model_copy(update={"experiments": {experiment.id: experiment for experiment in experiments}}),
    )


def world(folder: Path, *experiments: Experiment) -> Platform:
    """A market with 520 trading days behind it that takes part in ``experiments``."""
    return experimenting_with(lived(folder), *experiments)


def past(parts: Platform, champion: float, variant: float, days: int = 200) -> None:
    """Forecasts of the last ``days`` sessions, one day ahead, this far from the price in turn above and below."""
    history = histories.load(parts.catalog, parts.lake, MARKET)
    price = history.last.to_numpy()
    at = np.arange(len(price) - days - 1, len(price) - 1)
    signs = np.where(at % 2, 1.0, -1.0)
    zone = parts.catalog.rules.schedules.tzinfo
    moments = history.moments[at]
    rows = {"issued_date": [local_day(moment, zone) for moment in moments], "as_of": moments, "created_at": moments}
    rows |= {"origin": history.origins[at], "data_as_of": history.origins[at], "target_date": history.origins[at + 1]}
    rows |= {"last_price": price[at], "horizon": 1, "market": MARKET, "unit": "USD/t", "model_confidence": 0.5}
    fixed = {"model_version": "v", "simulated": True, "age_sessions": 0, "aged_drivers": None}

    def said(error: float, family: str) -> pd.DataFrame:
        point = price[at + 1] + error * signs
        quantiles = {name: point + place for place, name in enumerate(QUANTILE_COLUMNS, start=-3)}
        return pd.DataFrame(rows | {"predicted_price": point} | quantiles).assign(**fixed, model_family=family)

    parts.warehouse.upsert(FORECASTS, FORECASTS.enforce(said(champion, "naive")))
    shadow = said(variant, TRIAL.family).assign(experiment=TRIAL.id)
    parts.warehouse.upsert(EXPERIMENT_FORECASTS, EXPERIMENT_FORECASTS.enforce(shadow))
