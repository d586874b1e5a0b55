"""Stage 10, publication: one snapshot of everything that the service answers from, put in force in one step."""

from typing import NamedTuple

import dagster as dg
import pandas as pd

from steel_assets.adapters.lake.import_ledger import ImportLedger
from steel_assets.adapters.lake.lake import Lake
from steel_assets.adapters.lake.publications import Publications
from steel_assets.adapters.lake.snapshots import SnapshotStore
from steel_assets.adapters.models.store import ModelStore
from steel_assets.adapters.warehouse.warehouse import Warehouse
from steel_assets.assets.declare import Installation, key_of
from steel_assets.assets.metadata import link, listed
from steel_assets.catalog import Catalog
from steel_assets.operations.publishing import publish
from steel_assets.providers import Providers

KEY = dg.AssetKey("publication")


class _Inputs(NamedTuple):
    catalog: Catalog
    lake: Lake
    imports: ImportLedger
    warehouse: Warehouse
    models: ModelStore
    published: Publications
    providers: Providers


def publication(here: Installation) -> dg.AssetsDefinition:
    """The asset that publishes the snapshot."""

    @dg.asset(
        key=KEY,
        deps=[
            key_of(market.id, name)
            for market in here.catalog.markets.values()
            for name in ("market_analysis", "forecasts", "metrics_daily")
            if market.frequency == "daily" or name != "market_analysis"
        ],
        op_tags={"dagster/priority": "-1"},  # after the platform's own figures, and also where these failed
        description="One JSON snapshot of everything that the prediction service answers from, under `published/` in the lake: "
        "forecasts, sample paths, prices, explanations, scores, models, metrics, costs, drift, analyses, experiments, the "
        "catalogue. A pointer to it is switched in one step, so a run that dies leaves the former snapshot in force. A part "
        "that cannot be read is taken from the former snapshot, and the run fails and names it.",
        **here.stage("publication", "json"),
    )
    def in_force(
        lake: dg.ResourceParam[Lake],
        imports: dg.ResourceParam[ImportLedger],
        warehouse: dg.ResourceParam[Warehouse],
        models: dg.ResourceParam[ModelStore],
        published: dg.ResourceParam[Publications],
        providers: dg.ResourceParam[Providers],
        snapshots: dg.ResourceParam[SnapshotStore],
    ) -> dg.MaterializeResult:
        read = _Inputs(here.catalog, lake, imports, warehouse, models, published, providers)
        done = publish(read, snapshots, pd.Timestamp.now("UTC").floor("s"))
        if done.failed:
            raise dg.Failure(
                f"{done.pointer.version} is in force, but some parts are from the former snapshot: {done.failed}",
                allow_retries=False,
            )
        return dg.MaterializeResult(
            metadata={
                "version": done.pointer.version,
                "changed": done.changed,
                "snapshot": link(done.place),
                "bytes": done.pointer.bytes,
                "sha256": done.pointer.content_sha256,
                "signed": snapshots.signs,
                "forecasts in force": listed({market: f"issued {as_of}" for market, as_of in done.forecasts.items()}),
            }
        )

    return in_force
