"""What every AutoML keeps: its test class inherits this and gives one that has bought nothing yet."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from steel_assets.core.automl import AutoMLError, AutoMLService
from steel_assets.core.features import build_features
from steel_assets.core.samples import Samples, build_samples
from steel_assets_tests.core.synthetic import synthetic

SPLIT = 1_200


@cache
def rows() -> Samples:
    """A simulated market whose scrap leads by a day, one day ahead, every label known."""
    history = synthetic(count=1_300, lived=0).history()
    samples = build_samples(history, build_features(history), 1)
    return samples.with_labels(history.prices_at(samples.target_dates, history.as_of))


def past() -> Samples:
    return rows().rows(slice(0, SPLIT))


def asked() -> Samples:
    later = rows().rows(slice(SPLIT, None))
    return later.with_labels(np.full(len(later), np.nan))


class AutoMLContract:
    """Inherit, and give the fixture ``search``."""

    def test_it_answers_each_row_in_order_with_something_of_what_came(self, search: AutoMLService) -> None:
        said = search.predict(past(), asked())
        came = rows().rows(slice(SPLIT, None)).scaled_returns
        assert said.shape == (len(asked()),)
        assert np.isfinite(said).all()
        assert np.abs(said).max() <= 10
        seen = np.isfinite(came)
        assert np.corrcoef(said[seen], came[seen])[0, 1] > 0.3

    def test_asked_again_it_says_the_same_to_the_last_bit_and_rows_in_another_order_change_no_answer(
        self, search: AutoMLService
    ) -> None:
        said = search.predict(past(), asked())
        assert search.predict(past(), asked()).tolist() == said.tolist()
        backwards = np.arange(len(asked()))[::-1]
        assert search.predict(past(), asked().rows(backwards)) == pytest.approx(said[backwards], abs=1e-12)

    def test_rows_without_a_label_teach_nothing(self, search: AutoMLService) -> None:
        known = past()
        y, features = known.y.copy(), known.features.copy()
        y[-50:], features[-50:] = np.nan, 1e6
        noisy = replace(known.with_labels(y), features=features)
        assert search.predict(noisy, asked()).tolist() == search.predict(known.with_labels(y), asked()).tolist()

    def test_too_few_rows_are_an_error_that_says_how_many_are_needed(self, search: AutoMLService) -> None:
        with pytest.raises(AutoMLError, match=r"are needed|the service wants"):
            search.predict(past().rows(slice(0, 100)), asked())

    def test_what_it_costs_is_known_before_and_grows_with_what_is_asked(self, search: AutoMLService) -> None:
        assert 0 <= search.cost_usd(1, 10) <= search.cost_usd(5, 10) <= search.cost_usd(5, 10**7)
        assert search.cost_usd(0, 0) == 0
