"""``steel export``: a table as a file, and what is said where it cannot be one."""

from __future__ import annotations

import io
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from steel_assets.adapters.warehouse.warehouse import DuckDBWarehouse
from steel_assets.core.tables import FORECASTS
from steel_assets.operations.exporting import TABLES
from steel_assets_tests.cli.published_home import published_home
from steel_assets_tests.steel import Steel

MARKET = "rebar_fob_turkey"


@pytest.fixture(scope="module")
def steel(tmp_path_factory: pytest.TempPathFactory) -> Steel:
    """A folder in which two months of forecasts were published."""
    return published_home(tmp_path_factory.mktemp("published"))


def test_csv_is_printed_and_says_that_it_is_simulated(steel: Steel) -> None:
    done = steel("export", "forecasts", "--market", MARKET)
    assert done.returncode == 0, done.stderr
    found = pd.read_csv(io.StringIO(done.stdout), float_precision="round_trip")
    rows = DuckDBWarehouse(steel.folder / ".steel" / "warehouse.duckdb").read(FORECASTS, {"market": MARKET})
    assert list(found.columns) == FORECASTS.column_names
    assert found["predicted_price"].tolist() == rows["predicted_price"].tolist()
    assert found["simulated"].all()
    assert done.stderr.startswith("SIMULATED DATA · table forecasts · Steel Assets ")


def test_the_three_kinds_of_file_hold_the_same_rows(steel: Steel, tmp_path: Path) -> None:
    for ending in ("csv", "xlsx", "parquet"):
        done = steel("export", "metrics_daily", "--market", MARKET, "--output", str(tmp_path / f"m.{ending}"))
        assert done.returncode == 0, done.stderr
        assert "SIMULATED DATA" in done.stderr
    csv, parquet = pd.read_csv(tmp_path / "m.csv", float_precision="round_trip"), pd.read_parquet(tmp_path / "m.parquet")
    sheet = openpyxl.load_workbook(tmp_path / "m.xlsx")["metrics_daily"]
    xlsx = [row[2] for row in sheet.iter_rows(min_row=3, values_only=True)]
    assert csv["mape"].tolist() == parquet["mape"].tolist() == pytest.approx(xlsx)
    assert len(csv) > 10


def test_days_are_chosen_with_both_ends(steel: Steel) -> None:
    every = pd.read_csv(io.StringIO(steel("export", "market_daily", "--market", MARKET).stdout))
    first, last = every["date"].iloc[3], every["date"].iloc[5]
    some = steel("export", "market_daily", "--market", MARKET, "--since", first, "--until", last)
    assert pd.read_csv(io.StringIO(some.stdout))["date"].tolist() == every["date"].iloc[3:6].tolist()


def test_observations_of_a_market_are_those_of_the_series_that_it_reads(steel: Steel) -> None:
    every = pd.read_csv(io.StringIO(steel("export", "observations").stdout))
    some = pd.read_csv(io.StringIO(steel("export", "observations", "--market", "iron_ore_62").stdout))
    assert set(some["series"]) < set(every["series"])


def test_a_selection_of_nothing_is_said_and_writes_nothing(steel: Steel, tmp_path: Path) -> None:
    output = tmp_path / "none.csv"
    done = steel("export", "forecasts", "--until", "1999-01-01", "--output", str(output))
    assert done.returncode == 1
    assert done.stderr.startswith("no rows in table forecasts until 1999-01-01: nothing was written")
    assert not output.exists()


def test_a_file_is_replaced_only_by_force(steel: Steel, tmp_path: Path) -> None:
    output = tmp_path / "drift.csv"
    output.write_text("mine")
    refused = steel("export", "drift", "--output", str(output))
    assert refused.returncode == 2
    assert "--output" in refused.stderr
    assert output.read_text() == "mine"
    assert steel("export", "drift", "--output", str(output), "--force").returncode == 0
    assert output.read_text().startswith("date,market,")


def test_a_byte_order_mark_is_written_when_it_is_asked_for(steel: Steel, tmp_path: Path) -> None:
    output = tmp_path / "drift.csv"
    assert steel("export", "drift", "--bom", "--output", str(output)).returncode == 0
    assert output.read_bytes().startswith(b"\xef\xbb\xbfdate,")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("prices",), f"TABLE: 'prices' is no table; there are {', '.join(TABLES)}"),
        (("forecasts", "--market", "rebar"), "--market: 'rebar' is not in the catalogue; there are "),
        (("system_metrics", "--market", MARKET), "--market: the table system_metrics has no column market; leave the option out"),
        (("forecasts", "--since", "soon"), "--since: 'soon' is not a date; write it as 2026-11-20"),
        (("forecasts", "--since", "2026-02-01", "--until", "2026-01-01"), "--since 2026-02-01 is after --until 2026-01-01"),
        (("forecasts", "--format", "xlsx"), "--format xlsx: only CSV can be printed; name a file with --output"),
        (("forecasts", "--format", "xlsx", "--output", "a.csv"), "--format xlsx: a.csv ends in .csv"),
        (("forecasts", "--output", "a.doc"), "--output: the kind of file is not known from a.doc"),
        (("forecasts", "--output", "nowhere/a.csv"), "--output: the folder "),
        (("forecasts", "--output", "a.xlsx", "--bom"), "--bom: only CSV has a byte order mark, and the format is xlsx"),
    ],
)
def test_what_cannot_be_written_as_asked_names_the_field_and_the_remedy(
    steel: Steel, arguments: tuple[str, ...], said: str
) -> None:
    done = steel("export", *arguments)
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {said}")


def test_a_damaged_file_of_the_lake_is_named(steel: Steel) -> None:
    kept = steel.lake / "processed-data" / "daily" / "scrap_turkey.parquet"
    content = kept.read_bytes()
    kept.write_bytes(content[: len(content) // 2])
    try:
        done = steel("export", "market_daily", "--market", "scrap_turkey")
    finally:
        kept.write_bytes(content)
    assert done.returncode == 2
    assert done.stderr.startswith("error: processed-data/daily/scrap_turkey.parquet is damaged")
