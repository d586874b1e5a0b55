"""Prophet (Taylor & Letham 2018) for seasonality and a few drivers, without the price's level.

It is fitted on log returns in units of volatility, dated on their target days; on prices it is 1.5 to 3 times worse than the last
price. As for ridge, the newest quarter of its past, on which it is not fitted, determines the shrinkage of its prediction; often
that is to zero.
"""

from __future__ import annotations

import importlib
import json
import logging
import sys
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from steel_assets.core import intervals
from steel_assets.core.models._calibrated import CAUTION, FORWARD_CURVE, LONG_RUN, Calibrated, by_driver
from steel_assets.core.models._protocol import Cadence, ModelError
from steel_assets.core.models._shrunk import BOLDEST, LARGEST, trial
from steel_assets.core.models._stored import few, figure, parsed
from steel_assets.core.samples import Samples

ROWS = 1000
"""Newest rows used for fitting: about four years."""
THINNED = 250
"""Rows kept of those, evenly spaced, because overlapping returns repeat one another and fitting is slow."""
SEASON_ORDER = 2
"""Number of sine and cosine pairs of the season."""
DRIVERS = 5
"""Number of features used: those most correlated with the returns in the rows for fitting."""
DECIMALS = 9
"""Predictions are rounded to this, so that a row's forecast does not depend on the other rows in the call."""


class Prophet(Calibrated):
    """base × exp(share × prediction × volatility), where base is the forward curve, or the last price without one."""

    family: ClassVar[str] = "prophet"
    complexity: ClassVar[int] = 7
    significance: ClassVar[float] = 0.01
    refit_every: ClassVar[Cadence] = "half_year"

    def __init__(self) -> None:
        super().__init__()
        self.drivers: tuple[str, ...] = ()
        self.share = 0.0
        self.fitted: Any = None
        self._restored = False
        self._last: tuple[pd.DataFrame, pd.DataFrame] | None = None

    def points(self, samples: Samples) -> np.ndarray:
        if self.fitted is None or len(samples) == 0:
            return samples.curve
        predicted = self._predicted(samples)["yhat"].to_numpy() if self._restored else _yhat(self.fitted, self._frame(samples))
        return samples.curve * np.exp(np.clip(self._moves(predicted), -BOLDEST, BOLDEST) * samples.volatility)

    def explain(self, samples: Samples) -> pd.DataFrame:
        """Prophet's own components: regressors by the driver behind them, seasonality as the calendar's, and its constant."""
        curve = np.log(samples.curve / samples.last)
        if self.fitted is None or len(samples) == 0:
            return pd.DataFrame({FORWARD_CURVE: curve})
        predicted = self._predicted(samples)
        whole = self._moves(predicted["yhat"].to_numpy())
        components = [*self.drivers, "yearly"]
        scale = self.share * samples.volatility
        moves = by_driver([*self.drivers, "calendar.season"], predicted[components].to_numpy() * scale[:, None])
        moves[LONG_RUN] = predicted["trend"].to_numpy() * scale
        moves[CAUTION] = np.clip(whole, -BOLDEST, BOLDEST) * samples.volatility - moves.sum(axis=1)
        return moves.assign(**{FORWARD_CURVE: curve + moves.get(FORWARD_CURVE, 0.0)})

    def _predicted(self, samples: Samples) -> pd.DataFrame:
        """What Prophet says of each row, asked once where the same rows are forecast and then explained."""
        frame = self._frame(samples)
        if self._last is None or not self._last[0].equals(frame):
            self._last = frame, self.fitted.predict(frame)
        return self._last[1]

    def _moves(self, predicted: np.ndarray) -> np.ndarray:
        """Predictions in units of volatility, before limits."""
        return self.share * np.round(predicted, DECIMALS)

    def _learn(self, past: Samples) -> np.ndarray:
        self._last = None
        tried = trial(past, ROWS)
        recent, returns, fitted = tried.recent, tried.returns, tried.fitted
        if not tried.enough or np.ptp(returns[:fitted]) < intervals.SMALLEST:
            return past.scaled_returns
        self.drivers = _closest(recent.rows(slice(0, fitted)), returns[:fitted])
        model = self._fitted(recent.rows(slice(0, fitted)), returns[:fitted])
        newest = recent.rows(slice(len(recent) - tried.held_out, None))
        believed = tried.shrinkage(_yhat(model, self._frame(newest)))
        self.share = believed.share
        if self.share:
            self.fitted, self._restored = self._fitted(recent, returns), False
        else:
            self.drivers = ()
        return past.scaled_returns * believed.error_ratio

    def __reduce__(self) -> tuple[Any, tuple[bytes]]:
        """Pickle the stored form, because unpickling Prophet's own objects would import it with its output."""
        return type(self).from_bytes, (self.to_bytes(),)

    def _fitted(self, samples: Samples, returns: np.ndarray) -> Any:
        model = _new_prophet()
        for name in self.drivers:
            model.add_regressor(name, prior_scale=0.1, standardize=False)
        model.stan_backend.model = _WithDataFiles(model.stan_backend.model)
        model.make_all_seasonality_features = partial(_features, model)
        frame = self._frame(samples).assign(y=returns)
        step = max(1, len(frame) // THINNED)
        model.fit(frame.iloc[::-step].iloc[::-1])
        model.stan_backend.cleanup()
        return model

    def _frame(self, samples: Samples) -> pd.DataFrame:
        missing = set(self.drivers) - set(samples.feature_names)
        if missing:
            raise ModelError(f"this prophet model needs the features {', '.join(sorted(missing))}; train it again")
        columns = {
            name: np.clip(np.nan_to_num(samples.features[:, samples.feature_names.index(name)], nan=0.0), -LARGEST, LARGEST)
            for name in self.drivers
        }
        return pd.DataFrame({"ds": samples.target_dates, **columns})

    def _state(self) -> dict[str, Any]:
        if self.fitted is None:
            return {"drivers": list(self.drivers), "share": self.share, "prophet": None}
        return {"drivers": list(self.drivers), "share": self.share, "prophet": _library().serialize.model_to_json(self.fitted)}

    def _restore(self, stored: dict[str, Any]) -> None:
        self.drivers = tuple(few(stored["drivers"], "drivers", DRIVERS))
        self.share = figure(stored["share"], "share", 0, 1)
        if stored["prophet"] is not None:
            about = parsed(stored["prophet"], "prophet model")
            _check(about)
            self.fitted, self._restored = _library().serialize.model_from_dict(about), True


class _WithDataFiles:
    """Stan's compiled model, with its data written to files at once.

    cmdstanpy writes the same text number by number, which takes a third of the time of a fit.
    """

    def __init__(self, model: Any) -> None:
        self.model = model

    def optimize(self, data: dict[str, Any], inits: dict[str, Any], **how: Any) -> Any:
        """As cmdstanpy's method."""
        with TemporaryDirectory(prefix="steel-prophet-") as folder:
            files = {name: Path(folder) / f"{name}.json" for name in ("data", "inits")}
            for name, values in (("data", data), ("inits", inits)):
                files[name].write_text(json.dumps(values, default=_plain), "utf-8")
            return self.model.optimize(data=files["data"], inits=files["inits"], **how)


def _features(model: Any, frame: pd.DataFrame) -> tuple[pd.DataFrame, list[float], pd.DataFrame, dict[str, list[str]]]:
    """As Prophet's ``make_all_seasonality_features`` for a yearly season and drivers.

    Prophet finds by a pivot table which columns belong to which component, which takes a third of the time of a fit.
    """
    season, drivers = model.seasonalities["yearly"], list(model.extra_regressors)
    waves = model.make_seasonality_features(frame["ds"], season["period"], season["fourier_order"], "yearly")
    features = pd.concat([waves, frame[drivers]], axis=1)
    place = np.arange(features.shape[1])
    members = {name: place == len(waves.columns) + number for number, name in enumerate(drivers)}
    members |= {"yearly": place < len(waves.columns), "additive_terms": place >= 0}
    if drivers:
        members["extra_regressors_additive"] = ~members["yearly"]
    columns = pd.Index([*sorted(members), "multiplicative_terms"], name="component")
    members["multiplicative_terms"] = place < 0
    components = pd.DataFrame({name: members[name].astype(int) for name in columns}, index=pd.Index(place, name="col"))
    scales = [*[season["prior_scale"]] * len(waves.columns), *(how["prior_scale"] for how in model.extra_regressors.values())]
    modes = {
        "additive": ["yearly", *drivers, "additive_terms", "extra_regressors_additive", "holidays"],
        "multiplicative": ["multiplicative_terms", "extra_regressors_multiplicative"],
    }
    return features, scales, components.rename_axis(columns="component"), modes


def _yhat(model: Any, frame: pd.DataFrame) -> np.ndarray:
    """``model.predict(frame)["yhat"]`` to the last bit, without the tables of components that only explanations use."""
    season, drivers = model.seasonalities["yearly"], list(model.extra_regressors)
    waves = model.fourier_series(frame["ds"], season["period"], season["fourier_order"])
    features = np.asfortranarray(np.column_stack([waves, frame[drivers].to_numpy()]))
    terms = np.matmul(features, model.params["beta"].T)[:, 0] * model.y_scale
    return np.asarray(np.full(len(frame), model.params["m"][0, 0]) * model.y_scale + terms)


def _plain(value: Any) -> Any:
    """A number or an array of numpy's or pandas' as a JSON value."""
    return np.asarray(value).tolist()


def _check(about: dict[str, Any]) -> None:
    """Refuse values that our models never contain and that make predicting expensive.

    Raises:
        KeyError, TypeError, ValueError: there are some.
    """
    only = {"growth": "flat", "mcmc_samples": 0, "uncertainty_samples": 0, "holidays": None, "country_holidays": None}
    for name, value in only.items():
        if about[name] != value:
            raise ValueError(f"{name} is {str(about[name])[:40]!r}, ours have {value!r}")
    seasons, regressors = about["seasonalities"], about["extra_regressors"]
    if seasons[0] != ["yearly"] or seasons[1]["yearly"]["fourier_order"] != SEASON_ORDER:
        raise ValueError(f"its season is not the yearly one of order {SEASON_ORDER}")
    few(regressors[0], "regressors", DRIVERS)
    widest = 2 * SEASON_ORDER + DRIVERS
    for name, rows in about["params"].items():
        most = widest if name == "beta" else ROWS
        if len(few(rows, name, 1)) != 1 or len(few(rows[0], name, most)) < 1:
            raise ValueError(f"{name} is empty")


def _new_prophet() -> Any:
    """A Prophet without trend, since a trend in returns would mean ever faster growth."""
    return _library().Prophet(
        growth="flat",
        yearly_seasonality=SEASON_ORDER,
        weekly_seasonality=False,
        daily_seasonality=False,
        seasonality_prior_scale=0.1,
        uncertainty_samples=0,
    )


def _library() -> Any:
    """Prophet itself, made quiet: it reports every fit, and a plot library that nobody needs here.

    Its plots are left out: with them matplotlib is imported, which on a new machine begins by looking at every font.
    """
    logging.getLogger("prophet.plot").setLevel(logging.CRITICAL)
    optimiser = logging.getLogger("cmdstanpy")
    if not optimiser.handlers:
        optimiser.addHandler(logging.NullHandler())  # finding none it would add its own, and set its own level
    optimiser.setLevel(logging.ERROR)
    if "prophet" not in sys.modules:
        plots = ModuleType("prophet.plot")
        vars(plots).update(plot=None, plot_components=None)
        sys.modules["prophet.plot"] = plots
        try:
            importlib.import_module("prophet")
        finally:
            del sys.modules["prophet.plot"]
    import prophet
    import prophet.serialize

    logging.getLogger("prophet").setLevel(logging.ERROR)
    return prophet


def _closest(samples: Samples, returns: np.ndarray) -> tuple[str, ...]:
    """The features most correlated with the returns, among those known on most days."""
    known = np.isfinite(samples.features)
    features = np.clip(np.where(known, samples.features, 0.0), -LARGEST, LARGEST)
    centred = features - features.mean(axis=0)
    spread = np.sqrt((centred**2).mean(axis=0))
    useful = (known.mean(axis=0) > 0.5) & (spread > intervals.SMALLEST)
    correlation = np.abs((centred * (returns - returns.mean())[:, None]).mean(axis=0)) / np.where(useful, spread, np.inf)
    ranked = np.argsort(-correlation, kind="stable")[:DRIVERS]
    return tuple(samples.feature_names[k] for k in sorted(ranked) if useful[k])
