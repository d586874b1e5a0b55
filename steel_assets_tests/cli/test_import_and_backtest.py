"""A user's own market from a user's own files: import, backtest, forecast; and files that are no such thing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from steel_assets.core.tables import BACKTEST
from steel_assets_tests.steel import Steel

SERIES = """
series:
  - {id: wire_rod, name: Wire rod, unit: USD/t}
  - {id: billet, name: Billet, unit: USD/t}
"""
MARKET = """
id: wire_rod
name: Wire rod
commodity: wire_rod
region: brazil
target: {series: wire_rod, unit: USD/t}
drivers: [billet]
horizons: [1, 5, 21]
"""


def prices(seed: int, days: int = 700) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    dates = pd.bdate_range("2021-01-04", periods=days)
    return pd.DataFrame({"date": dates, "close": 600 * np.exp(np.cumsum(random.standard_t(4, days) * 0.008))})


@pytest.fixture(scope="module")
def user(tmp_path_factory: pytest.TempPathFactory) -> Steel:
    """A user with a catalogue of their own and two imported files."""
    folder = tmp_path_factory.mktemp("user")
    steel = Steel(folder, {"STEEL_CATALOG_DIR": "mine", "STEEL_SOURCES": "files"})
    for name in ("series", "markets"):
        (folder / "mine" / name).mkdir(parents=True)
    (folder / "mine" / "series" / "mine.yaml").write_text(SERIES)
    (folder / "mine" / "markets" / "mine.yaml").write_text(MARKET)
    prices(1).to_csv(folder / "wire_rod.csv", index=False)
    prices(2).rename(columns={"close": "settle"}).to_excel(folder / "billet.xlsx", sheet_name="Prices", index=False)
    assert steel.json("import", "wire_rod.csv", "--series", "wire_rod")["rows_new_or_changed"] == 700
    arguments = ("--series", "billet", "--sheet", "Prices", "--date-column", "date", "--value-column", "settle")
    assert steel.json("import", "billet.xlsx", *arguments)["rows_new_or_changed"] == 700
    return steel


def test_importing_the_same_file_again_writes_nothing(user: Steel) -> None:
    before = user.files("raw-data")
    assert user.json("import", "wire_rod.csv", "--series", "wire_rod")["stored"] is None
    assert user.files("raw-data") == before


@pytest.mark.slow
def test_a_backtest_has_one_row_per_model_origin_and_horizon_and_a_champion_no_worse_than_the_last_price(user: Steel) -> None:
    arguments = ("--start", "2022-11-01", "--end", "2023-06-30", "--step", "5", "--output", "rows.parquet")
    outcome = user.json("backtest", "wire_rod", *arguments)
    rows = pd.read_parquet(user.folder / "rows.parquet")
    assert list(rows.columns) == BACKTEST.column_names
    origins = pd.bdate_range("2022-11-01", "2023-06-30")[::5]
    assert sorted(rows["origin"].unique()) == list(origins)
    assert (rows.groupby(["model", "origin", "h"]).size() == 1).all()
    assert len(rows) == rows["model"].nunique() * len(origins) * 3
    source = prices(1).set_index("date")["close"]
    scored = rows.dropna(subset="y")
    assert np.allclose(scored["y"], source[scored["target_date"]])
    assert np.allclose(rows["last"], source[rows["origin"]])
    champion = {score["h"]: score["mae_ratio"] for score in outcome["scores"] if score["model"] == "champion"}
    assert set(champion) == {1, 5, 21}
    assert max(champion.values()) <= 1.01


@pytest.mark.slow
def test_a_forecast_as_of_a_past_day_is_the_same_when_the_future_was_never_imported(user: Steel, tmp_path: Path) -> None:
    young = Steel(tmp_path / "young", user.settings | {"STEEL_CATALOG_DIR": str(user.folder / "mine")})
    for name, seed in (("wire_rod", 1), ("billet", 2)):
        known = prices(seed)
        known[known["date"] < "2023-01-10"].to_csv(young.folder / f"{name}.csv", index=False)
        young.json("import", f"{name}.csv", "--series", name)
    ask = ("forecast", "wire_rod", "--as-of", "2023-01-10")
    assert young.json(*ask) == user.json(*ask)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("columns.csv", b"a,b\n1,2\n3,4\n", "--date-column"),
        ("text.csv", b"date,close\n2021-01-04,n/a!\n", "n/a!"),
        ("twice.csv", b"date,close\n2021-01-04,1\n2021-01-04,2\n", "2021-01-04"),
        ("future.csv", b"date,close\n2031-01-06,600\n", "2031-01-06"),
        ("empty.csv", b"", "empty"),
        ("html.csv", b"<html><body>not found</body></html>", "html.csv"),
        ("binary.xlsx", b"\x89PNG\r\n\x1a\n" + bytes(200), "xlsx"),
        ("noise.parquet", bytes(range(256)) * 4, "arquet"),
        ("bomb.csv", b"date,close\n" + b"2021-01-04,1\n" * 2_100_000, "bomb.csv"),
    ],
)
def test_a_broken_file_is_refused_with_one_error_and_nothing_is_written(
    user: Steel, name: str, content: bytes, says: str
) -> None:
    (user.folder / name).write_bytes(content)
    before = user.files()
    refused = user("import", name, "--series", "wire_rod")
    assert refused.returncode == 2
    assert says in refused.stderr
    assert refused.stderr.count("error:") == 1
    assert "Traceback" not in refused.stderr
    assert user.files() == before


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("import", "missing.csv", "--series", "wire_rod"), "no such file"),
        (("import", "wire_rod.csv", "--series", "unknown_one"), "docs/catalogue.md"),
        (("backtest", "nowhere"), "wire_rod"),
        (("backtest", "wire_rod", "--start", "01/02/2022"), "--start"),
        (("backtest", "wire_rod", "--start", "2023-01-02", "--end", "2022-01-03"), "--end"),
        (("backtest", "wire_rod", "--start", "2030-01-02", "--end", "2031-01-02"), "2023-09-08"),
        (("backtest", "wire_rod", "--models", "oracle"), "oracle"),
        (("backtest", "wire_rod", "--withhold", "-1"), "--withhold"),
        (("backtest", "wire_rod", "--withhold", "100000"), "--withhold"),
        (("backtest", "wire_rod", "--output", "no/such/folder.parquet"), "--output"),
        (("forecast", "wire_rod", "--as-of", "2099-01-01"), "is in the future"),
        (("forecast", "wire_rod", "--as-of", "2021-01-08"), "30"),
        (("demo",), "STEEL_SOURCES"),
    ],
)
def test_a_wrong_command_says_what_is_wrong_and_writes_nothing(user: Steel, arguments: tuple[str, ...], says: str) -> None:
    before = user.files()
    refused = user(*arguments)
    assert refused.returncode == 2
    assert says in refused.stderr
    assert "Traceback" not in refused.stderr
    assert user.files() == before


def test_a_setting_that_cannot_be_is_named_as_the_variable(user: Steel) -> None:
    refused = user("doctor", STEEL_HISTORY_YEARS="many")
    assert refused.returncode == 2
    assert "STEEL_HISTORY_YEARS" in refused.stderr


def test_a_catalogue_with_a_mistake_stops_with_the_file_and_the_field(user: Steel, tmp_path: Path) -> None:
    (tmp_path / "markets").mkdir()
    (tmp_path / "markets" / "bad.yaml").write_text(MARKET + "colour: red\n")
    refused = user("status", STEEL_CATALOG_DIR=str(tmp_path))
    assert refused.returncode == 2
    assert "bad.yaml" in refused.stderr
    assert "colour" in refused.stderr
