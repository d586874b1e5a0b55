"""``steel drift``: the newest measurement, and the false alarms of the past, counted."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from steel_assets.cli.drift import described, print_drift
from steel_assets.core.drift import Drift
from steel_assets_tests.steel import Steel


def test_alarms_are_counted_as_episodes_over_the_time_that_was_judged() -> None:
    days = pd.bdate_range("2020-01-03", periods=100, freq="5B")
    scores = pd.DataFrame(0.5, index=days, columns=["features", "returns", "errors"])
    scores.iloc[40:44, :2] = 1.0
    scores.iloc[70:, 2] = 1.0
    scores.iloc[-1, 1] = 1.0
    scores.iloc[:50, 0] = np.where(np.arange(50) < 10, np.nan, scores.iloc[:50, 0])
    answer = described("gold", Drift(scores, scores, scores))
    assert (answer["alarms"], answer["episodes"], answer["drift"]) == (5, 2, True)
    assert answer["episodes_a_year"] == pytest.approx(2 / (100 * 5 / 250))
    assert answer["alarm_days"][-1] == f"{days[-1]:%Y-%m-%d}"
    console = Console(file=StringIO(), soft_wrap=True)
    print_drift(console, answer, replay=True)
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert f"{answer['alarms']} of {answer['judged']} measurements were alarms" in shown
    assert shown.rstrip().endswith(answer["alarm_days"][-1])


@pytest.mark.slow
def test_real_prices_are_replayed_and_a_market_without_history_is_told_so(tmp_path: Path, real_prices: Path) -> None:
    steel = Steel(tmp_path)
    answer = steel.json("drift", "rebar_fob_turkey", "--real", str(real_prices))
    assert answer["judged"] > 200
    assert answer["episodes_a_year"] < 2
    for arguments, message in ((("gold",), "not in the catalogue"), (("rebar_fob_turkey",), "no observations yet")):
        done = steel("drift", *arguments)
        assert done.returncode == 2
        assert message in done.stderr
