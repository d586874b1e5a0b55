"""The BigQuery server: what it serves it serves as Google does, to the unmodified client; what it does not, it refuses."""

from __future__ import annotations

import datetime as dt
import decimal
import io
import math
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import requests
from google.api_core import exceptions as google
from google.cloud import bigquery as bq

from steel_assets.adapters.google.clients import bigquery_client
from steel_assets_tests.google.bigquery_server import BigQueryServer
from steel_assets_tests.google.faults import Fault
from steel_assets_tests.google.serving import running

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


@pytest.fixture(scope="module")
def server() -> Iterator[BigQueryServer]:
    server = BigQueryServer()
    with running(server.app()) as server.url:
        yield server


@pytest.fixture
def client(server: BigQueryServer) -> bq.Client:
    server.forget()
    client = bigquery_client(PROJECT, server.url)
    client.create_dataset(DATASET)
    return client


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


def test_a_dataset_is_made_once_and_is_where_it_was_made(client: bq.Client) -> None:
    assert client.get_dataset(DATASET).location == "US"
    with pytest.raises(google.Conflict, match="Already Exists"):
        client.create_dataset(DATASET)
    client.create_dataset(DATASET, exists_ok=True)
    with pytest.raises(google.NotFound, match="Not found: Dataset"):
        client.get_dataset("other")
    with pytest.raises(google.BadRequest):
        client.create_dataset(f"{PROJECT}.a-b")


def test_a_job_in_another_location_does_not_see_the_dataset(client: bq.Client) -> None:
    run(client, PRICES)
    config = bq.QueryJobConfig(default_dataset=f"{PROJECT}.{DATASET}")
    with pytest.raises(google.NotFound, match="location EU"):
        client.query("SELECT COUNT(*) FROM prices", config, location="EU").result(timeout=120)


def test_a_table_tells_its_schema_and_layout_in_the_interface_s_words(client: bq.Client) -> None:
    run(client, PRICES)
    table = client.get_table(f"{DATASET}.prices")
    assert [(field.name, field.field_type, field.mode) for field in table.schema] == [
        ("commodity", "STRING", "REQUIRED"),
        ("date", "DATE", "REQUIRED"),
        ("close", "FLOAT", "NULLABLE"),
        ("volume", "INTEGER", "NULLABLE"),
        ("ts", "TIMESTAMP", "NULLABLE"),
        ("ok", "BOOLEAN", "NULLABLE"),
    ]
    assert (table.time_partitioning.type_, table.time_partitioning.field) == ("DAY", "date")
    assert (table.clustering_fields, table.description, table.schema[0].description) == (["commodity"], "prices", "k")
    assert (table.num_rows, table.location) == (0, "US")


def test_a_table_is_made_once_and_found_until_it_is_deleted(client: bq.Client) -> None:
    run(client, PRICES)
    with pytest.raises(google.Conflict):
        run(client, PRICES)
    run(client, PRICES.replace("CREATE TABLE", "CREATE TABLE IF NOT EXISTS"))
    client.delete_table(f"{DATASET}.prices")
    with pytest.raises(google.NotFound):
        client.get_table(f"{DATASET}.prices")
    with pytest.raises(google.NotFound):
        client.delete_table(f"{DATASET}.prices")
    client.delete_table(f"{DATASET}.prices", not_found_ok=True)


def test_rows_of_every_type_come_back_as_they_went_in(client: bq.Client) -> None:
    run(client, PRICES)
    rows = {
        "commodity": ["é'\"", "b"],
        "date": [dt.date(2024, 1, 1), dt.date(1969, 12, 31)],
        "close": [0.1 + 0.2, math.inf],
        "volume": [2**63 - 1, None],
        "ts": [MOMENT, dt.datetime(1900, 1, 1, tzinfo=dt.UTC)],
        "ok": [True, None],
    }
    assert load(client, "prices", rows, TYPES).output_rows == 2
    assert found(client, "SELECT commodity, date, close, volume, ts, ok FROM prices ORDER BY commodity DESC") == list(
        zip(*rows.values(), strict=True)
    )
    assert client.get_table(f"{DATASET}.prices").num_rows == 2


def test_a_load_that_does_not_fit_adds_nothing(client: bq.Client) -> None:
    run(client, PRICES)
    fits = {"commodity": ["a"], "date": [dt.date(2024, 1, 1)]}
    for columns, types in (
        (fits | {"extra": [1.0]}, TYPES | {"extra": pa.float64()}),
        (fits | {"close": ["1.0"]}, TYPES | {"close": pa.string()}),
    ):
        with pytest.raises(google.BadRequest):
            load(client, "prices", columns, types)
    with pytest.raises(google.NotFound):
        load(client, "nowhere", fits, TYPES)
    config = bq.LoadJobConfig(source_format="PARQUET", write_disposition="WRITE_EMPTY", create_disposition="CREATE_NEVER")
    garbage = client.load_table_from_file(io.BytesIO(b"not parquet"), f"{PROJECT}.{DATASET}.prices", job_config=config)
    with pytest.raises(google.BadRequest):
        garbage.result()
    assert found(client, "SELECT COUNT(*) FROM prices") == [(0,)]


def test_a_file_whose_columns_may_be_empty_does_not_fit_a_table_whose_may_not(client: bq.Client) -> None:
    run(client, PRICES)
    content = io.BytesIO()
    pq.write_table(pa.table({"commodity": ["a"], "date": [dt.date(2024, 1, 1)]}), content)
    config = bq.LoadJobConfig(source_format="PARQUET", write_disposition="WRITE_EMPTY", create_disposition="CREATE_NEVER")
    job = client.load_table_from_file(content, f"{PROJECT}.{DATASET}.prices", rewind=True, job_config=config)
    with pytest.raises(google.BadRequest, match="from REQUIRED to NULLABLE"):
        job.result()


def test_a_table_that_holds_rows_is_not_loaded_again(client: bq.Client) -> None:
    stage(client, [1.0])
    with pytest.raises(google.Conflict):
        load(client, "stage", {"commodity": ["a"]}, TYPES)


def test_a_merge_inserts_updates_and_counts_only_what_changes(client: bq.Client) -> None:
    run(client, PRICES)
    stage(client, [1.0, 2.0, 3.0])
    assert [run(client, MERGE).num_dml_affected_rows for _ in range(2)] == [3, 0]
    client.delete_table(f"{DATASET}.stage")
    stage(client, [1.0, 5.0, 3.0, 4.0])
    assert run(client, MERGE).num_dml_affected_rows == 2
    assert found(client, "SELECT close FROM prices ORDER BY date") == [(1.0,), (5.0,), (3.0,), (4.0,)]


def test_a_merge_that_would_update_a_row_twice_is_refused_and_changes_nothing(client: bq.Client) -> None:
    run(client, PRICES)
    stage(client, [1.0])
    run(client, MERGE)
    client.delete_table(f"{DATASET}.stage")
    run(client, "CREATE TABLE stage (commodity STRING, date DATE, close FLOAT64)")
    twice = {"commodity": ["COPPER"] * 2, "date": [dt.date(2024, 1, 1)] * 2, "close": [7.0, 8.0]}
    load(client, "stage", twice, TYPES)
    with pytest.raises(google.BadRequest, match="at most one source row"):
        run(client, MERGE)
    assert found(client, "SELECT close FROM prices") == [(1.0,)]


def test_a_merge_that_would_leave_a_required_column_empty_changes_nothing(client: bq.Client) -> None:
    run(client, PRICES)
    run(client, "CREATE TABLE stage (commodity STRING, date DATE, close FLOAT64)")
    load(client, "stage", {"commodity": ["a", None], "date": [dt.date(2024, 1, 1)] * 2, "close": [1.0, 2.0]}, TYPES)
    with pytest.raises(google.BadRequest):
        run(client, MERGE)
    assert found(client, "SELECT COUNT(*) FROM prices") == [(0,)]


def test_conditions_and_parameters_mean_what_they_say(client: bq.Client) -> None:
    stage(client, [1.0, 2.0, 3.0, 4.0])
    days = [dt.date(2024, 1, day) for day in range(1, 5)]
    for condition, values, expected in (
        ("date = ?", [days[1]], [2.0]),
        ("close IN (?, ?)", [1.0, 4.0], [1.0, 4.0]),
        ("close > ? AND NOT close >= ?", [1, 4], [2.0, 3.0]),
        ("date BETWEEN ? AND ?", [days[0], days[1]], [1.0, 2.0]),
        ("close IS NULL OR close <> ?", [3.0], [1.0, 2.0, 4.0]),
        ("commodity = ?", ["COPPER' OR TRUE --"], []),
        ("FALSE", [], []),
    ):
        text = f"SELECT close FROM stage WHERE {condition} ORDER BY close"  # noqa: S608  conditions of the test's own
        assert found(client, text, *values) == [(value,) for value in expected]


def test_empty_values_come_first_and_last_when_descending(client: bq.Client) -> None:
    stage(client, [2.0, None, 1.0])  # type: ignore[list-item]
    assert found(client, "SELECT close FROM stage ORDER BY close") == [(None,), (1.0,), (2.0,)]
    assert found(client, "SELECT close FROM stage ORDER BY close DESC") == [(2.0,), (1.0,), (None,)]


def test_a_column_is_added_once_and_empty(client: bq.Client) -> None:
    stage(client, [1.0])
    for _ in range(2):
        run(client, "ALTER TABLE stage ADD COLUMN IF NOT EXISTS later STRING OPTIONS(description = 'new')")
    assert found(client, "SELECT later FROM stage") == [(None,)]
    assert client.get_table(f"{DATASET}.stage").schema[-1].description == "new"
    with pytest.raises(google.BadRequest, match="already exists"):
        run(client, "ALTER TABLE stage ADD COLUMN later STRING")
    with pytest.raises(google.BadRequest, match="required"):
        run(client, "ALTER TABLE stage ADD COLUMN must STRING NOT NULL")


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("SELEC close FROM stage", []),
        ("SELECT nothing FROM stage", []),
        ("SELECT close FROM stage WHERE close = ?", []),
        ("SELECT close FROM stage WHERE close = ?", [1.0, 2.0]),
        ("SELECT close FROM stage WHERE close = ?", ["1.0"]),
        ("SELECT close FROM stage WHERE commodity = close", []),
        ("SELECT close FROM stage WHERE commodity = 1", []),
        ("SELECT close FROM stage WHERE close = '1.0'", []),
        ("SELECT close FROM stage WHERE close = TRUE", []),
        ("SELECT close FROM stage WHERE close IS TRUE", []),
        ("SELECT close FROM stage WHERE close IN (1.0, 'a')", []),
        ("SELECT close FROM stage WHERE close BETWEEN ? AND ?", [1.0, "2"]),
        ("SELECT close FROM stage WHERE close", []),
        ("SELECT close FROM stage WHERE NOT close", []),
        ("SELECT close FROM stage WHERE 1", []),
        ("SELECT close FROM stage WHERE close = 9223372036854775808", []),
        ("SELECT close FROM stage WHERE date = '2024-13-01'", []),
        ("SELECT close, CLOSE FROM stage", []),
        ("SELECT close FROM stage AS s WHERE stage.close = 1", []),
        (f"{INTO} WHEN MATCHED THEN UPDATE SET close = s.commodity", []),
        (f"{INTO} WHEN MATCHED THEN UPDATE SET commodity = s.close", []),
        (f"{INTO} WHEN MATCHED AND s.close THEN UPDATE SET close = s.close", []),
        (f"{INTO} WHEN MATCHED AND close = 1 THEN UPDATE SET close = s.close", []),
        (f"{INTO} WHEN MATCHED THEN UPDATE SET nothing = s.close", []),
        (f"{INTO} WHEN NOT MATCHED THEN INSERT (commodity) VALUES (s.close)", []),  # noqa: S608  a statement of the test's own
        (f"{INTO} WHEN NOT MATCHED THEN INSERT (commodity, date) VALUES (s.commodity)", []),  # noqa: S608  a statement of the test's own
        ("CREATE TABLE bad (a STRING) PARTITION BY a", []),
        ("CREATE TABLE bad (a STRING) CLUSTER BY b", []),
        ("CREATE TABLE bad (a FLOAT64) CLUSTER BY a", []),
        ("CREATE TABLE bad (a INT64, b INT64, c INT64, d INT64, e INT64) CLUSTER BY a, b, c, d, e", []),
        ("CREATE TABLE bad (a INT64, A INT64)", []),
        ("CREATE TABLE bad (hash STRING)", []),
        ("CREATE TABLE bad (range FLOAT64, rows INT64)", []),
        ("CREATE TABLE bad (a INT64) OPTIONS(description = 1)", []),
        ("CREATE TABLE bad (a INT64) OPTIONS(description = 'a', description = 'b')", []),
        ("CREATE TABLE bad (a DATE) PARTITION BY a PARTITION BY a", []),
        ("CREATE TABLE bad (a STRING) CLUSTER BY a, A", []),
        (f"{INTO} WHEN MATCHED THEN INSERT (close) VALUES (s.close)", []),  # noqa: S608  a statement of the test's own
        (f"{INTO} WHEN NOT MATCHED THEN UPDATE SET close = s.close", []),
    ],
)
def test_a_query_that_google_would_refuse_is_refused(client: bq.Client, text: str, values: list[Any]) -> None:
    stage(client, [1.0])
    with pytest.raises(google.BadRequest):
        run(client, text, *values)


def test_a_table_that_is_not_there_is_not_found(client: bq.Client) -> None:
    with pytest.raises(google.NotFound, match=r"Not found: Table steel-project:steel\.nowhere"):
        run(client, "SELECT COUNT(*) FROM nowhere")


def test_a_query_above_its_limit_of_bytes_does_not_run(client: bq.Client) -> None:
    stage(client, [1.0])
    with pytest.raises(google.BadRequest, match=r"bytes billed: 1000000\. 10485760 or higher required"):
        run(client, "SELECT close FROM stage", maximum_bytes_billed=1_000_000)
    job = run(client, "SELECT close FROM stage", maximum_bytes_billed=10_485_760)
    assert (job.total_bytes_processed, job.total_bytes_billed) == (8, 10_485_760)
    assert run(client, "SELECT COUNT(*) FROM stage", maximum_bytes_billed=1).total_bytes_billed == 0


def test_results_come_in_pages_and_every_row_once(client: bq.Client) -> None:
    run(client, "CREATE TABLE big (n INT64)")
    load(client, "big", {"n": range(25_000)}, {"n": pa.int64()})
    rows = run(client, "SELECT n FROM big ORDER BY n").result(page_size=1_000)
    assert [len(list(page)) for page in rows.pages] == [1_000] * 25
    assert found(client, "SELECT n FROM big ORDER BY n") == [(number,) for number in range(25_000)]
    assert run(client, "SELECT n FROM big ORDER BY n").to_arrow(create_bqstorage_client=False)["n"].to_pylist() == list(
        range(25_000)
    )


def test_a_job_is_known_by_its_name_and_runs_once(client: bq.Client) -> None:
    stage(client, [1.0])
    config = bq.QueryJobConfig(default_dataset=f"{PROJECT}.{DATASET}", labels={"a": "b"})
    client.query("SELECT COUNT(*) FROM stage", config, job_id="mine", location="US", job_retry=None).result()
    job = client.get_job("mine", location="US")
    assert (job.state, job.labels, job.statement_type) == ("DONE", {"a": "b"}, "SELECT")
    assert job.ended >= job.started
    with pytest.raises(google.NotFound):
        client.get_job("mine", location="EU")
    body = {
        "jobReference": {"jobId": "mine"},
        "configuration": {"query": {"query": "SELECT COUNT(*) FROM stage", "useLegacySql": False}},
    }
    with pytest.raises(google.Conflict):
        client._connection.api_request(method="POST", path=f"/projects/{PROJECT}/jobs", data=body)


@pytest.mark.parametrize("labels", [{"App": "x"}, {"app": "Steel!"}, {"app": "x" * 64}, {"1": "x"}])
def test_labels_that_google_would_refuse_are_refused(client: bq.Client, labels: dict[str, str]) -> None:
    stage(client, [1.0])
    with pytest.raises(google.BadRequest, match=r"[Ll]abel"):
        run(client, "SELECT close FROM stage", labels=labels)
    dataset = bq.Dataset(f"{PROJECT}.other")
    dataset.labels = labels
    with pytest.raises(google.BadRequest, match=r"[Ll]abel"):
        client.create_dataset(dataset)


@pytest.mark.parametrize("reference", [{"jobId": "a b/c"}, {"jobId": "x" * 1025}, {"jobId": "a", "projectId": "other-project"}])
def test_a_job_is_called_by_what_may_be_a_job_s_name(client: bq.Client, reference: dict[str, str]) -> None:
    stage(client, [1.0])
    query = {"query": "SELECT COUNT(*) FROM steel.stage", "useLegacySql": False}
    body = {"jobReference": reference, "configuration": {"query": query}}
    with pytest.raises(google.BadRequest):
        client._connection.api_request(method="POST", path=f"/projects/{PROJECT}/jobs", data=body)


def test_a_load_says_what_it_stored_and_has_no_rows_to_give(server: BigQueryServer, client: bq.Client) -> None:
    run(client, "CREATE TABLE texts (text STRING, close FLOAT64)")
    job = load(client, "texts", {"text": ["ab", None], "close": [1.0, 2.0]}, {"text": pa.string(), "close": pa.float64()})
    assert (job.output_rows, job.output_bytes) == (2, client.get_table(f"{DATASET}.texts").num_bytes)
    answer = requests.get(f"{server.url}/bigquery/v2/projects/{PROJECT}/queries/{job.job_id}", timeout=120)
    assert answer.status_code == 400


def test_a_table_with_an_end_goes_away_by_the_server_s_clock(server: BigQueryServer, client: bq.Client) -> None:
    run(client, "CREATE TABLE t (a STRING) OPTIONS(expiration_timestamp = TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL 1 DAY))")
    assert client.get_table(f"{DATASET}.t").expires is not None
    server.held.skew_seconds = 86_401
    with pytest.raises(google.NotFound):
        client.get_table(f"{DATASET}.t")


def test_queries_of_eight_threads_do_not_mix(client: bq.Client) -> None:
    stage(client, [float(number) for number in range(8)])
    wrong: list[Any] = []

    def ask(number: int) -> None:
        for _ in range(5):
            answer = found(client, "SELECT close FROM stage WHERE close = ?", float(number))
            if answer != [(float(number),)]:
                wrong.append(answer)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


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


def test_text_is_a_day_as_a_literal_and_not_served_as_a_parameter(client: bq.Client) -> None:
    stage(client, [1.0, 2.0])
    assert found(client, "SELECT close FROM stage WHERE date = '2024-01-02'") == [(2.0,)]
    with pytest.raises(google.MethodNotImplemented, match="text as a value"):
        run(client, "SELECT close FROM stage WHERE date = ?", "2024-01-02")


def test_a_moment_is_compared_to_the_microsecond_and_nothing_equals_nothing(client: bq.Client) -> None:
    run(client, PRICES)
    fits = {"commodity": ["a", "b"], "date": [dt.date(2024, 1, 1)] * 2, "ts": [MOMENT, MOMENT + dt.timedelta(microseconds=1)]}
    load(client, "prices", fits, TYPES)
    assert found(client, "SELECT commodity FROM prices WHERE ts = ?", MOMENT) == [("a",)]
    assert found(client, "SELECT commodity FROM prices WHERE ts > ?", MOMENT) == [("b",)]
    for kind in ("STRING", "INT64", "FLOAT64", "BOOL", "DATE", "TIMESTAMP"):
        column = {"STRING": "commodity", "INT64": "volume", "FLOAT64": "close", "BOOL": "ok", "DATE": "date", "TIMESTAMP": "ts"}[
            kind
        ]
        config = bq.QueryJobConfig(
            default_dataset=f"{PROJECT}.{DATASET}", query_parameters=[bq.ScalarQueryParameter(None, kind, None)]
        )
        text = f"SELECT commodity FROM prices WHERE {column} = ?"  # noqa: S608  a column of the test's own
        assert list(client.query(text, config, location="US").result()) == []


def test_columns_of_a_result_are_called_as_the_service_calls_them(client: bq.Client) -> None:
    stage(client, [1.0])
    for text, name in (("COUNT(*)", "f0_"), ("close", "close"), ("CLOSE", "CLOSE"), ("stage.close", "close")):
        job = run(client, f"SELECT {text} FROM stage")  # noqa: S608  columns of the test's own
        assert [field.name for field in job.result().schema] == [name]


def test_a_table_is_found_by_its_dataset_and_by_its_project(client: bq.Client) -> None:
    stage(client, [1.0])
    for place in ("stage", "steel.stage", "`steel-project`.steel.stage", "`steel-project.steel.stage`"):
        assert found(client, f"SELECT close FROM {place}") == [(1.0,)]  # noqa: S608  places of the test's own
    with pytest.raises(google.NotFound, match="Dataset steel-project:other"):
        found(client, "SELECT close FROM other.stage")


def test_columns_of_one_name_are_told_apart_by_their_table(client: bq.Client) -> None:
    run(client, "CREATE TABLE texts (date DATE, close STRING)")
    stage(client, [1.0])
    with pytest.raises(google.BadRequest, match="STRING cannot be assigned to a column of type FLOAT"):
        run(client, "MERGE INTO stage AS t USING texts AS s ON t.date = s.date WHEN MATCHED THEN UPDATE SET close = s.close")
    with pytest.raises(google.BadRequest, match="ambiguous"):
        run(client, "MERGE INTO stage AS t USING texts AS s ON date = s.date WHEN MATCHED THEN UPDATE SET close = 1.0")


def test_a_merge_may_only_insert(client: bq.Client) -> None:
    run(client, PRICES)
    stage(client, [1.0, 2.0])
    text = (
        "MERGE INTO prices AS t USING stage AS s ON t.date = s.date "
        "WHEN NOT MATCHED THEN INSERT (commodity, date) VALUES (s.commodity, s.date)"
    )
    assert [run(client, text).num_dml_affected_rows for _ in range(2)] == [2, 0]


@pytest.mark.parametrize("text", ["CREATE TABLE other (a STRING)", "ALTER TABLE stage ADD COLUMN later STRING"])
def test_a_job_that_failed_from_inside_leaves_tables_as_they_were(server: BigQueryServer, client: bq.Client, text: str) -> None:
    stage(client, [1.0])
    server.faults.plan(Fault(400, "invalid", job="create_table"), Fault(400, "invalid", job="alter_table"))
    with pytest.raises(google.BadRequest):
        run(client, text)
    with pytest.raises(google.NotFound):
        client.get_table(f"{DATASET}.other")
    assert [field.name for field in client.get_table(f"{DATASET}.stage").schema] == ["commodity", "date", "close"]
    run(client, text)


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
