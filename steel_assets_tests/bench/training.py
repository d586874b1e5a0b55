"""What training costs: ``python -m steel_assets_tests.bench.training [--origins 100]``.

Our backtest of every family, champion included, against statsforecast's and Prophet's own cross-validation of the same folds
of the same prices, as ratios of CPU time; then a retraining of one, two and four markets: time, CPU time and peak memory.
"""

from __future__ import annotations

import argparse
import logging
import os
import subprocess
import sys
import time
import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd
import psutil

from steel_assets.core.backtest import backtest
from steel_assets.core.features import build_features
from steel_assets.core.history import MarketHistory
from steel_assets.operations.training import train_market
from steel_assets_tests.bench.ratios import record
from steel_assets_tests.bench.service import say
from steel_assets_tests.core.synthetic import synthetic

YEARS = 8
HORIZONS = (1, 5, 21, 63)
DAILY = 250
EVERY_SECONDS = 0.1


def main() -> None:
    """Measure and print one line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--origins", type=int, default=100, help="folds of the comparison with other libraries")
    parser.add_argument("--train", type=int, help="only train so many markets, as the bench itself asks its child to")
    parser.add_argument("--only-peers", action="store_true", help="only the comparison with other libraries")
    chosen = parser.parse_args()
    if chosen.train:
        for seed in range(chosen.train):
            train_market(*material(seed), DAILY)
        return
    history = simulated(0)
    newest = len(history.origins) - max(HORIZONS) - 1
    if chosen.only_peers:
        _compare(history, newest, chosen.origins)
        return
    wall, cpu = _cost(lambda: backtest(history, history.origins[newest - DAILY], history.origins[newest]))
    say(f"every family, {DAILY} daily origins, 4 horizons", f"{wall:.1f} s, {cpu:.1f} s of CPU ({YEARS} years of prices)")
    _compare(history, newest, chosen.origins)
    for count in (1, 2, 4):
        wall, cpu, peak = retraining(count)
        say(f"retraining of {count} market(s)", f"{wall:.1f} s, {cpu / count:.1f} s of CPU a market, peak {peak:.0f} MB")


def simulated(seed: int) -> MarketHistory:
    """A market of ``YEARS`` years with a curve and drivers, at the platform's horizons."""
    plain = synthetic(count=YEARS * 252, seed=seed, lived=0)
    market = plain.market.model_copy(update={"horizons": HORIZONS})
    return type(plain)(plain.observations, market, plain.series, plain.sessions).history()


def material(seed: int) -> tuple[MarketHistory, pd.DataFrame, dict[int, str]]:
    """A market that has no champion yet."""
    history = simulated(seed)
    return history, build_features(history), {}


def _compare(history: MarketHistory, newest: int, count: int) -> None:
    """Daily origins, the last price of the front contract as the series; theirs fit at each fold, as they do."""
    places = np.arange(newest - count + 1, newest + 1)
    _, ours = _cost(lambda: backtest(history, history.origins[places[0]], history.origins[places[-1]]))
    frame = pd.DataFrame({"ds": history.origins, "y": history.last.to_numpy()}).iloc[: newest + max(HORIZONS) + 1]
    theirs = {"statsforecast": _statsforecast(frame, count), "Prophet": _prophet(frame, history.origins[places])}
    for name, work in theirs.items():
        _, took = _cost(work)
        say(f"backtest ÷ {name}'s cross_validation", f"{ours / took:.2f} ({ours:.1f} s ÷ {took:.1f} s of CPU, {count} folds)")
        how = f"CPU, {count} folds of the same prices, {len(HORIZONS)} horizons, every family"
        record("training: walk-forward", f"{name}'s cross_validation", ours / took, how)


def _statsforecast(frame: pd.DataFrame, count: int) -> Callable[[], object]:
    from statsforecast import StatsForecast
    from statsforecast.models import AutoARIMA, AutoETS, AutoTheta, Naive

    models = [Naive(), AutoETS(season_length=1), AutoTheta(season_length=1), AutoARIMA(season_length=1)]
    rows = frame.assign(unique_id="rebar", ds=np.arange(len(frame)))
    forecaster = StatsForecast(models=models, freq=1)
    return lambda: forecaster.cross_validation(df=rows, h=max(HORIZONS), n_windows=count, step_size=1, level=[50, 80, 90])


def _prophet(frame: pd.DataFrame, cutoffs: pd.DatetimeIndex) -> Callable[[], object]:
    import prophet
    from prophet.diagnostics import cross_validation

    for name in ("cmdstanpy", "prophet"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    model = prophet.Prophet().fit(frame)
    longest = frame["ds"].iloc[-1] - cutoffs[-1]
    return lambda: cross_validation(model, horizon=longest, cutoffs=list(cutoffs), disable_tqdm=True)


def _cost(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds, and CPU seconds of this process and those it starts: a busy machine changes only the first."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wall, cpu = time.perf_counter(), sum(os.times()[:4])
        work()
        return time.perf_counter() - wall, sum(os.times()[:4]) - cpu


def retraining(count: int) -> tuple[float, float, float]:
    """Seconds, CPU seconds and peak MB of a process that trains ``count`` markets side by side, its workers included."""
    began = time.perf_counter()
    child = subprocess.Popen([sys.executable, "-m", "steel_assets_tests.bench.training", "--train", str(count)])
    peak = 0.0
    while True:
        pid, status, usage = os.wait4(child.pid, os.WNOHANG)
        if pid:
            break
        peak = max(peak, _megabytes(child.pid))
        time.sleep(EVERY_SECONDS)
    if status:
        raise SystemExit(f"training {count} markets ended with status {status}")
    return time.perf_counter() - began, usage.ru_utime + usage.ru_stime, peak


def _megabytes(pid: int) -> float:
    """What a process and its descendants hold, shared pages counted once."""
    total = 0
    try:
        for process in [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]:
            total += process.memory_full_info().pss
    except psutil.Error:  # one of them has just ended
        return 0.0
    return total / 2**20


if __name__ == "__main__":
    main()
