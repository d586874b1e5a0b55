"""Training: a walk-forward of every family up to now, the selection at each horizon, and the final fit.

The same history gives an identical candidate. A candidate is only a proposal, on which promotion decides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
import pandas as pd

from steel_assets.core import calibration
from steel_assets.core.backtest import CHAMPION, backtest_rows
from steel_assets.core.champion_challenger import challenger_test
from steel_assets.core.evaluation import EARLIEST, Progress, Steps, burn_in, evaluate
from steel_assets.core.folds import walk_forward
from steel_assets.core.forecast import Bundle
from steel_assets.core.history import MarketHistory
from steel_assets.core.intervals import distribution
from steel_assets.core.kept_folds import KeptFolds
from steel_assets.core.models import NAIVE, Model, ModelError, applicable, combination, experts
from steel_assets.core.models.naive import Naive
from steel_assets.core.models.pooled import Pooled
from steel_assets.core.samples import Samples, build_samples
from steel_assets.core.scoring import NothingToScore, coverage, pinball, scores
from steel_assets.core.selection import YOUNG, Choice
from steel_assets.core.types import QUANTILE_COLUMNS

WINDOW = 250
"""Scored origins by whose forecasts a candidate is judged: about a year."""
FEW = 20
"""Confidence is halved if only this many forecasts could be scored."""


@dataclass(frozen=True, eq=False)
class Candidate:
    """The result of training for one market.

    Attributes:
        origin: newest trading day used.
        bundles: by horizon, the fitted bundle.
        choices: by horizon, the selection with its reason.
        backtest: ``tables.BACKTEST`` rows of all families and ``champion`` at the newest scored origins of each horizon.
        folds: by horizon, those of the walk-forward, to be kept for the next training; empty if none are kept.
    """

    market: str
    as_of: pd.Timestamp
    origin: pd.Timestamp
    bundles: Mapping[int, Bundle]
    choices: Mapping[int, Choice]
    backtest: pd.DataFrame
    folds: Mapping[int, KeptFolds] = field(default_factory=dict)


@dataclass(frozen=True)
class ProposedFamily:
    """A family that won an experiment, to be proposed if the walk-forward agrees."""

    family: str
    experiment: str


@dataclass(frozen=True, eq=False)
class Trained:
    """One horizon: the fitted bundle, the selection, its walk-forward (``tables.BACKTEST``), and that one's folds if kept."""

    bundle: Bundle
    choice: Choice
    rows: pd.DataFrame
    folds: KeptFolds | None = None


def train(
    history: MarketHistory,
    features: pd.DataFrame,
    window: int = WINDOW,
    progress: Progress | None = None,
    champions: Mapping[int, str] | None = None,
) -> Candidate:
    """The candidate from everything known at ``history.as_of``.

    Args:
        features: as ``features.build_features`` made them from the same history.
        window: scored origins per horizon in ``Candidate.backtest``; fewer if the history is short.
        champions: by horizon, the family in production. It is fitted again unless another one beats it significantly or it has
            failed (``challenger_test``), so that a champion that stays is kept current.
    """
    market = history.market
    families = _families(history)
    steps = Steps(len(market.horizons) * len(families), progress)
    champions = champions or {}
    return candidate_of(
        history,
        [
            _train(history, build_samples(history, features, horizon), families, window, steps, champions.get(horizon))
            for horizon in market.horizons
        ],
    )


def train_horizon(
    history: MarketHistory,
    features: pd.DataFrame,
    horizon: int,
    window: int,
    champion: str | None,
    offer: ProposedFamily | None = None,
    kept: KeptFolds | None = None,
) -> Trained:
    """Train one horizon, so that several can be trained in parallel.

    Args:
        offer: proposed instead of the selected family if it beats the champion (or the last price, without one) significantly, as
            any challenger must.
        kept: folds that need not be computed again; those used are added to it.
    """
    families = _families(history)
    samples = build_samples(history, features, horizon)
    return _train(history, samples, families, window, Steps(len(families), None), champion, offer, kept=kept)


def learns_from_others(history: MarketHistory) -> bool:
    """Whether the model over all markets can be selected: at some horizon the market is younger than ``selection.YOUNG``.

    Otherwise its walk-forward, which reads the rows of all other markets, is skipped.
    """
    scored = int(np.count_nonzero(history.price_news[EARLIEST:]))
    return history.market.frequency == "daily" and scored < YOUNG + max(history.market.horizons)


def _families(history: MarketHistory) -> dict[str, type[Model]]:
    """The families to train for a market; the one over all markets only if there are other markets to learn from."""
    found = applicable(history.market)
    return found if history.others else {name: family for name, family in found.items() if family is not Pooled}


def candidate_of(history: MarketHistory, trained: Sequence[Trained]) -> Candidate:
    """The candidate from all horizons, in order."""
    return Candidate(
        market=history.market.id,
        as_of=history.as_of,
        origin=history.origins[-1],
        bundles={fitted.bundle.horizon: fitted.bundle for fitted in trained},
        choices={fitted.bundle.horizon: fitted.choice for fitted in trained},
        backtest=pd.concat([fitted.rows for fitted in trained], ignore_index=True),
        folds={fitted.bundle.horizon: fitted.folds for fitted in trained if fitted.folds is not None},
    )


def baseline(history: MarketHistory, features: pd.DataFrame, horizon: int, window: int = WINDOW) -> Bundle:
    """The last price as a forecast, with quantiles and confidence from its own past errors."""
    return baseline_of(history, build_samples(history, features, horizon), window)


def baseline_of(history: MarketHistory, samples: Samples, window: int = WINDOW) -> Bundle:
    """The ``baseline`` at the horizon of ``samples``, all origins of ``history``.

    It is its own champion each week, with the levels of that week. Its points need no fit, so only origins that are scored are
    walked forward.
    """
    y, scored = _scored(history, samples, window)
    stop = len(history.origins)
    first = int(scored[0]) if len(scored) else stop - 1
    start = max(EARLIEST, first - burn_in(samples.horizon, {NAIVE: Naive}))
    points = samples.last[start:]
    known = partial(calibration.scored, history, samples, start)
    levels = calibration.levels_by_week(samples, points, known, start, first, stop)
    issued = distribution(samples.last[first:], samples.volatility[first:], levels)
    walked, _ = walk_forward(history, samples, Naive, first, stop)
    own, naive = (table.iloc[scored - first].assign(y=y[scored]) for table in (issued, walked))
    return Bundle(
        market=history.market.id,
        horizon=samples.horizon,
        model=Naive().fit(samples.with_labels(y, history.as_of)),
        track=calibration.Track(samples.origins[start:], points).newest(samples.horizon),
        confidence=_confidence_beside(own, naive) if len(scored) else 0.0,
    )


def _scored(history: MarketHistory, samples: Samples, window: int) -> tuple[np.ndarray, np.ndarray]:
    """The price of each row of ``samples``, and the newest ``window`` rows by whose forecasts a family is judged."""
    y = history.prices_at(samples.target_dates, history.as_of)
    scored = np.flatnonzero(np.isfinite(y) & samples.news)
    return y, scored[scored >= EARLIEST][-window:]


def variant(history: MarketHistory, features: pd.DataFrame, horizon: int, family: str, window: int = WINDOW) -> Bundle:
    """``family`` fitted on everything known, calibrated by its own past errors, without any selection.

    Raises:
        ModelError: the family does not apply to the market.
    """
    there = applicable(history.market)
    if family not in there:
        raise ModelError(f"family {family!r} does not apply to market {history.market.id}; those that do: {', '.join(there)}")
    listens = family in (combination.Combination.family, experts.Experts.family)
    families = there if listens else {name: there[name] for name in there if name in (NAIVE, family)}
    samples = build_samples(history, features, horizon)
    return _train(history, samples, families, window, Steps(len(families), None), forced=family).bundle


def confidence(rows: pd.DataFrame) -> float:
    """Confidence in a champion's forecasts at one horizon, 0-1, from its ``tables.BACKTEST`` rows and those of ``naive``.

    calibration / (1 + pinball ratio) × n / (n + 20), where calibration is 1 if the 90 % interval covered 90 % and falls to 0 at
    60 % (or would at 120 %), the pinball ratio is relative to the last price's, and n is the number of scored forecasts. A
    forecast equal to the last price with calibrated intervals has 0.5; 0 means no evidence.
    """
    try:
        table = scores(rows).set_index("model")
    except NothingToScore:
        return 0.0
    own = table.loc[CHAMPION]
    return _confidence(own["coverage_90"], own["pinball_ratio"], own["n"])


def _confidence_beside(own: pd.DataFrame, naive: pd.DataFrame) -> float:
    """The ``confidence`` in forecasts whose real prices ``y`` are known, beside the last price on the same days."""
    loss, naive_loss = (float(pinball(table).mean()) for table in (own, naive))
    covered = coverage(own["y"], own[QUANTILE_COLUMNS[0]], own[QUANTILE_COLUMNS[-1]])
    return _confidence(covered, loss / naive_loss if naive_loss > 0 else np.nan, len(own))


def _confidence(coverage_90: float, pinball_ratio: float, n: int) -> float:
    calibrated = max(0.0, 1.0 - abs(coverage_90 - 0.9) / 0.3)
    ratio = pinball_ratio if np.isfinite(pinball_ratio) else 1.0
    return float(calibrated / (1.0 + ratio) * n / (n + FEW))


def _train(
    history: MarketHistory,
    samples: Samples,
    families: Mapping[str, type[Model]],
    window: int,
    steps: Steps,
    champion: str | None = None,
    offer: ProposedFamily | None = None,
    forced: str | None = None,
    kept: KeptFolds | None = None,
) -> Trained:
    """One horizon's bundle, the reason for its family, and the walk-forward of the newest ``window`` scored origins.

    Args:
        forced: the family to use whatever would have been selected; it is then the champion of the walk-forward.
    """
    y, scored = _scored(history, samples, window)
    newest = len(history.origins) - 1
    first = int(scored[0]) if len(scored) else newest
    start = max(EARLIEST, first - burn_in(samples.horizon, families))
    evaluation = evaluate(history, samples, families, start, newest + 1, steps, kept=kept)
    choice = evaluation.choice(newest)
    forecasts = {family: table.iloc[scored - start] for family, table in evaluation.forecasts.items()}
    forecasts[CHAMPION] = forecasts[forced] if forced else evaluation.champion(first).iloc[scored - first]
    rows = pd.concat(
        [backtest_rows(history, samples, model, scored, table) for model, table in forecasts.items()], ignore_index=True
    )
    if champion is not None and champion in families and champion != choice.family:
        compared = challenger_test(rows, choice.family, champion, samples.horizon, samples.frequency)
        if not (compared.won or compared.failing):
            choice = choice.defended(champion)
    if offer is not None and offer.family in families and offer.family != champion:
        against = champion if champion is not None and champion in families else NAIVE
        if challenger_test(rows, offer.family, against, samples.horizon, samples.frequency).won:
            choice = choice.offered(offer.family, offer.experiment)
    if forced is not None:
        choice = replace(choice, family=forced)
    model = evaluation.unfitted(families[choice.family], newest).fit(samples.with_labels(y, history.as_of))
    bundle = Bundle(history.market.id, samples.horizon, model, evaluation.track(choice.family), confidence(rows))
    return Trained(bundle, choice, rows, kept)
