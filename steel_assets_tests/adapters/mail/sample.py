"""A morning made up: a market with everything, and one without a forecast."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from steel_assets.core.report import (
    ForecastAtHorizon,
    ForecastChange,
    MarketChanges,
    MarketFacts,
    MarketForecast,
    MarketOdds,
    Miss,
    OpenAlert,
    Replaced,
    Report,
    WeekRecord,
)

REBAR = MarketFacts(
    id="rebar",
    names={"en": "Rebar <b>& co", "es": "Varilla"},
    regions={"en": "Turkey <i>", "es": "Turquía"},
    unit="USD/t",
    simulated=True,
    price=571.25,
    day="2026-11-27",
    before=560.0,
    day_before="2026-11-26",
    recent={f"{day:%Y-%m-%d}": 560.0 + place for place, day in enumerate(pd.bdate_range(end="2026-11-27", periods=30))},
    forecast=MarketForecast(
        issued="2026-11-30",
        price_day="2026-11-27",
        sessions=1,
        stale=True,
        aged_drivers={"scrap": "2026-11-20"},
        ahead=tuple(
            ForecastAtHorizon(
                horizon, day, 575.0 + horizon, 560.0 - horizon, 570.0, 580.0 + horizon, 590.0 + 2 * horizon, "ridge", "v1"
            )
            for horizon, day in ((1, "2026-11-30"), (5, "2026-12-04"), (21, "2026-12-29"), (63, "2027-02-26"))
        ),
    ),
    odds=MarketOdds(21, "2026-12-29", 571.25, 0.56, 0.05, 0.31, 0.12, 1000),
    no_odds="",
    record=WeekRecord(20, 19, 0.0143, 0.0198, (Miss("2026-11-25", 5, 540.0, 560.0, 566.5),)),
    news=MarketChanges(
        new_price=True,
        new_forecast=True,
        moved=ForecastChange(21, 590.0, 596.0),
        replaced=(Replaced(5, "ridge", rolled_back=False), Replaced(1, "naive", rolled_back=True)),
    ),
)
SCRAP = replace(
    REBAR,
    id="scrap",
    names={"en": "Scrap", "es": "Chatarra"},
    before=None,
    day_before=None,
    forecast=None,
    odds=None,
    record=None,
    news=MarketChanges(new_price=False, new_forecast=False, moved=None, replaced=()),
)
MORNING = Report(
    day="2026-11-30",
    clock="07:00",
    zone="America/Mexico_City",
    simulated=True,
    markets=(REBAR, SCRAP),
    alerts=(OpenAlert("high", {"en": "Rebar is late", "es": "La varilla viene tarde"}, "2026-11-29 02:10"),),
    page="https://steel.example.com/dashboard",
)
