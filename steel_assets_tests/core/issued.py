"""A forecast as it would have been published, from quantiles made up around a history's last price."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pandas as pd

from steel_assets.core.calendars import session_after
from steel_assets.core.history import MarketHistory
from steel_assets.core.tables import FORECASTS
from steel_assets.core.types import QUANTILE_COLUMNS, QUANTILES

HORIZONS = (1, 5, 21, 63)


def issued(history: MarketHistory, horizons: tuple[int, ...] = HORIZONS, daily: float = 0.01) -> pd.DataFrame:
    """Rows of ``tables.FORECASTS`` from the last origin: normal in the log price, ``daily`` wide after a day."""
    origin = pd.DatetimeIndex([history.origins[-1]])
    last = float(history.last.iloc[-1])
    scores = np.array([NormalDist().inv_cdf(level) for level in QUANTILES])
    rows = []
    for horizon in horizons:
        prices = last * np.exp(scores * daily * np.sqrt(horizon) + 0.0004 * horizon)
        rows.append(
            {
                "horizon": horizon,
                "target_date": session_after(history.market.calendar, origin, horizon)[0],
                "predicted_price": prices[3],
                **dict(zip(QUANTILE_COLUMNS, prices, strict=True)),
            }
        )
    return FORECASTS.enforce(
        pd.DataFrame(rows).assign(
            issued_date=history.as_of.tz_convert("America/Mexico_City").tz_localize(None).normalize(),
            as_of=history.as_of,
            market=history.market.id,
            origin=origin[0],
            last_price=last,
            unit=history.market.target.unit,
            model_confidence=0.5,
            model_version="v1",
            model_family="naive",
            data_as_of=history.periods[history.market.target.series].iloc[-1],
            simulated=True,
            created_at=history.as_of,
            age_sessions=int(history.price_ages[-1]),
        )
    )
