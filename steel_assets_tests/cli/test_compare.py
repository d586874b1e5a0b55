"""``steel compare``: real prices from files, pictures that can be opened, a document of which only the measured part changes."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from steel_assets.cli.accuracy import BEGIN, END, measured_markdown, replace_measured
from steel_assets.cli.problem import Problem
from steel_assets.core.scorecard import by_year, worst_window
from steel_assets.core.scoring import scores
from steel_assets_tests.core.test_scorecard import rows
from steel_assets_tests.steel import Steel


@pytest.mark.slow
def test_a_market_is_compared_on_real_prices_without_a_lake(tmp_path: Path, real_prices: Path) -> None:
    steel = Steel(tmp_path)
    (tmp_path / "pictures").mkdir()
    document = tmp_path / "accuracy.md"
    document.write_text(f"# Ours\n{BEGIN}\nold\n{END}\nKept.\n")
    found = steel.json(
        "compare", "rebar_fob_turkey", "--real", str(real_prices), "--start", "2017-06-01", "--end", "2017-12-29", "--step", "3",
        "--output", "pictures", "--document", "accuracy.md",
    )  # fmt: skip
    table = pd.DataFrame(found["scores"]).set_index(["model", "h"])
    assert table.loc[("forward_curve", 5), "mae_ratio"] < 0.9
    assert table["coverage_90"].between(0, 1).all()
    assert set(pd.DataFrame(found["by_year"])["year"]) == {2017}
    weights = pd.DataFrame(found["weights"])
    assert {"last price", "ridge", "forward_curve"} < set(weights["member"])
    assert weights.groupby(["h", "year"])["share"].sum().tolist() == pytest.approx([1.0] * 4)
    pictures = sorted((tmp_path / "pictures").iterdir())
    assert [path.name for path in pictures] == [f"rebar_fob_turkey-{name}.png" for name in ("calibration", "fan", "skill")]
    assert all(path.read_bytes().startswith(b"\x89PNG") and path.stat().st_size > 5_000 for path in pictures)
    assert "rebar_fob_turkey" in document.read_text()
    assert not steel.lake.exists() or not steel.files("raw-data")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("compare", "gold"), "gold not in the catalogue"),
        (("compare", "--real", "nowhere"), "name the folder that holds the real price history"),
        (("compare", "--output", "nowhere"), "--output"),
    ],
)
def test_wrong_questions_get_one_sentence(tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    done = Steel(tmp_path)(*arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def measured() -> str:
    table = rows()
    return measured_markdown(table, scores(table).merge(worst_window(table), on=["market", "model", "h"]), by_year(table))


def test_only_what_is_between_the_marks_is_written_anew(tmp_path: Path) -> None:
    document = tmp_path / "accuracy.md"
    document.write_text(f"# Ours\n\n{BEGIN}\nold numbers\n{END}\n\nWhat did not work.\n")
    replace_measured(document, measured())
    replace_measured(document, measured())
    text = document.read_text()
    assert text.startswith(f"# Ours\n\n{BEGIN}\n1 markets, origins 2021-01-04 to ")
    assert text.endswith(f"{END}\n\nWhat did not work.\n")
    assert "old numbers" not in text
    assert "| wire_rod | 1 | 600 | 1.000 | 1.000 |" in text


@pytest.mark.parametrize("content", ["", "# no marks\n", f"{END}\n{BEGIN}\n", f"{BEGIN}{BEGIN}{END}"])
def test_a_document_without_marks_is_left_alone(tmp_path: Path, content: str) -> None:
    document = tmp_path / "accuracy.md"
    document.write_text(content)
    with pytest.raises(Problem, match="needs the lines"):
        replace_measured(document, "numbers")
    assert document.read_text() == content
