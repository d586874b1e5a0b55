"""The HTTP service: the next business day's price of the default market, from the forecasts in the lake."""

from __future__ import annotations

from typing import Any

import pandas as pd
from fastapi import FastAPI
from fastapi.responses import JSONResponse

from steel_assets import __version__
from steel_assets.adapters.lake import Lake
from steel_assets.catalog import Catalog


def create_app(lake: Lake, catalog: Catalog) -> FastAPI:
    """The service over ``lake``. It answers 503 with a reason until a forecast was published."""
    app = FastAPI(title="Steel Assets", version=__version__, docs_url="/docs", redoc_url=None)
    market = catalog.markets[catalog.rules.default_market]

    @app.get("/health")
    def health() -> dict[str, str]:
        """The process is alive."""
        return {"status": "ok"}

    @app.get("/")
    def about() -> dict[str, Any]:
        """What this service is and what it reads."""
        latest = _latest(lake, market.id)
        return {
            "service": "steel-assets",
            "version": __version__,
            "documentation_url": "/docs",
            "data_sources": [source.id for source in catalog.sources.values() if source.kind == "api"],
            "last_model_update": None if latest is None else latest["as_of"].isoformat(),
            "simulated": lake.simulated,
        }

    @app.get("/predict/steel-rebar-price")
    def predict() -> JSONResponse:
        """The price of the default market on the next business day."""
        latest = _latest(lake, market.id)
        if latest is None:
            message = "no forecast was published yet; run the daily_data_update job, or make demo"
            return JSONResponse({"error": "no_forecast", "message": message, "status_code": 503}, status_code=503)
        return JSONResponse(
            {
                "prediction_date": f"{latest['target_date']:%Y-%m-%d}",
                "predicted_price_usd_per_ton": round(float(latest["predicted_price"]), 2),
                "currency": "USD",
                "unit": "metric ton",
                "model_confidence": round(float(latest["model_confidence"]), 4),
                "timestamp": latest["as_of"].isoformat(),
            },
            headers={"X-Simulated": "true"} if latest["simulated"] else {},
        )

    return app


def _latest(lake: Lake, market: str) -> dict[str, Any] | None:
    """The newest published forecast of ``market``, one business day ahead; None before the first."""
    keys = [key for key in lake.store.list("predictions/daily/") if key.split("/")[-1].startswith(f"{market}-")]
    if not keys:
        return None
    frame: pd.DataFrame = lake.read(max(keys))
    row: dict[str, Any] = frame.sort_values("horizon").iloc[0].to_dict()
    return row
