"""Stage 10, publication: everything that the service answers from, put in force as one snapshot."""

import dagster as dg
import pandas as pd

from steel_assets.assets.declare import Installation, key_of
from steel_assets.assets.metadata import link, listed
from steel_assets.bootstrap import Platform
from steel_assets.operations.publishing import publish

KEY = dg.AssetKey("publication")


def publication(here: Installation) -> dg.AssetsDefinition:
    """What is in force."""

    @dg.asset(
        key=KEY,
        deps=[key_of(market, name) for market in here.catalog.markets for name in ("forecasts", "metrics_daily")],
        op_tags={"dagster/priority": "-1"},  # after the platform's own figures, and also where these failed
        description="One JSON object with all that the service answers from, under `published/` in the lake, and a pointer to "
        "it that is switched in one step: forecasts, prices, explanations, scores, models, metrics, costs, drift, the "
        "catalogue. A run that dies leaves the former one in force. What cannot be read any more stays as it was; the run "
        "fails and says so.",
        **here.stage("publication", "json"),
    )
    def published(platform: dg.ResourceParam[Platform]) -> dg.MaterializeResult:
        done = publish(platform, pd.Timestamp.now("UTC").floor("s"))
        if done.failed:
            raise dg.Failure(
                f"{done.pointer.version} is in force, and not everything in it is new: {done.failed}", allow_retries=False
            )
        return dg.MaterializeResult(
            metadata={
                "version": done.pointer.version,
                "changed": done.changed,
                "snapshot": link(done.place),
                "bytes": done.pointer.bytes,
                "sha256": done.pointer.content_sha256,
                "signed": platform.signing_key is not None,
                "forecasts in force": listed({market: f"issued {as_of}" for market, as_of in done.forecasts.items()}),
            }
        )

    return published
