"""BigQuery as a warehouse: the contract, and what only a service across a network can do wrong."""

from __future__ import annotations

import random
import subprocess
import sys
import textwrap
import threading
import time
from dataclasses import replace
from functools import partial

import pandas as pd
import pytest
from google.auth.exceptions import RefreshError
from google.cloud.bigquery import Client

from steel_assets.adapters.google.clients import bigquery_client
from steel_assets.adapters.warehouse import bigquery_jobs
from steel_assets.adapters.warehouse.bigquery import BigQueryWarehouse
from steel_assets.adapters.warehouse.warehouse import Warehouse, WarehouseBusy, WarehouseError
from steel_assets.core.tables import FORECASTS, METRICS_DAILY, PROMOTIONS, WAREHOUSE_TABLES
from steel_assets_tests.contracts.warehouse import MOMENT, SMALL, WarehouseContract, rows
from steel_assets_tests.google import bigquery_jobs as served_jobs
from steel_assets_tests.google.bigquery_server import BigQueryServer
from steel_assets_tests.google.faults import Fault

ADDRESS = "bigquery://steel-project/steel_rebar_predictor"
DOWN = {"status": 503, "reason": "backendError", "message": "Error encountered during execution."}
JOBS, UPLOAD, ROWS = ".*/projects/[^/]+/jobs", "/upload/.*", ".*/queries/.*"


def opened(server: BigQueryServer, address: str = ADDRESS, **options: object) -> BigQueryWarehouse:
    settings: dict[str, object] = {"retry_seconds": 20} | options
    return BigQueryWarehouse(address, connect=partial(bigquery_client, endpoint=server.url), **settings)  # type: ignore[arg-type]


@pytest.fixture
def warehouse(bigquery: BigQueryServer) -> BigQueryWarehouse:
    return opened(bigquery)


class TestBigQueryWarehouse(WarehouseContract):
    @pytest.fixture
    def warehouse(self, bigquery: BigQueryServer) -> Warehouse:
        return opened(bigquery)


def tables(server: BigQueryServer) -> list[str]:
    return sorted(name for _, _, name in server.held.tables)


def test_reading_from_a_dataset_that_is_not_there_creates_nothing(bigquery: BigQueryServer, warehouse: BigQueryWarehouse) -> None:
    assert warehouse.read(SMALL).empty
    assert bigquery.held.datasets == {}


def test_tables_are_laid_out_as_their_contract_says(bigquery: BigQueryServer, warehouse: BigQueryWarehouse) -> None:
    for table in WAREHOUSE_TABLES:
        warehouse.upsert(table, table.empty())
        made = bigquery.held.tables["steel-project", "steel_rebar_predictor", table.name]
        assert table.partition_by, f"{table.name} would be read whole by every question"
        assert made.layout["timePartitioning"] == {"type": "DAY", "field": table.partition_by}
        assert made.layout.get("clustering", {"fields": []}) == {"fields": list(table.cluster_by)}
        assert [field["name"] for field in made.fields] == table.column_names
        assert [field["mode"] == "NULLABLE" for field in made.fields] == [column.nullable for column in table.columns]
        assert made.fields[0]["description"].startswith(table.columns[0].description)


def test_the_mission_s_columns_come_first_in_its_order_and_types(bigquery: BigQueryServer, warehouse: BigQueryWarehouse) -> None:
    warehouse.upsert(METRICS_DAILY, METRICS_DAILY.empty())
    made = bigquery.held.tables["steel-project", "steel_rebar_predictor", "metrics_daily"]
    assert [(field["name"], field["type"]) for field in made.fields][:9] == [
        ("date", "DATE"),
        ("model_version", "STRING"),
        ("mape", "FLOAT"),
        ("r2_score", "FLOAT"),
        ("rmse", "FLOAT"),
        ("prediction_count", "INTEGER"),
        ("avg_latency_ms", "FLOAT"),
        ("cost_usd", "FLOAT"),
        ("created_at", "TIMESTAMP"),
    ]


def test_nothing_is_left_behind_but_the_tables(bigquery: BigQueryServer, warehouse: BigQueryWarehouse) -> None:
    warehouse.upsert(SMALL, rows())
    assert tables(bigquery) == ["small"]


def test_what_a_killed_writer_left_goes_away_after_a_day_by_the_service_s_clock(
    bigquery: BigQueryServer, warehouse: BigQueryWarehouse
) -> None:
    bigquery.faults.plan(Fault(403, "accessDenied", method="DELETE"))
    assert warehouse.upsert(SMALL, rows()) == 3
    (left,) = [name for name in tables(bigquery) if name != "small"]
    bigquery.held.skew_seconds = 25 * 3600
    with pytest.raises(Exception, match="Not found"):
        bigquery.held.table("steel-project", "steel_rebar_predictor", left)
    assert warehouse.count(SMALL) == 3


def test_a_bucketful_of_rows_is_uploaded_in_pieces(bigquery: BigQueryServer, warehouse: BigQueryWarehouse) -> None:
    noise = random.Random(7)  # noqa: S311  noise that does not shrink, no secret
    many = rows(2_500).assign(market=[noise.randbytes(3_000).hex() for _ in range(2_500)])
    assert warehouse.upsert(SMALL, many) == 2_500
    assert any(asked.startswith("PUT /upload/") for asked in bigquery.faults.asked)
    assert sorted(warehouse.read(SMALL)["market"]) == sorted(many["market"])


def test_jobs_say_what_they_were_for_and_what_they_are_billed(bigquery: BigQueryServer, warehouse: BigQueryWarehouse) -> None:
    warehouse.upsert(SMALL, rows())
    warehouse.read(SMALL)
    jobs = warehouse.take_jobs()
    assert [job.operation for job in jobs] == ["create", "create", "load", "merge", "select"]
    assert {job.operation: job.bytes_billed > 0 for job in jobs} == {
        "create": False,
        "load": False,
        "merge": True,
        "select": True,
    }
    assert {job.table for job in jobs} == {"small"}
    assert warehouse.take_jobs() == []
    labels = [job.resource["configuration"]["labels"] for job in bigquery.jobs.done.values()]
    assert labels[3] == {"app": "steel-assets", "table": "small", "operation": "merge"}
    assert all(set(label) == {"app", "table", "operation"} for label in labels)
    limits = [job.resource["configuration"].get("query", {}).get("maximumBytesBilled") for job in bigquery.jobs.done.values()]
    assert limits == [
        str(2**30) if operation != "load" else None for operation in ("create", "create", "load", "merge", "select")
    ]


def test_a_reader_that_never_asks_what_its_jobs_took_does_not_collect_them_for_ever(
    bigquery: BigQueryServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bigquery_jobs, "JOBS_KEPT", 3)
    warehouse = opened(bigquery)
    warehouse.upsert(SMALL, rows())
    for _ in range(5):
        warehouse.count(SMALL)
    assert [job.operation for job in warehouse.take_jobs()] == ["select"] * 3
    warehouse.upsert(SMALL, rows(5))
    assert [job.operation for job in warehouse.take_jobs()] == ["create", "load", "merge"]


def test_a_job_that_does_not_end_is_given_up_in_words(bigquery: BigQueryServer, monkeypatch: pytest.MonkeyPatch) -> None:
    opened(bigquery).upsert(SMALL, rows(2))
    monkeypatch.setattr(bigquery_jobs, "JOB_SECONDS", 1.0)
    bigquery.jobs.unending = True
    with pytest.raises(WarehouseError, match="try again later") as raised:
        opened(bigquery, retry_seconds=1).upsert(SMALL, rows(4))
    assert raised.value.trouble == "unavailable"
    bigquery.jobs.unending = False
    assert opened(bigquery).count(SMALL) == 2


def test_every_query_has_a_limit_of_bytes_and_one_above_it_does_not_run(bigquery: BigQueryServer) -> None:
    opened(bigquery).upsert(SMALL, rows())
    thrifty = opened(bigquery, max_gib_billed=1 / 1024)
    with pytest.raises(WarehouseError, match=r"bytes billed.*STEEL_BIGQUERY_MAX_GIB_BILLED") as raised:
        thrifty.upsert(SMALL, rows(5))
    assert raised.value.trouble == "cost"
    assert opened(bigquery).count(SMALL) == 3
    assert tables(bigquery) == ["small"]


def test_a_merge_names_the_partitions_it_touches(bigquery: BigQueryServer, warehouse: BigQueryWarehouse) -> None:
    promotion = {c.name: {"string": "x", "int": 1, "float": 1.0, "timestamp": MOMENT}[c.dtype] for c in PROMOTIONS.columns}
    warehouse.upsert(PROMOTIONS, pd.DataFrame([promotion]))
    merges = [job for job in bigquery.jobs.done.values() if job.resource["configuration"]["labels"]["operation"] == "merge"]
    query = merges[0].resource["configuration"]["query"]
    assert "target.decided_at BETWEEN ? AND ?" in query["query"]
    assert [parameter["parameterValue"]["value"] for parameter in query["queryParameters"]] == [
        "2024-06-12 08:00:00.123456+00:00"
    ] * 2
    assert "2024" not in query["query"]


def test_a_key_that_does_not_hold_the_partition_is_looked_for_in_all_of_them(
    bigquery: BigQueryServer, warehouse: BigQueryWarehouse
) -> None:
    values = {"string": "x", "int": 1, "float": 1.0, "bool": True, "date": pd.Timestamp("2024-06-12"), "timestamp": MOMENT}
    one = pd.DataFrame([{c.name: values[c.dtype] for c in FORECASTS.columns}])
    assert warehouse.upsert(FORECASTS, one) == 1
    assert warehouse.upsert(FORECASTS, one.assign(issued_date=pd.Timestamp("2024-06-20"))) == 1
    assert warehouse.read(FORECASTS)["issued_date"].tolist() == [pd.Timestamp("2024-06-20")]


@pytest.mark.parametrize("address", ["bigquery://", "bigquery://p", "bigquery://Steel/x", "bigquery://steel-project/a-b", "x"])
def test_an_address_that_is_none_is_refused_by_name(address: str) -> None:
    with pytest.raises(WarehouseError, match="bigquery://project/dataset"):
        BigQueryWarehouse(address)


def test_a_project_alone_means_the_mission_s_dataset(bigquery: BigQueryServer) -> None:
    assert opened(bigquery, "bigquery://steel-project").address == ADDRESS


def test_a_dataset_is_made_where_the_settings_say_and_used_wherever_it_is(bigquery: BigQueryServer) -> None:
    opened(bigquery, location="europe-west3").upsert(SMALL, rows())
    assert bigquery.held.datasets["steel-project", "steel_rebar_predictor"]["location"] == "europe-west3"
    assert opened(bigquery).count(SMALL) == 3


def test_a_dataset_in_another_location_is_refused_with_both_named(bigquery: BigQueryServer) -> None:
    opened(bigquery, location="EU").upsert(SMALL, rows())
    elsewhere = opened(bigquery, location="us-central1")
    for attempt in (lambda: elsewhere.read(SMALL), lambda: elsewhere.upsert(SMALL, rows())):
        with pytest.raises(WarehouseError, match=r"is in EU, and STEEL_BIGQUERY_LOCATION says us-central1") as raised:
            attempt()
        assert raised.value.trouble == "location"


@pytest.mark.parametrize(
    "fault",
    [
        Fault(**DOWN, path=JOBS, method="POST"),
        Fault(**DOWN, path=JOBS, method="POST", after=True),
        Fault(429, "rateLimitExceeded", path=JOBS, method="POST"),
        Fault(**DOWN, path=UPLOAD),
        Fault(**DOWN, path=UPLOAD, after=True),
        Fault(**DOWN, path=ROWS),
        Fault(**DOWN, path=".*/datasets/.*"),
        Fault(503, "backendError", "load died half-way", job="load"),
        Fault(403, "rateLimitExceeded", "too many table update operations", job="load"),
        Fault(403, "rateLimitExceeded", "too many table update operations", job="merge"),
        Fault(400, "invalidQuery", "Could not serialize access to table small due to concurrent update", job="merge"),
        Fault(503, "jobBackendError", job="merge", after=True),
    ],
    ids=lambda fault: f"{fault.status}-{fault.job or fault.path[-8:]}{'-after' if fault.after else ''}",
)
def test_a_failure_of_a_moment_doubles_nothing_and_loses_nothing(bigquery: BigQueryServer, fault: Fault) -> None:
    warehouse = opened(bigquery)
    warehouse.upsert(SMALL, rows(2))
    bigquery.faults.plan(replace(fault))
    warehouse.upsert(SMALL, rows(4, value=10.0))
    assert bigquery.faults.planned[0].times == 0
    assert warehouse.read(SMALL)["value"].tolist() == [10, 11, 12, 13]
    assert tables(bigquery) == ["small"]


@pytest.mark.parametrize(
    ("fault", "trouble", "said"),
    [
        (Fault(**DOWN, times=99), "unavailable", "try again later"),
        (Fault(429, "rateLimitExceeded", "Too many", times=99), "quota", "Too many.*quota"),
        (Fault(403, "quotaExceeded", "Quota exceeded: free query bytes scanned", times=99), "quota", "free query bytes.*wait"),
        (Fault(403, "accessDenied", "Permission bigquery.jobs.create denied", times=99), "permission", "jobs.create.*role"),
        (Fault(401, "authError", "Invalid Credentials", times=99), "credentials", "application-default login"),
        (Fault(503, "backendError", "half-way", job="load", times=99), "unavailable", "half-way"),
        (Fault(400, "invalid", "Error while reading data", job="load"), "refused", "Error while reading data"),
        (Fault(403, "quotaExceeded", "partition modifications", job="merge"), "quota", "partition modifications"),
    ],
    ids=lambda value: f"{value.status}-{value.reason}-{value.job}" if isinstance(value, Fault) else "",
)
def test_what_stays_wrong_is_said_with_its_remedy_and_nothing_changes(
    bigquery: BigQueryServer, fault: Fault, trouble: str, said: str
) -> None:
    opened(bigquery).upsert(SMALL, rows(2))
    impatient = opened(bigquery, retry_seconds=0.5)
    bigquery.faults.plan(replace(fault))
    with pytest.raises(WarehouseError, match=f"(?s)table small of {ADDRESS}: .*{said}") as raised:
        impatient.upsert(SMALL, rows(4, value=10.0))
    assert raised.value.trouble == trouble
    bigquery.faults.forget()
    assert opened(bigquery).read(SMALL)["value"].tolist() == [1, 2]
    assert opened(bigquery).upsert(SMALL, rows(4, value=10.0)) == 4


def test_a_load_that_arrived_but_was_reported_lost_is_not_loaded_twice(bigquery: BigQueryServer) -> None:
    warehouse = opened(bigquery, retry_seconds=3)
    bigquery.faults.plan(Fault(503, "backendError", "reported as lost", job="load", after=True))
    with pytest.raises(WarehouseError):
        warehouse.upsert(SMALL, rows(3))
    assert warehouse.count(SMALL) == 0
    assert warehouse.upsert(SMALL, rows(3)) == 3


def test_a_table_that_others_keep_changing_is_said_to_be_busy(bigquery: BigQueryServer) -> None:
    opened(bigquery).upsert(SMALL, rows(2))
    bigquery.faults.plan(Fault(400, "invalidQuery", "Could not serialize access to table", job="merge", times=99))
    with pytest.raises(WarehouseBusy, match="other writers"):
        opened(bigquery, retry_seconds=0.5).upsert(SMALL, rows(4))


def test_an_answer_that_breaks_off_between_two_pages_is_given_up_in_time(
    bigquery: BigQueryServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(served_jobs, "PAGE", 2)
    opened(bigquery).upsert(SMALL, rows(7))
    bigquery.faults.plan(Fault(**DOWN, path=ROWS, skip=2))
    assert opened(bigquery).read(SMALL)["value"].tolist() == [1, 2, 3, 4, 5, 6, 7]
    assert bigquery.faults.planned[0].times == 0
    bigquery.faults.plan(Fault(**DOWN, path=ROWS, skip=2, times=999))
    begun = time.monotonic()
    with pytest.raises(WarehouseError, match="try again later"):
        opened(bigquery, retry_seconds=1).read(SMALL)
    assert bigquery.faults.planned[1].times < 999
    assert time.monotonic() - begun < 120


def test_a_stage_that_cannot_be_taken_away_does_not_fail_what_was_written(
    bigquery: BigQueryServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise RefreshError("Token has been expired or revoked.")

    monkeypatch.setattr(Client, "delete_table", refused)
    assert opened(bigquery).upsert(SMALL, rows(3)) == 3
    assert opened(bigquery).count(SMALL) == 3


def test_a_service_that_does_not_answer_is_unavailable() -> None:
    nowhere = partial(bigquery_client, endpoint="http://127.0.0.1:9")
    with pytest.raises(WarehouseError) as raised:
        BigQueryWarehouse(ADDRESS, connect=nowhere, retry_seconds=0.5).count(SMALL)
    assert raised.value.trouble == "unavailable"


def test_no_row_of_many_writers_in_threads_is_lost_or_doubled(bigquery: BigQueryServer) -> None:
    failures: list[Exception] = []

    def write(number: int) -> None:
        try:
            for turn in range(3):
                opened(bigquery).upsert(SMALL, rows(5, market=f"m{number}", value=float(turn)))
        except WarehouseError as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert opened(bigquery).read(SMALL).groupby("market").size().to_dict() == {f"m{number}": 5 for number in range(6)}
    assert tables(bigquery) == ["small"]


def test_a_writer_killed_in_the_middle_leaves_whole_upserts_only(bigquery: BigQueryServer) -> None:
    script = textwrap.dedent(f"""
        from functools import partial
        from steel_assets.adapters.warehouse.bigquery import BigQueryWarehouse
        from steel_assets.adapters.google.clients import bigquery_client
        from steel_assets_tests.contracts.warehouse import SMALL, rows
        warehouse = BigQueryWarehouse({ADDRESS!r}, connect=partial(bigquery_client, endpoint={bigquery.url!r}))
        for number in range(10_000):
            warehouse.upsert(SMALL, rows(50, market=f"m{{number}}"))
            print("done", flush=True)
    """)
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for _ in range(5):
        process.stdout.readline()
    process.kill()
    process.wait()
    process.stdout.close()
    found = opened(bigquery).read(SMALL).groupby("market").size()
    assert (found == 50).all()
    assert len(found) >= 5


def test_an_embedded_warehouse_never_imports_a_google_client() -> None:
    script = textwrap.dedent("""
        import pathlib, sys, tempfile
        from steel_assets.adapters.warehouse.warehouse import DuckDBWarehouse
        from steel_assets_tests.contracts.warehouse import SMALL, rows
        DuckDBWarehouse(pathlib.Path(tempfile.mkdtemp()) / "w.duckdb").upsert(SMALL, rows())
        print(sorted(name for name in sys.modules if name.startswith(("google.cloud.", "google.auth", "google.api_core"))))
    """)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
