"""The BigQuery server serves what it serves as Google does, to the unmodified client."""

from __future__ import annotations

import datetime as dt
import io
import math
import threading
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import requests
from google.api_core import exceptions as google
from google.cloud import bigquery as bq

from steel_assets_tests.google.bigquery_asking import (
    DATASET,
    INTO,
    MERGE,
    MOMENT,
    PRICES,
    PROJECT,
    TYPES,
    found,
    load,
    run,
    stage,
)
from steel_assets_tests.google.bigquery_server import BigQueryServer
from steel_assets_tests.google.faults import Fault


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
