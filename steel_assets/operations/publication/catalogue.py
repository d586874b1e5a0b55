"""The parts of the catalogue that the service shows."""

from __future__ import annotations

from typing import Any

from steel_assets.core.regions import region_names
from steel_assets.core.scoring import BEFORE, FEWEST, RECENT
from steel_assets.operations.publication.inputs import Inputs
from steel_assets.operations.publication.warehouse import Tables


def read(inputs: Inputs, tables: Tables) -> dict[str, Any]:
    """Markets, sources, thresholds, and whether the lake holds simulated data (null while it is empty)."""
    catalog = inputs.catalog
    rules, regions = catalog.rules, region_names(catalog.markets.values())
    return {
        "default_market": rules.default_market,
        "simulated": inputs.lake.simulated,
        "markets": [
            {
                "id": market.id,
                "name": market.name,
                "name_es": market.name_es or market.name,
                "commodity": market.commodity,
                "region": market.region,
                "region_name": regions[market.region]["en"],
                "region_name_es": regions[market.region]["es"],
                "unit": market.target.unit,
                "price_level": market.target.price_level,
                "price_level_es": market.target.price_level_es or market.target.price_level,
                "target_series": market.target.series,
                "target_version": market.target.version,
                "frequency": market.frequency,
                "calendar": market.calendar,
                "horizons": list(market.horizons),
                "drivers": list(market.drivers),
                "unfed": inputs.providers.unfed(market.id),
            }
            for market in catalog.markets.values()
        ],
        "sources": [
            {"id": source.id, "name": source.name, "homepage": source.homepage}
            for source in catalog.sources.values()
            if source.kind == "api"
        ],
        "series": {
            series.id: {"name": series.name, "name_es": series.name_es or series.name, "source": series.source}
            for series in catalog.series.values()
        },
        "acceptance": {
            "mape": rules.acceptance.mape,
            "r2_score": rules.acceptance.r2,
            "rmse_usd_per_tonne": rules.acceptance.rmse_usd_per_tonne,
            "quality_score": rules.acceptance.quality_score,
            "horizon": rules.acceptance.horizon,
        },
        "scoring": {"fewest": FEWEST, "recent": RECENT, "before": BEFORE},
        "rulebook": catalog.rulebook.model_dump(mode="json", by_alias=True),
        "limits": {rule.id: rule.above for rule in catalog.alerts.values() if rule.above is not None},
        "sanity": {"move": rules.sanity.move, "widest": rules.sanity.widest},
        "high_beyond": rules.alerts.high_beyond,
        "monthly_budget_usd": rules.costs.monthly_budget_usd,
        "zone": rules.schedules.zone,
    }
