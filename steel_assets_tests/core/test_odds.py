"""A chance is a share of paths, with the error of counting so many."""

from __future__ import annotations

import numpy as np
import pytest

from steel_assets.core.odds import first_passage, odds

VALUES = np.arange(1.0, 1001.0)


def test_the_chance_is_the_share_of_paths_beyond_the_level_and_on_it_is_neither() -> None:
    above, below = odds(VALUES, 750.0, "above"), odds(VALUES, 750.0, "below")
    assert (above.chance, below.chance, above.paths) == (0.25, 0.749, 1000)
    assert above.error == pytest.approx(np.sqrt(0.25 * 0.75 / 1000))


@pytest.mark.parametrize(("level", "chance"), [(5000.0, 0.0), (0.5, 1.0)])
def test_an_impossible_and_a_certain_level_have_an_error_all_the_same(level: float, chance: float) -> None:
    found = odds(VALUES, level, "above")
    assert found.chance == chance
    assert 0.001 < found.error < 0.002
    assert odds(VALUES, level, "below").chance == 1 - chance


def test_what_is_known_has_no_error() -> None:
    known = np.full(1000, 640.0)
    assert (odds(known, 600.0, "above").chance, odds(known, 600.0, "above").error) == (1.0, 0.0)
    assert (odds(known, 640.0, "above").chance, odds(known, 640.0, "below").chance) == (0.0, 0.0)


def test_first_passage_is_any_close_until_then_and_never_falls() -> None:
    paths = np.array([[101.0, 99.0, 98.0], [99.0, 106.0, 90.0], [100.0, 100.0, 106.0], [100.0, 100.0, 100.0]])
    assert [odds.chance for odds in first_passage(paths, 100.0, 105.0, "above")] == [0.0, 0.25, 0.5]
    assert [odds.chance for odds in first_passage(paths, 100.0, 99.5, "below")] == [0.25, 0.5, 0.5]


def test_a_price_that_is_there_already_has_been_there() -> None:
    found = first_passage(np.full((50, 3), 90.0), 120.0, 100.0, "above")
    assert [(odds.chance, odds.error) for odds in found] == [(1.0, 0.0)] * 3


def test_of_a_random_walk_the_way_is_twice_as_likely_as_the_end() -> None:
    """The reflection principle, less what closes miss of it."""
    walk = np.cumsum(np.random.default_rng(5).normal(0, 1, (20_000, 400)), axis=1) + 1000
    level = 1000 + 20.0
    end, way = odds(walk[:, -1], level, "above"), first_passage(walk, 1000.0, level, "above")[-1]
    assert 1.85 * end.chance < way.chance < 2 * end.chance
