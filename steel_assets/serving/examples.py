"""One example of each answer, for the documentation; a test holds every one to its shape."""

from __future__ import annotations

from typing import Any

_AGE = {"stale": False, "price_date": "2026-11-20", "price_age_sessions": 0, "stale_reason": None}
_STALENESS = {**_AGE, "age_seconds": 5400}
_QUANTILES = {"q05": 561.9, "q10": 564.2, "q25": 567.6, "q50": 571.25, "q75": 574.9, "q90": 578.3, "q95": 580.6}
_CHAMPION = {
    "market": "rebar_fob_turkey",
    "horizon": 1,
    "version": "20261116T0900Z-ridge-e5a7f426",
    "since": "2026-11-16T09:04:11Z",
    "problem": None,
    "switches": [{"version": "20261116T0900Z-ridge-e5a7f426", "since": "2026-11-16T09:04:11Z", "action": "promoted"}],
    "family": "ridge",
}

PREDICTION = {
    "prediction_date": "2026-11-23",
    "predicted_price_usd_per_ton": 571.25,
    "currency": "USD",
    "unit": "metric ton",
    "model_confidence": 0.87,
    "timestamp": "2026-11-21T08:00:00Z",
}

EXAMPLES: dict[str, Any] = {
    "/": {
        "service": "steel-assets",
        "version": "0.1.0",
        "documentation_url": "/docs",
        "data_sources": ["fred_api", "yahoo_finance"],
        "last_model_update": "2026-11-16T09:04:11Z",
        "simulated": False,
    },
    "/health": {"status": "ok"},
    "/ready": {"status": "ready", "forecast_age_seconds": 5400, **_AGE, "redis": True, "problems": {}},
    "/v1/markets": {
        "markets": [
            {
                "id": "rebar_fob_turkey",
                "name": "Rebar, FOB Turkey (LME front month)",
                "commodity": "rebar",
                "region": "turkey",
                "unit": "USD/t",
                "price_level": "LME closing price of the front month, FOB Turkey",
                "horizons": [1, 5, 21, 63],
                "default": True,
                "issued_date": "2026-11-21",
                **_AGE,
                "simulated": False,
                "no_source": None,
            }
        ]
    },
    "/v1/markets/{market}/forecasts": {
        "market": "rebar_fob_turkey",
        "issued_date": "2026-11-21",
        "as_of": "2026-11-21T08:00:00Z",
        "origin": "2026-11-20",
        "data_as_of": "2026-11-20",
        "last_price": 569.5,
        "unit": "USD/t",
        "simulated": False,
        "withdrawn_import": None,
        **_STALENESS,
        "aged_drivers": [],
        "forecasts": [
            {
                "horizon": 1,
                "target_date": "2026-11-23",
                "predicted_price": 571.25,
                "quantiles": _QUANTILES,
                "model_confidence": 0.87,
                "model_version": "20261116T0900Z-ridge-e5a7f426",
                "model_family": "ridge",
            }
        ],
    },
    "/v1/markets/{market}/scorecard": {
        "market": "rebar_fob_turkey",
        "window": 60,
        "unit": "USD/t",
        "simulated": False,
        "horizons": [
            {
                "horizon": 1,
                "forecasts": 199,
                "mape": 0.0067,
                "naive_mape": 0.0079,
                "mae": 3.1,
                "naive_mae": 3.7,
                "skill": 0.16,
                "increase": 0.0004,
                "rmse": 3.9,
                "r2_score": 0.987,
                "coverage_90": 0.91,
                "rolling": [{"date": "2026-11-20", "mape": 0.0066, "naive_mape": 0.0079, "coverage_90": 0.9}],
            }
        ],
        "rows": [
            {
                "prediction_date": "2026-11-20",
                "horizon": 1,
                "predicted_price": 568.4,
                "actual_price": 569.5,
                "last_price": 566.0,
                "q05": 559.1,
                "q95": 577.6,
                "error_absolute": 1.1,
                "error_percentage": 0.19,
                "issued_date": "2026-11-20",
                "model_version": "20261116T0900Z-ridge-e5a7f426",
            }
        ],
    },
    "/v1/markets/{market}/explanation": {
        "market": "rebar_fob_turkey",
        "target": {
            "price_level": "LME closing price of the front month, FOB Turkey",
            "unit": "USD/t",
            "target_series": "lme_rebar_m01",
            "target_version": 1,
            "calendar": "XLON",
        },
        "horizons": [
            {
                "horizon": 1,
                "target_date": "2026-11-23",
                "last_price": 569.5,
                "predicted_price": 571.25,
                "drivers": [
                    {
                        "driver": "forward_curve",
                        "name": "Forward curve",
                        "name_es": "Curva de futuros",
                        "contribution": 2.5,
                        "direction": "up",
                    },
                    {
                        "driver": "iron_ore_62",
                        "name": "Iron ore 62 % CFR China, front month",
                        "name_es": "Mineral de hierro 62 % CFR China, primer mes",
                        "contribution": -0.75,
                        "direction": "down",
                    },
                ],
                "model_family": "ridge",
                "model_version": "20261116T0900Z-ridge-e5a7f426",
                "change_share": 0.0031,
                "interval_width_share": 0.033,
                "model_confidence": 0.87,
                "in_force_because": "MAE 3.1, 0.84 times the last price's on the same 250 days",
                "skill_over_last_price": 0.16,
                "coverage_90": 0.91,
                "forecasts_scored": 199,
            }
        ],
        "quality_score": 0.98,
        "data": [
            {
                "series": "lme_rebar_m01",
                "name": "LME Steel Rebar FOB Turkey (Platts), month 1",
                "source": "trading_economics",
                "role": "target",
                "quality_score": 0.99,
                "newest_period": "2026-11-20",
            }
        ],
        **_AGE,
        "aged_drivers": [],
        "simulated": False,
    },
    "/v1/models": {
        "champions": [_CHAMPION],
        "ledger": [
            {
                "decided_at": "2026-11-16T09:04:11Z",
                "market": "rebar_fob_turkey",
                "horizon": 1,
                "candidate_version": "20261116T0900Z-ridge-e5a7f426",
                "candidate_family": "ridge",
                "champion_version": None,
                "champion_family": None,
                "decision": "promoted",
                "reason": "first model here; MAE 3.1, 0.84 times the 3.7 of the last price",
                "candidate_mae": 3.1,
                "champion_mae": None,
                "naive_mae": 3.7,
            }
        ],
    },
    "/v1/metrics/daily": {
        "metrics": [
            {
                "date": "2026-11-20",
                "model_version": "20261116T0900Z-ridge-e5a7f426",
                "mape": 0.0067,
                "r2_score": 0.987,
                "rmse": 3.9,
                "prediction_count": 1,
                "avg_latency_ms": 12.0,
                "cost_usd": 0.005,
                "created_at": "2026-11-21T08:00:00Z",
                "market": "rebar_fob_turkey",
                "horizon": 1,
                "naive_mape": 0.0079,
                "coverage_90": 0.91,
                "origins": 199,
                "simulated": False,
            }
        ]
    },
    "/v1/alerts": {
        "state": "yellow",
        "checked_at": "2026-11-21T09:30:00Z",
        "alerts": [
            {
                "kind": "low_quality",
                "severity": "medium",
                "message": "rebar_fob_turkey: data quality 0.74 is below 0.80",
                "market": "rebar_fob_turkey",
                "values": ["0.74", "0.80"],
                "since": None,
            }
        ],
    },
    "/automation/status": {
        "schedules": [
            {
                "name": "daily_data_update",
                "cron": "0 2 * * *",
                "time_zone": "America/Mexico_City",
                "running": True,
                "last_tick_at": "2026-11-21T08:00:00Z",
                "last_tick_status": "SUCCESS",
                "next_tick_at": "2026-11-22T08:00:00Z",
            }
        ],
        "runs": [
            {
                "id": "82c78490-104d-4412-b53a-bd8ace1bc9de",
                "job": "daily_data_update",
                "status": "SUCCESS",
                "url": "http://127.0.0.1:3000/runs/82c78490-104d-4412-b53a-bd8ace1bc9de",
                "created_at": "2026-11-21T08:00:01Z",
                "started_at": "2026-11-21T08:00:03Z",
                "ended_at": "2026-11-21T08:02:10Z",
            }
        ],
    },
}
"""Path of a GET route → its answer."""

LAUNCHED = {
    "status": "accepted",
    "job": "daily_data_update",
    "run_id": "82c78490-104d-4412-b53a-bd8ace1bc9de",
    "run_url": "http://127.0.0.1:3000/runs/82c78490-104d-4412-b53a-bd8ace1bc9de",
}


def shown(path: str) -> dict[int | str, dict[str, Any]]:
    """The example of a GET route, as FastAPI takes it."""
    return {200: {"content": {"application/json": {"example": EXAMPLES[path]}}}}
