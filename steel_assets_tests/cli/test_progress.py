"""A long command says what it does and about how long that takes."""

import pytest

from steel_assets.cli import progress
from steel_assets.cli.progress import TimeLeft, doing, spoken


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("collect_fred_api", "collecting from fred_api"),
        ("rebar_fob_turkey__candidate_models", "training rebar_fob_turkey"),
        ("rebar_fob_turkey__market_daily.make_rebar_fob_turkey__market_daily", "prices of rebar_fob_turkey"),
        ("publication", "publication"),
        ("rebar_fob_turkey__metrics_daily_mape_increase", "rebar_fob_turkey__metrics_daily_mape_increase"),
    ],
)
def test_a_step_is_called_after_what_it_does(step: str, said: str) -> None:
    assert doing(step) == said


def test_what_is_left_follows_from_how_long_the_work_done_took(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 30.0, 40.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    steps = ["a__candidate_models", "b__candidate_models", "a__forecasts"]
    left = TimeLeft(steps)
    assert left.after("a__candidate_models") == "about 35 s left"
    assert left.after("b__candidate_models") == "about 5 s left"
    assert left.after("a__forecasts") == ""


def test_nothing_is_said_while_it_would_be_a_guess() -> None:
    left = TimeLeft(["publication", *(f"{number}__candidate_models" for number in range(5))])
    assert left.after("publication") == ""


@pytest.mark.parametrize(("seconds", "said"), [(1, "5 s"), (43, "45 s"), (100, "2 min"), (600, "10 min")])
def test_a_time_is_told_as_roughly_as_it_is_known(seconds: float, said: str) -> None:
    assert spoken(seconds) == said
