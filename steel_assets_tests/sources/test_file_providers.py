"""Workbooks and texts as statistical offices, exchanges and terminals write them (figures invented): read, or refused by name."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pytest

from steel_assets.core.types import Series
from steel_assets_tests.sources.reading import DAILY, MONTHLY, PESOS, SHANGHAI, of_dates, of_figures, pairs, read, refusal
from steel_assets_tests.sources.workbooks import xlsx

QUARTERLY = Series(id="quarterly", name="Quarterly", unit="index", frequency="quarterly")
POUNDS = Series(id="pounds", name="Pounds", unit="GBP/t", frequency="monthly")
TITLES = (
    ("World Bank Commodity Price Data (The Pink Sheet)",),
    ("monthly prices in nominal US dollars, 1960 to present",),
    ("(monthly series are available only in nominal US dollar terms)",),
    ("Updated on April 02, 2024",),
)
ENGLISH = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
SPANISH = ["Ene", "Feb", "Mar", "Abr", "May", "Jun", "Jul", "Ago", "Sep", "Oct", "Nov", "Dic"]
TURKISH = ["Ocak", "Şubat", "Mart", "Nisan", "Mayıs", "Haziran", "Temmuz", "Ağustos", "Eylül", "Ekim", "Kasım", "Aralık"]


def pink(*rows: tuple[object, ...]) -> bytes:
    return xlsx(
        {
            "AFOSHEET": [("World Bank",), ("Please cite",)],
            "Monthly Prices": [*TITLES, *rows],
            "Description": [("Crude oil", "average of spot prices")],
        }
    )


NAMES = ("Crude oil, average", "Iron ore, cfr spot **", "Zinc")
ROWS: list[tuple[object, ...]] = [("1960M01", 1.5, "…", 250.5), ("1960M02", 1.6, 11.5, 240), ("2024M03", 83.5, 109.5, 2459.5)]


@pytest.mark.parametrize("first", [None, "", "Date", "Unnamed: 0"])
@pytest.mark.parametrize(
    "below",
    [[], [(None, "($/bbl)", "($/dmtu)", "($/mt)")], [(None, "($/bbl)", "($/dmtu)", "($/mt)"), (None, "OIL", "IRON", "ZN")]],
)
def test_a_pink_sheet_is_read_whatever_stands_over_its_dates(first: object, below: list[tuple[object, ...]]) -> None:
    reading = read(pink((first, *NAMES), *below, *ROWS), MONTHLY, "pink.xlsx", value_column="Zinc")
    assert pairs(reading) == [("1960-01-01", 250.5), ("1960-02-01", 240), ("2024-03-01", 2459.5)]
    assert reading.assumed["sheet"].startswith("'Monthly Prices'")
    iron = read(pink((first, *NAMES), *below, *ROWS), MONTHLY, "pink.xlsx", value_column="Iron ore, cfr spot")
    assert pairs(iron) == [("1960-02-01", 11.5), ("2024-03-01", 109.5)]
    assert "…" in iron.left_out["rows without a figure"]


def test_without_a_column_named_a_pink_sheet_is_refused_with_its_columns() -> None:
    message = refusal(pink((None, *NAMES), *ROWS), MONTHLY, "pink.xlsx")
    assert "the columns are column 1, Crude oil, average, Iron ore, cfr spot **, Zinc: choose one with --value-column" in message


@pytest.mark.parametrize(
    ("name", "value"), [("Energy", 17), ("Agriculture", 35), ("Food", 32), ("Grains", 36), ("Base Metals", 12)]
)
def test_names_of_groups_that_stand_lower_and_lower_are_found(name: str, value: float) -> None:
    content = xlsx(
        {
            "Monthly Indices": [
                *TITLES,
                (),
                (None, "Total Index", "Energy", "Non-energy"),
                (None, None, None, None, "Agriculture"),
                (None, None, None, None, None, "Beverages", "Food", None, None, "Base Metals"),
                (None, None, None, None, None, None, None, "Oils & Meals", "Grains"),
                ("1960M01", 21, 17, 30, 35, 33, 32, 31, 36, 12),
            ]
        }
    )
    assert pairs(read(content, MONTHLY, "indices.xlsx", value_column=name)) == [("1960-01-01", value)]


@pytest.mark.parametrize(
    "head", [",close", ",0", "Unnamed: 0,close", '"",close', "index,close"], ids=["index", "zero", "unnamed", "quoted", "named"]
)
def test_what_pandas_writes_is_read(head: str) -> None:
    reading = read(f"{head}\n2024-03-13,605.5\n2024-03-14,604\n")
    assert pairs(reading) == [("2024-03-13", 605.5), ("2024-03-14", 604)]
    again = read(f"{head}\n2024-03-15,603\n", **reading.mapping.model_dump(exclude={"series"}, exclude_defaults=True))
    assert pairs(again) == [("2024-03-15", 603)]


def test_a_frame_that_begins_with_empty_figures_is_read() -> None:
    reading = read(",close\n2024-03-11,\n2024-03-12,\n2024-03-13,605.5\n2024-03-14,604\n")
    assert pairs(reading) == [("2024-03-13", 605.5), ("2024-03-14", 604)]
    assert reading.left_out["rows without a figure"].startswith("2 ")


@pytest.mark.parametrize(
    ("mark", "meaning"),
    [
        (" p/", "preliminary"),
        ("<P>", "preliminary"),
        (" <p>", "preliminary"),
        (" P", "preliminary"),
        ("p", "preliminary"),
        (" (p)", "preliminary"),
        (" preliminar", "preliminary"),
        ("ᵖ", "preliminary"),
        (" r/", "revised"),
        (" (R)", "revised"),
        (" e/", "estimated"),
        (" (e)", "estimated"),
        ("*", "a footnote"),
        ("¹", "a footnote"),
    ],
)
def test_a_known_mark_behind_a_period_or_a_figure_is_taken_off_and_said(mark: str, meaning: str) -> None:
    behind_the_period = read(f"Periodo,Dato\n2024/01,101.5\n2024/1{mark},101.5\n2024/02{mark},102\n", MONTHLY)
    assert pairs(behind_the_period) == [("2024-01-01", 101.5), ("2024-02-01", 102)]
    assert f"2 with {mark.strip()!r} behind ({meaning})" in behind_the_period.assumed["dates"]
    behind_the_figure = read(f"Periodo,Dato\n2024/01,101.5\n2024/02,102.5{mark}\n", MONTHLY)
    assert pairs(behind_the_figure) == [("2024-01-01", 101.5), ("2024-02-01", 102.5)]
    assert f"1 with {mark.strip()!r} behind ({meaning})" in behind_the_figure.assumed["figures"]


@pytest.mark.parametrize("mark", [" 1/", " x/", " f", "(f)", "a", " [2]", "e", " q"])
def test_a_mark_that_is_not_known_is_refused(mark: str) -> None:
    assert "is not a date" in refusal(f"Periodo,Dato\n2024/01,101.5\n2024/02{mark},102\n", MONTHLY)
    assert "is not a number" in refusal(f"Periodo,Dato\n2024/01,101.5\n2024/02,102.5{mark}\n", MONTHLY)


def test_a_p_behind_a_price_in_pounds_may_be_pence() -> None:
    assert "could be pence" in refusal("Date,Price\n2024/01,605p\n2024/02,606p\n", POUNDS)
    assert pairs(read("Date,Price\n2024/01,605\n2024/02,606 (p)\n", POUNDS))[1] == ("2024-02-01", 606)


def test_inegi_is_read_with_its_titles_marks_and_notes() -> None:
    content = (
        'Instituto Nacional de Estadística\n\n"Unidad de medida: Índice base julio 2019=100"\nPeriodicidad: Mensual\n\n'
        'Periodo,Dato\n2024/01,"1,101.20"\n2024/02,"1,101.90"\n2024/03 p/,"1,102.90"\n\np/ Cifras preliminares\nFuente: INEGI\n'
    ).encode("latin-1")
    reading = read(content, MONTHLY)
    assert pairs(reading) == [("2024-01-01", 1101.2), ("2024-02-01", 1101.9), ("2024-03-01", 1102.9)]
    assert reading.left_out["notes below"].startswith("2 (p/ Cifras preliminares")


def test_banxico_is_read_by_the_id_of_its_series() -> None:
    content = (
        'Banco de México\n\nTipos de cambio\n\nFecha de consulta: 15/03/2024 10:01:32\n\nTítulo,"FIX, por dólar","Liquidación"\n'
        "Periodicidad,Diaria,Diaria\nUnidad,Pesos por Dólar,Pesos por Dólar\nBase,,\nFecha,SF43718,SF60653\n"
        "12/03/2024,N/E,16.8\n13/03/2024,16.7545,16.9\n14/03/2024,16.6939,N/E\n"
    ).encode("latin-1")
    assert pairs(read(content, PESOS, value_column="SF43718")) == [("2024-03-13", 16.7545), ("2024-03-14", 16.6939)]
    assert pairs(read(content, PESOS, value_column="Liquidación")) == [("2024-03-12", 16.8), ("2024-03-13", 16.9)]


def test_the_words_about_each_column_of_mysteel_belong_to_its_names() -> None:
    content = (
        "指标名称,螺纹钢:HRB400:上海,热卷:上海\n单位,元/吨,元/吨\n来源,钢联,钢联\n指标ID,ID001,ID002\n频率,日,日\n"
        "更新时间,2024-03-14,2024-03-14\n2024-03-13,3850,3900\n2024-03-14,3830,3880\n数据来源：钢联数据,,\n"
    ).encode("gb18030")
    for name in ("热卷:上海", "ID002"):
        assert pairs(read(content, SHANGHAI, value_column=name)) == [("2024-03-13", 3900), ("2024-03-14", 3880)]


@pytest.mark.parametrize("name", ["Cash Seller", "3-months Buyer"])
def test_a_contract_of_the_lme_is_named_with_its_group(name: str) -> None:
    content = xlsx(
        {
            "Prices": [
                ("LME Steel Rebar", None, None, None, None),
                (None, "Cash", None, "3-months", None),
                ("Date", "Buyer", "Seller", "Buyer", "Seller"),
                (date(2024, 3, 13), 600, 601.5, 605, 606),
            ]
        }
    )
    value = {"Cash Seller": 601.5, "3-months Buyer": 605}[name]
    assert pairs(read(content, DAILY, "lme.xlsx", value_column=name)) == [("2024-03-13", value)]
    for group in ("Cash", "Seller"):
        assert "there are 2 columns" in refusal(content, DAILY, "lme.xlsx", value_column=group)


def test_policy_uncertainty_is_read_without_the_source_in_its_last_row() -> None:
    content = xlsx(
        {
            "EPU": [
                ("Year", "Month", "GEPU_current", "GEPU_ppp"),
                (1997, 1, 74.5, 80.5),
                ("1997", "2", 75.5, 81),
                ("Source: 'Measuring Economic Policy Uncertainty', 2016, at www.PolicyUncertainty.com.",),
            ]
        }
    )
    assert pairs(read(content, MONTHLY, "epu.xlsx", value_column="GEPU_current")) == [("1997-01-01", 74.5), ("1997-02-01", 75.5)]


def test_stooq_is_read_in_polish_too() -> None:
    content = "Data,Otwarcie,Najwyzszy,Najnizszy,Zamkniecie,Wolumen\n2024-03-13,1,2,3,605.5,10\n2024-03-14,1,2,3,604,10\n"
    assert pairs(read(content)) == [("2024-03-13", 605.5), ("2024-03-14", 604)]


YEARS = [[2023, *(100.5 + month for month in range(12))], [2024, 112.5, 113.5, *[""] * 10]]
ACROSS = {f"{2023 + month // 12}-{month % 12 + 1:02d}-01": 100.5 + month for month in range(14)}


def lines(*rows: list[object], separator: str = ",") -> str:
    return "".join(separator.join(map(str, row)) + "\n" for row in rows)


@pytest.mark.parametrize("months", [ENGLISH, SPANISH, TURKISH, [str(month) for month in range(1, 13)]], ids=lambda one: one[0])
@pytest.mark.parametrize("side", ["Year", "Año", ""])
def test_years_against_months_are_laid_out(months: list[str], side: str) -> None:
    reading = read(lines([side, *months], *YEARS), MONTHLY)
    assert dict(pairs(reading)) == ACROSS
    assert reading.assumed["layout"].startswith("a crosstab: months across row 1")
    book = xlsx(
        {"Notes": [("words",)], "Index": [("Índice",), (), (side, *months, "Average"), *[(*year, 9.5) for year in YEARS]]}
    )
    reading = read(book, MONTHLY, "index.xlsx")
    assert dict(pairs(reading)) == ACROSS
    assert reading.left_out["columns beside the figures"] == "Average"
    again = read(book, MONTHLY, "index.xlsx", **reading.mapping.model_dump(exclude={"series"}, exclude_defaults=True))
    assert dict(pairs(again)) == ACROSS


def test_months_against_years_and_quarters_are_laid_out_too() -> None:
    turned = lines(["Mes", "2023", "2024"], *[[name, YEARS[0][at], YEARS[1][at]] for at, name in enumerate(SPANISH, start=1)])
    assert dict(pairs(read(turned, MONTHLY))) == ACROSS
    quarters = "Title;;;;\nYear;Q1;Q2;Q3;Q4\n2023;1,5;2,5;3,5;4,5\nSource: office;;;;\n"
    assert pairs(read(quarters, QUARTERLY))[-1] == ("2023-10-01", 4.5)


@pytest.mark.parametrize(
    ("content", "options", "says"),
    [
        (lines(["Year", *ENGLISH], *YEARS), {"value_column": "Jan"}, "it is a crosstab, with months across row 1"),
        (lines(["Year", *ENGLISH], *YEARS, ["2025e", *YEARS[0][1:]]), {}, "row 4: '2025e' is no year, and the row has figures"),
        (lines(["Year", *ENGLISH], [*YEARS[0], 7]), {}, "row 2 has 14 cells, the header has 13"),
        (lines(["Year", *ENGLISH], *YEARS, ["Year", *ENGLISH], *YEARS), {}, "row 4 is the header of another table"),
        (lines(["Year", *ENGLISH], *YEARS, [2023, *[5] * 12]), {}, "rows 2, 4 are both about the month of 2023-01-01"),
        ("Product,2024/01,2024/02\nRebar,101.5,102\nRod,1,2\n", {}, "it is a crosstab: 2024/01, 2024/02 stand across row 1"),
        ("Product,Year,Jan,Feb,Mar\nRebar,2024,101.5,102,1\n", {}, "it is a crosstab: Jan, Feb, Mar stand across row 1"),
    ],
)
def test_a_crosstab_that_could_be_read_wrongly_is_refused(content: str, options: Mapping[str, str], says: str) -> None:
    assert says in refusal(content, MONTHLY, **options)


def test_a_crosstab_of_months_is_none_of_a_daily_series() -> None:
    assert "is a month, the series is daily" in refusal(lines(["Year", *ENGLISH], *YEARS))


@pytest.mark.parametrize(
    "content",
    ["2024-03-13,605.5\n2024-03-14,604\n", "13/03/2024;605,5\n14/03/2024;604\n", "Rebar\n\n2024-03-13,605.5\n2024-03-14,604\n"],
)
def test_two_columns_without_names_are_read_from_the_first_row(content: str) -> None:
    reading = read(content)
    assert pairs(reading) == [("2024-03-13", 605.5), ("2024-03-14", 604)]
    assert reading.assumed["header"].startswith("none: the first row of data is row ")
    again = read(content, **reading.mapping.model_dump(exclude={"series"}, exclude_defaults=True))
    assert pairs(again) == pairs(reading)


@pytest.mark.parametrize("head", ["", "Foo,Bar\n", "Rebar\n"])
@pytest.mark.parametrize("broken", ["2024-03-12,cheap\n", "2024-03-12,cheap\n2024-03-12,\n"])
@pytest.mark.parametrize("row", [None, 0])
def test_rows_of_dates_without_a_readable_figure_are_no_titles(head: str, broken: str, row: int | None) -> None:
    assert "'2024-03-12' is a date" in refusal(f"{head}{broken}2024-03-13,605.5\n2024-03-14,604\n", header_row=row)


def test_more_columns_without_names_are_refused_until_one_is_named_by_its_number() -> None:
    content = "2024-03-13,600,610,605.5\n2024-03-14,601,611,604\n"
    assert 'say --header-row 0 and which of "column 1", "column 2", … is the --value-column' in refusal(content)
    assert "row 1 is a row of data, not of names; say --header-row 0" in refusal(content, header_row=1)
    reading = read(content, header_row=0, value_column="column 4")
    assert pairs(reading) == [("2024-03-13", 605.5), ("2024-03-14", 604)]


QUARTERS = [
    ["2024Q1", "2024Q2"],
    ["Q1 2024", "Q2 2024"],
    ["1Q24", "2Q24"],
    ["2024-T1", "2024-T2 p/"],
    ["2024-I", "2024-II"],
    ["I/2024", "II/2024"],
    ["I Trim. 2024", "II Trim. 2024"],
    ["1er trimestre de 2024", "2º trimestre de 2024"],
    ["1. Quartal 2024", "2. Quartal 2024"],
    ["Ene-Mar 2024", "Abr-Jun 2024"],
    ["2024 Jan-Mar", "2024 Apr-Jun"],
    ["Enero-Marzo/2024", "Abril-Junio/2024"],
    ["2024年第1季度", "2024年第2季度"],
    ["2024年一季度", "2024年二季度"],
]


@pytest.mark.parametrize("cells", QUARTERS)
def test_quarters_are_read_for_a_quarterly_series_alone(cells: list[str]) -> None:
    assert [day for day, _ in pairs(read(of_dates(cells), QUARTERLY))] == ["2024-01-01", "2024-04-01"]
    for series in (DAILY, MONTHLY):
        assert f"the series is {series.frequency}: declare it with frequency: quarterly" in refusal(of_dates(cells), series)


def test_a_year_and_the_number_of_a_quarter_are_told_from_a_month_by_the_other_rows() -> None:
    """INEGI's quarterly tables say 2023/04 for the fourth quarter of 2023."""
    inegi = of_dates(["2023/01", "2023/02", "2023/03", "2023/04", "2024/01"])
    assert [day for day, _ in pairs(read(inegi, QUARTERLY))][-2:] == ["2023-10-01", "2024-01-01"]
    months = of_dates(["2023/01", "2023/04", "2023/07", "2023/10"])
    assert [day for day, _ in pairs(read(months, QUARTERLY))][-2:] == ["2023-07-01", "2023-10-01"]
    assert [day for day, _ in pairs(read(inegi, MONTHLY))][-2:] == ["2023-04-01", "2024-01-01"]


def test_a_number_that_could_be_a_month_or_a_quarter_is_refused_with_both() -> None:
    assert "could be 2023-03-01 (--date-format %Y/%m) or 2023-07-01" in refusal(of_dates(["2023/03", "2024/03"]), QUARTERLY)


@pytest.mark.parametrize("cells", [["Feb-Apr 2024", "May-Jul 2024"], ["Jan-Jun 2024", "Jul-Dec 2024"], ["V/2024", "VI/2024"]])
def test_months_that_are_no_quarter_are_no_date(cells: list[str]) -> None:
    assert "is not a" in refusal(of_dates(cells), QUARTERLY)


@pytest.mark.parametrize("cells", [("1", "2"), ("Q1", "Q2"), ("T1", "T2")])
@pytest.mark.parametrize("name", ["Quarter", "Trimestre"])
def test_year_and_quarter_may_have_columns_of_their_own(cells: tuple[str, str], name: str) -> None:
    content = f"Year,{name},Value\n2024,{cells[0]},1.5\n2024,{cells[1]},2.5\n"
    assert pairs(read(content, QUARTERLY)) == [("2024-01-01", 1.5), ("2024-04-01", 2.5)]


@pytest.mark.parametrize(
    ("cell", "reading"),
    [
        ("1.5K", "1,500"),
        ("1,21M", "1,210,000"),
        ("1.012K", "1,012,000 or 1,012"),
        ("2.3B", "2,300,000,000"),
        ("0.5万", "5,000"),
        ("3mn", "3,000,000"),
    ],
)
def test_thousands_and_millions_behind_a_figure_are_refused_with_what_they_would_be(cell: str, reading: str) -> None:
    for cells in ([cell], ["605.5", cell]):
        message = refusal(of_figures(cells))
        assert all(entry in message for entry in reading.split(" or "))
        assert "volumes" in message
        assert "--value-column" in message
