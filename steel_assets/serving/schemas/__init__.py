"""The shapes of the API's responses and request bodies, each written once, by what they are about.

A response is made as one and documented by it, examples and all.
"""

from steel_assets.serving.schemas.alerts import Alert, Alerts
from steel_assets.serving.schemas.analysis import Analysis, Statement, Unsaid
from steel_assets.serving.schemas.automation import Automation, Launched, Run, Schedule
from steel_assets.serving.schemas.experiments import Experiment, ExperimentLook, Experiments
from steel_assets.serving.schemas.explanations import Driver, ExplainedTarget, Explanation, HorizonExplanation, SeriesBeneath
from steel_assets.serving.schemas.forecasts import (
    AgedDriver,
    ExchangeRate,
    Forecasts,
    HorizonForecast,
    Interval,
    Issue,
    Prediction,
    PredictionDetail,
    Quantiles,
    Staleness,
)
from steel_assets.serving.schemas.markets import Market, Markets, Region, RegionInShort, RegionMarket, Regions
from steel_assets.serving.schemas.models import Champion, Decision, Models, Switch
from steel_assets.serving.schemas.paths import Averages, FromPaths, Odds, PeriodAverage, PeriodDays, Spread
from steel_assets.serving.schemas.purchases import Fixings, Plan, PlannedCost, PlannedCosts, PlannedFixing, Purchase, PurchaseEdge
from steel_assets.serving.schemas.scores import DailyMetrics, HorizonScore, MetricsDaily, RollingScore, Scorecard, ScoredForecast
from steel_assets.serving.schemas.service import About, Health, Ready
from steel_assets.serving.schemas.watches import NewWatch, Watch, Watches

__all__ = [
    "About",
    "AgedDriver",
    "Alert",
    "Alerts",
    "Analysis",
    "Automation",
    "Averages",
    "Champion",
    "DailyMetrics",
    "Decision",
    "Driver",
    "ExchangeRate",
    "Experiment",
    "ExperimentLook",
    "Experiments",
    "ExplainedTarget",
    "Explanation",
    "Fixings",
    "Forecasts",
    "FromPaths",
    "Health",
    "HorizonExplanation",
    "HorizonForecast",
    "HorizonScore",
    "Interval",
    "Issue",
    "Launched",
    "Market",
    "Markets",
    "MetricsDaily",
    "Models",
    "NewWatch",
    "Odds",
    "PeriodAverage",
    "PeriodDays",
    "Plan",
    "PlannedCost",
    "PlannedCosts",
    "PlannedFixing",
    "Prediction",
    "PredictionDetail",
    "Purchase",
    "PurchaseEdge",
    "Quantiles",
    "Ready",
    "Region",
    "RegionInShort",
    "RegionMarket",
    "Regions",
    "RollingScore",
    "Run",
    "Schedule",
    "Scorecard",
    "ScoredForecast",
    "SeriesBeneath",
    "Spread",
    "Staleness",
    "Statement",
    "Switch",
    "Unsaid",
    "Watch",
    "Watches",
]
