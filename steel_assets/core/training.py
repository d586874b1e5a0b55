"""Training: the walk-forward of every family up to now, the choice it leads to at each horizon, and the final fit.

The same history gives the same candidate to the last bit. A candidate is only a proposal: promotion decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from steel_assets.core.backtest import CHAMPION, backtest_rows
from steel_assets.core.evaluation import EARLIEST, Evaluation, Progress, Steps, burn_in, evaluate
from steel_assets.core.features import build_features
from steel_assets.core.forecast import Bundle
from steel_assets.core.history import MarketHistory
from steel_assets.core.models import NAIVE, applicable
from steel_assets.core.samples import Samples, build_samples
from steel_assets.core.selection import Choice
from steel_assets.core.tables import BACKTEST
from steel_assets.core.validation import NothingToScore, scores

WINDOW = 250
"""Scored origins whose forecasts a candidate is judged by: about a year."""
FEW = 20
"""Confidence is halved when only this many forecasts could be scored."""


@dataclass(frozen=True, eq=False)
class Candidate:
    """What training proposes for one market.

    Attributes:
        origin: newest trading day it has seen.
        bundles: by horizon, what would forecast.
        choices: by horizon, why that family.
        backtest: ``tables.BACKTEST`` rows of all families and ``champion`` at the newest scored origins of each horizon.
    """

    market: str
    as_of: pd.Timestamp
    origin: pd.Timestamp
    bundles: Mapping[int, Bundle]
    choices: Mapping[int, Choice]
    backtest: pd.DataFrame


def train(history: MarketHistory, window: int = WINDOW, progress: Progress | None = None) -> Candidate:
    """The candidate that everything known at ``history.as_of`` leads to.

    Args:
        window: scored origins per horizon that ``Candidate.backtest`` shall cover; fewer where the history is short.
    """
    market = history.market
    features = build_features(history)
    families = applicable(market)
    steps = Steps(len(market.horizons) * (len(families) + 1), progress)
    bundles, choices, tables = {}, {}, [BACKTEST.empty()]
    for horizon in market.horizons:
        samples = build_samples(history, features, horizon)
        scored = _scored(history, samples)[-window:]
        stop = len(history.origins)
        first = int(scored[0]) if len(scored) else stop - 1
        evaluation = evaluate(history, samples, families, max(EARLIEST, first - burn_in(horizon)), stop, steps)
        rows = _rows(evaluation, scored)
        verdict = evaluation.verdict(stop - 1)
        labels = history.prices_at(samples.target_dates, history.as_of)
        model = families[verdict.family]().fit(samples.with_labels(labels))
        steps.finished(f"{verdict.family} chosen, {horizon} days ahead")
        bundles[horizon] = Bundle(market.id, horizon, model, verdict.levels, confidence(rows))
        choices[horizon] = verdict.choice
        tables.append(rows)
    rows = pd.concat([table for table in tables if len(table)] or tables, ignore_index=True)
    return Candidate(market.id, history.as_of, history.origins[-1], bundles, choices, rows)


def baseline(history: MarketHistory, horizon: int, window: int = WINDOW) -> Bundle:
    """The last price as a forecast, with quantiles and confidence from its own past errors."""
    families = {NAIVE: applicable(history.market)[NAIVE]}
    samples = build_samples(history, build_features(history), horizon)
    scored = _scored(history, samples)[-window:]
    stop = len(history.origins)
    first = int(scored[0]) if len(scored) else stop - 1
    steps = Steps(1, None)
    evaluation = evaluate(history, samples, families, max(EARLIEST, first - burn_in(horizon)), stop, steps)
    model = families[NAIVE]().fit(samples.with_labels(history.prices_at(samples.target_dates, history.as_of)))
    return Bundle(history.market.id, horizon, model, evaluation.verdict(stop - 1).levels, confidence(_rows(evaluation, scored)))


def confidence(rows: pd.DataFrame) -> float:
    """How far a champion's forecasts at one horizon can be trusted, 0-1, from ``tables.BACKTEST`` rows of it and of ``naive``.

    calibration / (1 + pinball ratio) × n / (n + 20), where calibration is 1 when the 90 % interval covered 90 % and falls to
    0 at 60 % (or would at 120 %), the pinball ratio is over the last price's, and n counts the forecasts scored. As good as
    the last price with honest intervals is 0.5; 0 is no evidence at all.
    """
    try:
        table = scores(rows).set_index("model")
    except NothingToScore:
        return 0.0
    own = table.loc[CHAMPION]
    calibration = max(0.0, 1.0 - abs(own["coverage_90"] - 0.9) / 0.3)
    ratio = own["pinball_ratio"] if np.isfinite(own["pinball_ratio"]) else 1.0
    return float(calibration / (1.0 + ratio) * own["n"] / (own["n"] + FEW))


def _scored(history: MarketHistory, samples: Samples) -> np.ndarray:
    """The origins whose prices have come true by now."""
    y = history.prices_at(samples.target_dates, history.as_of)
    positions = np.flatnonzero(np.isfinite(y) & np.isfinite(samples.last))
    return positions[positions >= EARLIEST]


def _rows(evaluation: Evaluation, positions: np.ndarray) -> pd.DataFrame:
    if len(positions) == 0:
        return BACKTEST.empty()
    first = int(positions[0])
    champion = evaluation.champion(first).iloc[positions - first]
    tables = [
        backtest_rows(evaluation.history, evaluation.samples, family, positions, forecasts.iloc[positions - evaluation.start])
        for family, forecasts in evaluation.forecasts.items()
    ]
    tables.append(backtest_rows(evaluation.history, evaluation.samples, CHAMPION, positions, champion))
    return pd.concat(tables, ignore_index=True)
