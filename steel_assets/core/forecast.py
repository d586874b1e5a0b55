"""Issues a forecast: for one market's newest origin, the champion of each horizon gives one row to publish.

Besides the history a forecast needs one *bundle* per horizon: the fitted model, the track that calibrates its quantiles, and its
confidence. A bundle is stored, promoted and rolled back as a unit.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from steel_assets.core import intervals
from steel_assets.core.calibration import Track, levels_now
from steel_assets.core.freshness import missed_periods
from steel_assets.core.history import MarketHistory
from steel_assets.core.models import Model, ModelError, load_model
from steel_assets.core.models._stored import UNREADABLE, figure, parsed
from steel_assets.core.samples import Samples, build_samples
from steel_assets.core.types import QUANTILE_COLUMNS, Frequency

MODEL_FILE = "model.json"
BUNDLE_FILE = "bundle.json"


class ForecastError(ValueError):
    """No forecast can be issued; the message says why and what to do."""


@dataclass(frozen=True, eq=False)
class Bundle:
    """A market's champion at one horizon.

    Attributes:
        model: fitted on everything known when it was trained.
        track: its family's walk-forward until then.
        confidence: 0-1, from measured coverage and skill (``training.confidence``).
    """

    market: str
    horizon: int
    model: Model
    track: Track
    confidence: float

    @property
    def family(self) -> str:
        """The family of the model in force."""
        return self.model.family


def issue(
    history: MarketHistory,
    features: pd.DataFrame,
    bundles: Iterable[Bundle],
    missable: Mapping[Frequency, int] | None = None,
    samples: Mapping[int, Samples] | None = None,
) -> pd.DataFrame:
    """The forecast of the newest origin, one row per bundle in order of horizon.

    If the price was carried forward for some days, it is that much further from its target date: intervals are as wide as these
    days and the horizon together require, and confidence falls with the square root of the same.

    The columns are those of ``tables.FORECASTS`` without ``issued_date``, ``model_version`` and ``created_at``, which the caller
    adds.

    Args:
        features: as ``features.build_features`` made them from the same history.
        missable: by frequency, how many periods a driver may miss before it counts as aged; frequencies left out are not checked.
        samples: by horizon, what ``build_samples`` made of the same arguments; made here where they are missing.

    Raises:
        ForecastError: a bundle is of another market, or no price is known.
        ModelError: a model does not fit today's features.
    """
    ordered = sorted(bundles, key=lambda bundle: bundle.horizon)
    aged = aged_series(history, missable or {}) if ordered else {}
    made = samples or {}
    return pd.DataFrame(
        [
            _row(history, made.get(bundle.horizon) or build_samples(history, features, bundle.horizon), bundle, aged)
            for bundle in ordered
        ]
    )


def bundle_to_files(bundle: Bundle) -> dict[str, bytes]:
    """The bundle as files by name, none of which is executed when it is read."""
    about = {
        "market": bundle.market,
        "horizon": bundle.horizon,
        "family": bundle.family,
        "track": bundle.track.stored(),
        "confidence": bundle.confidence,
    }
    return {BUNDLE_FILE: json.dumps(about, sort_keys=True).encode(), MODEL_FILE: bundle.model.to_bytes()}


def bundle_from_files(files: Mapping[str, bytes]) -> Bundle:
    """The bundle that ``bundle_to_files`` wrote. Verify the files' checksums before.

    Raises:
        ModelError: a file is missing or not what it should be.
    """
    try:
        about = parsed(files[BUNDLE_FILE], "champion")
        return Bundle(
            market=str(about["market"]),
            horizon=int(figure(about["horizon"], "horizon", 1, 1000)),
            model=load_model(about["family"], files[MODEL_FILE]),
            track=Track.restored(about["track"]),
            confidence=figure(about["confidence"], "confidence", 0, 1),
        )
    except ModelError:
        raise
    except UNREADABLE as error:
        raise ModelError(f"this champion cannot be read ({error!r}); train the market again") from error


def aged_series(history: MarketHistory, missable: Mapping[Frequency, int]) -> dict[str, pd.Timestamp]:
    """The market's drivers whose newest value was overdue on the evening of the newest origin; target and curve are left out.

    Returns:
        The period of that value, by series.
    """
    market = history.market
    evening = min(history.as_of, (history.days[-1] + pd.Timedelta(days=1)).tz_localize("UTC"))
    own = {market.target.series, *market.target.curve}
    found = {}
    for name, newest in history.periods.iloc[-1].items():
        series = history.series[str(name)]
        if name in own or pd.isna(newest):
            continue
        if missed_periods(series, newest, evening) > missable.get(series.frequency, 0):
            found[str(name)] = newest
    return found


def _row(history: MarketHistory, samples: Samples, bundle: Bundle, aged: Mapping[str, pd.Timestamp]) -> dict[str, object]:
    market = history.market
    if bundle.market != market.id:
        raise ForecastError(f"a champion of market {bundle.market} cannot forecast {market.id}")
    newest = samples.rows(slice(-1, None))
    if not np.isfinite(newest.last[0]):
        raise ForecastError(f"market {market.id}: no price is known at {history.as_of}; collect or import {market.target.series}")
    model = bundle.model.today(history, samples)
    point = model.predict(newest)["p"].to_numpy()
    levels = levels_now(history, samples, model, bundle.track)
    quantiles = intervals.spread(point, newest.volatility, levels)[0]
    age = int(newest.ages[0])
    leans_on = {*model.explain(newest).columns, market.target.fx}
    return {
        "as_of": history.as_of,
        "market": market.id,
        "horizon": bundle.horizon,
        "origin": newest.origins[0],
        "target_date": newest.target_dates[0],
        "last_price": newest.last[0],
        "predicted_price": point[0],
        **dict(zip(QUANTILE_COLUMNS, quantiles, strict=True)),
        "unit": market.target.unit,
        "model_confidence": bundle.confidence * float(np.sqrt(bundle.horizon / (bundle.horizon + age))),
        "model_family": bundle.family,
        "data_as_of": history.periods[market.target.series].iloc[-1],
        "simulated": history.simulated,
        "age_sessions": age,
        "aged_drivers": ",".join(f"{name}={aged[name]:%Y-%m-%d}" for name in sorted(aged) if name in leans_on) or None,
    }
