"""The embedded AutoML: a search by Optuna, within a budget, over feature families, learners and their parameters.

Every trial is fitted on the older two thirds of the rows and judged on the newest third; rows whose labels overlap that are left
out. The search starts with the settings of ``ridge`` and ``boosting``. One thread, one seed and a fixed number of trials: the
same rows give an identical model, unless the limit in seconds ends the search early.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from steel_assets.core import intervals
from steel_assets.core.automl import AutoMLError
from steel_assets.core.models import ridge
from steel_assets.core.models._protocol import ModelError
from steel_assets.core.models._shrunk import BOLDEST, FEWEST, LARGEST, SHARES
from steel_assets.core.models._stored import few, figure
from steel_assets.core.models._trees import Forest, Tree, grown
from steel_assets.core.models.boosting import MOST_FEATURES, MOST_TREES, ROWS, SETTINGS, fitted_regressor
from steel_assets.core.samples import Samples
from steel_assets.core.types import Search

SEED = 0
JUDGED = 3
"""The newest of this many equal parts of the rows judges the trials."""
NEWEST = (500, 1000, ROWS)
"""Candidates for the number of newest rows to learn from."""
BELIEVED = SHARES[SHARES > 0]
"""A trial is judged with the best of these shrinkage factors; the final factor is chosen later."""

log = logging.getLogger("steel.models")


@dataclass(frozen=True, eq=False)
class Linear:
    """A linear model of standardised features without intercept."""

    mean: np.ndarray
    scale: np.ndarray
    weights: np.ndarray

    def terms(self, rows: np.ndarray) -> np.ndarray:
        """One column per feature; a row's columns add up to its prediction."""
        return ridge.standardised(rows, self.mean, self.scale) * self.weights

    def predict(self, rows: np.ndarray) -> np.ndarray:
        """One prediction per row."""
        return np.asarray(self.terms(rows).sum(axis=1))


@dataclass(frozen=True, eq=False)
class SearchResult:
    """The result of a search, fitted.

    Attributes:
        names: the features that it uses, in order.
        learner: predicts in units of volatility.
        settings: its parameters, and after how many trials it was chosen; for people.
    """

    names: tuple[str, ...]
    learner: Linear | Forest
    settings: Mapping[str, Any]

    def asked(self, samples: Samples) -> np.ndarray:
        """The features that it uses, one row per row of ``samples``.

        Raises:
            ModelError: a feature is missing.
        """
        place = {name: number for number, name in enumerate(samples.feature_names)}
        if missing := [name for name in self.names if name not in place]:
            raise ModelError(f"this automl model asks features that there are no more ({missing[0]}); train it again")
        return samples.features[:, [place[name] for name in self.names]]

    def terms(self, samples: Samples) -> tuple[float, np.ndarray]:
        """A constant, and one column per feature; together they are the prediction of each row."""
        rows = self.asked(samples)
        return (self.learner.mean if isinstance(self.learner, Forest) else 0.0), self.learner.terms(rows)

    def predict(self, samples: Samples) -> np.ndarray:
        """The expected return of each row, in units of its volatility."""
        return self.learner.predict(self.asked(samples))

    def again(self, known: Samples, returns: np.ndarray) -> SearchResult:
        """The same settings fitted on other rows."""
        return fitted(known, returns, self.settings)

    def stored(self) -> dict[str, Any]:
        """The model as JSON values."""
        if isinstance(self.learner, Forest):
            learner = {"start": self.learner.start, "trees": [tree.stored() for tree in self.learner.trees]}
        else:
            learner = {name: values.tolist() for name, values in vars(self.learner).items()}
        return {"names": list(self.names), "settings": dict(self.settings), "learner": learner}

    @classmethod
    def restored(cls, stored: Any) -> SearchResult:
        """The model that ``stored`` gave.

        Raises:
            KeyError, TypeError or ValueError: ``stored`` has another form.
        """
        names, learner = tuple(few(stored["names"], "names", MOST_FEATURES)), stored["learner"]
        if "trees" in learner:
            trees = [Tree.restored(tree, len(names)) for tree in few(learner["trees"], "trees", MOST_TREES)]
            return cls(names, Forest(figure(learner["start"], "start"), trees), dict(stored["settings"]))
        mean, scale, weights = (np.array(learner[key], dtype=float) for key in ("mean", "scale", "weights"))
        if not mean.shape == scale.shape == weights.shape == (len(names),):
            raise ValueError("there must be one mean, scale and weight for each feature")
        if not (np.isfinite(mean).all() and np.isfinite(weights).all() and (scale > 0).all()):
            raise ValueError("means and weights must be finite, scales above 0")
        return cls(names, Linear(mean, scale, weights), dict(stored["settings"]))


@dataclass(frozen=True)
class EmbeddedSearch:
    """AutoML on this machine: an implementation of ``core/automl.py`` without cost."""

    budget: Search

    def cost_usd(self, searches: int, rows: int) -> float:
        """Always 0."""
        return 0.0

    def predict(self, past: Samples, rows: Samples) -> np.ndarray:
        """The predictions of the best model.

        Raises:
            AutoMLError: there are too few rows to search on.
        """
        known = past.rows(past.labelled)
        known = known.rows(slice(max(0, len(known) - ROWS), None))
        returns = np.clip(known.scaled_returns, -LARGEST, LARGEST)
        if len(known) < FEWEST or not known.feature_names or np.ptp(returns) < intervals.SMALLEST:
            raise AutoMLError(f"automl: {len(known)} rows with a price on their target date, {FEWEST} are needed")
        return self.searched(known, returns).predict(rows)

    def searched(self, known: Samples, returns: np.ndarray) -> SearchResult:
        """The best settings, fitted on all of ``known``.

        Args:
            known: labelled rows, at least ``FEWEST``.
            returns: theirs in units of volatility, clipped.
        """
        settings, trials = self._best(known, returns)
        return fitted(known, returns, settings | {"trials": trials})

    def _best(self, known: Samples, returns: np.ndarray) -> tuple[dict[str, Any], int]:
        optuna = _optuna()
        judged = len(known) // JUDGED
        learned = len(known) - judged - known.horizon
        families = sorted({name.partition(".")[0] for name in known.feature_names})
        began = time.monotonic()

        def loss(trial: Any) -> float:
            settings = _suggested(trial, families)
            if not settings["families"]:
                return 1.0
            model = fitted(known.rows(slice(0, learned)), returns[:learned], settings)
            said = np.clip(model.predict(known.rows(slice(-judged, None)))[:, None] * BELIEVED, -BOLDEST, BOLDEST)
            errors = np.abs(returns[-judged:, None] - said).mean(axis=0)
            return float(errors.min() / max(np.abs(returns[-judged:]).mean(), intervals.SMALLEST))

        study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=SEED, n_startup_trials=10))
        for first in _beginnings(families):
            study.enqueue_trial(first)
        study.optimize(loss, n_trials=self.budget.trials, timeout=self.budget.seconds)
        done = sum(trial.state.is_finished() for trial in study.trials)  # others are still queued
        if done < self.budget.trials:
            log.warning(
                "automl: %d of %d trials in %.0f s, then its time was over; another run may end elsewhere. "
                "Raise automl.embedded.seconds or lower trials of the market",
                *(done, self.budget.trials, time.monotonic() - began),
            )
        return _suggested(study.best_trial, families), done


def fitted(known: Samples, returns: np.ndarray, settings: Mapping[str, Any]) -> SearchResult:
    """A learner of ``settings``, fitted on the newest of ``known``."""
    chosen = [k for k, name in enumerate(known.feature_names) if name.partition(".")[0] in settings["families"]]
    names = tuple(known.feature_names[k] for k in chosen)
    rows, answers = known.features[-settings["rows"] :, chosen], returns[-settings["rows"] :]
    if not names:
        learner: Linear | Forest = Linear(np.zeros(0), np.ones(0), np.zeros(0))
    elif settings["learner"] == "ridge":
        mean, scale = ridge.moments(rows)
        penalty = np.array([settings["penalty"] * known.horizon])
        weights = ridge.ridge_weights(ridge.standardised(rows, mean, scale), answers, penalty)[:, 0]
        learner = Linear(mean, scale, weights)
    else:
        kept = {name: settings[name] for name in ("learning_rate", "max_iter", "max_leaf_nodes", "min_samples_leaf")}
        learner = grown(fitted_regressor(rows, answers, kept))
    return SearchResult(names, learner, settings)


def _suggested(trial: Any, families: Sequence[str]) -> dict[str, Any]:
    """The settings of a running or finished trial."""
    settings: dict[str, Any] = {
        "families": [name for name in families if trial.suggest_categorical(f"features.{name}", [True, False])],
        "rows": trial.suggest_categorical("rows", list(NEWEST)),
        "learner": trial.suggest_categorical("learner", ["ridge", "boosting"]),
    }
    if settings["learner"] == "ridge":
        return settings | {"penalty": trial.suggest_float("penalty", 0.03, 30.0, log=True)}
    return settings | {
        "learning_rate": trial.suggest_float("learning_rate", 0.03, 0.3, log=True),
        "max_iter": trial.suggest_int("max_iter", 20, 80, step=20),
        "max_leaf_nodes": trial.suggest_int("max_leaf_nodes", 3, 12),
        "min_samples_leaf": trial.suggest_int("min_samples_leaf", 20, 80, step=20),
    }


def _beginnings(families: Sequence[str]) -> list[dict[str, Any]]:
    """The first trials: the settings of the two existing families, with all features."""
    every = {f"features.{name}": True for name in families} | {"rows": ROWS}
    boosting = {name: SETTINGS[name] for name in ("learning_rate", "max_iter", "max_leaf_nodes", "min_samples_leaf")}
    return [every | {"learner": "ridge", "penalty": float(ridge.PENALTIES[1])}, every | {"learner": "boosting", **boosting}]


def _optuna() -> Any:
    """Import Optuna, when it is needed.

    Raises:
        ModelError: it is not installed.
    """
    try:
        import optuna
    except ImportError as error:
        raise ModelError("a market declares automl.embedded, which needs Optuna: pip install 'steel-assets[automl]'") from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna
