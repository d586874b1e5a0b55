"""Folds kept between trainings: a fold that was computed before, from the same bytes by the same code, is not computed again.

Nearly all folds of a training are those of the training before: each row uses only what was known at its origin, and fits happen
on days that only the calendar determines. What is kept of a fold is found by the digest of all that it was computed from
(``fold_digests``) and by nothing else, so a revised price, another declaration, another release or library is another fold. The
newest fold of a family goes on as days pass: its model is kept too, and forecasts the days that are new.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeGuard, cast

import numpy as np
import pandas as pd

from steel_assets.core import folds, intervals
from steel_assets.core.fold_digests import FoldDigests
from steel_assets.core.history import MarketHistory
from steel_assets.core.models import Calibrated, Model, ModelError
from steel_assets.core.models._protocol import Incremental, Resumable, unfitted
from steel_assets.core.samples import Samples
from steel_assets.core.types import QUANTILES

log = logging.getLogger("steel.models")


@dataclass(frozen=True, eq=False)
class KeptFold:
    """What a fitted model forecast.

    Attributes:
        levels: its scaled error quantiles, one per level of ``types.QUANTILES``.
        points: its point forecasts (target unit) by the digest of the row.
        model: the model itself, as it is stored, where it forecast the newest origin; empty elsewhere.
    """

    levels: np.ndarray
    points: Mapping[bytes, float]
    model: bytes = b""


@dataclass(eq=False)
class KeptFolds:
    """The folds of one horizon.

    Attributes:
        code: digest of the program, its libraries and the machine: what computes a fold beside its data.
        former: folds of the training before, by digest.
        used: those of this training, for the next one.
        taken: how many of them were taken from ``former``, by family.
        computed: how many needed a fit, by family.
    """

    code: bytes
    former: Mapping[bytes, KeptFold]
    used: dict[bytes, KeptFold] = field(default_factory=dict)
    taken: dict[str, int] = field(default_factory=dict)
    computed: dict[str, int] = field(default_factory=dict)


def keepable(family: type[Model]) -> TypeGuard[type[Calibrated]]:
    """Whether point forecasts and scaled error quantiles are all that a fold of ``family`` says."""
    return issubclass(family, Calibrated) and family.predict is Calibrated.predict


def walk_forward(
    history: MarketHistory,
    samples: Samples,
    family: type[Calibrated],
    start: int,
    stop: int,
    kept: KeptFolds,
    digests: FoldDigests,
) -> pd.DataFrame:
    """As ``folds.walk_forward``, to the last bit, without computing again what ``kept`` has; what was used is added to it.

    Args:
        family: one that is ``keepable``.
        digests: of ``samples``.
    """
    points, levels = np.empty(stop - start), np.empty((stop - start, len(QUANTILES)))
    incremental = issubclass(family, Incremental)
    fits = _Fits(history, samples, family, kept)
    for fold in folds.folds(history.origins, family.refit_every, 0 if incremental else start, stop):
        fits.reach(digests.fit(family, fold.fitted_at, fits.digest if incremental else b""), fold.fitted_at)
        first = max(fold.start, start)
        if first >= fold.stop:
            continue
        found = fits.forecast(slice(first, fold.stop), digests.rows[first : fold.stop], newest=fold.stop == stop)
        here = slice(first - start, fold.stop - start)
        points[here], levels[here] = list(found.points.values()), found.levels
    return intervals.distribution(points, samples.volatility[start:stop], levels)


class _Fits:
    """The fits of a family, one after another, each made only if its forecasts are not kept.

    Attributes:
        digest: of the fit that was reached last.
    """

    def __init__(self, history: MarketHistory, samples: Samples, family: type[Calibrated], kept: KeptFolds) -> None:
        self._history, self._samples, self._family, self._kept = history, samples, family, kept
        self._learning = self._unfitted()
        self._reached: list[tuple[bytes, int]] = []
        self.digest = b""

    def reach(self, digest: bytes, at: int) -> None:
        """Go on to the fit at origin number ``at``."""
        if not isinstance(self._learning, Incremental):
            self._reached.clear()
        self._reached.append((digest, at))
        self.digest = digest

    def forecast(self, rows: slice, digests: Sequence[bytes], *, newest: bool) -> KeptFold:
        """The forecasts of ``rows`` by the model of the fit that was reached last.

        Args:
            digests: of the rows.
            newest: whether the last of them is the newest origin, so that the same model may have to forecast more.
        """
        former = self._kept.former.get(self.digest)
        missing = former is None or any(row not in former.points for row in digests)
        stored = self._stored(former) if missing else None
        counts = self._kept.computed if missing and stored is None else self._kept.taken
        counts[self._family.family] = counts.get(self._family.family, 0) + 1
        if former is not None and not missing:
            found = replace(former, points={row: former.points[row] for row in digests}, model=former.model if newest else b"")
        else:
            model = stored or self._fitted()
            kept = b"" if not newest else former.model if former is not None and stored else _stored_form(model)
            found = KeptFold(model.levels, _by_row(digests, model.points(self._samples.rows(rows))), kept)
        self._kept.used[self.digest] = found
        return found

    def _stored(self, kept: KeptFold | None) -> Calibrated | None:
        """The model that was kept, None if there is none or it cannot be read."""
        if kept is None or not kept.model:
            return None
        try:
            if issubclass(self._family, Resumable):
                return cast(Calibrated, self._family.resumed(kept.model))
            return self._family.from_bytes(kept.model)
        except ModelError as error:
            log.warning("a fold of %s that was kept is computed again: %s", self._family.family, error)
            return None

    def _fitted(self) -> Calibrated:
        """The model of the fit that was reached last; one that keeps learning goes on from the newest fit that was kept."""
        if not isinstance(self._learning, Incremental):
            return self._unfitted().fit(self._past(self._reached[-1][1]))
        resumable = isinstance(self._learning, Resumable)
        for place in reversed(range(len(self._reached) if resumable else 0)):
            if resumed := self._stored(self._kept.former.get(self._reached[place][0])):
                self._learning, self._reached = resumed, self._reached[place + 1 :]
                break
        for _, at in self._reached:
            self._learning = cast(Incremental, self._learning).learn(self._past(at))  # type: ignore[assignment]
        self._reached = []
        return self._learning

    def _unfitted(self) -> Calibrated:
        return cast(Calibrated, unfitted(self._family, self._history.market))

    def _past(self, at: int) -> Samples:
        return folds.past_of(self._history, self._samples, at)


def _by_row(digests: Sequence[bytes], points: Iterable[float]) -> dict[bytes, float]:
    return {row: float(point) for row, point in zip(digests, points, strict=True)}


def _stored_form(model: Calibrated) -> bytes:
    return model.progress() if isinstance(model, Resumable) else model.to_bytes()
