"""What each driver contributed to the newest forecasts."""

from __future__ import annotations

from typing import Any

from steel_assets.adapters.objects.object_store import ObjectNotFound
from steel_assets.core.tables import EXPLANATIONS
from steel_assets.operations.publication.forecasts import TRIES, keys_by_market
from steel_assets.operations.publication.inputs import Inputs
from steel_assets.operations.publication.warehouse import Tables, records

FOLDER = "predictions/explanations/"
SHOWN = ["as_of", "horizon", "driver", "contribution", "model_version"]


def read(inputs: Inputs, tables: Tables) -> dict[str, Any]:
    """Market → rows of ``tables.EXPLANATIONS`` of its newest issue with an undamaged file, largest contribution first.

    A row explains the forecast with the same ``as_of``, ``horizon`` and ``model_version`` only. No rows: every forecast of the
    issue is the last price.
    """
    return {market: _newest(inputs, keys) for market, keys in keys_by_market(inputs, tables, FOLDER).items()}


def _newest(inputs: Inputs, keys: list[str]) -> list[dict[str, Any]]:
    for key in keys[:TRIES]:
        try:
            rows = EXPLANATIONS.enforce(inputs.lake.read(key))
        except (ObjectNotFound, OSError, ValueError):  # an older one still explains its own forecast, never a newer one
            continue
        largest = rows["contribution"].abs().rename("size")
        return records(rows.assign(size=largest).sort_values(["horizon", "size"], ascending=[True, False])[SHOWN])
    return []
