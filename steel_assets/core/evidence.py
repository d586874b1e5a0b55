"""Is a variant better than the champion, or worse? Evidence that may be looked at every day, from bets on paired losses.

For each market and horizon, and each issue i on which both forecast, d_i is the loss of the variant less that of the champion, as
a share of the last price. It is scaled by what was known at the issue: x_i = clip(d_i / s_i, -1, 1), where s_i is ``SCALE`` times
the mean of |d| over the pairs that had come true by then; while these are fewer than ``FEWEST`` nothing is bet.

**Null hypotheses**, with F_i for everything known at issue i: "not better", E[x_i | F_i] >= 0 for every issue of every market
and horizon; "not worse", E[x_i | F_i] <= 0. They are about clipped differences: a few enormous misses count as 1 each.

**The test** bets against a null as a gambler would (Waudby-Smith & Ramdas 2024, Estimating means of bounded random variables by
betting, JRSS B 86): capital is multiplied by 1 - λ_i x_i (for "not worse": 1 + λ_i x_i), with a share λ_i in [0, 1/2] chosen from
what had come true before the issue (their aGRAPA, shrunk towards nothing). Under the null no such game makes money on average.
Targets h days ahead overlap, so there are h games per market and horizon: the one of issue number i is i mod h, and in each a new
bet is laid only after the one before has come true. The capitals are averaged over games, and over markets and horizons: averages
of e-values are e-values, whatever their dependence (Vovk & Wang 2021, E-values: calibration, combination and applications, Annals
of Statistics 49).

**Any look.** Between issue and target a bet is open, and news about it arrives; the capital of settled bets alone is therefore no
e-process of all that is known (Henzi & Ziegel 2022, Valid sequential inference on probability forecast performance, Biometrika
109; Arnold, Henzi & Ziegel 2023, Sequentially valid tests for forecast calibration, Annals of Applied Statistics 17). But the
expected capital given everything known is a supermartingale under the null, and since |x| <= 1 an open bet can at worst lose its
share: capital in which *every open bet counts as lost* is never above it. By Ville's inequality the probability that this
ever reaches 2 / level is at most level / 2, in each direction, at whatever moments, and however often, somebody looks.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from steel_assets.core import scoring
from steel_assets.core.experiments import Experiment, State
from steel_assets.core.metrics import predictions_vs_reality
from steel_assets.core.tables import FORECASTS

SCALE = 3.0
"""A difference this many times the usual one counts as 1. With a smaller scale bets can be larger, but more is clipped."""
FEWEST = 10
"""Least number of pairs with known prices before a bet is made."""
LARGEST_BET = 0.5
"""Largest share of the capital in a bet."""
PRIOR = 10
"""Number of imagined pairs without difference before the first real one, so that a lucky start has little weight."""
PRIOR_VARIANCE = 0.17
"""Of x where differences are normal, whose mean of |d| is 0.8 standard deviations: (1 / (SCALE × 0.8))²."""

KEY = ["market", "horizon"]


@dataclass(frozen=True)
class Evidence:
    """The result of an experiment so far.

    Attributes:
        n: number of pairs with known prices.
        mean_gain: mean loss of the champion minus that of the variant, as a share of the last price; NaN without pairs.
        gain_share: the same as a share of the champion's mean loss.
        better, worse: capital from betting that the variant is better, or worse; 1 is no evidence.
    """

    n: int
    mean_gain: float
    gain_share: float
    better: float
    worse: float

    def state(self, experiment: Experiment, day: pd.Timestamp) -> State:
        """The experiment's state on ``day``. Harm takes precedence, and nothing wins whose mean gain is not positive."""
        if self.worse >= experiment.threshold:
            return "harmful"
        if self.better >= experiment.threshold and self.mean_gain > 0:
            return "won"
        return "inconclusive" if day >= pd.Timestamp(experiment.end) else "collecting"


def evidence(pairs: pd.DataFrame) -> Evidence:
    """The evidence in ``pairs`` (made by the function of that name)."""
    settled = pairs.dropna(subset=["variant", "champion"])
    gains = settled["champion"] - settled["variant"]
    usual = float(settled["champion"].mean()) if len(settled) else np.nan
    games = [
        (int(str(horizon)), part["issued"], part["settled"], part["variant"] - part["champion"])
        for (_, horizon), part in pairs.groupby(KEY, sort=True)
    ]
    better, worse = (
        float(np.mean([_of_columns(*game, better=direction) for game in games])) if games else 1.0 for direction in (True, False)
    )
    gain = float(gains.mean()) if len(settled) else np.nan
    return Evidence(len(settled), gain, gain / usual if usual > 0 else np.nan, better, worse)


def capital(
    horizon: int, issued: np.ndarray, settled: np.ndarray, differences: np.ndarray, gains: np.ndarray, *, better: bool
) -> np.ndarray:
    """The mean capital of the ``horizon`` games of one market and horizon at each of ``gains``; open bets count as lost.

    Args:
        issued: moments of issue, in order, as numbers of any unit.
        settled: when each difference was known, in the same unit; infinite while it is not.
        differences: variant less champion; NaN while it is not known.
        gains: in the same unit.
        better: bet that the variant is better; otherwise that it is worse.
    """
    order = np.argsort(settled, kind="stable")
    known = np.searchsorted(settled[order], issued, side="right")  # differences known at each issue: the first so many of order
    d = np.where(np.isfinite(settled), differences, 0.0)
    usual = _so_far(np.abs(d)[order], known) / np.maximum(known, 1)
    playable = (known >= FEWEST) & (usual > 0)
    x = np.where(playable, np.clip(d / np.where(playable, SCALE * usual, 1.0), -1.0, 1.0), 0.0)
    payoffs = -x if better else x
    counted = _so_far(playable[order].astype(float), known) + PRIOR
    mean = _so_far(payoffs[order], known) / counted
    square = (_so_far((payoffs**2)[order], known) + PRIOR * PRIOR_VARIANCE) / counted
    bets = np.where(playable, np.clip(mean / square, 0.0, LARGEST_BET), 0.0)
    games = []
    for game in range(min(horizon, max(len(issued), 1))):
        mine = np.arange(game, len(issued), horizon)
        games.append(_game(issued[mine], settled[mine], payoffs[mine], bets[mine], gains))
    missing = horizon - len(games)  # games in which nothing was issued yet keep their capital of 1
    found: np.ndarray = (np.sum(games, axis=0) + missing) / horizon
    return found


def pairs(
    shadow: pd.DataFrame, published: pd.DataFrame, prices: pd.DataFrame, experiment: Experiment, moment: pd.Timestamp
) -> pd.DataFrame:
    """Forecasts of variant and champion from the same issue, with their losses as far as prices were known at ``moment``.

    If a day was issued several times, the newest issue counts; if a trading day was forecast on several days (over a weekend),
    the first: so which pair counts is known when its bet is made.

    Args:
        shadow: rows of ``tables.EXPERIMENT_FORECASTS`` of this experiment.
        published: rows of ``tables.FORECASTS``.
        prices: rows of ``tables.MARKET_DAILY``, each price as first known: later corrections change no bet.

    Returns:
        ``market, horizon, issued, settled`` (UTC, NaT while open), ``variant, champion`` (losses as shares of the last price, NaN
        while open), in order of issue.
    """
    key = ["as_of", *KEY]
    both = published.merge(shadow[key], on=key)
    both = both[both["as_of"] <= moment].sort_values("as_of", kind="stable")
    both = both.drop_duplicates([*KEY, "issued_date"], keep="last").drop_duplicates([*KEY, "target_date"], keep="first")
    came = predictions_vs_reality(both[FORECASTS.column_names], prices, moment)
    known = prices[["market", "date", "known_at"]].rename(columns={"date": "target_date", "known_at": "settled"})
    rows = both[[*key, "issued_date", "target_date"]].merge(
        came[[*KEY, "issued_date", "actual_price"]].rename(columns={"actual_price": "y"}), on=[*KEY, "issued_date"], how="left"
    )
    rows = rows.merge(known, on=["market", "target_date"], how="left")
    rows["settled"] = rows["settled"].where(rows["y"].notna())
    for name, forecasts in (("variant", shadow), ("champion", published)):
        made = rows[[*key, "y"]].merge(forecasts.drop_duplicates(key, keep="last"), on=key, how="left")
        rows[name] = (_losses(made, experiment) / made["last_price"]).to_numpy()
    return rows.rename(columns={"as_of": "issued"})[[*KEY, "issued", "settled", "variant", "champion"]].sort_values(
        [*KEY, "issued"], ignore_index=True
    )


def first_known(prices: pd.DataFrame) -> pd.DataFrame:
    """Each day's price as it was first known, from all versions (``MarketHistory.prices``): ``date, price, known_at``."""
    first = prices.sort_values(["period", "known_at"], kind="stable").drop_duplicates("period", keep="first")
    return first.rename(columns={"period": "date"})


def _losses(rows: pd.DataFrame, experiment: Experiment) -> pd.Series:
    if experiment.metric == "pinball":
        return pd.Series(scoring.pinball(rows), rows.index)
    return (rows["predicted_price"] - rows["y"]).abs()


def _of_columns(horizon: int, issued: pd.Series, settled: pd.Series, differences: pd.Series, *, better: bool) -> float:
    """The capital of one market and horizon now."""
    moments = _numbers(issued)
    found = capital(horizon, moments, _numbers(settled), differences.to_numpy(dtype=float), np.array([np.inf]), better=better)
    return float(found[0])


def _numbers(moments: Iterable[pd.Timestamp]) -> np.ndarray:
    """Moments as seconds; missing ones are infinite."""
    found = pd.DatetimeIndex(moments)
    return np.where(found.isna(), np.inf, found.as_unit("s").asi8.astype(float))


def _so_far(values: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """The sums of the first ``counts`` of ``values``."""
    found: np.ndarray = np.concatenate([[0.0], np.cumsum(values)])[counts]
    return found


def _game(issued: np.ndarray, settled: np.ndarray, payoffs: np.ndarray, bets: np.ndarray, gains: np.ndarray) -> np.ndarray:
    """The capital of one game at each look, its open bet counted as lost."""
    laid, free = np.zeros(len(bets), dtype=bool), -np.inf
    for number, (bet, issue, settlement) in enumerate(zip(bets, issued, settled, strict=True)):
        if bet > 0 and free <= issue:
            laid[number], free = True, settlement
    issued, settled, payoffs, bets = issued[laid], settled[laid], payoffs[laid], bets[laid]
    ended = np.isfinite(settled)
    lost = np.log1p(-bets)
    moments = np.concatenate([issued, settled[ended]])
    changes = np.concatenate([lost, np.log1p(bets * payoffs)[ended] - lost[ended]])
    order = np.argsort(moments, kind="stable")
    sums = np.concatenate([[0.0], np.cumsum(changes[order])])
    found: np.ndarray = np.exp(sums[np.searchsorted(moments[order], gains, side="right")])
    return found
