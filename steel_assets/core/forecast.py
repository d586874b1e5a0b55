"""Issuing a forecast: one market's newest origin, its champion at each horizon, and the rows that are published.

What a forecast needs besides the history is one *bundle* per horizon: the fitted model, the track its quantiles are calibrated
by and how far it can be trusted. It is stored, promoted and rolled back as one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from steel_assets.core import intervals
from steel_assets.core.calibration import Track, levels_now
from steel_assets.core.history import MarketHistory
from steel_assets.core.models import Model, ModelError, load_model
from steel_assets.core.samples import build_samples
from steel_assets.core.types import QUANTILE_COLUMNS

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
        return self.model.family


def issue(history: MarketHistory, features: pd.DataFrame, bundles: Iterable[Bundle]) -> pd.DataFrame:
    """The forecast of the newest origin, one row per bundle in order of horizon.

    The columns are those of ``tables.FORECASTS`` but ``issued_date``, ``model_version`` and ``created_at``, which only the
    caller knows.

    Args:
        features: as ``features.build_features`` made them from the same history.

    Raises:
        ForecastError: a bundle is of another market, or no price is known.
        ModelError: a model does not fit today's features.
    """
    return pd.DataFrame([_row(history, features, bundle) for bundle in sorted(bundles, key=lambda bundle: bundle.horizon)])


def bundle_to_files(bundle: Bundle) -> dict[str, bytes]:
    """The bundle as files by name, none of which runs anything when it is read."""
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
        about = json.loads(files[BUNDLE_FILE])
        return Bundle(
            market=str(about["market"]),
            horizon=int(about["horizon"]),
            model=load_model(about["family"], files[MODEL_FILE]),
            track=Track.restored(about["track"]),
            confidence=float(about["confidence"]),
        )
    except ModelError:
        raise
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"this champion cannot be read ({error!r}); train the market again") from error


def _row(history: MarketHistory, features: pd.DataFrame, bundle: Bundle) -> dict[str, object]:
    market = history.market
    if bundle.market != market.id:
        raise ForecastError(f"a champion of market {bundle.market} cannot forecast {market.id}")
    samples = build_samples(history, features, bundle.horizon)
    newest = samples.rows(slice(-1, None))
    if not np.isfinite(newest.last[0]):
        raise ForecastError(f"market {market.id}: no price is known at {history.as_of}; collect or import {market.target.series}")
    point = bundle.model.predict(newest)["p"].to_numpy()
    levels = levels_now(history, samples, bundle.model, bundle.track)
    quantiles = intervals.spread(point, newest.volatility, levels)[0]
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
        "model_confidence": bundle.confidence,
        "model_family": bundle.family,
        "data_as_of": history.periods[market.target.series].iloc[-1],
        "simulated": history.simulated,
    }
