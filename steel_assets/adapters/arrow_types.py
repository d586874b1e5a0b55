"""The Arrow type of each declared type, for staged warehouse rows and exported Parquet files. No pandas."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from steel_assets.core.sheet import Kind

ARROW_TYPES: Mapping[Kind, pa.DataType] = {
    "string": pa.string(),
    "float": pa.float64(),
    "int": pa.int64(),
    "bool": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", tz="UTC"),
}
