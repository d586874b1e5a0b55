"""Our champion against statsforecast on the same days: ``python -m steel_assets_tests.bench.yardstick [--step 12]``.

Pinball loss of the seven quantiles, ours over that of Naive, RWD, AutoETS, AutoTheta and AutoARIMA with their own intervals,
each fitted anew on the 750 prices before every ``step``-th origin from 2019 on. Below 1 ours is better. Reads ../shared/data.
"""

from __future__ import annotations

import argparse
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import typer

from steel_assets.catalog import load_catalog
from steel_assets.cli.real_prices import real_histories
from steel_assets.core.backtest import CHAMPION, backtest
from steel_assets.core.history import MarketHistory
from steel_assets.core.scoring import pinball
from steel_assets.core.types import QUANTILE_COLUMNS

DATA = Path(__file__).parents[3] / "shared" / "data"
WINDOW = 750
FIRST = pd.Timestamp("2019-01-02")
BANDS = ("lo-90", "lo-80", "lo-50", "mean", "hi-50", "hi-80", "hi-90")
"""What statsforecast calls the seven quantiles."""


def main() -> None:
    """Measure and print one line for each market and horizon."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("markets", nargs="*", help="ids of markets; all by default")
    parser.add_argument("--step", type=int, default=60, help="trading days from one origin to the next")
    chosen = parser.parse_args()
    if not DATA.is_dir():
        typer.echo(f"yardstick: not measured: {DATA} is not on this machine")
        return
    catalog = load_catalog()
    for market, history in real_histories(DATA, catalog, chosen.markets or list(catalog.markets)).items():
        for h, row in ratios(history, chosen.step).iterrows():
            against = ", ".join(f"{name} {value:.3f}" for name, value in row.drop("n").items())
            typer.echo(f"yardstick: {market}, {h} days, {row['n']:.0f} origins: pinball ÷ {against}")


def ratios(history: MarketHistory, step: int) -> pd.DataFrame:
    """Per horizon: ``n`` origins compared, and for each of their models our mean pinball loss over its."""
    ours = backtest(history, FIRST, history.origins[-1], step=step)
    ours = ours[(ours["model"] == CHAMPION) & ours["y"].notna()].assign(model="ours")
    places = history.origins.get_indexer(pd.DatetimeIndex(ours["origin"].unique()))
    theirs = pd.concat([public_forecasts(history, place) for place in places])
    theirs = theirs.merge(ours[["origin", "h", "y"]], on=["origin", "h"])
    loss = {
        model: pd.Series(pinball(part), index=part["h"]).groupby(level=0).mean()
        for model, part in pd.concat([ours, theirs]).groupby("model")
    }
    mine = loss.pop("ours")
    return pd.DataFrame({"n": ours.groupby("h").size(), **{model: mine / value for model, value in loss.items()}})


def public_forecasts(history: MarketHistory, place: int) -> pd.DataFrame:
    """What statsforecast says at one origin: a row per model and horizon."""
    from statsforecast.models import AutoARIMA, AutoETS, AutoTheta, Naive, RandomWalkWithDrift

    prices = history.last.to_numpy()[max(0, place + 1 - WINDOW) : place + 1]
    horizons = np.array(history.market.horizons)
    rows = []
    fitted = (AutoETS(season_length=1), AutoTheta(season_length=1), AutoARIMA(season_length=1))
    for model in (Naive(), RandomWalkWithDrift(), *fitted):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            said = model.forecast(prices[np.isfinite(prices)], int(horizons.max()), level=[50, 80, 90])
        quantiles = dict(zip(QUANTILE_COLUMNS, (said[band][horizons - 1] for band in BANDS), strict=True))
        rows.append(pd.DataFrame({"model": type(model).__name__, "origin": history.origins[place], "h": horizons, **quantiles}))
    return pd.concat(rows)


if __name__ == "__main__":
    main()
