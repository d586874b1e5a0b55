"""What every asset of a stage declares in the same way: group, owners, tags, kinds, resources' names."""

from typing import Any

import dagster as dg

from steel_assets.bootstrap import catalog
from steel_assets.settings import settings

MARKETS = dg.StaticPartitionsDefinition(list(catalog().markets))
"""One partition per market. One run covers all of them; a single one can be re-run from the UI."""

ONE_RUN = dg.BackfillPolicy.single_run()

DATA_TEAM = "team:data-engineering"
MODEL_TEAM = "team:forecasting"


def nature() -> str:
    """``simulated`` or ``live``: the tag that every asset, run and page carries."""
    return "simulated" if settings().simulated else "live"


def stage(group: str, *kinds: str, owner: str = DATA_TEAM, tier: str = "core") -> dict[str, Any]:
    """Arguments that the assets of one stage share."""
    named = {settings().warehouse_kind if kind == "duckdb" else kind for kind in kinds}
    return {
        "group_name": group,
        "kinds": {"python", *named},
        "owners": [owner],
        "tags": {"steel/data": nature(), "steel/stage": group, "steel/tier": tier},
    }


def per_market(group: str, *kinds: str, owner: str = DATA_TEAM) -> dict[str, Any]:
    """Arguments of an asset that is partitioned by market."""
    return stage(group, *kinds, owner=owner) | {"partitions_def": MARKETS, "backfill_policy": ONE_RUN}
