"""File import: the three formats, what is found by itself, and every way to say no."""

from __future__ import annotations

import io
import zipfile
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steel_assets.core.tables import OBSERVATIONS
from steel_assets.core.types import PublicationRule, Series
from steel_assets.sources import file_import
from steel_assets.sources._files import archive, body, delimited, xlsx
from steel_assets.sources._files import parquet as parquet_files
from steel_assets.sources.file_import import FileMapping, FileReading, ImportRefused, import_observations, read_file
from steel_assets_tests.sources.reading import read_here

MOMENT = pd.Timestamp("2024-01-10 08:00", tz="UTC")
LONDON = PublicationRule(at="18:30", zone="Europe/London")  # type: ignore[arg-type]
SERIES = Series(id="rebar_platts", name="Rebar", unit="USD/t", published=LONDON)
MONTHLY = Series(id="scrap_index", name="Scrap", unit="index", frequency="monthly", published=PublicationRule(lag_days=16))
WEEKLY = Series(id="stocks_cn", name="Stocks", unit="index", frequency="weekly")

GOOD = "date,value\n2024-01-02,590.5\n2024-01-03,591\n"


def read(content: str | bytes, name: str = "prices.csv", series: Series = SERIES, **options: Any) -> pd.DataFrame:
    return whole(content, name, series, **options).figures[series.id]


def whole(content: str | bytes, name: str = "prices.csv", series: Series = SERIES, **options: Any) -> FileReading:
    mapping = FileMapping(series=series.id, **options)
    return read_here(content.encode() if isinstance(content, str) else content, name, mapping, {series.id: series}, MOMENT)


def refusal(content: str | bytes, name: str = "prices.csv", series: Series = SERIES, **options: Any) -> str:
    with pytest.raises(ImportRefused) as caught:
        read(content, name, series, **options)
    message = str(caught.value)
    assert message.startswith(f"{name}: ")
    assert message.endswith(". Nothing was imported")
    assert "\n" not in message
    return message


def pairs(frame: pd.DataFrame) -> list[tuple[str, float]]:
    return [(f"{period:%Y-%m-%d}", value) for period, value in zip(frame["period"], frame["value"], strict=True)]


def excel(*rows: tuple[object, ...], sheets: dict[str, list[tuple[object, ...]]] | None = None) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for title, content in (sheets or {"Prices": list(rows)}).items():
        sheet = book.create_sheet(title)
        for row in content:
            sheet.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def parquet(frame: pd.DataFrame, **options: object) -> bytes:
    buffer = io.BytesIO()
    frame.to_parquet(buffer, **options)  # type: ignore[call-overload]
    return buffer.getvalue()


EXPECTED = [("2024-01-02", 590.5), ("2024-01-03", 591.0)]


@pytest.mark.parametrize(
    "content",
    [
        GOOD,
        GOOD.replace("\n", "\r\n"),
        "\ufeff" + GOOD,
        GOOD.replace(",", ";"),
        GOOD.replace(",", "\t"),
        "Date , Close\n2024-01-02 , 590.5\n2024-01-03 , 591\n",
        "date,value\n2024-01-03,591\n2024-01-02,590.5\n",
        "date,value\n\n2024-01-02,590.5\n,\n2024-01-03,591\n\n",
        '"date","value"\n"2024-01-02","590.5"\n"2024-01-03","5.91e2"',
        "date,value,note\n2024-01-02,590.5,\n2024-01-03,591,revised\n",
        "PERIOD,Price\n2024-01-02,590.5\n2024-01-03,591\n",
        "week of,USD/t\n2024-01-02,590.5\n2024-01-03,591\n",
    ],
    ids=[
        "plain",
        "crlf",
        "bom",
        "semicolon",
        "tab",
        "spaces",
        "order",
        "blank rows",
        "quotes",
        "third column",
        "names",
        "by look",
    ],
)
def test_a_csv_file_is_read(content: str) -> None:
    assert pairs(read(content)) == EXPECTED


@pytest.mark.parametrize(
    "written",
    [
        ("2024-01-02", "2024-01-13"),
        ("2024-1-2", "2024-1-13"),
        ("2024/01/02", "2024/01/13"),
        ("20240102", "20240113"),
        ("2024-01-02T00:00:00Z", "2024-01-13T00:00:00+00:00"),
        ("2024-01-02 00:00", "2024-01-13 16:30"),
        ("02/01/2024", "13/01/2024"),
        ("02.01.2024", "13.01.2024"),
        ("01/02/2024", "01/13/2024"),
        ("2-Jan-2024", "13-Jan-2024"),
        ("2 January 2024", "13 January 2024"),
        ("Jan 2, 2024", "January 13, 2024"),
    ],
)
def test_dates_that_can_be_read_in_one_way_only_are_read(written: tuple[str, str]) -> None:
    first, second = (f'"{day}"' for day in written)
    moment = pd.Timestamp("2024-02-01", tz="UTC")
    frame = read_file(f"date,value\n{first},1\n{second},2\n".encode(), "prices.csv", SERIES, moment)
    assert pairs(frame) == [("2024-01-02", 1.0), ("2024-01-13", 2.0)]


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ("03/04/2023,1\n05/06/2023,2", "'03/04/2023' could be 2023-04-03 (--day-first) or 2023-03-04 (--month-first); say which"),
        ("13/04/2023,1\n05/16/2023,2", "row 3, column 'date': '05/16/2023' puts day and month the other way round"),
        ("04/13/2023,1\n16/05/2023,2", "row 3, column 'date': '16/05/2023' puts day and month the other way round"),
        ("2023-04-13,1\n14/05/2023,2", "row 3, column 'date': '14/05/2023' is not a date, or not written like most"),
        ("2023-02-30,1", "row 2, column 'date': '2023-02-30' is not a day of the calendar"),
        ("31/06/2023,1", "row 2, column 'date': '31/06/2023' is not a day of the calendar"),
        ("13 Foo 2023,1", "row 2, column 'date': '13 Foo 2023' is not a date"),
        (
            "01/02/03,1",
            "'01/02/03' could be 2003-02-01 (--day-first) or 2003-01-02 (--month-first) or 2001-02-03 (--date-format %y/%m/%d)",
        ),
        ("2023-05,1", "row 2, column 'date': '2023-05' is a month, the series is daily"),
        ("450001,1", "row 2, column 'date': '450001' is not a day of the calendar"),
        ("9999-01-01,1", "row 2, column 'date': '9999-01-01' is not a date; write dates as yyyy-mm-dd"),
        ("2023-05-01,1\n,2", "row 3 has a figure and no date"),
        ("1899-12-31,1", "row 2: 1899-12-31 lies before 1900"),
        ("2024-01-11,1", "row 2: 2024-01-11 lies in the future (today is 2024-01-10)"),
        ("2023-05-01,1\n2023-05-02,2\n2023-05-01,3", "rows 2, 4 are both about 2023-05-01 and differ; keep one"),
    ],
)
def test_a_wrong_date_is_named(rows: str, says: str) -> None:
    assert says in refusal(f"date,value\n{rows}\n")


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ("2023-05-01,1\n2023-05-02,abc", "row 3, column 'value': 'abc' is not a number; write 1234.5, and leave the cell empty"),
        ("2023-05-01,EUR 5", "'EUR 5' is in another unit: the cells say 'eur', the series is in USD/t"),
        ("2023-05-01,5%", "'5%' is in another unit: the cells say '%', the series is in USD/t"),
        ("2023-05-01,$5\n2023-05-02,€6", "cells in '$' (row 2) and in '€' (row 3); keep one unit"),
        ("2023-05-01,5 boxes", "'5 boxes' is not a number"),
        ("2023-05-01,1_000", "'1_000' is not a number"),
        ("2023-05-01,0x1F", "'0x1F' is not a number"),
        ("2023-05-01,True", "'True' is not a number"),
        ("2023-05-01,٣", "'٣' is not a number"),
        ("2023-05-01,-inf", "'-inf' is not a finite number"),
        ("2023-05-01,1e400", "'1e400' is not a finite number"),
        ('2023-05-01,"1,234"\n2023-05-02,999', "'1,234' could be 1.234 or 1234; say --decimal , (1.234) or --decimal . (1234)"),
        ('2023-05-01,"1,234"\n2023-05-02,1.234', "'1,234' could be 1.234 or 1234; say --decimal , (1.234) or --decimal . (1234)"),
    ],
)
def test_a_wrong_figure_is_named(rows: str, says: str) -> None:
    assert says in refusal(f"date,value\n{rows}\n")


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["1,234.5", "999"], [1234.5, 999.0]),
        (["1,234", "999.5"], [1234.0, 999.5]),
        (["1,234,567", "1,234"], [1234567.0, 1234.0]),
        (["-1,234.5", "+3"], [-1234.5, 3.0]),
    ],
)
def test_thousands_are_read_where_they_are_beyond_doubt(cells: list[str], values: list[float]) -> None:
    rows = "".join(f'2024-01-0{day},"{cell}"\n' for day, cell in enumerate(cells, start=1))
    assert read(f"date,value\n{rows}")["value"].tolist() == values


def test_empty_figures_are_left_out_and_counted() -> None:
    reading = whole("date,value\n2024-01-02,590.5\n2024-01-03,\n2024-01-04, \n")
    assert pairs(reading.figures[SERIES.id]) == EXPECTED[:1]
    assert reading.left_out == {"rows without a figure": "2 (empty)"}


def test_a_close_is_found_among_other_prices() -> None:
    content = "date,open,high,low,close,volume,hold,settle\n2024-01-02,1,2,0.5,590.5,9,9,0\n2024-01-03,1,2,0.5,591,9,9,0\n"
    assert pairs(read(content)) == EXPECTED


def test_a_column_can_be_named() -> None:
    content = "date,m01,m02\n2024-01-02,1,590.5\n2024-01-03,2,591\n"
    assert pairs(read(content, value_column="M02")) == EXPECTED
    assert pairs(read(content.replace("date,", "when it was,"), date_column="when it was", value_column="m02")) == EXPECTED


@pytest.mark.parametrize(
    ("content", "options", "says"),
    [
        ("date,m01,m02\n2024-01-02,1,2\n", {}, "the columns are date, m01, m02: choose one with --value-column"),
        ("a,b\nx,1\n", {}, "it is not clear which column has the dates; the columns are a, b"),
        ("2024-01-02,1,2\n2024-01-03,2,3\n", {}, "row 1 holds data, and no row above it the names of columns"),
        (GOOD, {"value_column": "close"}, "there is no column 'close'; --value-column can be date, value"),
        (GOOD, {"date_column": "day"}, "there is no column 'day'; --date-column can be date, value"),
        (GOOD, {"value_column": "date"}, "cannot hold both dates and figures"),
        ("date,value,value\n2024-01-02,1,2\n", {}, "there are 2 columns 'value'"),
        ("date,note\n2024-01-02,hello\n", {}, "row 2, column 'note': 'hello' is not a number"),
        ("date\n2024-01-02\n", {}, "it has one column only"),
        ("date,value\n", {}, "a header and no rows"),
        ("date,value\n2024-01-02,\n", {}, "column 'value' holds no figure"),
        ("date,value\n2024-01-02,1,2\n", {}, "row 2 has 3 cells, the header has 2"),
        ("date,value\n2024-01-02,1\n2024-01", {}, "row 3 has 1 cells, the header has 2"),
        ('date,value\n2024-01-02,"1\n2024-01-03,2\n', {}, "row 3, column 'value'"),
        (GOOD, {"sheet": "Prices"}, "--sheet is for Excel workbooks"),
    ],
)
def test_a_wrong_table_is_named(content: str, options: dict[str, str], says: str) -> None:
    assert says in refusal(content, **options)


@pytest.mark.parametrize(
    ("content", "name", "says"),
    [
        (b"", "prices.csv", "it is empty"),
        (b"\xef\xbb\xbf \n\n", "prices.csv", "it is empty"),
        (b"<!DOCTYPE html><table><tr><td>1</td></tr></table>", "prices.csv", "it holds HTML or XML, not a table"),
        (b'[{"date": "2024-01-02", "value": 1}]', "prices.csv", "it holds JSON, not a table"),
        (b'\n {"date": "2024-01-02"}', "prices.csv", "it holds JSON, not a table"),
        (bytes(range(256)) * 10, "prices.csv", "not text but something binary"),
        (b"%PDF-1.7\n1 0 obj", "prices.pdf", "its name must end in one of .csv, .tsv, .txt, .xlsx"),
        (GOOD.encode(), "prices", "its name must end in one of"),
        (GOOD.encode(), "prices.xlsx", "by its name it is an Excel workbook, by its content it is not"),
        (GOOD.encode(), "prices.parquet", "by its name it is a Parquet file, by its content it is not"),
        (excel(("date", "value")), "prices.csv", "by its name it is a CSV file, by its content it is not"),
        (excel(("date", "value")), "prices.parquet", "by its name it is a Parquet file, by its content it is not"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), "prices.xlsx", "protected by a password, or an old .xls"),
        (excel(("date", "value"))[:-200], "prices.xlsx", "the workbook is damaged"),
        (b"PK\x03\x04" + bytes(100), "prices.xlsx", "the workbook is damaged"),
        (b"PAR1" + bytes(100), "prices.parquet", "not a Parquet file that can be read"),
        (b"PAR1", "prices.parquet", "not a Parquet file that can be read"),
    ],
)
def test_what_is_no_table_is_refused(content: bytes, name: str, says: str) -> None:
    assert says in refusal(content, name)


def test_latin_1_is_read() -> None:
    assert pairs(read("fecha,cotización\n2024-01-02,590.5\n2024-01-03,591\n".encode("latin-1"))) == EXPECTED


def test_the_line_number_is_the_one_an_editor_shows() -> None:
    content = 'date,value,note\n\n2024-01-02,1,"two\nlines"\n\n2024-01-03,y,\n'
    assert "row 6, column 'value': 'y'" in refusal(content)


# Excel


def test_a_workbook_is_read() -> None:
    content = excel(("Date", "Price"), (date(2024, 1, 2), 590.5), (pd.Timestamp("2024-01-03").to_pydatetime(), 591))
    assert pairs(read(content, "prices.xlsx")) == EXPECTED


def test_texts_in_a_workbook_are_read_like_csv() -> None:
    content = excel(("Date", "Price"), ("2024-01-02", "590.5"), (date(2024, 1, 3), 591), (None, None))
    assert pairs(read(content, "prices.xlsx")) == EXPECTED


def test_a_sheet_can_be_named_and_the_first_is_read_otherwise() -> None:
    sheets = {"Prices": [("date", "value"), ("2024-01-02", 1)], "Other": [("date", "value"), ("2024-01-02", 2)]}
    content = excel(sheets=sheets)
    assert read(content, "p.xlsx")["value"].tolist() == [1.0]
    assert read(content, "p.xlsx", sheet="Other")["value"].tolist() == [2.0]
    assert "there is no sheet 'other'; --sheet can be 'Prices', 'Other'" in refusal(content, "p.xlsx", sheet="other")


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([("date", "value"), (None, None), (date(2024, 1, 2), "abc")], "row 3, column 'value': 'abc' is not a number"),
        ([("date", "value"), (date(2024, 1, 2), True)], "row 2, column 'value': 'True' is not a number"),
        ([("date", "value"), (date(2024, 1, 2), date(2024, 1, 2))], "is not a number"),
        ([("date", "value"), (4529.5, 1)], "row 2, column 'date': '4529.5' is not a date"),
        ([("date", "value"), (date(2024, 1, 2), "#DIV/0!")], "'#DIV/0!' is the error of a formula"),
        ([("date", "value"), (date(2024, 1, 12), 5)], "row 2: 2024-01-12 lies in the future"),
        (
            [("date", "value"), (date(2024, 1, 2), 1), (pd.Timestamp("2024-01-02 09:00").to_pydatetime(), 2)],
            "rows 2, 3 are both about 2024-01-02",
        ),
        ([("date", "value")], "a header and no rows"),
        ([], "sheet 'Prices' is empty"),
        ([("date", None, "value"), (date(2024, 1, 2), 5, None)], "column 'value' holds no figure"),
    ],
)
def test_a_wrong_workbook_is_named(rows: list[tuple[object, ...]], says: str) -> None:
    assert says in refusal(excel(*rows), "p.xlsx")


def test_a_zip_archive_that_is_no_workbook_is_refused() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("prices.csv", GOOD)
    assert "it is a zip archive, not an Excel workbook" in refusal(buffer.getvalue(), "p.xlsx")


def with_part(workbook: bytes, name: str, content: bytes) -> bytes:
    """``workbook`` with one part replaced."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.namelist():
            new.writestr(part, content if part == name else old.read(part))
    return buffer.getvalue()


SHEET = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">%s<sheetData>%s</sheetData></worksheet>'
HEADER = b'<row r="1"><c r="A1" t="str"><v>date</v></c><c r="B1" t="str"><v>value</v></c></row>'


def test_a_workbook_that_would_unpack_beyond_the_cap_is_refused_unopened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "LARGEST_BYTES", 1_000_000)
    bomb = with_part(excel(("date", "value")), "xl/worksheets/sheet1.xml", b" " * 30_000_000)
    assert len(bomb) < 100_000
    monkeypatch.setattr(openpyxl, "load_workbook", lambda *_, **__: pytest.fail("it was opened"))
    assert "it would unpack to 29 MiB, more than" in refusal(bomb, "p.xlsx")


@pytest.mark.parametrize(
    ("dimension", "rows", "says"),
    [
        (b"", b'<row r="999999999"><c r="A999999999"><v>1</v></c></row>', "more than 100,000 rows"),
        (b"", b'<row r="2"><c r="ZZZ2"><v>1</v></c></row>', "row 2 has 18,278 columns, more than 1,000"),
        (b'<dimension ref="A1:XFD1048576"/>', b"", "a header and no rows"),
    ],
    ids=["a row far below", "a column far right", "a size that is not there"],
)
def test_a_small_sheet_that_claims_to_be_huge_costs_nothing(
    monkeypatch: pytest.MonkeyPatch, dimension: bytes, rows: bytes, says: str
) -> None:
    monkeypatch.setattr(xlsx, "MOST_LINES", 20_000)
    content = with_part(excel(("date", "value")), "xl/worksheets/sheet1.xml", SHEET % (dimension, HEADER + rows))
    assert says in refusal(content, "p.xlsx")


def test_a_workbook_of_entities_within_entities_is_refused() -> None:
    lines = b"".join(b'<!ENTITY e%d "%s">' % (n, b"&e%d;" % (n - 1) * 10 if n else b"ha") for n in range(12))
    laughs = b"<!DOCTYPE x [" + lines + b"]>" + SHEET % (b"", b'<row r="1"><c r="A1" t="str"><v>&e11;</v></c></row>')
    message = refusal(with_part(excel(("date", "value")), "xl/worksheets/sheet1.xml", laughs), "p.xlsx")
    assert "its part 'xl/worksheets/sheet1.xml' defines XML entities" in message


# Parquet


@pytest.mark.parametrize(
    "dates",
    [
        pd.to_datetime(["2024-01-02", "2024-01-03"]),
        pd.to_datetime(["2024-01-02", "2024-01-03"]).as_unit("us"),
        pd.to_datetime(["2024-01-02", "2024-01-03"]).tz_localize("Europe/London"),
        [date(2024, 1, 2), date(2024, 1, 3)],
        ["2024-01-02", "2024-01-03"],
    ],
    ids=["timestamps", "microseconds", "with a zone", "dates", "texts"],
)
def test_a_parquet_file_is_read(dates: Any) -> None:
    assert pairs(read(parquet(pd.DataFrame({"date": dates, "value": [590.5, 591.0]})), "p.parquet")) == EXPECTED


def test_a_frame_saved_with_its_dates_as_index_is_read() -> None:
    frame = pd.DataFrame({"close": [590.5, 591.0]}, index=pd.Index(pd.to_datetime(["2024-01-02", "2024-01-03"]), name="date"))
    assert pairs(read(parquet(frame), "p.parquet")) == EXPECTED
    assert pairs(read(parquet(frame.rename_axis(None)), "p.parquet")) == EXPECTED


def test_figures_of_a_parquet_file_may_be_texts_integers_or_missing() -> None:
    days = ["2024-01-02", "2024-01-03", "2024-01-04"]
    assert read(parquet(pd.DataFrame({"date": days, "value": ["1", None, "3.5"]})), "p.parquet")["value"].tolist() == [1, 3.5]
    for values in ([1, 2, 3], [Decimal(1), Decimal(2), Decimal(3)], pd.Categorical([1, 2, 3]), pd.Categorical(["1", "2", "3"])):
        assert read(parquet(pd.DataFrame({"date": days, "value": values})), "p.parquet")["value"].tolist() == [1.0, 2.0, 3.0]
    assert len(read(parquet(pd.DataFrame({"date": days, "value": [1.0, None, 3.0]})), "p.parquet")) == 2


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"date": ["2024-01-02"], "value": [float("inf")]}, "row 1, column 'value': 'inf' is not a finite number"),
        ({"date": ["2024-01-02"], "value": [True]}, "is not a number"),
        ({"date": ["2024-01-02"], "value": [[1.0]]}, "is not a number"),
        ({"date": [2024.5], "value": [1.0]}, "row 1, column 'date': '2024.5' is not a date"),
        ({"date": pd.to_datetime(["2024-01-12"]), "value": [1.0]}, "lies in the future"),
        ({"date": pd.to_datetime([None]), "value": [1.0]}, "row 1 has a figure and no date"),
        ({"date": pd.Series([], dtype="object"), "value": pd.Series([], dtype="float64")}, "a header and no rows"),
        ({"x": ["2024-01-02"], "y": ["hello"], "z": ["you"]}, "choose one with --value-column"),
    ],
)
def test_a_wrong_parquet_file_is_named(columns: dict[str, Any], says: str) -> None:
    assert says in refusal(parquet(pd.DataFrame(columns)), "p.parquet")


def test_a_parquet_file_of_too_many_rows_is_refused_by_its_metadata(monkeypatch: pytest.MonkeyPatch) -> None:
    days = pd.DataFrame({"date": pd.Timestamp("2024-01-02"), "value": [1.0] * 3_000_000})
    content = parquet(days)
    assert len(content) < 100_000
    monkeypatch.setattr(parquet_files, "_cells", lambda *_: pytest.fail("rows were read"))
    assert "it has more than 100,000 rows" in refusal(content, "p.parquet")


def test_a_long_text_repeated_in_a_parquet_file_is_not_spread_out() -> None:
    once = pa.array(["9" * 100_000])
    long = pa.DictionaryArray.from_arrays(pa.array([0] * 20_000, pa.int32()), once)
    buffer = io.BytesIO()
    pq.write_table(pa.table({"date": ["2024-01-02"] * 20_000, "value": long}), buffer)
    message = refusal(buffer.getvalue(), "p.parquet")
    assert "is not a number" in message
    assert len(message) < 300


# Size of text


def test_a_csv_file_of_too_many_rows_is_refused_before_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    content = b"date,value\n" + b"1,1\n" * 2_000_001
    monkeypatch.setattr(delimited, "decoded", lambda *_: pytest.fail("it was read"))
    assert "it has more than 100,000 rows" in refusal(content)


@pytest.mark.parametrize("name", ["p.csv", "p.xlsx"])
def test_reading_ends_with_the_first_row_too_many(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(body, "MOST_ROWS", 50)
    rows = [("date", "value"), *((f"{day:%Y-%m-%d}", 1.5) for day in pd.date_range("2023-01-01", periods=51))]

    def content(last: int) -> bytes:
        return excel(*rows[:last]) if name == "p.xlsx" else "\n".join(f"{day},{value}" for day, value in rows[:last]).encode()

    assert len(read(content(51), name)) == 50
    assert "it has more than 100,000 rows" in refusal(content(52), name)


def test_a_file_beyond_the_size_cap_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_import, "LARGEST_BYTES", 10)
    with pytest.raises(ImportRefused, match="it is larger than"):
        read_file(GOOD.encode(), "prices.csv", SERIES, MOMENT)


# What a row means


def test_a_date_within_a_month_or_week_stands_for_it() -> None:
    month_ends = "date,value\n2023-11-30,1\n2023-12-29,2\n"
    assert [day for day, _ in pairs(read(month_ends, series=MONTHLY))] == ["2023-11-01", "2023-12-01"]
    assert [day for day, _ in pairs(read("date,value\n2023-11,1\n2023-12,2\n", series=MONTHLY))] == ["2023-11-01", "2023-12-01"]
    assert [day for day, _ in pairs(read("date,value\n2023-12-29,1\n2024-01-05,2\n", series=WEEKLY))] == [
        "2023-12-25",
        "2024-01-01",
    ]


def test_two_days_of_one_month_cannot_both_be_its_figure() -> None:
    message = refusal("date,value\n2023-11-01,1\n2023-11-30,2\n", series=MONTHLY)
    assert "rows 2, 3 are both about the month of 2023-11-01 and differ; keep one (the series is monthly)" in message


def test_today_is_where_the_series_is_published() -> None:
    shanghai = SERIES.model_copy(update={"published": PublicationRule(zone="Asia/Shanghai")})
    moment = pd.Timestamp("2024-01-10 20:00", tz="UTC")
    assert len(read_file(b"date,value\n2024-01-11,1\n", "p.csv", shanghai, moment)) == 1
    with pytest.raises(ImportRefused, match="future"):
        read_file(b"date,value\n2024-01-11,1\n", "p.csv", SERIES, moment)


def test_imported_rows_are_published_by_the_rule_but_at_the_latest_now() -> None:
    rows = import_observations(read("date,value\n2024-01-09,1\n2024-01-10,2\n"), SERIES, OBSERVATIONS.empty(), MOMENT)
    assert rows["published_at"].tolist() == [pd.Timestamp("2024-01-09 18:30", tz="UTC"), MOMENT]
    assert set(rows["source"]) == {"file_import"}
    assert not rows["simulated"].any()
    assert (rows["collected_at"] == MOMENT).all()


def test_importing_twice_brings_nothing_and_a_correction_is_a_revision() -> None:
    known = import_observations(read(GOOD), SERIES, OBSERVATIONS.empty(), MOMENT)
    later = MOMENT + pd.Timedelta(days=1)
    assert import_observations(read(GOOD), SERIES, known, later).empty
    rows = import_observations(read(GOOD.replace("591", "592")), SERIES, known, later)
    assert rows[["value", "published_at"]].to_numpy().tolist() == [[592.0, later]]


def test_figures_another_source_collected_already_are_no_news() -> None:
    known = import_observations(read(GOOD), SERIES, OBSERVATIONS.empty(), MOMENT).assign(source="trading_economics")
    assert import_observations(read(GOOD), SERIES, known, MOMENT + pd.Timedelta(days=1)).empty


# Anything at all


@settings(deadline=None, max_examples=150)
@given(
    st.binary(max_size=400) | st.text(max_size=200).map(str.encode), st.sampled_from(["p.csv", "p.xlsx", "p.parquet", "p.exe"])
)
def test_any_bytes_are_read_or_refused(content: bytes, name: str) -> None:
    try:
        assert len(read(content, name))
    except ImportRefused:
        refusal(content, name)


cells = st.sampled_from(
    ["2024-01-02", "2024-01-03", "1", "1,234", "1.5", "", "x", '"', "\n", "nan", "31/12/2023", "05/06/2023", "é", "\x00"]
)


@settings(deadline=None, max_examples=150)
@given(st.lists(st.lists(cells, min_size=1, max_size=4), max_size=6), st.sampled_from([",", ";", "\t"]))
def test_any_table_is_read_or_refused(rows: list[list[str]], separator: str) -> None:
    content = "\n".join(["date" + separator + "value", *(separator.join(row) for row in rows)])
    try:
        frame = read(content)
    except ImportRefused:
        return
    assert frame["period"].is_unique
    assert frame["value"].notna().all()
    assert (frame["period"] <= pd.Timestamp("2024-01-10")).all()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("p.xlsx", excel(("date", "value"), ("2024-01-02", 590.5))),
        ("p.parquet", parquet(pd.DataFrame({"date": ["2024-01-02"], "value": [590.5]}))),
    ],
)
def test_a_damaged_file_is_read_or_refused(name: str, content: bytes) -> None:
    """One byte changed, anywhere: never an error of another kind."""
    for place in range(4, len(content), 37):
        damaged = content[:place] + bytes([content[place] ^ 0x55]) + content[place + 1 :]
        try:
            read(damaged, name)
        except ImportRefused:
            refusal(damaged, name)


# The real files


def test_the_real_price_files_import(real_prices: Path) -> None:
    moment = pd.Timestamp("2024-01-05", tz="UTC")
    for path in sorted(real_prices.glob("*.csv")):
        monthly = path.stem.startswith("fred_") and path.stem != "fred_dtwexbgs"
        series = MONTHLY if monthly else SERIES
        column = "m01" if path.stem.endswith("_curve") else None
        frame = read_file(path.read_bytes(), path.name, series, moment, value_column=column)
        assert len(frame) == path.read_text().count("\n") - 1, path.name
        assert frame["period"].is_monotonic_increasing
        header, first = (line.split(",") for line in path.read_text().splitlines()[:2])
        wanted = column or ("close" if "close" in header else "value")
        assert frame["value"].iloc[0] == float(first[header.index(wanted)])
