"""Pictures are drawn of whatever the stages have, however many families there are."""

import pandas as pd
import pytest

from steel_assets.assets.plots import skill_bars


@pytest.mark.parametrize("families", [1, 12, 40])
def test_skill_is_drawn_for_few_families_and_for_many(families: int) -> None:
    names = ["champion", "naive", *(f"family_{n:02d}" for n in range(families))]
    rows = [{"h": h, "model": name, "mae_ratio": 0.9 + 0.01 * h} for h in (1, 5) for name in names]
    assert str(skill_bars(pd.DataFrame(rows), "rebar").value).startswith("![")
