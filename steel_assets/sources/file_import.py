"""Imports a company's own or subscribed history (Platts, Argus, CRU, an exchange, ERP): text, workbook or Parquet.

A file is imported completely or refused completely, with one error that names the place and the remedy. Read are columns of dates
and of values, in the unit that the catalogue declares for the series. Assumptions are reported; what is ambiguous is refused with
both readings and the option that decides. The steps are in ``_files``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from steel_assets.core.imports import claims, stored
from steel_assets.core.reading_limits import ReadingLimits
from steel_assets.core.types import Series
from steel_assets.sources._files.isolated import ReaderUnavailable, ReadingFailed, may_be_read_here, read_apart
from steel_assets.sources._files.opening import ENDINGS, opened
from steel_assets.sources._files.options import FileMapping
from steel_assets.sources._files.reading import FileReading
from steel_assets.sources._files.series_figures import read_series
from steel_assets.sources._files.table import LARGEST_BYTES, MIB, File, ImportRefused

__all__ = [
    "LARGEST_BYTES",
    "TABLE_ENDINGS",
    "FileMapping",
    "FileReading",
    "ImportRefused",
    "ReaderUnavailable",
    "ReadingFailed",
    "import_observations",
    "read_file",
    "read_table",
]

TABLE_ENDINGS = frozenset(ENDINGS)
"""Endings of readable files, in lower case; each also with .gz, or alone in a .zip."""


def read_table(
    content: bytes,
    filename: str,
    mapping: FileMapping,
    series: Mapping[str, Series],
    moment: pd.Timestamp,
    known: pd.DataFrame | None = None,
    limits: ReadingLimits | None = None,
) -> FileReading:
    """The values in a file, of all series that ``mapping`` names.

    Compressed files and workbooks, which can expand, are read in a separate process within ``limits`` (``_files.apart``).

    Args:
        mapping: the series, and the user's options.
        series: all declared series, by id.
        moment: now, UTC; dates after today (in the series' zone) are refused.
        known: raw observations of these series, all vintages; they distinguish 1.012 from 1012 if the file does not.

    Raises:
        ImportRefused: the file is not a table of dates and values, a row is wrong, or reading it exceeded a limit.
        ReaderUnavailable: no process could be started for it.
        ReadingFailed: an unexpected error in reading it.
    """
    file = File(filename, content)
    if len(content) > LARGEST_BYTES:
        raise file.refusal(f"it is larger than {LARGEST_BYTES // MIB} MiB; split it by years")
    if not mapping.series_ids:
        raise file.refusal("it is not stated which series it is for; set series, or columns, or series_column with series")
    absent = [series_id for series_id in mapping.series_ids if series_id not in series]
    if absent:
        raise file.refusal(f"series {absent[0]!r} is not in the catalogue; `steel doctor` lists what is known")
    if may_be_read_here(file):
        return read_series(opened(file, mapping), mapping, series, moment, known)
    return read_apart(file, mapping, series, moment, known, limits or ReadingLimits())


def read_file(
    content: bytes, filename: str, series: Series, moment: pd.Timestamp, *, known: pd.DataFrame | None = None, **options: Any
) -> pd.DataFrame:
    """The figures of one series: ``period, value``, ascending; ``options`` are fields of ``FileMapping``.

    Raises:
        ImportRefused: as ``read_table``.
    """
    mapping = FileMapping(series=series.id, **options)
    return read_table(content, filename, mapping, {series.id: series}, moment, known).figures[series.id]


def import_observations(
    figures: pd.DataFrame, series: Series, known: pd.DataFrame, moment: pd.Timestamp, *, simulated: bool = False
) -> pd.DataFrame:
    """What is new or changed in ``figures`` (of ``read_table``), as rows of ``tables.OBSERVATIONS``.

    A figure counts as published by the series' rule, but at the latest now: evidently we know it.

    Args:
        known: raw observations of the series, all vintages, of whatever source.
    """
    return stored(claims(figures, series, moment), known, moment, simulated=simulated)
