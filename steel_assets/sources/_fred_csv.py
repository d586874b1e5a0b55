"""FRED without a key: the CSV behind its graphs. Today's values only, no vintages; an unknown series is a 404 HTML page."""

from __future__ import annotations

import csv
import io
from collections import Counter

import pandas as pd

from steel_assets.core.types import Series
from steel_assets.sources._connector import Access, SourceError
from steel_assets.sources._days import Written, days
from steel_assets.sources._figures import numbers
from steel_assets.sources._refusals import accepted, quoted

KEYED_HOST = "https://api.stlouisfed.org"
KEYLESS_HOST = "https://fred.stlouisfed.org"
REMEDY = "check the symbol in the catalogue"


def fetch(symbol: str, start: pd.Timestamp, access: Access) -> bytes:
    """The CSV of a series from ``start`` on. Raises HttpError, SourceError."""
    base_url = KEYLESS_HOST if access.base_url == KEYED_HOST else access.base_url
    answer = access.http.get(f"{base_url}/graph/fredgraph.csv", {"id": symbol, "cosd": f"{start:%Y-%m-%d}"})
    return accepted(answer, "FRED", REMEDY, access)


def parse(content: bytes, series: Series, notes: Counter[str]) -> pd.DataFrame:
    """The CSV as ``series, period, value``.

    Raises:
        SourceError: the answer is not a CSV with a date and the series' own symbol as its columns, or ends within a line.
    """
    try:
        header, *rows = [row for row in csv.reader(io.StringIO(content.decode("utf-8-sig"))) if row]
    except (UnicodeDecodeError, csv.Error, ValueError):
        header, rows = [], []
    if len(header) != 2 or header[1].strip().casefold() != str(series.symbol).casefold() or any(len(row) != 2 for row in rows):
        raise SourceError(
            f"FRED answered in an unknown shape: expected CSV with the columns observation_date,{series.symbol}; "
            f"it said {quoted(content)}",
            content,
        )
    if rows and not content.endswith((b"\n", b"\r")) and _may_be_cut([row[1].strip() for row in rows]):
        raise SourceError(f"FRED's CSV of {series.symbol} ends within its last line, so it was cut", content)
    frame = pd.DataFrame(
        {
            "series": series.id,
            "period": days([row[0] for row in rows], notes, Written("FRED", series.published.tzinfo), content),
            "value": numbers([row[1] for row in rows], notes),
        }
    )
    return frame.dropna()


def _may_be_cut(values: list[str]) -> bool:
    """Whether the last value may lack digits: it has not as many decimals as all others have, or they have not the same."""
    decimals = {len(value.partition(".")[2]) for value in values[:-1] if value not in ("", ".")}
    return len(decimals) != 1 or 0 in decimals or len(values[-1].partition(".")[2]) not in decimals
