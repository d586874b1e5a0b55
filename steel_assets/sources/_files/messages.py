"""The messages to and from the process that reads a file: JSON and the file's bytes, no pickle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from steel_assets.core.reading_limits import ReadingLimits
from steel_assets.core.types import PublicationRule, Series
from steel_assets.sources._files.options import FileMapping
from steel_assets.sources._files.reading import FileReading, held
from steel_assets.sources._files.table import File


def question(
    file: File,
    mapping: FileMapping,
    series: Mapping[str, Series],
    moment: pd.Timestamp,
    known: pd.DataFrame | None,
    limits: ReadingLimits,
) -> bytes:
    """A line of JSON, then the bytes of the file."""
    header = {
        "name": file.name,
        "mapping": mapping.model_dump(mode="json", include=set(FileMapping.model_fields)),
        "series": {name: series[name].model_dump(mode="json", by_alias=True) for name in mapping.series_ids},
        "moment": moment.isoformat(),
        "known": {name: _columns(held(known, name)) for name in mapping.series_ids},
        "limits": limits.model_dump(mode="json"),
    }
    return json.dumps(header).encode() + b"\n" + file.content


def asked(line: bytes, content: bytes) -> tuple[File, FileMapping, dict[str, Series], pd.Timestamp, pd.DataFrame]:
    """The arguments of ``question`` without the limits, which are read first (``limits_of``)."""
    header = json.loads(line)
    series = {
        # not validated again: a preview has a series without a unit
        name: Series.model_construct(**{**declared, "published": PublicationRule.model_validate(declared["published"])})
        for name, declared in header["series"].items()
    }
    known = [_frame(columns).assign(series=name, collected_at=0) for name, columns in header["known"].items()]
    mapping = FileMapping.model_validate(header["mapping"])
    return File(header["name"], content), mapping, series, pd.Timestamp(header["moment"]), pd.concat(known, ignore_index=True)


def limits_of(line: bytes) -> ReadingLimits:
    """The limits in a ``question``."""
    return ReadingLimits.model_validate(json.loads(line)["limits"])


def answer(reading: FileReading) -> bytes:
    """A reading as JSON."""
    content = {
        "figures": {name: _columns(figures) for name, figures in reading.figures.items()},
        "mapping": reading.mapping.model_dump(mode="json"),
        "assumed": reading.assumed,
        "left_out": reading.left_out,
    }
    return json.dumps(content).encode()


def answered(content: Mapping[str, Any], mapping: FileMapping) -> FileReading:
    """The reading in an ``answer`` to a question about ``mapping``.

    Raises:
        AttributeError, KeyError, TypeError, ValueError: ``content`` has another form.
    """
    settled = FileMapping.model_validate(content["mapping"])
    found = {name: value for name, value in settled if value != getattr(mapping, name)}
    return FileReading(
        {str(name): _frame(columns) for name, columns in content["figures"].items()},
        mapping.model_copy(update=found),
        {str(topic): str(words) for topic, words in content["assumed"].items()},
        {str(topic): str(words) for topic, words in content["left_out"].items()},
    )


def _columns(figures: pd.DataFrame) -> list[list[Any]]:
    """Nanoseconds since 1970, and values; JSON preserves a float exactly."""
    return [figures["period"].astype("datetime64[ns]").astype("int64").tolist(), figures["value"].astype("float64").tolist()]


def _frame(columns: list[list[Any]]) -> pd.DataFrame:
    periods, values = columns
    return pd.DataFrame({"period": np.array(periods, dtype="int64").view("datetime64[ns]"), "value": np.array(values, "float64")})
