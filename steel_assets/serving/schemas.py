"""The shapes of the API's answers; each is used to build the answer and to document it, with examples."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from steel_assets.core.experiments import Metric
from steel_assets.core.experiments import State as ExperimentState
from steel_assets.core.iso_day import Day
from steel_assets.core.purchase_terms import Appetite, Contract
from steel_assets.core.types import MarketFrequency
from steel_assets.serving.asked import Holding, Rate, Tonnes
from steel_assets.serving.errors import CODES, Error
from steel_assets.serving.shape import Shape, example

MARKET = "rebar_fob_turkey"
VERSION = "20261116T0900Z-ridge-e5a7f426"
PROMOTED_AT = "2026-11-16T09:04:11Z"
RUN = "82c78490-104d-4412-b53a-bd8ace1bc9de"
RUN_URL = f"http://127.0.0.1:3000/runs/{RUN}"
"""What several examples are about."""

STARTS_FROM = "of the price that the forecast starts from"
SESSIONS = "trading days of the market, or its weeks or months; null: not known yet"
FREQUENCY = "how often its price comes: horizons and ages are counted in trading days, weeks or months"
PERIOD = "the same day; of a weekly market its week as 2026-W48, of a monthly one its month as 2026-11"
VARIANT = "the experiment that gives this key its variant's forecast instead of the champion's; null: the champion's"
WITHDRAWN = "the import that this was issued from and that was withdrawn since"


PAIRS = "pairs of forecasts, of the variant and the champion, that have come true"
GAIN = "mean loss of the champion less the variant's, as a share of the champion's; null: nothing has come true"
BETTER = "evidence that the variant is better, valid at any look; 1 is none"
WORSE = "evidence that the variant is worse, valid at any look; 1 is none"


class About(Shape):
    """What this service is."""

    service: str = Field(examples=["steel-assets"])
    version: str = Field(examples=["0.1.0"])
    documentation_url: str = Field(examples=["/docs"])
    data_sources: list[str] = Field(examples=[["fred_api", "yahoo_finance"]])
    last_model_update: str | None = Field(examples=[PROMOTED_AT])
    simulated: bool


class Health(Shape):
    """The process is running."""

    status: Literal["ok"]


class Ready(Shape):
    """Whether forecasts can be answered, and what is not up to date."""

    status: Literal["ready", "not_ready"]
    forecast_age_seconds: int | None = Field(examples=[5400])
    stale: bool | None = Field(examples=[False])
    price_date: str | None = Field(description=STARTS_FROM, examples=["2026-11-20"])
    price_age_sessions: int | None = Field(description=SESSIONS, examples=[0])
    stale_reason: str | None
    redis: bool | None = Field(description="null: not configured", examples=[True])
    problems: dict[str, str] = Field(examples=[{}])


class Prediction(Shape):
    """The default market's price on its next business day."""

    prediction_date: str = Field(description="the day that is forecast", examples=["2026-11-23"])
    predicted_price_usd_per_ton: float = Field(examples=[571.25])
    currency: Literal["USD"]
    unit: Literal["metric ton"]
    model_confidence: float = Field(ge=0, le=1, examples=[0.87])
    timestamp: str = Field(description="when the forecast was issued", examples=["2026-11-21T08:00:00Z"])
    note: str | None = Field(
        default=None,
        description="only if another market is answered instead of the default one: the reason",
        exclude_if=lambda note: note is None,
    )
    model_variant: str | None = Field(
        default=None,
        description="only if it is a variant's instead of the champion's: id of the experiment",
        exclude_if=lambda variant: variant is None,
    )


class Interval(Shape):
    """The price is in it with a probability of 90 %."""

    low_usd_per_ton: float = Field(examples=[561.9])
    high_usd_per_ton: float = Field(examples=[580.6])


class ExchangeRate(Shape):
    """The newest peso rate."""

    pesos_per_dollar: float = Field(examples=[18.42])
    date: str = Field(examples=["2026-11-20"])
    series: str = Field(examples=["usd_mxn"])


class Staleness(Shape):
    """The ages of the forecast and of its last price; stale as soon as a newer price is due."""

    stale: bool
    age_seconds: int = Field(ge=0, description="since the forecast was issued", examples=[5400])
    price_date: str = Field(description=STARTS_FROM, examples=["2026-11-20"])
    price_age_sessions: int | None = Field(description=SESSIONS, examples=[0])
    stale_reason: str | None = Field(description="null: it is not stale")


class AgedDriver(Shape):
    """A driver used by the forecast whose newest value is overdue by its own calendar."""

    series: str = Field(examples=["scrap_us"])
    name: str = Field(examples=["Steel scrap"])
    name_es: str = Field(description="in Spanish", examples=["Chatarra de acero"])
    newest_period: str = Field(examples=["2026-10-02"])


class PredictionDetail(Prediction):
    """The same, with ``detail=true``."""

    market: str = Field(examples=[MARKET])
    interval_90: Interval
    last_price_usd_per_ton: float = Field(examples=[569.5])
    predicted_price_mxn_per_ton: float | None = Field(examples=[10522.43])
    exchange_rate: ExchangeRate | None
    model_version: str = Field(examples=[VERSION])
    model_family: str = Field(examples=["ridge"])
    model_variant: str | None = Field(description=VARIANT)
    last_training_date: str | None = Field(examples=["2026-11-16"])
    data_as_of: str = Field(examples=["2026-11-20"])
    staleness: Staleness
    aged_drivers: list[AgedDriver] = Field(examples=[[]])
    data_sources: list[str] = Field(examples=[["fred_api", "yahoo_finance"]])
    simulated: bool
    withdrawn_import: str | None = Field(description=WITHDRAWN)


class Market(Shape):
    """A market of the catalogue."""

    id: str = Field(examples=[MARKET])
    name: str = Field(examples=["Rebar, FOB Turkey (LME front month)"])
    commodity: str = Field(examples=["rebar"])
    region: str = Field(examples=["turkey"])
    unit: str = Field(examples=["USD/t"])
    price_level: str = Field(examples=["LME closing price of the front month, FOB Turkey"])
    frequency: MarketFrequency = Field(description=FREQUENCY, examples=["daily"])
    horizons: list[int] = Field(description="in business days, weeks or months", examples=[[1, 5, 21, 63]])
    default: bool = Field(examples=[True])
    issued_date: str | None = Field(examples=["2026-11-21"])
    stale: bool | None = Field(examples=[False])
    price_date: str | None = Field(examples=["2026-11-20"])
    price_age_sessions: int | None = Field(examples=[0])
    stale_reason: str | None
    simulated: bool | None = Field(examples=[False])
    no_source: str | None = Field(description="why no provider is asked for its prices, and the remedy; null: one is")


class Markets(Shape):
    """All markets."""

    markets: list[Market]


class RegionInShort(Shape):
    """A region, and the ids of its markets."""

    region: str = Field(examples=["turkey"])
    region_name: str = Field(description="what people call it", examples=["Turkey"])
    markets: list[str] = Field(description="their ids", examples=[[MARKET, "scrap_turkey"]])


class Regions(Shape):
    """All regions in which there are markets."""

    regions: list[RegionInShort]


class RegionMarket(Market):
    """A market of a region, with the shortest horizon of its forecast in force; null before the first."""

    horizon: int | None = Field(description="business days, weeks or months", examples=[1])
    target_date: str | None = Field(examples=["2026-11-23"])
    last_price: float | None = Field(examples=[560.0])
    predicted_price: float | None = Field(examples=[571.25])


class Region(Shape):
    """The markets of one region."""

    region: str = Field(examples=["turkey"])
    region_name: str = Field(description="what people call it", examples=["Turkey"])
    markets: list[RegionMarket]


class Quantiles(Shape):
    """Quantiles of the price, 5 % to 95 %."""

    q05: float = Field(examples=[561.9])
    q10: float = Field(examples=[564.2])
    q25: float = Field(examples=[567.6])
    q50: float = Field(examples=[571.25])
    q75: float = Field(examples=[574.9])
    q90: float = Field(examples=[578.3])
    q95: float = Field(examples=[580.6])


class HorizonForecast(Shape):
    """One horizon of an issue."""

    horizon: int = Field(description="business days, weeks or months after the origin", examples=[1])
    target_date: str = Field(description="of a week or month its first day", examples=["2026-11-23"])
    target_period: str = Field(description=PERIOD, examples=["2026-11-23"])
    predicted_price: float = Field(examples=[571.25])
    quantiles: Quantiles
    model_confidence: float = Field(examples=[0.87])
    model_version: str = Field(examples=[VERSION])
    model_family: str = Field(examples=["ridge"])
    model_variant: str | None = Field(description=VARIANT)


class Issue(Shape):
    """The fields common to all horizons of one issue."""

    market: str = Field(examples=[MARKET])
    issued_date: str = Field(examples=["2026-11-21"])
    as_of: str = Field(examples=["2026-11-21T08:00:00Z"])
    origin: str = Field(examples=["2026-11-20"])
    data_as_of: str = Field(examples=["2026-11-20"])
    last_price: float = Field(examples=[569.5])
    unit: str = Field(examples=["USD/t"])
    simulated: bool
    withdrawn_import: str | None = Field(description=WITHDRAWN)


class Forecasts(Staleness, Issue):
    """One issue of a market: all horizons."""

    frequency: MarketFrequency = Field(description=FREQUENCY, examples=["daily"])
    price_period: str = Field(description=PERIOD, examples=["2026-11-20"])
    aged_drivers: list[AgedDriver] = Field(examples=[[]])
    forecasts: list[HorizonForecast]


class FromPaths(Shape):
    """The first fields of answers from sample paths: market, issue, unit, and last day of the paths."""

    market: str = Field(examples=[MARKET])
    unit: str = Field(description="of all prices", examples=["USD/t"])
    issued_date: str = Field(examples=["2026-11-21"])
    as_of: str = Field(examples=["2026-11-21T08:00:00Z"])
    last_price: float = Field(examples=[569.5])
    price_date: str = Field(description=STARTS_FROM, examples=["2026-11-20"])
    price_age_sessions: int | None = Field(description=SESSIONS, examples=[0])
    stale: bool
    stale_reason: str | None = Field(description="null: it is not stale")
    simulated: bool
    withdrawn_import: str | None = Field(description=WITHDRAWN)
    paths: int = Field(description="number of sample paths", examples=[1000])
    paths_from: str = Field(description="first trading day ahead", examples=["2026-11-23"])
    paths_to: str = Field(description="last trading day ahead", examples=["2027-02-22"])


class Spread(Shape):
    """Quantiles of a figure, 5 % to 95 %."""

    q05: float = Field(examples=[541.3])
    q25: float = Field(examples=[560.1])
    q50: float = Field(examples=[573.4])
    q75: float = Field(examples=[587.0])
    q95: float = Field(examples=[607.2])


class PeriodDays(Shape):
    """The trading days of a month or a quarter."""

    known: int = Field(description="whose price was known at the issue", examples=[0])
    carried: int = Field(description="whose price is late, so that the last price is used", examples=[0])
    drawn: int = Field(description="from the paths", examples=[21])
    beyond: int = Field(description="after the end of the paths; not in the figures", examples=[0])


class PeriodAverage(Shape):
    """The average price of a month or a quarter."""

    period: str = Field(examples=["2026-12", "2026-Q4"])
    whole: bool = Field(description="false: days lie beyond the paths, and the figures are of the days before", examples=[True])
    trading_days: PeriodDays
    quantiles: Spread


class Averages(FromPaths):
    """Averages of the months, then of the quarters, within the paths of the forecast in force."""

    averages: list[PeriodAverage]


class Odds(FromPaths):
    """The probability that a price is above, or below, a level: on a day, at any close up to one, or on average of a period."""

    side: Literal["above", "below"]
    level: float = Field(examples=[640.0])
    about: Literal["average", "on", "by"] = Field(
        description="by: any close after the last price up to the day, or the last price"
    )
    day: str | None = Field(description="the day that was asked about; null for an average", examples=[None])
    trading_day: str | None = Field(description="the last one up to that day", examples=[None])
    period: str | None = Field(description="null for a day", examples=["2026-12"])
    trading_days: PeriodDays | None
    chance: float = Field(ge=0, le=1, examples=[0.124])
    standard_error: float = Field(
        ge=0,
        description="Monte-Carlo standard error of the paths, not of the forecast; 0: the outcome is known",
        examples=[0.0104],
    )
    quantiles: Spread = Field(description="of the average, of the price on the day, or of the highest (lowest) close up to it")


class Purchase(Shape):
    """A purchase to be planned."""

    market: str = Field(description="id of the market", examples=[MARKET], max_length=64)
    tonnes: Tonnes = Field(description="amount needed, in tonnes of 1,000 kg", examples=[5000.0])
    by: Day = Field(description="day of need: paid and in stock", examples=["2026-12-29"])
    contract: Contract = Field(
        default="spot", description="spot: the day's price; average: the average of its calendar month", examples=["spot"]
    )
    holding_per_tonne_and_month: Holding = Field(
        default=0.0, description="cost of stock, in the currency of the market's price", examples=[3.0]
    )
    capital_a_year: Rate = Field(
        default=0.0, description="yearly interest on the amount paid, as a share: 0.12 is 12 %", examples=[0.12]
    )
    risk: Appetite = Field(
        default="medium",
        description="how much may follow a forecast with a proven edge: a third, two thirds, all",
        examples=["low"],
    )


class PlannedFixing(Shape):
    """A day on which the price can be fixed."""

    day: str = Field(examples=["2026-11-23"])
    days_held: int = Field(description="calendar days until the need", examples=[36])
    expected_per_tonne: float = Field(examples=[583.1])
    share_advised: float = Field(ge=0, le=1, examples=[0.3333])


class Fixings(Shape):
    """The days on which the price can be fixed: the next trading day, half way, the last one up to the need."""

    now: PlannedFixing
    middle: PlannedFixing
    late: PlannedFixing


class PlannedCost(Shape):
    """The distribution of a cost, with stock and capital up to the need."""

    mean_per_tonne: float = Field(examples=[579.4])
    q05_per_tonne: float = Field(examples=[548.2])
    q25_per_tonne: float = Field(examples=[566.5])
    q50_per_tonne: float = Field(examples=[579.1])
    q75_per_tonne: float = Field(examples=[592.0])
    q95_per_tonne: float = Field(examples=[611.3])
    at_risk_per_tonne: float = Field(description="cost at risk: the 95 % quantile minus the mean", examples=[31.9])
    mean_total: float = Field(description="times the tonnes", examples=[2897000.0])
    at_risk_total: float = Field(examples=[159500.0])


class PlannedCosts(Shape):
    """The cost of each way of buying."""

    now: PlannedCost = Field(description="all on the next trading day")
    late: PlannedCost = Field(description="all at the need")
    thirds: PlannedCost = Field(description="in parts: a third now, half way and at the need")
    forecast: PlannedCost = Field(description="all on the day that the forecast expects to be cheapest")
    advised: PlannedCost


class PurchaseEdge(Shape):
    """The past gain from buying by the forecast in the market's walk-forward, on the same terms."""

    proven: bool = Field(description="significantly cheaper than now, late and in thirds")
    origins: int = Field(description="past purchases compared", examples=[228])
    origins_needed: int = Field(examples=[132])
    overlap: int = Field(description="number of neighbouring ones that overlap", examples=[22])
    p_value: float = Field(ge=0, le=1, description="the largest of the three", examples=[0.41])
    saving_per_tonne: dict[str, float] = Field(examples=[{"now": -1.2, "late": 2.4, "thirds": 0.6}])
    p_values: dict[str, float] = Field(examples=[{"now": 0.41, "late": 0.22, "thirds": 0.35}])
    text: str = Field(examples=["buying by the forecast saved per tonne -1.2 against now, …"])


class Plan(FromPaths):
    """The cost of one purchase by ways of buying, and whether the market's record justifies following its forecast."""

    question: Purchase
    currency: str = Field(description="of all costs", examples=["USD"])
    fixings: Fixings
    forecast_buys: Literal["now", "middle", "late"]
    costs: PlannedCosts
    edge: PurchaseEdge
    advice: str = Field(examples=["no edge: spread the purchase"])
    notes: list[str] = Field(description="why no record could be read; that the price is a front month", examples=[[]])
    language: Literal["en", "es"] = Field(description="of advice, notes and the text of the edge")


class Statement(Shape):
    """A statement about a market's past, and its test."""

    key: str = Field(description="kind of statement; with values it determines the sentence", examples=["trend"])
    about: str = Field(description="unique within a key", examples=["63"])
    values: dict[str, bool | int | float | str | list[float] | list[str] | None] = Field(
        description="figures and names of the sentence", examples=[{"days": 63, "change": 0.042, "daily": 0.00066}]
    )
    n: int = Field(description="observations that the test rests on", examples=[63])
    test: str = Field(examples=["t test, Newey-West"])
    p: float = Field(ge=0, le=1, examples=[0.41])
    p_corrected: float = Field(ge=0, le=1, description="by Holm, among all statements of the market", examples=[1.0])
    finding: bool = Field(description="whether p_corrected is at most 0.05")
    sentence: str = Field(
        examples=["Over the last 63 trading days the price went +4.2%, +0.066% a day ± 0.080%. No more than chance: p = 0.41, …"]
    )


class Unsaid(Shape):
    """A statement that cannot be made, and why."""

    key: str = Field(examples=["analogues"])
    about: str = Field(examples=["21"])
    why: str = Field(examples=["400 trading days are known, at least 1,000 are needed"])


class Analysis(Shape):
    """Statements about a market's past, findings first, each with a test, corrected for their number."""

    market: str = Field(examples=[MARKET])
    unit: str = Field(examples=["USD/t"])
    as_of: str = Field(description="only data known by then are used", examples=["2026-11-21T08:00:00+00:00"])
    first_day: str = Field(examples=["2016-01-04"])
    day: str = Field(description="last trading day in it", examples=["2026-11-20"])
    sessions: int = Field(description="trading days", examples=[2750])
    stale: bool
    stale_reason: str | None = Field(description="null: it is not stale")
    simulated: bool
    statements: list[Statement]
    unsaid: list[Unsaid]


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


class Driver(Shape):
    """How much one driver moved a forecast away from the last price."""

    driver: str = Field(description="a series, or forward_curve, own_price …", examples=["forward_curve"])
    name: str = Field(examples=["Forward curve"])
    name_es: str = Field(description="in Spanish", examples=["Curva de futuros"])
    contribution: float = Field(description="in the market's unit", examples=[1.75])
    direction: Literal["up", "down"]


class HorizonExplanation(Shape):
    """The contributions to the forecast of one horizon, and why its model is in force."""

    horizon: int = Field(description="business days, weeks or months after the origin", examples=[1])
    target_date: str = Field(description="of a week or month its first day", examples=["2026-11-23"])
    last_price: float = Field(examples=[569.5])
    predicted_price: float = Field(examples=[571.25])
    drivers: list[Driver] | None = Field(
        description="largest first; they add up to predicted_price - last_price. Empty: the forecast is the last price. "
        "null: nothing explains this forecast",
        examples=[
            [
                example(Driver) | {"contribution": 2.5},
                {
                    "driver": "iron_ore_62",
                    "name": "Iron ore 62 % CFR China, front month",
                    "name_es": "Mineral de hierro 62 % CFR China, primer mes",
                    "contribution": -0.75,
                    "direction": "down",
                },
            ]
        ],
    )
    model_family: str = Field(examples=["ridge"])
    model_version: str = Field(examples=[VERSION])
    change_share: float = Field(examples=[0.0031])
    interval_width_share: float = Field(examples=[0.033])
    model_confidence: float = Field(examples=[0.87])
    in_force_because: str | None = Field(examples=["MAE 3.1, 0.84 times the last price's on the same 250 days"])
    skill_over_last_price: float | None = Field(examples=[0.16])
    coverage_90: float | None = Field(examples=[0.91])
    forecasts_scored: int = Field(examples=[199])


class SeriesBeneath(Shape):
    """A series used by the forecast, and its quality."""

    series: str = Field(examples=["lme_rebar_m01"])
    name: str = Field(examples=["LME Steel Rebar FOB Turkey (Platts), month 1"])
    source: str | None = Field(examples=["trading_economics"])
    role: Literal["target", "driver"]
    quality_score: float | None = Field(examples=[0.99])
    newest_period: str | None = Field(examples=["2026-11-20"])


class ExplainedTarget(Shape):
    """The exact definition of what is forecast."""

    price_level: str = Field(examples=["LME closing price of the front month, FOB Turkey"])
    unit: str = Field(examples=["USD/t"])
    target_series: str = Field(examples=["lme_rebar_m01"])
    target_version: int = Field(examples=[1])
    calendar: str = Field(examples=["XLON"])


class Explanation(Shape):
    """The contributions to a market's forecast."""

    market: str = Field(examples=[MARKET])
    target: ExplainedTarget
    horizons: list[HorizonExplanation]
    quality_score: float | None = Field(examples=[0.98])
    data: list[SeriesBeneath]
    stale: bool
    price_date: str = Field(examples=["2026-11-20"])
    price_age_sessions: int | None = Field(examples=[0])
    stale_reason: str | None
    aged_drivers: list[AgedDriver] = Field(examples=[[]])
    simulated: bool


class Switch(Shape):
    """A version came into force."""

    version: str = Field(examples=[VERSION])
    since: str = Field(examples=[PROMOTED_AT])
    action: str = Field(examples=["promoted"])


class Champion(Shape):
    """The model in force for one market and horizon; without a version, the reason why none can be used."""

    market: str = Field(examples=[MARKET])
    horizon: int = Field(examples=[1])
    version: str | None = Field(examples=[VERSION])
    since: str | None = Field(examples=[PROMOTED_AT])
    problem: str | None
    switches: list[Switch]
    family: str | None = Field(examples=["ridge"])


class Decision(Shape):
    """A row of the table ``promotions``: the decision about a candidate, with its reason."""

    decided_at: str = Field(examples=[PROMOTED_AT])
    market: str = Field(examples=[MARKET])
    horizon: int = Field(examples=[1])
    candidate_version: str = Field(examples=[VERSION])
    candidate_family: str = Field(examples=["ridge"])
    champion_version: str | None
    champion_family: str | None
    decision: str = Field(description="promoted, rejected or rolled_back", examples=["promoted"])
    reason: str = Field(examples=["first model here; MAE 3.1, 0.84 times the 3.7 of the last price"])
    candidate_mae: float | None = Field(examples=[3.1])
    champion_mae: float | None
    naive_mae: float | None = Field(description="of the last price on the same dates", examples=[3.7])


class Models(Shape):
    """Champions and the promotion ledger."""

    champions: list[Champion]
    ledger: list[Decision]


class ExperimentLook(Shape):
    """The evidence of an experiment on one day."""

    date: str = Field(examples=["2026-11-20"])
    state: ExperimentState = Field(examples=["collecting"])
    n: int = Field(description=PAIRS, examples=[41])
    gain_share: float | None = Field(description=GAIN, examples=[0.031])
    evidence_better: float = Field(description=BETTER, examples=[1.8])
    evidence_worse: float = Field(description=WORSE, examples=[0.7])


class Experiment(Shape):
    """A variant that is compared with the champions: its declaration and state."""

    id: str = Field(examples=["ridge_in_turkey"])
    name: str = Field(examples=["Ridge beside the champions of Turkey"])
    family: str = Field(description="model family of the variant", examples=["ridge"])
    markets: list[str] = Field(description="ids of the markets that it forecasts", examples=[[MARKET]])
    horizons: list[int] = Field(examples=[[1, 5]])
    metric: Metric = Field(description="what is compared, as a share of the last price", examples=["pinball"])
    start: str = Field(description="first day of issue", examples=["2026-10-01"])
    end: str = Field(description="first day after the experiment", examples=["2027-10-01"])
    planned_days: int = Field(description="calendar days after which it is inconclusive", examples=[365])
    keys_share: float = Field(
        description="share of the API keys that get its forecasts while it collects evidence", examples=[0.0]
    )
    state: ExperimentState = Field(
        description="won, harmful and inconclusive are final; stopped is set by a person", examples=["collecting"]
    )
    looked: str | None = Field(description="day of the newest evaluation; null: not evaluated yet", examples=["2026-11-20"])
    n: int = Field(description=PAIRS, examples=[41])
    mean_gain: float | None = Field(
        description="mean loss of the champion less the variant's, as a share of the last price", examples=[0.0004]
    )
    gain_share: float | None = Field(description=GAIN, examples=[0.031])
    evidence_better: float | None = Field(description=BETTER, examples=[1.8])
    evidence_worse: float | None = Field(description=WORSE, examples=[0.7])
    threshold: float = Field(description="evidence that decides", examples=[40.0])
    simulated: bool
    days: list[ExperimentLook] = Field(description="the newest 400 days with an evaluation, oldest first")


class Experiments(Shape):
    """Experiments of variants compared with the champions."""

    experiments: list[Experiment]


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


class Alert(Shape):
    """An open problem."""

    kind: str = Field(examples=["low_quality"])
    severity: Literal["low", "medium", "high", "critical"] = Field(examples=["medium"])
    message: str = Field(examples=["rebar_fob_turkey: data quality 0.74 is below 0.80"])
    market: str | None = Field(examples=[MARKET])
    values: list[str] = Field(examples=[["0.74", "0.80"]])
    since: str | None = Field(description="start of the incident; null: found by the service itself")
    message_es: str = Field(default="", description="in Spanish, if it is an incident of the alerts")


class Alerts(Shape):
    """All open problems, worst first."""

    state: Literal["green", "yellow", "red"] = Field(examples=["yellow"])
    checked_at: str = Field(examples=["2026-11-21T09:30:00Z"])
    alerts: list[Alert]


class Launched(Shape):
    """A job was started."""

    status: Literal["accepted"]
    job: str = Field(examples=["daily_data_update"])
    run_id: str = Field(examples=[RUN])
    run_url: str = Field(examples=[RUN_URL])


class NewWatch(Shape):
    """A price watch to be set.

    ``level`` needs a price (above or below), ``move`` its market only, ``odds`` a price, a day or a period (by, on, average) and
    a chance, ``margin`` the market that is subtracted (less) and a limit (above or below).
    """

    kind: Literal["level", "move", "odds", "margin"] = Field(examples=["level"])
    market: str = Field(min_length=1, max_length=64, examples=[MARKET])
    above: float | None = Field(default=None, description="in the market's unit; or below", examples=[640.0])
    below: float | None = Field(default=None, description="in the market's unit; or above")
    less: str | None = Field(default=None, max_length=64, description="margin: the market whose price is subtracted")
    by: str | None = Field(default=None, max_length=10, description="odds: any close up to this day")
    on: str | None = Field(default=None, max_length=10, description="odds: the price on this day")
    average: str | None = Field(
        default=None, max_length=7, description="odds: average of a month or quarter, as 2026-12, 2026-Q4"
    )
    chance: float | None = Field(default=None, gt=0, lt=1, description="odds: a message is sent when the chance exceeds it")
    quiet: str | None = Field(
        default=None,
        max_length=11,
        description="hours without messages, in the schedules' zone; they are sent at the end",
        examples=["22:00-07:00"],
    )


class Watch(NewWatch):
    """A price watch and its present state."""

    id: str = Field(examples=["0123456789ab"])
    created_at: str = Field(examples=["2026-11-21T08:00:00Z"])
    holds: bool | None = Field(description="whether its condition is true now; null: not known, see problem", examples=[False])
    value: float | None = Field(description="the price, chance or margin that it is about", examples=[571.25])
    problem: str | None
    simulated: bool


class Watches(Shape):
    """The watches of a key."""

    simulated: bool
    most: int = Field(description="largest number per key", examples=[20])
    watches: list[Watch]


class Schedule(Shape):
    """A schedule of Dagster's."""

    name: str = Field(examples=["daily_data_update"])
    cron: str = Field(examples=["0 2 * * *"])
    time_zone: str | None = Field(examples=["America/Mexico_City"])
    running: bool = Field(examples=[True])
    last_tick_at: str | None = Field(examples=["2026-11-21T08:00:00Z"])
    last_tick_status: str | None = Field(examples=["SUCCESS"])
    next_tick_at: str | None = Field(examples=["2026-11-22T08:00:00Z"])


class Run(Shape):
    """A run of Dagster's."""

    id: str = Field(examples=[RUN])
    job: str = Field(examples=["daily_data_update"])
    status: str = Field(examples=["SUCCESS"])
    url: str = Field(examples=[RUN_URL])
    created_at: str | None = Field(examples=["2026-11-21T08:00:01Z"])
    started_at: str | None = Field(examples=["2026-11-21T08:00:03Z"])
    ended_at: str | None = Field(examples=["2026-11-21T08:02:10Z"])


class Automation(Shape):
    """Schedules and the newest runs."""

    schedules: list[Schedule]
    runs: list[Run]


REFUSALS: dict[int, tuple[str, str, int | None]] = {
    400: ("The body cannot be read.", "There was an error parsing the body", None),
    401: ("The key is missing or wrong.", "a valid API key is needed in the header X-API-Key; steel keys create makes one", None),
    403: ("The key may not do this.", "this key may not operate; make one with steel keys create --scope operate", None),
    404: ("There is no such thing.", "there is no such market; there are hrc_us_midwest, rebar_fob_turkey", None),
    406: ("It is answered in no form that is asked for.", "this is answered as application/json or text/csv", None),
    409: ("A run of this job is not finished.", "weekly_retraining is already running (run 82c78490, started)", 60),
    413: ("The request's body is too large.", "a request may carry at most 64 KiB", None),
    415: ("The body is of another type.", "the request comes as application/json", None),
    422: ("A parameter is not valid.", "start: write a day as 2026-11-20", None),
    429: ("The key's requests of this hour are used up.", "more than 100 requests this hour; try again in 1260 s", 1260),
    503: ("There is nothing to answer from yet, or a part is away.", "no forecast was published yet; run make demo", 60),
}
"""Status → its meaning, an example of its message, and of the seconds after which to try again."""


def shown(shape: type[Shape], status: int = 200, **more: Any) -> dict[int | str, dict[str, Any]]:
    """The OpenAPI documentation of an answer of this shape, for FastAPI, with its example."""
    return {status: {"content": {"application/json": {"example": example(shape)}}, **more}}


def refusals(*codes: int) -> dict[int | str, dict[str, Any]]:
    """The documented errors of a route."""
    return {code: _refusal(code, *REFUSALS[code]) for code in codes}


def _refusal(code: int, meaning: str, message: str, retry_after: int | None) -> dict[str, Any]:
    error = Error(error=CODES[code], message=message, status_code=code, retry_after=retry_after)
    content = {"application/json": {"example": error.model_dump()}}
    found: dict[str, Any] = {"model": Error, "description": meaning, "content": content}
    if retry_after is not None:
        found["headers"] = {"Retry-After": {"description": "seconds", "schema": {"type": "integer"}}}
    return found
