"""Stage 10, publication: price watches, evaluated after each publication."""

from datetime import UTC, datetime

import dagster as dg

from steel_assets.adapters.alerts.outbox import Outbox
from steel_assets.adapters.alerts.watches import WatchStore
from steel_assets.adapters.lake.lake import Lake
from steel_assets.adapters.lake.snapshots import SnapshotStore
from steel_assets.assets.declare import Installation
from steel_assets.assets.metadata import listed
from steel_assets.assets.publication import KEY as PUBLICATION_KEY
from steel_assets.operations.watching import evaluate_watches

KEY = dg.AssetKey("price_watches")


def price_watches(here: Installation) -> dg.AssetsDefinition:
    """The asset that evaluates people's price watches."""

    @dg.asset(
        key=KEY,
        deps=[PUBLICATION_KEY],
        description="Everybody's price watches, evaluated on the published snapshot: a price level, the day's move, a "
        "probability, "
        "a margin. A watch that became true since the last evaluation is notified once, over the channels of alerts.",
        **here.stage("publication", "json"),
    )
    def looked_at(
        lake: dg.ResourceParam[Lake],
        outbox: dg.ResourceParam[Outbox],
        snapshots: dg.ResourceParam[SnapshotStore],
    ) -> dg.MaterializeResult:
        done = evaluate_watches(WatchStore(lake.store), outbox, snapshots, datetime.now(UTC))
        return dg.MaterializeResult(
            metadata={
                "publication": str(done.version),
                "watches": done.watches,
                "notified": len(done.notified),
                "nothing known": listed(done.unknown),
            }
        )

    return looked_at
