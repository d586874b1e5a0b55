"""How good the forecasts were: the scorecard, and the metrics of each day."""

from __future__ import annotations

from pydantic import Field

from steel_assets.serving.schemas.fields import MARKET, VERSION
from steel_assets.serving.shape import Shape


class RollingScore(Shape):
    """Means over the last forecasts up to a day."""

    date: str = Field(examples=["2026-11-20"])
    mape: float | None = Field(examples=[0.0066])
    naive_mape: float | None = Field(examples=[0.0079])
    coverage_90: float | None = Field(examples=[0.9])


class HorizonScore(Shape):
    """The scores of the forecasts of one horizon, and of the last price on the same days."""

    horizon: int = Field(examples=[1])
    forecasts: int = Field(examples=[199])
    mape: float | None = Field(description="share: 0.01 is 1 %", examples=[0.0067])
    naive_mape: float | None = Field(examples=[0.0079])
    mae: float | None = Field(examples=[3.1])
    naive_mae: float | None = Field(examples=[3.7])
    skill: float | None = Field(description="1 - mae / naive_mae; above 0 is better than the last price", examples=[0.16])
    increase: float | None = Field(
        description="mape of the last 20 forecasts minus that of the 250 before; a share", examples=[0.0004]
    )
    rmse: float | None = Field(examples=[3.9])
    r2_score: float | None = Field(examples=[0.987])
    coverage_90: float | None = Field(examples=[0.91])
    rolling: list[RollingScore]


class ScoredForecast(Shape):
    """One forecast with the actual price."""

    prediction_date: str = Field(examples=["2026-11-20"])
    horizon: int = Field(examples=[1])
    predicted_price: float = Field(examples=[568.4])
    actual_price: float = Field(examples=[569.5])
    last_price: float = Field(examples=[566.0])
    q05: float = Field(examples=[559.1])
    q95: float = Field(examples=[577.6])
    error_absolute: float = Field(examples=[1.1])
    error_percentage: float = Field(examples=[0.19])
    issued_date: str = Field(examples=["2026-11-20"])
    model_version: str = Field(examples=[VERSION])


class Scorecard(Shape):
    """Scores, and forecasts with actual prices."""

    market: str = Field(examples=[MARKET])
    window: int = Field(description="forecasts in a rolling mean", examples=[60])
    unit: str = Field(examples=["USD/t"])
    simulated: bool
    horizons: list[HorizonScore]
    rows: list[ScoredForecast]


class DailyMetrics(Shape):
    """A row of the table ``metrics_daily``; a column that an older release lacks is null."""

    date: str = Field(examples=["2026-11-20"])
    model_version: str = Field(examples=[VERSION])
    mape: float | None = Field(default=None, description="share: 0.01 is 1 %", examples=[0.0067])
    r2_score: float | None = Field(default=None, examples=[0.987])
    rmse: float | None = Field(default=None, examples=[3.9])
    prediction_count: int = Field(examples=[1])
    avg_latency_ms: float | None = Field(default=None, examples=[12.0])
    cost_usd: float | None = Field(default=None, examples=[0.005])
    created_at: str = Field(examples=["2026-11-21T08:00:00Z"])
    market: str = Field(examples=[MARKET])
    horizon: int = Field(examples=[1])
    naive_mape: float | None = Field(default=None, examples=[0.0079])
    coverage_90: float | None = Field(default=None, examples=[0.91])
    origins: int = Field(description="forecasts scored", examples=[199])
    simulated: bool = Field(examples=[False])
    drift_score: float | None = Field(default=None, description="0 to 1", examples=[0.6])


class MetricsDaily(Shape):
    """Rows of the table ``metrics_daily``."""

    metrics: list[DailyMetrics]
