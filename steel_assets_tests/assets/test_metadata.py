"""What an asset says about where its rows are, and what the warehouse took for them."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import dagster as dg
import pandas as pd

from steel_assets.adapters.google.clients import bigquery_client
from steel_assets.adapters.warehouse.bigquery import BigQueryWarehouse
from steel_assets.adapters.warehouse.warehouse import DuckDBWarehouse
from steel_assets.assets.metadata import BYTES_BILLED, in_warehouse, link, preview, summary
from steel_assets.assets.system import _bytes_billed
from steel_assets.core.costs import day_cost_usd
from steel_assets_tests.contracts.warehouse import SMALL, rows
from steel_assets_tests.google.bigquery_server import BigQueryServer
from steel_assets_tests.google.serving import running

CONSOLE = "https://console.cloud.google.com/storage/browser/_details/b/a.parquet"


def test_an_address_a_browser_opens_is_a_link_and_any_other_text_stays() -> None:
    assert link(CONSOLE) == dg.MetadataValue.url(CONSOLE)
    assert link("file:///tmp/x") == "file:///tmp/x"
    told = summary(rows(1), file=CONSOLE, note="nothing new", count=3)
    assert (told["file"], told["note"], told["count"]) == (dg.MetadataValue.url(CONSOLE), "nothing new", 3)


def test_a_text_with_a_bar_or_a_line_break_stays_in_its_cell_of_a_preview() -> None:
    told = preview(pd.DataFrame({"reason": ["no number: a|b\nc"], "value": [2.5]})).md_str
    assert told.splitlines()[2:] == [r"| no number: a\|b c | 2.5 |"]


def test_a_file_s_warehouse_bills_nothing(tmp_path: Path) -> None:
    warehouse = DuckDBWarehouse(tmp_path / "w.duckdb")
    warehouse.upsert(SMALL, rows())
    assert in_warehouse(warehouse, SMALL) == {"warehouse": warehouse.uri(SMALL), "dagster/uri": warehouse.uri(SMALL)}


def test_an_asset_in_bigquery_links_to_its_table_and_tells_what_its_jobs_billed() -> None:
    server = BigQueryServer()
    with running(server.app()) as url:
        warehouse = BigQueryWarehouse("bigquery://steel-project", connect=partial(bigquery_client, endpoint=url))
        warehouse.upsert(SMALL, rows())
        told = in_warehouse(warehouse, SMALL)
        assert told["warehouse"] == dg.MetadataValue.url(warehouse.uri(SMALL))
        assert told["warehouse"].value.startswith("https://console.cloud.google.com/bigquery?project=steel-project")
        assert told[BYTES_BILLED] == 20 * 2**20
        assert "| merge | small | 3 |" in told["warehouse_jobs"].value
        assert BYTES_BILLED not in in_warehouse(warehouse, SMALL)
    cost = day_cost_usd(
        0,
        0,
        compute_usd_per_vcpu_hour=0,
        storage_usd_per_gib_month=0,
        queried_bytes=told[BYTES_BILLED],
        query_usd_per_tib=6.25,
    )
    assert 0 < cost < 0.001


def test_what_a_run_s_assets_billed_is_added_up_for_its_day() -> None:
    def told(name: str, billed: int) -> dg.AssetsDefinition:
        @dg.asset(name=name)
        def one() -> dg.MaterializeResult:
            return dg.MaterializeResult(metadata={BYTES_BILLED: billed})

        return one

    with dg.DagsterInstance.ephemeral() as instance:
        runs = [dg.materialize([told("a", 20 * 2**20), told("b", 10 * 2**20)], instance=instance).run_id for _ in range(2)]
        assert [_bytes_billed(instance, run) for run in runs] == [30 * 2**20] * 2
        assert _bytes_billed(instance, "another run") == 0
