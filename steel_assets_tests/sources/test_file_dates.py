"""Dates as people write them: read where there is one reading, else refused with both."""

from __future__ import annotations

import pytest

from steel_assets.core.types import Series
from steel_assets_tests.sources.reading import DAILY, MONTHLY, NEW_YORK, SHANGHAI, WEEKLY, of_dates, pairs, read, refusal
from steel_assets_tests.sources.workbooks import xlsx

MARCH = ["2024-03-13", "2024-03-14"]


@pytest.mark.parametrize(
    "cells",
    [
        ["2024-03-13", "2024-03-14"],
        ["2024/3/13", "2024/3/14"],
        ["20240313", "20240314"],
        ["13/03/2024", "14/03/2024"],
        ["03/13/2024", "03/14/2024"],
        ["3/13/2024 12:00:00 AM", "3/14/2024 12:00:00 AM"],
        ["13.03.2024", "14.03.2024"],
        ["13.03.24", "14.03.24"],
        ["13. 3. 2024", "14. 3. 2024"],
        ["240313", "240314"],
        ["13-Mar-24", "14-Mar-24"],
        ["13-mar-2024", "14-mar-2024"],
        ["13 de marzo de 2024", "14 de marzo de 2024"],
        ["13 de março de 2024", "14 de março de 2024"],
        ["13. März 2024", "14. Mrz. 2024"],
        ["13 Mart 2024", "14 Mart 2024"],
        ["13 mars 2024", "14 mars 2024"],
        ["March 13th, 2024", "March 14th, 2024"],
        ["2024年3月13日", "2024年3月14日"],
        ["2024-03-13 星期三", "2024-03-14 星期四"],
        ["Wed 13/03/2024", "Thu 14/03/2024"],
        ["miércoles, 13 de marzo de 2024", "jueves, 14 de marzo de 2024"],
        ["Mittwoch, 13.03.2024", "Donnerstag, 14.03.2024"],
        ["Çarşamba 13.03.2024", "Perşembe 14.03.2024"],
        ["quarta-feira, 13 de março de 2024", "quinta-feira, 14 de março de 2024"],
        ["45364", "45365"],
        ["1710288000", "1710374400"],
        ["1710288000000", "1710374400000"],
        ["2024-03-13T00:00:00Z", "2024-03-14T00:00:00Z"],
    ],
)
def test_days_are_read(cells: list[str]) -> None:
    assert [day for day, _ in pairs(read(of_dates(cells)))] == MARCH


@pytest.mark.parametrize(
    ("first", "month"),
    [
        *[("15-ene-2024", 1), ("15-abr-2024", 4), ("15-ago-2024", 8), ("15-dic-2024", 12), ("15-sept-2024", 9)],
        *[("15/fev/2024", 2), ("15/mai/2024", 5), ("15/set/2024", 9), ("15/out/2024", 10), ("15/dez/2024", 12)],
        *[("15 Mai 2024", 5), ("15 Okt 2024", 10), ("15 Jänner 2024", 1), ("15 Dez. 2024", 12)],
        *[("15 Oca 2024", 1), ("15 Şub 2024", 2), ("15 Nis 2024", 4), ("15 Haziran 2024", 6), ("15 Tem 2024", 7)],
        *[("15 Ağu 2024", 8), ("15 Eyl 2024", 9), ("15 Ekim 2024", 10), ("15 Kas 2024", 11), ("15 ARALIK 2024", 12)],
    ],
)
def test_names_of_months_are_known(first: str, month: int) -> None:
    assert pairs(read(of_dates([first]))) == [(f"2024-{month:02d}-15", 0.5)]


@pytest.mark.parametrize(
    "cells",
    [
        ["2024M01", "2024M02"],
        ["2024-01", "2024-02"],
        ["2024/01", "2024/02"],
        ["2024.01", "2024.02"],
        ["202401", "202402"],
        ["01/2024", "02/2024"],
        ["Jan-2024", "Feb-2024"],
        ["Jan-24", "Feb-24"],
        ["enero 2024", "febrero 2024"],
        ["2024 Ocak", "2024 Şubat"],
        ["2024年1月", "2024年2月"],
        ["31/01/2024", "29/02/2024"],
    ],
)
def test_months_are_read_for_a_monthly_series(cells: list[str]) -> None:
    assert [day for day, _ in pairs(read(of_dates(cells), MONTHLY))] == ["2024-01-01", "2024-02-01"]


def test_weeks_are_read_for_a_weekly_series() -> None:
    assert [day for day, _ in pairs(read(of_dates(["2024-W05", "2024-W06"]), WEEKLY))] == ["2024-01-29", "2024-02-05"]


@pytest.mark.parametrize(
    ("cells", "series", "days"),
    [
        (["01/01/2024", "01/02/2024", "01/03/2024"], MONTHLY, ["2024-01-01", "2024-02-01", "2024-03-01"]),
        (["1/1/2024", "2/1/2024", "3/1/2024"], MONTHLY, ["2024-01-01", "2024-02-01", "2024-03-01"]),
        (["01/03/2024", "01/06/2024", "01/09/2024"], MONTHLY, ["2024-03-01", "2024-06-01", "2024-09-01"]),
        (["05/03/2024", "06/03/2024", "07/03/2024"], DAILY, ["2024-03-05", "2024-03-06", "2024-03-07"]),
        (["03/05/2024", "03/06/2024", "03/07/2024"], DAILY, ["2024-03-05", "2024-03-06", "2024-03-07"]),
        (["24/01/15", "24/01/16", "24/01/17"], DAILY, ["2024-01-15", "2024-01-16", "2024-01-17"]),
    ],
)
def test_the_other_rows_tell_the_order(cells: list[str], series: Series, days: list[str]) -> None:
    assert [day for day, _ in pairs(read(of_dates(cells), series))] == days


@pytest.mark.parametrize(
    ("cells", "series"),
    [
        (["03/04/2024"], DAILY),
        (["03/04/2024", "05/06/2024"], DAILY),
        (["01/02/2024"], MONTHLY),
        (["01/02/2020", "01/02/2021"], MONTHLY),
        (["04/03/2024", "04/04/2024"], DAILY),
    ],
)
def test_an_order_that_nothing_tells_is_refused_with_both_readings(cells: list[str], series: Series) -> None:
    message = refusal(of_dates(cells), series)
    assert "(--day-first) or " in message
    assert "(--month-first); say which" in message


def test_the_options_decide() -> None:
    assert pairs(read(of_dates(["03/04/2024"]), day_first=True)) == [("2024-04-03", 0.5)]
    assert pairs(read(of_dates(["03/04/2024"]), month_first=True)) == [("2024-03-04", 0.5)]
    assert pairs(read(of_dates(["03/04/2024"]), date_format="%d/%m/%Y")) == [("2024-04-03", 0.5)]
    assert pairs(read(of_dates(["13-ene-2024"]), date_format="%d-%b-%Y")) == [("2024-01-13", 0.5)]


def test_an_order_that_the_option_denies_is_named() -> None:
    assert "'13/03/2024' is not a day of the calendar" in refusal(of_dates(["13/03/2024"]), month_first=True)
    assert "is not a date written as %Y-%m-%d (--date-format)" in refusal(of_dates(["13/03/2024"]), date_format="%Y-%m-%d")


def test_texts_among_the_dates_of_a_workbook_may_have_been_swapped() -> None:
    from datetime import date

    content = xlsx({"P": [("Date", "Price"), (date(2024, 2, 1), 5), ("13/02/2024", 6)]})
    assert "row 3, column 'Date': '13/02/2024' is text while other rows are dates" in refusal(content, name="p.xlsx")


# Instants


@pytest.mark.parametrize(
    ("cells", "series"),
    [
        (["2024-03-12 16:00:00+00:00", "2024-03-13T16:00:00Z"], SHANGHAI),
        (["2024-03-13 00:00:00+08:00", "2024-03-14 00:00:00+0800"], SHANGHAI),
        (["2024-03-13 00:00:00-04:00", "2024-03-14 00:00:00-04:00"], NEW_YORK),
        (["2024-03-13T04:00:00Z", "2024-03-14T04:00:00.000Z"], NEW_YORK),
        (["1710259200", "1710345600"], SHANGHAI),
    ],
)
def test_an_instant_is_brought_to_the_zone_of_the_series(cells: list[str], series: Series) -> None:
    reading = read(of_dates(cells), series)
    assert [day for day, _ in pairs(reading)] == MARCH
    assert "instants, brought to" in reading.assumed["dates"]


def test_an_offset_that_changes_with_summer_time_is_followed() -> None:
    cells = ["2024-03-08 00:00:00-05:00", "2024-03-11 00:00:00-04:00"]
    assert [day for day, _ in pairs(read(of_dates(cells), NEW_YORK))] == ["2024-03-08", "2024-03-11"]


@pytest.mark.parametrize(
    ("cells", "series", "says"),
    [
        (["2024-03-12 16:00:00+00:00"], DAILY, "is 2024-03-12 16:00 in UTC"),
        (["2024-03-13T00:00:00Z"], NEW_YORK, "is 2024-03-12 20:00 in America/New_York"),
        (["1710288000"], NEW_YORK, "is 2024-03-12 20:00 in America/New_York"),
        (["2024-03-13 15:00:00+08:00"], SHANGHAI, "is 2024-03-13 15:00 in Asia/Shanghai"),
    ],
)
def test_an_instant_that_is_no_date_there_is_refused(cells: list[str], series: Series, says: str) -> None:
    message = refusal(of_dates(cells), series)
    assert says in message
    assert "an instant within a day, no date" in message


def test_an_instant_among_plain_dates_is_refused() -> None:
    assert "other rows are instants" in refusal(of_dates(["2024-03-13T00:00:00Z", "2024-03-14"]))


def test_a_stamp_is_its_day_in_utc_when_a_person_says_so() -> None:
    assert pairs(read(of_dates(["1710288000"]), NEW_YORK, date_format="unix")) == [("2024-03-13", 0.5)]


def test_a_time_of_day_without_a_zone_is_dropped_and_said() -> None:
    reading = read(of_dates(["2024-03-13 16:00", "2024-03-14 16:00"]))
    assert [day for day, _ in pairs(reading)] == MARCH
    assert "the time of day was dropped" in reading.assumed["dates"]


# Parts


@pytest.mark.parametrize(
    "table",
    [
        "Year,Month,Price\n2024,1,5.5\n2024,2,6.5\n",
        "Año;Mes;Precio\n2024;Ene;5,5\n2024;Feb;6,5\n",
        "Year,Period,Value\n2024,M01,5.5\n2024,M02,6.5\n",
        "Yıl;Ay;Fiyat\n2024;Ocak;5,5\n;Şubat;6,5\n",
        "年,月,价格\n2024,1,5.5\n2024,2,6.5\n",
    ],
)
def test_year_and_month_may_have_columns_of_their_own(table: str) -> None:
    assert pairs(read(table, MONTHLY)) == [("2024-01-01", 5.5), ("2024-02-01", 6.5)]


def test_the_parts_can_be_named() -> None:
    table = "J;M;T;Preis;Menge\n2024;3;13;5,5;1\n2024;3;14;6,5;2\n"
    assert pairs(read(table, date_column=("J", "M", "T"), value_column="Preis")) == [("2024-03-13", 5.5), ("2024-03-14", 6.5)]
