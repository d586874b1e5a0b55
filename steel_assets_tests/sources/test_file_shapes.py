"""Where the table is in a file: sheets, titles and notes, header rows, separators, encodings, wrappings, several products."""

from __future__ import annotations

import gzip
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest

from steel_assets.sources._files import ods as ods_files
from steel_assets.sources._files import wrapping
from steel_assets.sources.file_import import FileMapping, ImportRefused, read_table
from steel_assets_tests.sources.reading import DAILY, MOMENT, MONTHLY, PERCENT, pairs, read, refusal
from steel_assets_tests.sources.workbooks import ods, ods_cell, ods_row, saved, xlsb, xlsx, zipped

FILES = Path(__file__).parent / "files"
ROWS: list[tuple[object, ...]] = [("Date", "Price"), (date(2024, 3, 13), 612.5), (date(2024, 3, 14), 610)]
PLAIN = "Date,Price\n2024-03-13,612.5\n2024-03-14,610\n"
READ = [("2024-03-13", 612.5), ("2024-03-14", 610.0)]

# Sheets


def test_the_first_visible_sheet_with_a_table_is_read_and_named() -> None:
    old = [("Date", "Price"), (date(2024, 3, 13), 111)]
    content = xlsx({"old": old, "About": [("Prices of rebar",)], "Prices": ROWS, "More": ROWS}, hidden=["old"])
    reading = read(content, name="p.xlsx")
    assert pairs(reading) == READ
    assert reading.assumed["sheet"] == "'Prices' (the first of those with a table; also More; hidden: old)"
    assert pairs(read(content, name="p.xlsx", sheet="old")) == [("2024-03-13", 111.0)]


def test_a_workbook_whose_table_is_hidden_is_refused() -> None:
    assert "sheet 'Empty' is empty (hidden: P)" in refusal(xlsx({"P": ROWS, "Empty": []}, hidden=["P"]), name="p.xlsx")


def test_formulas_without_a_result_are_named_and_refused() -> None:
    rows = [
        ("Date", "Base", "Price"),
        (date(2024, 3, 13), 600, "=B2*1.1"),
        (date(2024, 3, 14), 610, "=B3*1.1"),
        (date(2024, 3, 15), None, 640),
    ]
    assert "cells C2, C3 hold formulas whose results were not saved" in refusal(xlsx({"P": rows}), name="p.xlsx")
    assert pairs(read(xlsx({"P": rows}), name="p.xlsx", value_column="Base")) == [("2024-03-13", 600.0), ("2024-03-14", 610.0)]
    dated = [("Date", "Price"), (date(2024, 3, 13), 600), ("=A2+1", 610)]
    assert "cells A3 hold formulas" in refusal(xlsx({"P": dated}), name="p.xlsx")


def test_the_kinds_of_cells_of_a_workbook_are_read_as_they_are_meant() -> None:
    rows = [("Date", "Price"), (45364, "1.012,50"), (45365, "#N/A"), (45366, 987), (45369, "987,25")]
    assert pairs(read(xlsx({"P": rows}), name="p.xlsx")) == [
        ("2024-03-13", 1012.5),
        ("2024-03-15", 987.0),
        ("2024-03-18", 987.25),
    ]
    assert "row 3, column 'Price': '#REF!' is the error" in refusal(
        xlsx({"P": [("Date", "Price"), (45364, 5), (45365, "#REF!")]}), name="p.xlsx"
    )


def test_percentages_and_the_calendar_of_1904_are_read_as_excel_shows_them() -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904  # type: ignore[attr-defined]
    sheet.append(("Date", "Rate"))
    sheet.append((43902, 0.055))
    sheet["B2"].number_format = "0.0%"
    assert pairs(read(saved(book), PERCENT, "p.xlsm")) == [("2024-03-13", 5.5)]


def test_old_workbooks_are_read() -> None:
    content = (FILES / "prices.xls").read_bytes()
    assert "row 4, column 'Price': '#REF!' is the error" in refusal(content, name="prices.xls")
    assert "cells D3 hold formulas" in refusal(content, name="prices.xls", value_column="Formula")
    rates = read(content, PERCENT, "prices.xls", value_column="Rate")
    assert pairs(rates) == [("2024-03-13", 5.5), ("2024-03-14", 6.0)]
    assert rates.assumed["sheet"] == "'Prices' (the only one with a table; hidden: old)"
    dated_1904 = (FILES / "prices_1904.xls").read_bytes()
    assert pairs(read(dated_1904, name="p.xls")) == [*READ, ("2024-03-15", 608.0)]


def test_binary_workbooks_are_read() -> None:
    content = xlsb(
        {"old": [("Date", "Price"), (45364, 111)], "P": [("Date", "Price"), (45364, 612.5), (45365, 610)]}, hidden=["old"]
    )
    assert pairs(read(content, name="p.xlsb")) == READ
    assert "'#REF!' is the error" in refusal(xlsb({"P": [("Date", "Price"), (45364, 5), (45365, "#REF!")]}), name="p.xlsb")


def test_a_binary_workbook_that_claims_to_be_huge_costs_nothing() -> None:
    far = xlsb({"P": [("Date", "Price"), (45364, 612.5), (45365, 610)]}, shift=2**31)
    assert "sheet 'P' reaches to row 2,147,483,651" in refusal(far, name="p.xlsb")


HEAD = ods_row(ods_cell("string", "Date"), ods_cell("string", "Price"))
ODS_ROWS = HEAD + "".join(ods_row(ods_cell("date", day), ods_cell("float", str(value))) for day, value in READ)


def test_libreoffice_workbooks_are_read() -> None:
    empty = (
        '<table:table-row table:number-rows-repeated="1048570">'
        '<table:table-cell table:number-columns-repeated="1024"/></table:table-row>'
    )
    content = ods(
        {"old": HEAD + ods_row(ods_cell("date", "2024-03-13"), ods_cell("float", "111")), "P": ODS_ROWS + empty}, hidden=["old"]
    )
    reading = read(content, name="p.ods")
    assert pairs(reading) == READ
    assert reading.assumed["sheet"] == "'P' (the only one with a table; hidden: old)"
    rate = HEAD + ods_row(ods_cell("date", "2024-03-13"), ods_cell("percentage", "0.055"))
    assert pairs(read(ods({"P": rate}), PERCENT, "p.ods")) == [("2024-03-13", 5.5)]


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (ods_row(ods_cell("date", "2024-03-15"), ods_cell("string", "#DIV/0!")), "row 4, column 'Price': '#DIV/0!' is the error"),
        (ods_row(ods_cell("date", "2024-03-15"), '<table:table-cell table:formula="of:=1"/>'), "cells B4 hold formulas"),
        (ods_row(ods_cell("float", "5", ' table:number-columns-repeated="999999999"')), "row 4 has 999,999,999 columns"),
    ],
)
def test_what_is_wrong_in_a_libreoffice_workbook_is_named(row: str, says: str) -> None:
    assert says in refusal(ods({"P": ODS_ROWS + row}), name="p.ods")


def test_repeated_rows_of_a_libreoffice_workbook_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ods_files, "MOST_CELLS", 1000)
    row = ods_row(ods_cell("date", "2024-03-15"), ods_cell("float", "5"))
    bomb = row.replace("<table:table-row>", '<table:table-row table:number-rows-repeated="900000000">')
    assert "it has more than 100,000 rows" in refusal(ods({"P": ODS_ROWS + bomb}), name="p.ods")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (
            b'<html><meta charset="utf-8"><body><table><tr><td>Men\xc3\xba</td></tr></table>'
            b"<table><tr><th>Fecha</th><th>Precio</th></tr>"
            b"<tr><td>13/03/2024</td><td>612,50</td></tr><tr><td>14/03/2024</td><td>610,00</td></tr></table></body></html>",
            "a table of a web page, although it is named .xls",
        ),
        (PLAIN.replace(",", "\t").encode("utf-16"), "text, although it is named .xls"),
    ],
)
def test_what_many_pages_call_xls_is_read_for_what_it_is(content: bytes, says: str) -> None:
    reading = read(content, name="export.xls")
    assert pairs(reading) == READ
    assert reading.assumed["format"] == says


# Text


@pytest.mark.parametrize(
    "content",
    [
        PLAIN.replace(",", ";"),
        PLAIN.replace(",", "\t"),
        PLAIN.replace(",", "|"),
        PLAIN.replace(",", "   "),
        PLAIN.replace(",", " "),
        "sep=;\n" + PLAIN.replace(",", ";"),
        PLAIN.replace("\n", ",\n"),
        "\n\n" + PLAIN.replace("\n", "\n\n"),
        "<DATE>,<CLOSE>\n20240313,612.5\n20240314,610\n",
        "<TICKER>,<PER>,<DATE>,<TIME>,<CLOSE>\nR.F,D,20240313,000000,612.5\nR.F,D,20240314,000000,610\n",
        "Price,Close,High\nTicker,HRC=F,HRC=F\nDate,,\n2024-03-13,612.5,9\n2024-03-14,610.0,9\n",
        '"Fecha","Último","Vol."\n"14.03.2024","610,00","1,21M"\n"13.03.2024","612,50","985,30K"\n',
    ],
)
def test_texts_of_all_kinds_are_read(content: str) -> None:
    assert pairs(read(content, name="p.txt")) == READ


def test_titles_above_and_notes_below_are_left_out_and_said() -> None:
    content = (
        'Banco de México\n"Precios, índices"\nFecha de consulta: 14/03/2024\n\nFecha,SP1\n'
        "13/03/2024,612.5\n14/03/2024,610.0\n\nFuente: INEGI\n1/ Cifras preliminares\n"
    )
    reading = read(content.encode("latin-1"))
    assert pairs(reading) == READ
    assert reading.assumed["header"] == "row 5"
    assert reading.left_out["rows above the header"].startswith("3 (Banco de México | Precios, índices | Fecha de consulta")
    assert reading.left_out["notes below"] == "2 (Fuente: INEGI | 1/ Cifras preliminares)"


def test_a_table_may_stand_anywhere_on_a_sheet() -> None:
    rows: list[tuple[Any, ...]] = [(), (None, "Precios 2024"), (), (None, "Fecha", "Precio", "Nota")]
    rows += [(None, day, value, "x") for day, value in ROWS[1:]]
    rows += [(), (None, "Fuente: LME")]
    reading = read(xlsx({"P": rows}), name="p.xlsx")
    assert pairs(reading) == READ
    assert reading.assumed["header"] == "row 4"
    assert reading.left_out["notes below"] == "1 (Fuente: LME)"


def test_units_and_codes_below_the_names_belong_to_the_header() -> None:
    rows = [
        ("Commodity prices",),
        (),
        (None, "Crude oil", "Iron ore"),
        (None, "($/bbl)", "($/dmtu)"),
        (None, "CRUDE", "IRON_ORE"),
        ("2024M01", 80.2, 135.7),
        ("2024M02", 81.0, "…"),
    ]
    for name in ("Iron ore", "IRON_ORE", "iron ore ($/dmtu) IRON_ORE"):
        assert pairs(read(xlsx({"P": rows}), MONTHLY, "p.xlsx", value_column=name)) == [("2024-01-01", 135.7)]


def test_a_group_stands_over_the_columns_to_its_right() -> None:
    content = ",Rebar,,Scrap,\nDate,Low,High,Low,High\n2024-03-13,1,2,3,612.5\n2024-03-14,1,2,3,610\n"
    assert pairs(read(content, value_column="Scrap High")) == READ
    assert "there are 2 columns 'High'; --value-column can be Date, Rebar Low, Rebar High" in refusal(
        content, value_column="High"
    )


def test_the_header_row_can_be_named() -> None:
    content = "x,y\nDay,Value\n2024-03-13,612.5\n2024-03-14,610\n"
    assert pairs(read(content, header_row=2)) == READ
    assert "row 9 is empty or not there" in refusal(content, header_row=9)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (PLAIN + "Average,611\n", "row 4, column 'Date': 'Average' is not a date"),
        (PLAIN + "Second half,\n2024-07-01,600\n", "row 4: 'Second half' is not a date, and rows of data follow it"),
        (PLAIN + "Date,Price\n2024-07-01,600\n", "row 4: 'Date' is not a date, and rows of data follow it"),
        (PLAIN + "15-mar", "row 4 has 1 cells, the header has 2"),
        (PLAIN + "2024-03-14,611\n", "rows 3, 4 are both about 2024-03-14 and differ; keep one"),
    ],
)
def test_what_may_be_data_is_never_left_out(content: str, says: str) -> None:
    assert says in refusal(content)


def test_identical_rows_are_counted() -> None:
    reading = read(PLAIN + "2024-03-14,610.00\n")
    assert pairs(reading) == READ
    assert reading.left_out["identical duplicates"] == "1"


# Encodings


@pytest.mark.parametrize(
    ("header", "encoding", "said"),
    [
        ("Fecha;Último", "utf-8", "UTF-8"),
        ("Fecha;Último", "utf-8-sig", "UTF-8 with its mark"),
        ("Fecha;Último", "utf-16", "UTF-16"),
        ("Fecha;Último", "utf-16-le", "UTF-16-LE"),
        ("Fecha;Último", "utf-16-be", "UTF-16-BE"),
        ("Fecha;Último", "cp1252", "Windows-1252"),
        ("Fecha;Cotización €", "cp1252", "Windows-1252"),
        ("Data;Preço Variação", "latin-1", "Windows-1252"),
        ("Datum;Schlußkurs", "latin-1", "Windows-1252"),
        ("Tarih;Kapanış", "cp1254", "Windows-1254 (Turkish)"),
        ("日期;收盘价", "gb18030", "GB18030"),
        ("日期;螺纹钢HRB400收盘价(元/吨)", "gbk", "GB18030"),
        ("日期;收盘价", "utf-16-le", "UTF-16-LE"),
    ],
)
def test_the_encoding_is_told_and_said(header: str, encoding: str, said: str) -> None:
    content = f"{header}\n13.03.2024;612,5\n14.03.2024;610,0\n".encode(encoding)
    reading = read(content)
    assert pairs(reading) == READ
    assert reading.assumed["encoding"] == said
    assert header.split(";")[1] in reading.assumed["figures"]
    assert pairs(read(content, encoding=encoding)) == READ


def test_an_encoding_that_does_not_fit_is_refused() -> None:
    assert "it is not text in utf-8" in refusal("Fecha;Último\n13.03.2024;612,5\n".encode("cp1252"), encoding="utf-8")


# Wrappings


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (gzip.compress(PLAIN.encode(), mtime=0), "prices.csv.gz"),
        (gzip.compress(xlsx({"P": ROWS}), mtime=0), "prices.xlsx.gz"),
        (zipped({"prices.csv": PLAIN, "__MACOSX/._prices.csv": "x"}), "prices.zip"),
        (zipped({"folder/prices.csv": PLAIN}), "prices.csv.zip"),
        (zipped({"prices.xlsx": xlsx({"P": ROWS})}), "prices.zip"),
        (gzip.compress(ods({"P": ODS_ROWS}), mtime=0), "prices.ods.gz"),
    ],
)
def test_a_file_in_a_wrapping_is_read(content: bytes, name: str) -> None:
    reading = read(content, name=name)
    assert pairs(reading) == READ
    assert "wrapping" in reading.assumed


@pytest.mark.parametrize(
    ("content", "name", "says"),
    [
        (gzip.compress(PLAIN.encode(), mtime=0)[:-6], "p.csv.gz", "it is not a whole .gz file"),
        (b"no gzip", "p.csv.gz", "it is not a whole .gz file"),
        (zipped({"a.csv": PLAIN})[:-6], "p.zip", "it is not a whole .zip file"),
        (zipped({"a.csv": PLAIN, "b.csv": PLAIN}), "p.zip", "must hold one table alone, this one holds a.csv, b.csv"),
        (zipped({}), "p.zip", "this one holds nothing"),
        (zipped({"a.zip": zipped({"a.csv": PLAIN})}), "p.zip", "an archive within an archive"),
        (gzip.compress(PLAIN.encode(), mtime=0), "p.gz", "does not say what it is; name it for example prices.csv.gz"),
        (gzip.compress(b"%PDF-1.7", mtime=0), "p.pdf.gz", "its name must end in one of"),
        (gzip.compress(b"", mtime=0), "p.csv.gz", "it is empty"),
    ],
)
def test_a_wrapping_that_is_wrong_is_named(content: bytes, name: str, says: str) -> None:
    assert says in refusal(content, name=name)


@pytest.mark.parametrize(
    ("content", "name"), [(gzip.compress(bytes(9_000_000), mtime=0), "p.csv.gz"), (zipped({"a.csv": bytes(9_000_000)}), "p.zip")]
)
def test_a_bomb_is_refused(monkeypatch: pytest.MonkeyPatch, content: bytes, name: str) -> None:
    monkeypatch.setattr(wrapping, "LARGEST_BYTES", 1_000_000)
    assert len(content) < 20_000
    assert "it would unpack to" in refusal(content, name=name)


# Several products


LONG = "date,commodity,price\n2024-03-13,rebar,612.5\n2024-03-13,scrap,345\n2024-03-14,rebar,610\n2024-03-14,scrap,346\n"


def test_a_long_file_is_refused_until_its_rows_are_named() -> None:
    message = "column 'commodity' tells several series apart (rebar, scrap); say --where commodity=rebar"
    assert message in refusal(LONG)
    reading = read(LONG, where={"commodity": "rebar"})
    assert pairs(reading) == READ
    assert reading.left_out["rows of other values"] == "2"
    assert "no row has commodity=coil; instead there is rebar, scrap" in refusal(LONG, where={"commodity": "coil"})
    assert "there is no column 'product'; --where can be date, commodity, price" in refusal(LONG, where={"product": "rebar"})


def test_products_are_not_mixed_even_where_their_dates_differ() -> None:
    assert "say --where product=rebar" in refusal("date,product,price\n2024-03-13,rebar,612.5\n2024-03-14,scrap,345\n")
    assert "say --where currency=USD" in refusal("date,currency,price\n2024-03-13,USD,612.5\n2024-03-14,EUR,345\n")


def test_a_column_that_tells_rows_apart_is_named_whatever_its_name() -> None:
    assert "column 'typ' tells them apart (a, b): say --where typ=a" in refusal(
        LONG.replace("commodity", "typ").replace("rebar", "a").replace("scrap", "b")
    )


def test_a_front_contract_may_change_its_symbol() -> None:
    reading = read("date,symbol,close\n2024-03-13,RBH4,612.5\n2024-03-14,RBJ4,610\n")
    assert pairs(reading) == READ
    assert reading.assumed["column 'symbol'"] == "its 2 values (RBH4, RBJ4) were read as one series"


def several(content: str, **said: Any) -> dict[str, list[float]]:
    series = {name: DAILY.model_copy(update={"id": name}) for name in ("rebar_a", "scrap_a")}
    reading = read_table(content.encode(), "p.csv", FileMapping(**said), series, MOMENT)
    return {name: figures["value"].tolist() for name, figures in reading.figures.items()}


def test_one_file_fills_many_series() -> None:
    both = {"rebar_a": [612.5, 610.0], "scrap_a": [345.0, 346.0]}
    assert several(LONG, series_column="commodity", series={"rebar": "rebar_a", "scrap": "scrap_a"}) == both
    wide = "date,M01,M02\n2024-03-13,612.5,345\n2024-03-14,610,346\n"
    assert several(wide, columns={"M01": "rebar_a", "M02": "scrap_a"}) == both


@pytest.mark.parametrize(
    ("content", "said", "says"),
    [
        (LONG, {"series_column": "commodity", "series": {"rebar": "rebar_a", "coil": "scrap_a"}}, "no row has commodity=coil"),
        (LONG, {"columns": {"price": "unheard_of"}}, "series 'unheard_of' is not in the catalogue"),
        (
            "date,M01,M02\n2024-03-13,5,x1\n",
            {"columns": {"M01": "rebar_a", "M02": "scrap_a"}},
            "column 'M02': 'x1' is not a number",
        ),
        ("date,M01\n2024-03-13,5\n", {"columns": {"M01": "rebar_a", "M09": "scrap_a"}}, "there is no column 'M09'"),
        (LONG, {}, "it is not stated which series it is for"),
    ],
)
def test_all_of_them_or_none(content: str, said: dict[str, Any], says: str) -> None:
    with pytest.raises(ImportRefused, match=says):
        several(content, **said)


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ({"series": "a", "day_first": True, "month_first": True}, "exclude each other"),
        ({"columns": {"x": "a"}, "series": "b"}, "columns names the series of each column"),
        ({"series_column": "x", "series": "a"}, "series_column needs series"),
        ({"series": {"x": "a"}}, "needs series_column"),
        ({"columns": {"x": "a", "y": "a"}}, "a series is named twice"),
        ({"series": "a", "encoding": "latin-99"}, "there is no encoding 'latin-99'"),
        ({"series": "a", "scale": 0}, "greater than 0"),
    ],
)
def test_a_mapping_that_contradicts_itself_is_refused(said: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        FileMapping(**said)


# The cases of the workshop


def test_the_real_cases_are_read_or_refused(cases: Path) -> None:
    shanghai = DAILY.model_copy(update={"calendar": "XSHG"})
    figures: dict[str, tuple[Any, list[float]]] = {
        "11-hidden-first-sheet/prices.xlsx": (DAILY, [612.5, 610.0]),
        "12-instants-in-utc/prices.csv": (shanghai, [3512.0, 3498.0, 3560.0]),
        "13-angle-brackets-called-html/bulk.txt": (DAILY, [812.0, 809.0, 805.0]),
        "14-decimal-comma/investing_es.csv": (DAILY, [3498.0, 3512.0]),
        "15-yfinance-three-header-rows/hrc.csv": (DAILY, [812.0, 809.0, 805.0]),
        "16-title-rows-and-footers/preamble.csv": (DAILY, [17.05, 16.98]),
        "16-title-rows-and-footers/title.xlsx": (DAILY, [612.5, 610.0]),
        "18-dates-that-cannot-be-told/banxico_monthly.csv": (MONTHLY, [133.555, 133.681, 134.065, 134.336]),
        "18-dates-that-cannot-be-told/spanish.csv": (DAILY, [16900.0, 16950.0, 16800.0]),
        "18-dates-that-cannot-be-told/worldbank.csv": (MONTHLY, [135.7, 124.4, 109.8]),
        "19-marks-for-no-figure/banxico.csv": (DAILY, [16.9, 16.88]),
        "19-marks-for-no-figure/fred.csv": (DAILY, [70.62, 72.97]),
        "20-encodings-and-wrappings/gbk.csv": (DAILY, [3512.0, 3498.0]),
    }
    for name, (series, values) in figures.items():
        reading = read((cases / name).read_bytes(), series, Path(name).name)
        assert [value for _, value in pairs(reading)] == values, name
    for name, says in {
        "01-thousands-with-a-dot/prices.csv": "could be 1012 or 1.012",
        "10-formulas-without-results/prices.xlsx": "cells C2, C3, C4 hold formulas",
        "12-instants-in-utc/prices.csv": "no date",
        "22-several-series-in-one-file/long.csv": "column 'commodity'",
    }.items():
        assert says in refusal((cases / name).read_bytes(), name=Path(name).name)


@pytest.fixture
def cases() -> Path:
    folder = Path(__file__).parents[3] / "shared" / "cases"
    if not folder.is_dir():
        pytest.skip("../shared/cases is not there")
    return folder


def test_days_of_a_parquet_file_are_read_like_all_others(tmp_path: Path) -> None:
    frame = pd.DataFrame({"when": [20240313, 20240314], "price": ["1.012,50", "987,25"]})
    frame.to_parquet(tmp_path / "p.parquet")
    reading = read((tmp_path / "p.parquet").read_bytes(), name="p.parquet")
    assert pairs(reading) == [("2024-03-13", 1012.5), ("2024-03-14", 987.25)]
