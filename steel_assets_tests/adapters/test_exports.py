"""Tables as files for other programs: what each reads in them, and what nothing may lose or run on the way."""

from __future__ import annotations

import io
from datetime import datetime
from pathlib import Path

import openpyxl
import pandas as pd
import pyarrow.parquet as pq
import pytest

from steel_assets.adapters.exports import workbook
from steel_assets.adapters.exports.file import write_export
from steel_assets.adapters.exports.parquet import as_parquet
from steel_assets.adapters.exports.workbook import as_workbook
from steel_assets.core.exporting import Export, as_csv, between, export
from steel_assets.core.sheet import ExportError
from steel_assets.core.table_schema import Column, Table
from steel_assets.core.tables import MARKET_DAILY, PROMOTIONS, WAREHOUSE_TABLES

UNITS = {"a": "USD/t", "b": "CNY/t"}
DAY = datetime(2026, 11, 20)  # noqa: DTZ001  Excel's moments have no zone
NOW = pd.Timestamp("2026-11-30T08:00:00Z")
ATTACK = '=HYPERLINK("http://evil.test","click")'


def prices(*markets: str, simulated: bool = True) -> Export:
    days = pd.DatetimeIndex(["2026-11-20", "2026-11-23"])
    frames = [
        pd.DataFrame({"market": market, "date": days, "price": [571.25, -3.5], "known_at": days.tz_localize("UTC")})
        for market in markets
    ]
    rows = pd.concat(frames).assign(unit="USD/t", simulated=simulated)
    return export(
        MARKET_DAILY, rows, source="Steel Assets 1.0", as_of=NOW, simulated=simulated, units={"a": "USD/t", "b": "CNY/t"}
    )


def decisions(reason: str = "better", mae: float = 3.5) -> Export:
    row = {
        "decided_at": NOW,
        "market": "a",
        "horizon": 1,
        "candidate_version": "v1",
        "candidate_family": "ridge",
        "champion_version": None,
        "champion_family": None,
        "decision": "promoted",
        "reason": reason,
        "candidate_mae": mae,
        "champion_mae": None,
        "naive_mae": 4.0,
        "created_at": NOW,
    }
    rows = pd.DataFrame([row])
    return export(PROMOTIONS, rows, source="Steel Assets 1.0", as_of=NOW, simulated=True, units=UNITS)


def book(exported: Export) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(as_workbook(exported.sheet)))


def test_a_csv_has_iso_days_and_moments_and_plain_figures() -> None:
    assert as_csv(prices("a")).decode().split("\r\n") == [
        "market,date,price,known_at,unit,simulated",
        "a,2026-11-20,571.25,2026-11-20T00:00:00Z,USD/t,true",
        "a,2026-11-23,-3.5,2026-11-23T00:00:00Z,USD/t,true",
        "",
    ]


@pytest.mark.parametrize("table", WAREHOUSE_TABLES, ids=lambda table: table.name)
def test_every_row_of_every_table_says_whether_it_is_simulated(table: Table) -> None:
    exported = export(table, table.empty(), source="s", as_of=NOW, simulated=True)
    assert "simulated" in as_csv(exported).decode().split("\r\n")[0].split(",")


def test_a_table_without_a_column_for_it_has_what_its_lake_says() -> None:
    assert as_csv(decisions()).decode().rstrip().endswith(",true")
    assert decisions().about.startswith("SIMULATED DATA")
    assert not prices("a", simulated=False).about.startswith("SIMULATED DATA")


def test_a_workbook_has_units_in_its_header_and_formats_in_its_cells() -> None:
    sheet = book(prices("a"))["market_daily"]
    assert [cell.value for cell in sheet[2]] == ["market", "date", "price [USD/t]", "known_at [UTC]", "unit", "simulated"]
    assert [cell.value for cell in sheet[3]] == ["a", DAY, 571.25, DAY, "USD/t", True]
    assert [sheet[f"{letter}3"].number_format for letter in "BCD"] == ["yyyy-mm-dd", "#,##0.00##", "yyyy-mm-dd hh:mm:ss"]
    assert sheet.freeze_panes == "A3"
    assert sheet.auto_filter.ref == "A2:F4"


def test_a_workbook_says_first_that_it_is_simulated_and_from_when() -> None:
    sheets = book(prices("a"))
    assert sheets["market_daily"]["A1"].value == (
        "SIMULATED DATA · table market_daily · Steel Assets 1.0 · as of 2026-11-30T08:00:00Z"
    )
    facts = {row[0].value: row[1].value for row in sheets["definitions"].iter_rows(max_row=8)}
    assert facts["simulated"] == "SIMULATED DATA"
    assert facts["unit of a"] == "USD/t"
    assert "unit of b" not in facts


def test_the_definitions_are_the_contract_of_the_table() -> None:
    told = [[cell.value for cell in row] for row in book(decisions())["definitions"].iter_rows()]
    start = told.index(["column", "type", "unit", "meaning", "may be empty"]) + 1
    assert [row[0] for row in told[start:]] == [*PROMOTIONS.column_names, "simulated"]
    assert ["candidate_mae", "float", "USD/t", "candidate on the window", "yes"] in told


def test_prices_of_markets_with_several_units_are_not_given_one() -> None:
    exported = decisions()
    several = Export(exported.table, exported.rows, exported.source, NOW, UNITS)
    assert several.unit(Column("candidate_mae", "float", "", unit="target unit")) == "target unit"


def test_a_formula_is_a_text_in_every_kind_of_file() -> None:
    exported = decisions(reason=ATTACK)
    cell = book(exported)["promotions"]["I3"]
    assert (cell.value, cell.data_type, cell.quotePrefix) == (ATTACK, "s", True)
    assert pd.read_csv(io.BytesIO(as_csv(exported)))["reason"][0] == f"'{ATTACK}"
    assert pd.read_parquet(io.BytesIO(as_parquet(exported)))["reason"][0] == ATTACK


def test_what_no_workbook_can_hold_is_shown_or_refused_and_never_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    assert book(decisions(reason="a\x00b"))["promotions"]["I3"].value == "a�b"
    assert book(decisions(mae=float("inf")))["promotions"]["J3"].value == "inf"
    with pytest.raises(ExportError, match="reason has a text of 40,000 characters"):
        as_workbook(decisions(reason="x" * 40_000).sheet)
    monkeypatch.setattr(workbook, "MOST_ROWS", 3)
    with pytest.raises(ExportError, match="2 rows are more than a sheet of Excel holds"):
        as_workbook(prices("a").sheet)


def test_a_day_before_excel_counts_is_a_text() -> None:
    exported = prices("a")
    early = exported.rows.assign(date=pd.Timestamp("1850-01-02"))
    sheet = book(Export(exported.table, early, exported.source, NOW))["market_daily"]
    assert sheet["B3"].value == "1850-01-02"


def test_parquet_carries_meanings_units_and_whether_it_is_simulated() -> None:
    file = pq.ParquetFile(io.BytesIO(as_parquet(decisions())))
    about = file.schema_arrow.metadata
    assert {name: about[name.encode()] for name in ("table", "simulated", "as_of")} == {
        "table": b"promotions",
        "simulated": b"true",
        "as_of": b"2026-11-30T08:00:00Z",
    }
    field = file.schema_arrow.field("candidate_mae")
    assert field.metadata[b"unit"] == b"USD/t"
    assert field.metadata[b"description"] == b"candidate on the window"
    assert str(file.schema_arrow.field("decided_at").type) == "timestamp[us, tz=UTC]"


def test_days_are_chosen_with_both_ends_and_moments_by_their_day_in_utc() -> None:
    rows = prices("a").rows
    assert len(between(MARKET_DAILY, rows, pd.Timestamp("2026-11-23"), pd.Timestamp("2026-11-23"))) == 1
    assert len(between(MARKET_DAILY, rows, None, pd.Timestamp("2026-11-22"))) == 1
    late = decisions().rows.assign(decided_at=pd.Timestamp("2026-11-30T23:59:59Z"))
    assert len(between(PROMOTIONS, late, pd.Timestamp("2026-11-30"), pd.Timestamp("2026-11-30"))) == 1


def test_a_file_that_is_there_stays_unless_it_is_to_be_replaced(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    write_export(path, b"first", replace=False)
    with pytest.raises(ExportError, match="--force replaces it"):
        write_export(path, b"second", replace=False)
    assert path.read_bytes() == b"first"
    write_export(path, b"third", replace=True)
    assert path.read_bytes() == b"third"
    assert [file.name for file in tmp_path.iterdir()] == ["table.csv"]


def test_a_disk_that_is_full_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(b"first")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(ExportError, match="Make room on that disk"):
        write_export(path, b"second", replace=True)
    assert path.read_bytes() == b"first"
    assert [file.name for file in tmp_path.iterdir()] == ["table.csv"]
