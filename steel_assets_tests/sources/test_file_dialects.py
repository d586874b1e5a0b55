"""A table written in any dialect is read back to the same figures, or refused; never to others."""

from __future__ import annotations

import gzip
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from steel_assets.sources._files.names import MONTHS
from steel_assets.sources.file_import import ImportRefused
from steel_assets_tests.sources.reading import DAILY, MONTHLY, pairs, read
from steel_assets_tests.sources.workbooks import ods, ods_cell, ods_row, xlsb, xlsx, zipped

MARKS = [(decimal, group) for decimal in ".," for group in ("", " ", "\u00a0", "\u202f", "'", "," if decimal == "." else ".")]
LANGUAGES = [language.split() for language in MONTHS]
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "gb18030", "latin-1", "cp1254"]
NONE = ["", ".", "N/E", "n.d.", "-", "#N/A", "null", "…"]
HEADERS = [
    *[("Date", "Price"), ("Fecha", "Último"), ("日期", "收盘价")],
    *[("Tarih", "Kapanış"), ("Datum", "Preis"), ("<DATE>", "<CLOSE>")],
]
TITLES = [[], ["Precios de varilla"], ["Source: LME", "", "Prices, settlement"]]

DAY_FORMS: list[Callable[[date, list[str]], str]] = [
    lambda day, _: f"{day:%Y-%m-%d}",
    lambda day, _: f"{day:%Y/%m/%d}",
    lambda day, _: f"{day:%Y%m%d}",
    lambda day, _: f"{day:%d/%m/%Y}",
    lambda day, _: f"{day:%m/%d/%Y}",
    lambda day, _: f"{day.month}/{day.day}/{day.year}",
    lambda day, _: f"{day:%d.%m.%Y}",
    lambda day, _: f"{day:%d.%m.%y}",
    lambda day, _: f"{day:%d/%m/%y}",
    lambda day, _: f"{day:%m/%d/%y}",
    lambda day, _: f"{day:%y/%m/%d}",
    lambda day, _: f"{day:%y%m%d}",
    lambda day, _: f"{day:%Y-%m-%d} 00:00:00",
    lambda day, _: f"{day:%Y-%m-%d}T00:00:00Z",
    lambda day, _: f"{day.year}年{day.month}月{day.day}日",
    lambda day, months: f"{day.day} {months[day.month - 1]} {day.year}",
    lambda day, months: f"{day.day:02d}-{months[day.month - 1][:3]}-{day:%y}",
    lambda day, months: f"{months[day.month - 1].capitalize()} {day.day}, {day.year}",
    lambda day, _: str((day - date(1899, 12, 30)).days),
    lambda day, _: str(int(pd.Timestamp(day).timestamp())),
]
MONTH_FORMS: list[Callable[[date, list[str]], str]] = [
    *DAY_FORMS[:7],
    lambda day, _: f"{day:%Y}M{day:%m}",
    lambda day, _: f"{day:%Y-%m}",
    lambda day, _: f"{day:%Y%m}",
    lambda day, _: f"{day:%m/%Y}",
    lambda day, months: f"{months[day.month - 1]}-{day.year}",
    lambda day, months: f"{months[day.month - 1][:3]}-{day:%y}",
]


@dataclass(frozen=True)
class Dialect:
    """One way to write a table."""

    monthly: bool
    form: int
    language: int
    marks: tuple[str, str]
    decimals: int
    separator: str
    encoding: str
    header: tuple[str, str]
    title: list[str]
    none: str
    container: str
    descending: bool
    unit: str


dialects = st.builds(
    Dialect,
    monthly=st.booleans(),
    form=st.integers(0, 100),
    language=st.integers(0, len(LANGUAGES) - 1),
    marks=st.sampled_from(MARKS),
    decimals=st.integers(0, 4),
    separator=st.sampled_from([",", ";", "\t", "|"]),
    encoding=st.sampled_from(ENCODINGS),
    header=st.sampled_from(HEADERS),
    title=st.sampled_from(TITLES),
    none=st.sampled_from(NONE),
    container=st.sampled_from(["text", "text", "text", "gz", "zip", "xlsx", "ods", "xlsb"]),
    descending=st.booleans(),
    unit=st.sampled_from(["", "", "", "$ ", "US$", "/t"]),
)
levels = st.sampled_from([0.7, 1.0, 17.0, 650.0, 1000.0, 3500.0, 16_900.0, 2_400_000.0])


def written(value: float, dialect: Dialect) -> str:
    """A figure with the dialect's marks."""
    decimal, group = dialect.marks
    text = f"{abs(value):,.{dialect.decimals}f}".replace(",", "G").replace(".", decimal).replace("G", group)
    sign = "-" if value < 0 else ""
    return sign + (f"{text}/t" if dialect.unit == "/t" else f"{dialect.unit}{text}")


def table(dialect: Dialect, level: float, rows: int, seed: int) -> tuple[list[list[str]], dict[str, float]]:
    """The cells of a table, and the figures that they mean."""
    chance = random.Random(seed)  # noqa: S311
    start = pd.Timestamp("2015-01-01") + pd.Timedelta(days=chance.randrange(3000))
    days = pd.bdate_range(start, periods=rows)
    if dialect.monthly:
        days = pd.date_range(start.replace(day=1), periods=rows, freq="MS")
    forms = MONTH_FORMS if dialect.monthly else DAY_FORMS
    form, months = forms[dialect.form % len(forms)], LANGUAGES[dialect.language]
    cells, means = [], {}
    for place, day in enumerate(days):
        value = round(level * (1 + chance.uniform(-0.1, 0.1)), dialect.decimals)
        if place and chance.random() < 0.1:
            cells.append([form(day.date(), months), dialect.none])
        else:
            cells.append([form(day.date(), months), written(value, dialect)])
            means[f"{day:%Y-%m-%d}"] = value
    return cells[::-1] if dialect.descending else cells, means


def stored(dialect: Dialect, cells: list[list[str]]) -> tuple[bytes, str]:
    """The file, and its name."""
    rows = [*([title] for title in dialect.title), list(dialect.header), *cells]
    if dialect.container == "xlsx":
        return xlsx({"P": rows}), "p.xlsx"
    if dialect.container == "xlsb":
        return xlsb({"P": [[cell for cell in row if not cell.startswith("#")] for row in rows]}), "p.xlsb"
    if dialect.container == "ods":
        escaped = [[cell.replace("<", "&lt;") for cell in row] for row in rows]
        return ods({"P": "".join(ods_row(*(ods_cell("string", cell) for cell in row)) for row in escaped)}), "p.ods"
    quoted = [[f'"{cell}"' if dialect.separator in cell else cell for cell in row] for row in rows]
    text = "\r\n".join(dialect.separator.join(row) for row in quoted) + "\r\n"
    content = text.encode(dialect.encoding, errors="replace")
    if dialect.container == "gz":
        return gzip.compress(content, mtime=0), "p.csv.gz"
    return (zipped({"p.csv": content}), "p.zip") if dialect.container == "zip" else (content, "p.csv")


def check(dialect: Dialect, level: float, rows: int, seed: int) -> bool:
    """Whether it was read; to other figures than were written, it fails."""
    cells, means = table(dialect, level, rows, seed)
    content, name = stored(dialect, cells)
    try:
        reading = read(content, MONTHLY.model_copy(update={"unit": "USD/t"}) if dialect.monthly else DAILY, name)
    except ImportRefused:
        return False
    assert dict(pairs(reading)) == means, (name, content[:400], reading.assumptions)
    return True


EXAMPLES = given(dialects, levels, st.integers(1, 40), st.integers(0, 2**32))


@settings(deadline=None, max_examples=300, suppress_health_check=list(HealthCheck))
@EXAMPLES
def test_a_written_table_is_read_back_or_refused(dialect: Dialect, level: float, rows: int, seed: int) -> None:
    check(dialect, level, rows, seed)


def test_days_in_six_digits_under_names_that_say_nothing_are_not_taken_for_the_header() -> None:
    """190501 may be the month 1905-01 and so is certainly a date; 190430 is none but for its neighbours."""
    rows = [("190426", "1"), ("190429", "2"), ("190430", "1"), ("190501", "2"), ("190502", "1")]
    content = "??,???\r\n" + "".join(f"{day},{figure}\r\n" for day, figure in rows)
    with pytest.raises(ImportRefused, match=r"row 2: '190426' is written as the dates below it are.*--header-row"):
        read(content)
    named = read(content, header_row=1)
    assert [day for day, _ in pairs(named)] == ["2019-04-26", "2019-04-29", "2019-04-30", "2019-05-01", "2019-05-02"]


@pytest.mark.chaos
@settings(deadline=None, max_examples=6000, suppress_health_check=list(HealthCheck))
@EXAMPLES
def test_thousands_of_written_tables_are_read_back_or_refused(dialect: Dialect, level: float, rows: int, seed: int) -> None:
    check(dialect, level, rows, seed)


@pytest.mark.parametrize("container", ["text", "xlsx", "ods", "xlsb", "gz", "zip"])
def test_most_of_them_are_read(container: str) -> None:
    """Refusing everything would be right, too, and useless."""
    chance = random.Random(1)  # noqa: S311
    read_of, tried = 0, 25
    for seed in range(tried):
        dialect = Dialect(
            monthly=chance.random() < 0.5,
            form=chance.randrange(100),
            language=chance.randrange(len(LANGUAGES)),
            marks=chance.choice(MARKS),
            decimals=2,
            separator=chance.choice(";\t|"),
            encoding=chance.choice(ENCODINGS[:5]),
            header=chance.choice(HEADERS),
            title=chance.choice(TITLES),
            none=chance.choice(NONE),
            container=container,
            descending=chance.random() < 0.5,
            unit=chance.choice(["", "US$"]),
        )
        read_of += check(dialect, 1200.0, 30, seed)
    assert read_of >= 0.9 * tried
