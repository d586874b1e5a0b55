"""Figures as people write them: read where there is one reading, else refused with both."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from steel_assets.core.types import Series
from steel_assets_tests.sources.reading import (
    DAILY,
    EUROS,
    MONTHLY,
    PERCENT,
    PESOS,
    SHANGHAI,
    of_figures,
    pairs,
    read,
    refusal,
)


@pytest.mark.parametrize(
    ("cells", "series", "values"),
    [
        (["1.012,50", "987,25"], DAILY, [1012.5, 987.25]),
        (["1,012.50", "987.25"], DAILY, [1012.5, 987.25]),
        (["1'012.50", "987.25"], DAILY, [1012.5, 987.25]),
        (["1’012.50", "987.25"], DAILY, [1012.5, 987.25]),
        (["1 012,50", "987,25"], DAILY, [1012.5, 987.25]),
        (["1\u00a0012,50", "987"], DAILY, [1012.5, 987.0]),
        (["1\u202f012.50", "987"], DAILY, [1012.5, 987.0]),
        (["1 012", "987"], DAILY, [1012.0, 987.0]),
        (["1,23,456", "1,24,000.50"], DAILY, [123456.0, 124000.5]),
        (["12.345.678", "987"], DAILY, [12345678.0, 987.0]),
        (["1234,5", "1234"], DAILY, [1234.5, 1234.0]),
        (["0,987", "1,012"], DAILY, [0.987, 1.012]),
        (["16,905", "17,05"], DAILY, [16.905, 17.05]),
        ([".5", "0.25"], DAILY, [0.5, 0.25]),
        (["1.2E+03", "5e2"], DAILY, [1200.0, 500.0]),
        (["(12.5)", "12.5-", "−12.5", "-12.5", "+12.5"], DAILY, [-12.5, -12.5, -12.5, -12.5, 12.5]),
        (["US$ 1,012.50/t", "US$ 987.00/t"], DAILY, [1012.5, 987.0]),
        (["$1,012.50", "-$5.25"], DAILY, [1012.5, -5.25]),
        (["USD 612.50 / mt", "610"], DAILY, [612.5, 610.0]),
        (["612,50 €", "1.012,00 €"], EUROS, [612.5, 1012.0]),
        (["$16,900.00 MXN", "$17,000.50 MXN"], PESOS, [16900.0, 17000.5]),
        (["3512元/吨", "¥3512.5"][:1], SHANGHAI, [3512.0]),
        (["5.5%", "6 %"], PERCENT, [5.5, 6.0]),
    ],
)
def test_figures_of_one_reading_are_read(cells: list[str], series: Series, values: list[float]) -> None:
    reading = read(of_figures(cells), series)
    assert [value for _, value in pairs(reading)] == values


@pytest.mark.parametrize(
    ("cells", "point", "comma"),
    [
        (["987", "995", "1.012", "1.020"], "1.012", "1012"),
        (["24.500"], "24.5", "24500"),
        (["3,512"], "3512", "3.512"),
        (["1,012", "1.012"], "1012", "1.012"),
        (["999.5", "1.012"], "1.012", "1012"),
        (["101.250", "101.500"], "101.25", "101250"),
        (["US$ 1.012", "US$ 987"], "1.012", "1012"),
        (["-1.012", "-1.013"], "-1.012", "-1012"),
    ],
)
@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_a_mark_that_could_be_either_is_refused_with_both_readings(
    cells: list[str], point: str, comma: str, separator: str
) -> None:
    message = refusal(of_figures(cells, separator))
    assert f"could be {comma} or {point}; say --decimal , ({comma}) or --decimal . ({point})" in message


@pytest.mark.parametrize(("decimal", "values"), [(",", [987.0, 1012.0]), (".", [987.0, 1.012]), ("comma", [987.0, 1012.0])])
def test_the_option_decides(decimal: str, values: list[float]) -> None:
    assert [value for _, value in pairs(read(of_figures(["987", "1.012"]), decimal=decimal))] == values


def test_a_figure_that_does_not_fit_the_option_is_named() -> None:
    assert "row 3, column 'Price': '987.25' is not a number with a decimal comma (--decimal)" in refusal(
        of_figures(["1.012", "987.25"]), decimal=","
    )


@pytest.mark.parametrize(
    ("held", "cells", "values"),
    [
        (1000.0, ["987", "995", "1.012", "1.020"], [987.0, 995.0, 1012.0, 1020.0]),
        (1.02, ["1.012", "1.020"], [1.012, 1.02]),
        (3500.0, ["3,512"], [3512.0]),
    ],
)
@pytest.mark.parametrize("separator", [";", "\t"])
def test_what_the_series_holds_decides(held: float, cells: list[str], values: list[float], separator: str) -> None:
    reading = read(of_figures(cells, separator), known=holding(held))
    assert [value for _, value in pairs(reading)] == values
    assert "by the level that the series holds" in reading.assumed["figures"]


def test_a_level_that_fits_neither_reading_decides_nothing() -> None:
    with pytest.raises(ValueError, match="say --decimal"):
        read(of_figures(["24.500"]), known=holding(700.0))


def holding(value: float) -> pd.DataFrame:
    at = pd.Timestamp("2024-03-02", tz="UTC")
    return pd.DataFrame({"series": [DAILY.id], "period": [pd.Timestamp("2024-03-01")], "value": [value], "collected_at": [at]})


def test_fixed_decimals_of_a_program_are_read_where_commas_separate_the_cells() -> None:
    table = "Fecha,SP1\n01/01/2024,133.555\n01/02/2024,133.681\n01/03/2024,134.065\n"
    reading = read(table, MONTHLY)
    assert [value for _, value in pairs(reading)] == [133.555, 133.681, 134.065]
    assert "commas separate the cells" in reading.assumed["figures"]


@pytest.mark.parametrize(
    "table",
    [
        "Date,Price\n2024-03-13,24.500\n2024-03-14,24.750\n",
        "Date,Price\n2024-03-13,987\n2024-03-14,1.012\n",
        "Date,Price\n2024-03-13,16.935\n2024-03-14,16.948\n",
        'Date,Price\n"2024-03-13","133.555"\n"2024-03-14","133.681"\n',
    ],
    ids=["round", "whole figures too", "too cheap for a tonne", "quoted"],
)
def test_and_refused_where_they_may_be_thousands_all_the_same(table: str) -> None:
    assert "say --decimal" in refusal(table)


@pytest.mark.parametrize(
    ("cells", "series", "says"),
    [
        (["612,50 €"], DAILY, "is in another unit: the cells say '€', the series is in USD/t"),
        (["612.50 USD/st"], DAILY, "the cells say 'usd/st', the series is in USD/t"),
        (["5.5%"], DAILY, "the cells say '%', the series is in USD/t"),
        (["$5", "€6"], DAILY, "column 'Price' has cells in '$' (row 2) and in '€' (row 3); keep one unit"),
        (["1.012,5", "1,012.5"], DAILY, "row 2, column 'Price': '1.012,5' has a decimal comma, other rows a decimal point"),
        (["1.234.5"], DAILY, "'1.234.5' is not a number"),
        (["612.5 (x)"], DAILY, "'612.5 (x)' is not a number"),
        (["1.5K"], DAILY, "'1.5K' could be 1,500"),
        (["Rs.500"], DAILY, "'Rs.500' is not a number"),
        (["605-615"], DAILY, "'605-615' is not a number"),
        (["12/5"], DAILY, "'12/5' is not a number"),
        (["5", "#REF!"], DAILY, "row 3, column 'Price': '#REF!' is the error of a formula"),
        (["5", "#¡DIV/0!"], DAILY, "row 3, column 'Price': '#¡DIV/0!' is the error of a formula"),
    ],
)
def test_what_is_no_figure_of_the_series_is_refused_by_row_and_column(cells: list[str], series: Series, says: str) -> None:
    assert says in refusal(of_figures(cells), series)


@pytest.mark.parametrize(
    "mark",
    [
        "",
        ".",
        "..",
        "…",
        "-",
        "--",
        "–",
        "null",
        "NULL",
        "None",
        "nan",
        "NaN",
        "N/A",
        "n/a",
        "#N/A",
        "#N/D",
        "N/E",
        "n.d.",
        "ND",
        "s/d",
        "x",
    ],
)
def test_marks_for_no_figure_are_counted_and_said(mark: str) -> None:
    reading = read(of_figures(["612.5", mark, "610.25"]))
    assert [value for _, value in pairs(reading)] == [612.5, 610.25]
    assert reading.left_out["rows without a figure"] == f"1 ({mark or 'empty'})"


def test_figures_are_scaled() -> None:
    reading = read(of_figures(["61250", "61000"]), scale=0.01)
    assert [value for _, value in pairs(reading)] == [612.5, 610.0]
    assert reading.assumed["scale"] == "each figure × 0.01"


def test_what_decided_goes_into_the_mapping_of_the_next_file() -> None:
    options: dict[str, Any] = read(of_figures(["1.012,50", "987,25"])).mapping.model_dump(exclude_defaults=True)
    assert options == {"series": "daily", "date_column": ("Date",), "value_column": "Price", "decimal": ","}
