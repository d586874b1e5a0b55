"""Reading a small file for a test: what came of it, or the one error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import pytest

from steel_assets.core.types import PublicationRule, Series
from steel_assets.sources._files.opening import opened
from steel_assets.sources._files.series_figures import read_series
from steel_assets.sources._files.table import File
from steel_assets.sources.file_import import FileMapping, FileReading, ImportRefused

MOMENT = pd.Timestamp("2026-06-10 08:00", tz="UTC")
DAILY = Series(id="daily", name="Daily", unit="USD/t")
WEEKLY = Series(id="weekly", name="Weekly", unit="index", frequency="weekly")
MONTHLY = Series(id="monthly", name="Monthly", unit="index", frequency="monthly")
PERCENT = Series(id="percent", name="Rate", unit="percent")
EUROS = Series(id="euros", name="Euros", unit="EUR/t")
PESOS = Series(id="pesos", name="Pesos", unit="MXN/t")
SHANGHAI = Series(id="shanghai", name="Rebar", unit="CNY/t", calendar="XSHG", published=PublicationRule(zone="Asia/Shanghai"))
NEW_YORK = Series(id="new_york", name="Coil", unit="USD/t", published=PublicationRule(zone="America/New_York"))


def read_here(
    content: bytes,
    name: str,
    mapping: FileMapping,
    series: Mapping[str, Series],
    moment: pd.Timestamp = MOMENT,
    known: pd.DataFrame | None = None,
) -> FileReading:
    """What ``read_table`` reads in a process of its own; here, where bounds can be set small and no file costs a process."""
    return read_series(opened(File(name, content), mapping), mapping, series, moment, known)


def read(
    content: str | bytes, series: Series = DAILY, name: str = "prices.csv", known: pd.DataFrame | None = None, **options: Any
) -> FileReading:
    mapping = FileMapping(series=series.id, **options)
    return read_here(content.encode() if isinstance(content, str) else content, name, mapping, {series.id: series}, MOMENT, known)


def pairs(reading: FileReading) -> list[tuple[str, float]]:
    [figures] = reading.figures.values()
    return [(f"{period:%Y-%m-%d}", value) for period, value in zip(figures["period"], figures["value"], strict=True)]


def refusal(content: str | bytes, series: Series = DAILY, name: str = "prices.csv", **options: Any) -> str:
    with pytest.raises(ImportRefused) as caught:
        read(content, series, name, **options)
    message = str(caught.value)
    assert message.startswith(f"{name}: ")
    assert message.endswith(". Nothing was imported")
    assert "\n" not in message
    return message


def of_figures(cells: Sequence[str], separator: str = ";") -> str:
    """A table of consecutive weekdays and these figures."""
    days = pd.bdate_range("2024-03-13", periods=len(cells))
    return f"Date{separator}Price\n" + "".join(
        f"{day:%Y-%m-%d}{separator}{cell}\n" for day, cell in zip(days, cells, strict=True)
    )


def of_dates(cells: Sequence[str]) -> str:
    """A table of these dates, with figures 0.5, 1.5, …."""
    return "Date;Price\n" + "".join(f"{cell};{place}.5\n" for place, cell in enumerate(cells))
