"""Types and values as BigQuery's interface writes them: six scalar types, which are all that the platform keeps."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa

from steel_assets_tests.google.faults import NotServed, Refusal

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Type:
    """One scalar type: its name in the interface, in GoogleSQL, in DuckDB and in Arrow, and what a value of it weighs."""

    name: str
    google: str
    duckdb: str
    arrow: pa.DataType
    bytes: int


TYPES = {
    entry.name: entry
    for entry in (
        Type("STRING", "STRING", "VARCHAR", pa.string(), 2),
        Type("FLOAT", "FLOAT64", "DOUBLE", pa.float64(), 8),
        Type("INTEGER", "INT64", "BIGINT", pa.int64(), 8),
        Type("BOOLEAN", "BOOL", "BOOLEAN", pa.bool_(), 1),
        Type("DATE", "DATE", "DATE", pa.date32(), 8),
        Type("TIMESTAMP", "TIMESTAMP", "TIMESTAMPTZ", pa.timestamp("us", tz="UTC"), 8),
    )
}
BY_GOOGLE = {each_kind.google: each_kind for each_kind in TYPES.values()}
BY_ARROW = {each_kind.arrow: each_kind for each_kind in TYPES.values()}

DAY = r"\d{4}-\d{2}-\d{2}"
WRITTEN = {
    "FLOAT": r"-?(\d+(\.\d+)?([eE][+-]?\d+)?|Infinity|inf)|NaN|nan",
    "INTEGER": r"-?\d+",
    "DATE": DAY,
    "TIMESTAMP": rf"{DAY}([ T]\d{{2}}:\d{{2}}:\d{{2}}(\.\d{{1,6}})?( UTC|Z|[+-]\d{{2}}(:\d{{2}})?)?)?",
}
"""How the text of a parameter is read alike by BigQuery and by Python; either knows other ways."""


def named(name: str) -> Type:
    """The type that a schema or a parameter calls ``name``."""
    found = TYPES.get(name.upper()) or BY_GOOGLE.get(name.upper())
    if found is None:
        raise NotServed(f"the type {name}")
    return found


def of_arrow(kind: pa.DataType) -> Type:
    found = BY_ARROW.get(kind)
    if found is None:
        raise NotServed(f"columns of Arrow's type {kind}")
    return found


def cell(value: Any, kind: Type, *, micros: bool) -> str | None:
    """A value in an answer's row."""
    if value is None:
        return None
    if kind.name == "BOOLEAN":
        return "true" if value else "false"
    if kind.name == "TIMESTAMP":
        since = (value - EPOCH) // timedelta(microseconds=1)
        return str(since) if micros else f"{since / 1e6!r}"
    if kind.name == "FLOAT":
        return {"inf": "Infinity", "-inf": "-Infinity", "nan": "NaN"}.get(repr(value), repr(value))
    return str(value)


def parameter(told: Mapping[str, Any]) -> tuple[Type, Any]:
    """The type and value of a query's parameter."""
    kind = named(str(told.get("parameterType", {}).get("type", "")))
    text = told.get("parameterValue", {}).get("value")
    if text is not None and kind.name in WRITTEN and not re.fullmatch(WRITTEN[kind.name], str(text), re.ASCII):
        raise NotServed(f"{text!r} for a parameter of type {kind.google}")
    try:
        value = None if text is None else _parsed(str(text), kind)
    except (ValueError, KeyError) as error:
        raise Refusal(400, f"Bad value {text!r} for a parameter of type {kind.google}", "invalid") from error
    if value != value:
        raise NotServed("a parameter that is no number")
    if kind.name == "INTEGER" and value is not None and not -(2**63) <= value < 2**63:
        raise Refusal(400, f"Bad value {text!r} for a parameter of type INT64", "invalid")
    return kind, value


def _parsed(text: str, kind: Type) -> Any:
    if kind.name == "BOOLEAN":
        return {"true": True, "false": False}[text.lower()]
    if kind.name == "TIMESTAMP":
        moment = datetime.fromisoformat(text.replace(" UTC", "+00:00").replace("Z", "+00:00"))
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    plain: dict[str, Any] = {"STRING": str, "FLOAT": float, "INTEGER": int, "DATE": date.fromisoformat}
    return plain[kind.name](text)
