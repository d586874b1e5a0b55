"""Previews an import without storing it: first and last rows, a small plot, assumptions, and rows left out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import yaml
from rich.console import Console

from steel_assets.cli.file_mapping import reading_options
from steel_assets.core.reading_limits import ReadingLimits
from steel_assets.core.types import Frequency, Series
from steel_assets.sources.file_import import FileMapping, FileReading, ImportRefused, read_table

FREQUENCIES: tuple[Frequency, ...] = ("daily", "weekly", "monthly", "quarterly")
NO_SERIES = "figures"
ENDS = 3
"""Rows shown at each end of a series."""

WIDTH, BLOCKS = 60, "▁▂▃▄▅▆▇█"


def preview_of_no_series(
    content: bytes, filename: str, mapping: FileMapping, moment: pd.Timestamp, limits: ReadingLimits
) -> FileReading:
    """Read a file without knowing its series: as daily values, else weekly, else monthly, in any unit.

    Raises:
        ImportRefused: it is none of these.
    """
    for frequency in FREQUENCIES[:-1]:
        try:
            return _preview_as(frequency, content, filename, mapping, moment, limits)
        except ImportRefused as refusal:
            if f"the series is {frequency}" not in str(refusal):
                raise
    return _preview_as(FREQUENCIES[-1], content, filename, mapping, moment, limits)


def _preview_as(
    frequency: Frequency, content: bytes, filename: str, given: FileMapping, moment: pd.Timestamp, limits: ReadingLimits
) -> FileReading:
    series = Series.model_construct(id=NO_SERIES, name=filename, unit="", frequency=frequency)
    mapping = given.model_copy(update={"series": series.id})
    reading = read_table(content, filename, mapping, {series.id: series}, moment, limits=limits)
    return replace(reading, mapping=reading.mapping.model_copy(update={"series": None}))


def preview_json(reading: FileReading) -> dict[str, Any]:
    """The preview for ``--json``."""
    series = {
        name: {"rows_read": len(figures), "first_rows": _rows(figures.head(ENDS)), "last_rows": _rows(figures.tail(ENDS))}
        for name, figures in reading.figures.items()
    }
    return {"preview": True, "series": series, **reading.as_json, "mapping": _mapping(reading)}


def print_preview(reading: FileReading) -> None:
    """Print the preview."""
    console = Console(highlight=False, markup=False, soft_wrap=True)
    for name, figures in reading.figures.items():
        values = figures["value"].to_numpy()
        console.print(f"{name}: {len(figures):,} rows would be read, {values.min():.10g} to {values.max():.10g}")
        shown = figures if len(figures) <= 2 * ENDS else pd.concat([figures.head(ENDS), figures.tail(ENDS)])
        for place, (day, value) in enumerate(_rows(shown)):
            if place == ENDS and len(shown) < len(figures):
                console.print("  …")
            console.print(f"  {day}  {value:.10g}")
        console.print(f"  {sparkline(values)}")
    print_assumptions(console, reading)
    console.print("as a mapping:")
    for line in yaml.safe_dump(_mapping(reading), allow_unicode=True, sort_keys=False).splitlines():
        console.print(f"  {line}")
    console.print("nothing was imported")


def print_assumptions(console: Console, reading: FileReading) -> None:
    """Print what was assumed and left out, one line each."""
    for line in reading.assumptions:
        console.print(f"  {line}", markup=False, highlight=False, soft_wrap=True)


def sparkline(values: np.ndarray) -> str:
    """``values`` as one line of block characters: the means of at most sixty spans, scaled from minimum to maximum."""
    means = np.array([span.mean() for span in np.array_split(values, min(WIDTH, len(values)))])
    low, high = means.min(), means.max()
    steps = (
        np.zeros(len(means), dtype=int) if high == low else ((means - low) / (high - low) * (len(BLOCKS) - 1)).round().astype(int)
    )
    return "".join(BLOCKS[step] for step in steps)


def _rows(figures: pd.DataFrame) -> list[tuple[str, float]]:
    return [(f"{period:%Y-%m-%d}", float(value)) for period, value in zip(figures["period"], figures["value"], strict=True)]


def _mapping(reading: FileReading) -> dict[str, Any]:
    return reading_options(reading.mapping)
