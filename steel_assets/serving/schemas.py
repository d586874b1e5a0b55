"""The shapes of the API's answers, for its documentation and its clients; tests hold the answers to them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from steel_assets.serving.errors import CODES


class Shape(BaseModel):
    """A JSON object with exactly these fields."""

    model_config = ConfigDict(extra="forbid")


class Error(Shape):
    """Every error."""

    error: str = Field(examples=["unauthorized"])
    message: str = Field(examples=["a valid API key is needed in the header X-API-Key"])
    status_code: int = Field(examples=[401])
    retry_after: int | None = Field(default=None, description="seconds", examples=[60])


class About(Shape):
    """What this service is."""

    service: str = Field(examples=["steel-assets"])
    version: str = Field(examples=["0.1.0"])
    documentation_url: str = Field(examples=["/docs"])
    data_sources: list[str] = Field(examples=[["yahoo_finance", "fred_api"]])
    last_model_update: str | None = Field(examples=["2026-11-16T09:04:11Z"])
    simulated: bool


class Health(Shape):
    """The process is alive."""

    status: Literal["ok"]


class Ready(BaseModel):
    """Whether forecasts can be answered, and what is not up to date."""

    status: Literal["ready", "not_ready"]
    forecast_age_seconds: int | None
    stale: bool | None
    price_date: str | None = Field(description="of the price that the forecast starts from")
    price_age_sessions: int | None = Field(description="trading days of the market; null: not known yet")
    stale_reason: str | None
    redis: bool | None = Field(description="null: not configured")
    problems: dict[str, str]


class Prediction(Shape):
    """The default market's price on its next business day."""

    prediction_date: str = Field(description="the day that is forecast", examples=["2026-11-23"])
    predicted_price_usd_per_ton: float = Field(examples=[571.25])
    currency: Literal["USD"]
    unit: Literal["metric ton"]
    model_confidence: float = Field(ge=0, le=1, examples=[0.87])
    timestamp: str = Field(description="when the forecast was issued", examples=["2026-11-21T08:00:00Z"])
    note: str | None = Field(default=None, description="only where another market stands in for the default one, and why")


class Interval(Shape):
    """The price lies in it with a probability of 90 %."""

    low_usd_per_ton: float
    high_usd_per_ton: float


class ExchangeRate(Shape):
    """The newest peso rate."""

    pesos_per_dollar: float
    date: str
    series: str


class Staleness(Shape):
    """How old the forecast and the price it starts from are; stale as soon as a newer price should be here."""

    stale: bool
    age_seconds: int = Field(ge=0, description="since the forecast was issued")
    price_date: str = Field(description="of the price that the forecast starts from", examples=["2026-11-20"])
    price_age_sessions: int | None = Field(description="trading days of the market since then; null: not known yet", examples=[0])
    stale_reason: str | None = Field(description="null: it is not stale")


class AgedDriver(Shape):
    """A driver that the forecast leans on although its newest figure is older than its own calendar allows."""

    series: str
    name: str
    name_es: str = Field(description="in Spanish")
    newest_period: str


class PredictionDetail(Prediction):
    """The same, with ``detail=true``."""

    market: str
    interval_90: Interval
    last_price_usd_per_ton: float
    predicted_price_mxn_per_ton: float | None
    exchange_rate: ExchangeRate | None
    model_version: str
    model_family: str
    last_training_date: str | None
    data_as_of: str
    staleness: Staleness
    aged_drivers: list[AgedDriver]
    data_sources: list[str]
    simulated: bool
    withdrawn_import: str | None = Field(description="the import that this was issued from and that was withdrawn since")


class Market(Shape):
    """A market of the catalogue."""

    id: str = Field(examples=["rebar_fob_turkey"])
    name: str
    commodity: str
    region: str
    unit: str = Field(examples=["USD/t"])
    price_level: str
    horizons: list[int] = Field(description="business days", examples=[[1, 5, 21, 63]])
    default: bool
    issued_date: str | None
    stale: bool | None
    price_date: str | None
    price_age_sessions: int | None
    stale_reason: str | None
    simulated: bool | None
    no_source: str | None = Field(description="why no provider is asked for its prices, and the remedy; null: one is")


class Markets(Shape):
    """All markets."""

    markets: list[Market]


class Quantiles(Shape):
    """Quantiles of the price, 5 % to 95 %."""

    q05: float
    q10: float
    q25: float
    q50: float
    q75: float
    q90: float
    q95: float


class HorizonForecast(Shape):
    """One horizon of an issue."""

    horizon: int = Field(description="business days after the origin")
    target_date: str
    predicted_price: float
    quantiles: Quantiles
    model_confidence: float
    model_version: str
    model_family: str


class Forecasts(Staleness):
    """One issue of a market: all horizons."""

    market: str
    issued_date: str
    as_of: str
    origin: str
    data_as_of: str
    last_price: float
    unit: str
    simulated: bool
    aged_drivers: list[AgedDriver]
    withdrawn_import: str | None = Field(description="the import that this was issued from and that was withdrawn since")
    forecasts: list[HorizonForecast]


class RollingScore(Shape):
    """Means over the last forecasts up to a day."""

    date: str
    mape: float | None
    naive_mape: float | None
    coverage_90: float | None


class HorizonScore(Shape):
    """How good the forecasts of one horizon were, beside the last price on the same days."""

    horizon: int
    forecasts: int
    mape: float | None = Field(description="share: 0.01 is 1 %")
    naive_mape: float | None
    mae: float | None
    naive_mae: float | None
    skill: float | None = Field(description="1 - mae / naive_mae; above 0 is better than the last price")
    increase: float | None = Field(description="mape of the last 20 forecasts less that of the 250 before; a share")
    rmse: float | None
    r2_score: float | None
    coverage_90: float | None
    rolling: list[RollingScore]


class ScoredForecast(Shape):
    """One forecast beside what happened."""

    prediction_date: str
    horizon: int
    predicted_price: float
    actual_price: float
    last_price: float
    q05: float
    q95: float
    error_absolute: float
    error_percentage: float
    issued_date: str
    model_version: str


class Scorecard(Shape):
    """Predicted beside actual, and scores."""

    market: str
    window: int = Field(description="forecasts in a rolling mean")
    unit: str
    simulated: bool
    horizons: list[HorizonScore]
    rows: list[ScoredForecast]


class Driver(Shape):
    """What one driver moved a forecast away from the last price."""

    driver: str = Field(description="a series, or forward_curve, own_price …", examples=["forward_curve"])
    name: str = Field(examples=["Forward curve"])
    name_es: str = Field(description="in Spanish", examples=["Curva de futuros"])
    contribution: float = Field(description="in the market's unit", examples=[-2.41])
    direction: Literal["up", "down"]


class HorizonExplanation(Shape):
    """Why the forecast of one horizon lies where it does, and why its model is in force."""

    horizon: int = Field(description="business days after the origin")
    target_date: str
    last_price: float
    predicted_price: float
    drivers: list[Driver] | None = Field(
        description="largest first; they add up to predicted_price - last_price. Empty: the forecast is the last price. "
        "null: nothing explains this forecast"
    )
    model_family: str
    model_version: str
    change_share: float
    interval_width_share: float
    model_confidence: float
    in_force_because: str | None
    skill_over_last_price: float | None
    coverage_90: float | None
    forecasts_scored: int


class SeriesBeneath(Shape):
    """A series that the forecast is made from, and how good it is."""

    series: str
    name: str
    source: str | None
    role: Literal["target", "driver"]
    quality_score: float | None
    newest_period: str | None


class ExplainedTarget(Shape):
    """What exactly is forecast."""

    price_level: str
    unit: str = Field(examples=["USD/t"])
    target_series: str
    target_version: int
    calendar: str


class Explanation(Shape):
    """Why the forecast is what it is."""

    market: str
    target: ExplainedTarget
    horizons: list[HorizonExplanation]
    quality_score: float | None
    data: list[SeriesBeneath]
    stale: bool
    price_date: str
    price_age_sessions: int | None
    stale_reason: str | None
    aged_drivers: list[AgedDriver]
    simulated: bool


class Models(BaseModel):
    """Champions and the promotion ledger."""

    champions: list[dict[str, Any]]
    ledger: list[dict[str, Any]]


class MetricsDaily(BaseModel):
    """Rows of the table ``metrics_daily``."""

    metrics: list[dict[str, Any]]


class Alert(Shape):
    """Something a person should know."""

    kind: str
    severity: Literal["low", "medium", "high", "critical"]
    message: str
    market: str | None
    values: list[str]
    since: str | None = Field(description="when the platform's own watch first saw it; null: seen by the service itself")
    message_es: str = Field(default="", description="in Spanish, where the platform's own watch has said it")


class Alerts(Shape):
    """Everything that is wrong now, worst first."""

    state: Literal["green", "yellow", "red"]
    checked_at: str
    alerts: list[Alert]


class Launched(Shape):
    """A job was started."""

    status: Literal["accepted"]
    job: str
    run_id: str
    run_url: str


class Automation(BaseModel):
    """Schedules and the newest runs."""

    schedules: list[dict[str, Any]]
    runs: list[dict[str, Any]]


REFUSALS: dict[int, tuple[str, str, int | None]] = {
    401: ("The key is missing or wrong.", "a valid API key is needed in the header X-API-Key; steel keys create makes one", None),
    403: ("The key may not do this.", "this key may not operate; make one with steel keys create --scope operate", None),
    404: ("There is no such thing.", "there is no such market; there are hrc_us_midwest, rebar_fob_turkey", None),
    409: ("A run of this job is not finished.", "weekly_retraining is already running (run 82c78490, started)", 60),
    413: ("The request's body is too large.", "a request may carry at most 64 KiB", None),
    422: ("A parameter is not valid.", "start: write a day as 2026-11-20", None),
    429: ("The key's requests of this hour are used up.", "more than 100 requests this hour; try again in 1260 s", 1260),
    503: ("There is nothing to answer from yet, or a part is away.", "no forecast was published yet; run make demo", 60),
}
"""Status → what it means, an example of its message, and of the seconds after which to try again."""


def refusals(*codes: int) -> dict[int | str, dict[str, Any]]:
    """The documented errors of a route."""
    return {code: _refusal(code, *REFUSALS[code]) for code in codes}


def _refusal(code: int, meaning: str, message: str, retry_after: int | None) -> dict[str, Any]:
    example = {"error": CODES[code], "message": message, "status_code": code}
    found: dict[str, Any] = {"model": Error, "description": meaning, "content": {"application/json": {"example": example}}}
    if retry_after is not None:
        example["retry_after"] = retry_after
        found["headers"] = {"Retry-After": {"description": "seconds", "schema": {"type": "integer"}}}
    return found
