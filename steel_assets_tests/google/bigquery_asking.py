"""Asking the BigQuery server through the unmodified client: statements, what they find, and files that are loaded."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from google.cloud import bigquery as bq

PROJECT, DATASET = "steel-project", "steel"
PRICES = (
    "CREATE TABLE prices (commodity STRING NOT NULL OPTIONS(description = 'k'), date DATE NOT NULL, close FLOAT64, volume INT64, "
    "ts TIMESTAMP, ok BOOL) PARTITION BY date CLUSTER BY commodity OPTIONS(description = 'prices')"
)
MERGE = (
    "MERGE INTO prices AS t USING stage AS s ON t.commodity = s.commodity AND t.date = s.date "
    "WHEN MATCHED AND t.close IS DISTINCT FROM s.close THEN UPDATE SET close = s.close "
    "WHEN NOT MATCHED THEN INSERT (commodity, date, close) VALUES (s.commodity, s.date, s.close)"
)
INTO = "MERGE INTO stage AS t USING stage AS s ON t.date = s.date"
MOMENT = dt.datetime(2024, 1, 1, 12, 34, 56, 123456, tzinfo=dt.UTC)


def run(client: bq.Client, text: str, *values: Any, **settings: Any) -> bq.QueryJob:
    kinds = {str: "STRING", float: "FLOAT64", int: "INT64", bool: "BOOL", dt.date: "DATE", dt.datetime: "TIMESTAMP"}
    config = bq.QueryJobConfig(
        default_dataset=f"{PROJECT}.{DATASET}",
        query_parameters=[bq.ScalarQueryParameter(None, kinds[type(value)], value) for value in values],
        **settings,
    )
    job = client.query(text, config, location="US")
    job.result(timeout=120)
    return job


def found(client: bq.Client, text: str, *values: Any) -> list[tuple[Any, ...]]:
    return [row.values() for row in run(client, text, *values).result()]


def load(
    client: bq.Client, table: str, columns: dict[str, Sequence[Any]], types: dict[str, pa.DataType], **changes: str
) -> bq.LoadJob:
    content = io.BytesIO()
    fields = [pa.field(name, types[name], nullable=table != "prices" or name not in ("commodity", "date")) for name in columns]
    pq.write_table(pa.table([pa.array(values, types[name]) for name, values in columns.items()], pa.schema(fields)), content)
    settings = {"source_format": "PARQUET", "write_disposition": "WRITE_EMPTY", "create_disposition": "CREATE_NEVER"} | changes
    target = f"{PROJECT}.{DATASET}.{table}"
    return client.load_table_from_file(content, target, rewind=True, job_config=bq.LoadJobConfig(**settings)).result(timeout=120)


TYPES = {
    "commodity": pa.string(),
    "date": pa.date32(),
    "close": pa.float64(),
    "volume": pa.int64(),
    "ts": pa.timestamp("us", "UTC"),
    "ok": pa.bool_(),
}


def stage(client: bq.Client, closes: Sequence[float], commodity: str = "COPPER") -> None:
    run(client, "CREATE TABLE stage (commodity STRING, date DATE, close FLOAT64)")
    days = [dt.date(2024, 1, 1 + number) for number in range(len(closes))]
    load(client, "stage", {"commodity": [commodity] * len(closes), "date": days, "close": closes}, TYPES)
