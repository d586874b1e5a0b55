"""What the BigQuery server was not built for it refuses, and never pretends to have done."""

from __future__ import annotations

import datetime as dt
import decimal
import math
from collections.abc import Callable
from typing import Any

import pytest
import requests
from google.api_core import exceptions as google
from google.cloud import bigquery as bq

from steel_assets_tests.google.bigquery_asking import (
    DATASET,
    INTO,
    PROJECT,
    TYPES,
    found,
    load,
    run,
    stage,
)
from steel_assets_tests.google.bigquery_server import BigQueryServer

SQL_REFUSED = [
    "SELECT 1",
    "SELECT close * 2 FROM stage",
    "SELECT * FROM stage",
    "SELECT close AS c FROM stage",
    "SELECT DISTINCT close FROM stage",
    "SELECT SUM(close) FROM stage",
    "SELECT COUNT(close) OVER () FROM stage",
    "SELECT close FROM stage GROUP BY close",
    "SELECT close FROM stage LIMIT 1",
    "SELECT close > 1 FROM stage",
    "SELECT 1 FROM stage",
    "SELECT close FROM stage ORDER BY 1",
    "SELECT close FROM stage ORDER BY close NULLS LAST",
    "SELECT close FROM stage ORDER BY close DESC NULLS FIRST",
    "SELECT close FROM stage WHERE (close, date) = (1.0, date)",
    "SELECT close FROM stage WHERE DATE(date) = date",
    "SELECT close FROM stage WHERE date = DATE '2024-01-01'",
    "SELECT close FROM stage WHERE date = '2024-1-1'",
    "SELECT close FROM stage WHERE close = 1e400",
    "SELECT close FROM stage WHERE date < CURRENT_TIMESTAMP()",
    "SELECT close FROM stage WHERE close == 1.0",
    "SELECT close FROM stage WHERE close NOTNULL",
    "SELECT close FROM `stage*`",
    "SELECT close FROM `stage$20240101`",
    "SELECT table_id FROM steel.__TABLES__",
    "CREATE TABLE `other$20240101` (a STRING)",
    "CREATE TABLE other (`a b` STRING)",
    "CREATE TABLE other LIKE stage",
    "CREATE TABLE other CLONE stage",
    "CREATE TEMP TABLE other (a STRING)",
    "CREATE TABLE other (a STRING PRIMARY KEY NOT ENFORCED)",
    "CREATE TABLE other (a STRING(5))",
    "SELECT TIMESTAMP_DIFF(CURRENT_TIMESTAMP(), CURRENT_TIMESTAMP(), DAY)",
    "SELECT PARSE_TIMESTAMP('%F', '2024-01-01')",
    "SELECT TIMESTAMP_MILLIS(1)",
    "SELECT k FROM stage UNPIVOT(v FOR k IN (close))",
    f"{INTO} WHEN NOT MATCHED THEN INSERT ROW",
    f"{INTO} WHEN MATCHED THEN UPDATE SET t.close = s.close",
    "SELECT a.close FROM stage AS a JOIN stage AS b ON a.date = b.date",
    "SELECT close FROM stage, UNNEST([1]) WITH OFFSET",
    "SELECT close FROM stage WHERE close IN (SELECT close FROM stage)",
    "SELECT close FROM stage WHERE DATE_TRUNC(date, MONTH) = ?",
    "SELECT close FROM stage UNION ALL SELECT close FROM stage",
    "SELECT close FROM stage FOR SYSTEM_TIME AS OF CURRENT_TIMESTAMP()",
    "SELECT close FROM stage TABLESAMPLE SYSTEM (10 PERCENT)",
    "SELECT close FROM stage QUALIFY ROW_NUMBER() OVER (ORDER BY close) = 1",
    "WITH x AS (SELECT close FROM stage) SELECT close FROM x",
    "SELECT table_name FROM steel.INFORMATION_SCHEMA.TABLES",
    "INSERT INTO stage (close) VALUES (1.0)",
    "UPDATE stage SET close = 1 WHERE TRUE",
    "DELETE FROM stage WHERE TRUE",
    "TRUNCATE TABLE stage",
    "DROP TABLE stage",
    "ALTER TABLE stage DROP COLUMN close",
    "ALTER TABLE stage RENAME TO other",
    "CREATE OR REPLACE TABLE stage (a STRING)",
    "CREATE TABLE other AS SELECT close FROM stage",
    "CREATE TABLE other COPY stage",
    "CREATE TABLE other (a NUMERIC)",
    "CREATE TABLE other (a DOUBLE)",
    "CREATE TABLE other (text TEXT)",
    "CREATE TABLE other (a VARCHAR, b TIMESTAMPTZ)",
    "ALTER TABLE stage ADD COLUMN a FLOAT",
    "CREATE TABLE other (a STRING) OPTIONS(expiration_timestamp = TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL -1 DAY))",
    "CREATE TABLE other (a ARRAY<STRING>)",
    "CREATE TABLE other (a STRING DEFAULT 'x')",
    "CREATE TABLE other (a DATE) OPTIONS(require_partition_filter = TRUE)",
    "CREATE TABLE other (a DATE) PARTITION BY DATE_TRUNC(a, MONTH)",
    "CREATE VIEW v AS SELECT close FROM stage",
    "CREATE SCHEMA other",
    "MERGE INTO stage AS t USING stage AS s ON t.date = s.date WHEN MATCHED THEN DELETE",
    "MERGE INTO stage AS t USING stage AS s ON t.date = s.date WHEN NOT MATCHED BY SOURCE THEN DELETE",
    "MERGE INTO stage AS t USING (SELECT close FROM stage) AS s ON FALSE WHEN MATCHED THEN UPDATE SET close = 1.0",
    "BEGIN TRANSACTION; COMMIT TRANSACTION;",
    "DECLARE x INT64 DEFAULT 5",
    "EXPORT DATA OPTIONS(uri = 'gs://x/*') AS SELECT close FROM stage",
    "CALL something()",
]


@pytest.mark.parametrize("text", SQL_REFUSED)
def test_sql_it_was_not_built_for_is_refused_and_changes_nothing(server: BigQueryServer, client: bq.Client, text: str) -> None:
    stage(client, [1.0, 2.0])
    with pytest.raises((google.MethodNotImplemented, google.BadRequest)):
        run(client, text)
    assert found(client, "SELECT close FROM stage ORDER BY close") == [(1.0,), (2.0,)]
    assert [name for _, _, name in server.held.tables] == ["stage"]


PARAMETERS_REFUSED = {
    "arrays": bq.ArrayQueryParameter(None, "FLOAT64", [1.0]),
    "structs": bq.StructQueryParameter(None, bq.ScalarQueryParameter("a", "INT64", 1)),
    "exact decimals": bq.ScalarQueryParameter(None, "NUMERIC", decimal.Decimal("1.5")),
    "bytes": bq.ScalarQueryParameter(None, "BYTES", b"a"),
    "moments without a zone": bq.ScalarQueryParameter(None, "DATETIME", dt.datetime(2024, 1, 1)),  # noqa: DTZ001  the point
    "what is no number": bq.ScalarQueryParameter(None, "FLOAT64", math.nan),
}


@pytest.mark.parametrize("what", PARAMETERS_REFUSED)
def test_parameters_of_other_kinds_are_refused(client: bq.Client, what: str) -> None:
    stage(client, [1.0])
    config = bq.QueryJobConfig(default_dataset=f"{PROJECT}.{DATASET}", query_parameters=[PARAMETERS_REFUSED[what]])
    with pytest.raises(google.MethodNotImplemented, match="does not serve"):
        client.query("SELECT close FROM stage WHERE close = ?", config, location="US").result()


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("DATE", "20240101"),
        ("DATE", "2024-W01-1"),
        ("INT64", "1_0"),
        ("INT64", " 1"),
        ("TIMESTAMP", "2024-01-01 00:00:00.123456789+00"),
        ("TIMESTAMP", "20240101"),
    ],
)
def test_a_parameter_that_only_python_can_read_is_not_served(client: bq.Client, kind: str, text: str) -> None:
    stage(client, [1.0])
    config = bq.QueryJobConfig(
        default_dataset=f"{PROJECT}.{DATASET}", query_parameters=[bq.ScalarQueryParameter(None, kind, text)]
    )
    with pytest.raises(google.MethodNotImplemented, match="does not serve"):
        client.query("SELECT close FROM stage WHERE ? IS NULL", config, location="US").result()


CALLS_REFUSED: dict[str, Callable[[bq.Client], Any]] = {
    "named parameters": lambda c: c.query(
        "SELECT close FROM steel.stage WHERE close = @x",
        bq.QueryJobConfig(query_parameters=[bq.ScalarQueryParameter("x", "FLOAT64", 1)]),
    ).result(),
    "legacy SQL": lambda c: c.query("SELECT close FROM [steel.stage]", bq.QueryJobConfig(use_legacy_sql=True)).result(),
    "dry runs": lambda c: c.query("SELECT close FROM steel.stage", bq.QueryJobConfig(dry_run=True)),
    "destinations": lambda c: c.query(
        "SELECT close FROM steel.stage", bq.QueryJobConfig(destination="steel-project.steel.x")
    ).result(),
    "queries without a job": lambda c: c.query_and_wait("SELECT COUNT(*) FROM steel.stage"),
    "loads that append": lambda c: load(c, "stage", {"close": [1.0]}, TYPES, write_disposition="WRITE_APPEND"),
    "loads that truncate": lambda c: load(c, "stage", {"close": [1.0]}, TYPES, write_disposition="WRITE_TRUNCATE"),
    "loads that create": lambda c: load(c, "other", {"close": [1.0]}, TYPES, create_disposition="CREATE_IF_NEEDED"),
    "loads of CSV": lambda c: load(c, "stage", {"close": [1.0]}, TYPES, source_format="CSV"),
    "loads from a bucket": lambda c: c.load_table_from_uri("gs://b/x", "steel-project.steel.stage"),
    "streaming": lambda c: c.insert_rows_json("steel-project.steel.stage", [{"close": 1.0}]),
    "extracts": lambda c: c.extract_table("steel-project.steel.stage", "gs://b/x"),
    "copies": lambda c: c.copy_table("steel-project.steel.stage", "steel-project.steel.x"),
    "listing tables": lambda c: list(c.list_tables("steel")),
    "listing datasets": lambda c: list(c.list_datasets()),
    "listing jobs": lambda c: list(c.list_jobs()),
    "reading a table's rows": lambda c: list(
        c.list_rows("steel-project.steel.stage", selected_fields=[bq.SchemaField("close", "FLOAT")])
    ),
    "partitions by name": lambda c: c.get_table("steel.stage$20240101"),
    "deleting partitions": lambda c: c.delete_table("steel.stage$20240101"),
    "loads into a partition": lambda c: load(c, "stage$20240101", {"close": [1.0]}, TYPES),
    "rows of a partition": lambda c: list(c.list_rows("steel-project.steel.stage$20240101", [bq.SchemaField("close", "FLOAT")])),
    "loads of what is no number": lambda c: _emptied(c, [math.nan]),
    "answers only if changed": lambda c: c._connection.api_request(
        method="GET", path=f"/projects/{PROJECT}/datasets/steel", headers={"If-None-Match": "x"}
    ),
    "making tables": lambda c: c.create_table(bq.Table("steel-project.steel.x", [bq.SchemaField("a", "STRING")])),
    "deleting datasets": lambda c: c.delete_dataset("steel"),
    "changing tables": lambda c: c.update_table(bq.Table("steel-project.steel.stage"), ["description"]),
}


def _emptied(client: bq.Client, closes: list[float]) -> None:
    run(client, "CREATE TABLE other (close FLOAT64)")
    load(client, "other", {"close": closes}, TYPES)


@pytest.mark.parametrize("what", CALLS_REFUSED)
def test_calls_it_was_not_built_for_are_refused_and_never_pretended(client: bq.Client, what: str) -> None:
    stage(client, [1.0, 2.0])
    with pytest.raises(google.MethodNotImplemented, match="does not serve"):
        CALLS_REFUSED[what](client)
    assert found(client, "SELECT close FROM stage ORDER BY close") == [(1.0,), (2.0,)]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("jobs", b"{", 400),
        ("jobs", b"{}", 400),
        (
            "jobs",
            b'{"configuration": {"query": {"query": "SELECT COUNT(*) FROM a; SELECT COUNT(*) FROM a", "useLegacySql": false}}}',
            501,
        ),
        ("datasets", b"[]", 400),
        ("datasets", b'{"datasetReference": {"datasetId": ""}}', 400),
    ],
)
def test_nonsense_is_answered_with_an_error(
    server: BigQueryServer, client: bq.Client, path: str, body: bytes, status: int
) -> None:
    answer = requests.post(f"{server.url}/bigquery/v2/projects/p/{path}", data=body, timeout=120)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, status)
