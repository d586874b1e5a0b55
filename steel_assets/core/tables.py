"""Every table that the platform writes: columns, types, units and keys, checked on each write.

Only schemas are here. Warehouse DDL, Dagster's column schemas and the documentation are derived from them.
"""

from __future__ import annotations

from dataclasses import replace

from steel_assets.core.table_schema import Column, Table
from steel_assets.core.types import QUANTILE_COLUMNS

OBSERVATIONS = Table(
    name="observations",
    description="All observations ever collected, all vintages, append-only.",
    columns=(
        Column("series", "string", "identifier of the series in the catalogue"),
        Column("period", "date", "period of the value: a trading day, or the first day of a week or month"),
        Column("value", "float", "the figure, in the series' own unit"),
        Column("published_at", "timestamp", "when it was published"),
        Column("collected_at", "timestamp", "when it was collected"),
        Column("source", "string", "the provider that sent it, or file_import"),
        Column("simulated", "bool", "True for everything that comes from the sandbox"),
    ),
    key=("series", "period", "published_at", "collected_at"),
)

MARKET_DAILY = Table(
    name="market_daily",
    description="A market's price on each trading day, in the target's unit; of a weekly or monthly market by the "
    "first day of its week or month.",
    columns=(
        Column("market", "string", "identifier of the market"),
        Column("date", "date", "trading day on the market's calendar"),
        Column("price", "float", "price of the target", unit="target unit"),
        Column("known_at", "timestamp", "when this price was known"),
        Column("unit", "string", "unit of price, for example USD/t"),
        Column("simulated", "bool", "True when any input was simulated"),
    ),
    key=("market", "date"),
)

_PERIOD_COLUMNS = (
    Column("market", "string", "identifier of the market"),
    Column("period", "date", "first day of the period"),
    Column("first", "float", "first price of the period", unit="target unit"),
    Column("high", "float", "highest price", unit="target unit"),
    Column("low", "float", "lowest price", unit="target unit"),
    Column("last", "float", "last price of the period", unit="target unit"),
    Column("mean", "float", "average price", unit="target unit"),
    Column("days", "int", "trading days with a price"),
    Column("unit", "string", "unit of the prices"),
    Column("simulated", "bool", "True when any input was simulated"),
)

MARKET_WEEKLY = Table("market_weekly", "A market's price by week (Monday to Sunday).", _PERIOD_COLUMNS, key=("market", "period"))
MARKET_MONTHLY = Table("market_monthly", "A market's price by calendar month.", _PERIOD_COLUMNS, key=("market", "period"))

DATA_QUALITY = Table(
    name="data_quality",
    description="Data quality of every series that a market reads, each part in 0-1.",
    columns=(
        Column("date", "date", "day of the assessment"),
        Column("market", "string", "identifier of the market"),
        Column("series", "string", "the series assessed"),
        Column("critical", "bool", "True when the market's forecasts require it"),
        Column("completeness_score", "float", "share of expected periods present"),
        Column(
            "freshness_score", "float", "1 when no period is missed by the series' own calendar; lower with each missed period"
        ),
        Column("validity_score", "float", "share of valid values"),
        Column("consistency_score", "float", "share of periods on whose value duplicates and sources agree"),
        Column("outlier_score", "float", "share of moves within 8 robust standard deviations"),
        Column("quality_score", "float", "product of the five parts"),
        Column("newest_period", "date", "newest period known", nullable=True),
        Column("created_at", "timestamp", "when this row was written"),
    ),
    key=("date", "market", "series"),
    partition_by="date",
    cluster_by=("market",),
)

BACKTEST = Table(
    name="backtest",
    description="One row per model, origin and horizon, each computed only from what was known at its origin.",
    columns=(
        Column("market", "string", "identifier of the market"),
        Column("model", "string", "model family, or champion: what the platform would have issued"),
        Column("origin", "date", "last trading day whose close the forecast knows"),
        Column("target_date", "date", "h-th trading day after the origin, on the market's calendar"),
        Column("h", "int", "horizon", unit="business days"),
        Column("age", "int", "age of last at the origin: 0, or the number of withheld prices", unit="trading days"),
        Column("y", "float", "price on target_date; empty where there is none", unit="target unit", nullable=True),
        Column("last", "float", "last price known at the origin", unit="target unit"),
        Column("p", "float", "point forecast", unit="target unit"),
        *(Column(name, "float", f"quantile {int(name[1:])} %", unit="target unit") for name in QUANTILE_COLUMNS),
    ),
    key=("market", "model", "origin", "h"),
)

FORECASTS = Table(
    name="forecasts",
    description="Every forecast published. Where the market is weekly or monthly, business days are its weeks or months, "
    "dated on their first day.",
    columns=(
        Column("issued_date", "date", "day of issue in America/Mexico_City"),
        Column("as_of", "timestamp", "moment up to which data was read"),
        Column("market", "string", "identifier of the market"),
        Column("horizon", "int", "business days ahead of the origin", unit="business days"),
        Column("origin", "date", "last trading day whose close was published"),
        Column("target_date", "date", "trading day that is forecast"),
        Column("last_price", "float", "last price known (the naive forecast)", unit="target unit"),
        Column("predicted_price", "float", "point forecast", unit="target unit"),
        *(Column(name, "float", f"quantile {int(name[1:])} %", unit="target unit") for name in QUANTILE_COLUMNS),
        Column("unit", "string", "unit of all prices in the row"),
        Column("model_confidence", "float", "0-1, from measured coverage and skill; falls with the age of last_price"),
        Column("model_version", "string", "version of the champion that issued it"),
        Column("model_family", "string", "model family of that version"),
        Column("data_as_of", "date", "trading day of last_price"),
        Column("simulated", "bool", "True when the data is simulated"),
        Column("created_at", "timestamp", "when this row was written"),
        Column(
            "age_sessions",
            "int",
            "from data_as_of to the origin; 0 is fresh, empty in rows of older releases",
            unit="trading days",
            nullable=True,
            added=True,
        ),
        Column(
            "aged_drivers",
            "string",
            "drivers whose newest value is overdue, as series=day of that value, comma-separated",
            nullable=True,
            added=True,
        ),
    ),
    key=("as_of", "market", "horizon"),
    partition_by="issued_date",
    cluster_by=("market",),
)

REPLAYED_FORECASTS = replace(
    FORECASTS,
    name="replayed_forecasts",
    description="Forecasts of days that were over: what would have been said from what was known then, by the models in force "
    "then. They were never issued, replace nothing that was, and enter no score of issued forecasts.",
)

EXPERIMENT_FORECASTS = Table(
    name="experiment_forecasts",
    description="Forecasts of the variants of experiments, made in the shadow of those published: from the same history, at the "
    "same moment. They enter no score of issued forecasts; nobody is answered with them but a declared share of the API keys.",
    columns=(Column("experiment", "string", "identifier of the experiment"), *FORECASTS.columns),
    key=("experiment", *FORECASTS.key),
    partition_by="issued_date",
    cluster_by=("experiment", "market"),
)

EXPERIMENT_VERDICTS = Table(
    name="experiment_verdicts",
    description="Where each experiment stood on each day of a look. A row that is won, harmful or inconclusive is its last.",
    columns=(
        Column("experiment", "string", "identifier of the experiment"),
        Column("date", "date", "day of the evaluation, in America/Mexico_City"),
        Column("state", "string", "collecting, won, harmful, inconclusive or stopped"),
        Column("family", "string", "model family of the variant"),
        Column("metric", "string", "what is compared: pinball or absolute_error"),
        Column("n", "int", "pairs of forecasts whose price is known", unit="pairs"),
        Column(
            "mean_gain", "float", "mean loss of the champion minus the variant's, as a share of the last price", nullable=True
        ),
        Column("gain_share", "float", "the same as a share of the champion's mean loss", nullable=True),
        Column("evidence_better", "float", "capital from betting that the variant is better; 1 is no evidence"),
        Column("evidence_worse", "float", "capital from betting that it is worse; 1 is no evidence"),
        Column("threshold", "float", "evidence that decides: 2 / level"),
        Column("simulated", "bool", "True when the data is simulated"),
        Column("created_at", "timestamp", "when this row was written"),
    ),
    key=("experiment", "date"),
    partition_by="date",
    cluster_by=("experiment",),
)

EXPLANATIONS = Table(
    name="explanations",
    description="What each driver moved a published forecast away from the last price. Those of one forecast and model version "
    "add up to predicted_price - last_price; a forecast that is the last price has none.",
    columns=(
        Column("issued_date", "date", "day of issue in America/Mexico_City"),
        Column("as_of", "timestamp", "moment up to which data was read"),
        Column("market", "string", "identifier of the market"),
        Column("horizon", "int", "business days ahead of the origin", unit="business days"),
        Column("driver", "string", "a series, or forward_curve, own_price, calendar, volatility, long_run_trend, caution, other"),
        Column("contribution", "float", "how far it moved the forecast", unit="target unit"),
        Column("model_version", "string", "version of the champion that issued the forecast"),
        Column("model_family", "string", "model family of that version"),
        Column("simulated", "bool", "True when the data is simulated"),
        Column("created_at", "timestamp", "when this row was written"),
    ),
    key=("as_of", "market", "horizon", "driver"),
    partition_by="issued_date",
    cluster_by=("market",),
)

PROMOTIONS = Table(
    name="promotions",
    description="Every decision about a candidate model, with its reason.",
    columns=(
        Column("decided_at", "timestamp", "moment of the decision"),
        Column("market", "string", "identifier of the market"),
        Column("horizon", "int", "horizon", unit="business days"),
        Column("candidate_version", "string", "version judged"),
        Column("candidate_family", "string", "its model family"),
        Column("champion_version", "string", "version it was judged against", nullable=True),
        Column("champion_family", "string", "its model family", nullable=True),
        Column("decision", "string", "promoted, rejected or rolled_back"),
        Column("reason", "string", "why, in words"),
        Column("candidate_mae", "float", "candidate on the window", unit="target unit", nullable=True),
        Column("champion_mae", "float", "champion re-scored on the same dates", unit="target unit", nullable=True),
        Column("naive_mae", "float", "last price on the same dates", unit="target unit", nullable=True),
        Column("created_at", "timestamp", "when this row was written"),
    ),
    key=("decided_at", "market", "horizon", "candidate_version"),
    partition_by="decided_at",
    cluster_by=("market",),
)

METRICS_DAILY = Table(
    name="metrics_daily",
    description="The mission's daily model, system and cost metrics.",
    columns=(
        Column("date", "date", "day measured"),
        Column("model_version", "string", "version in production"),
        Column("mape", "float", "mean absolute percentage error, as a share (0.05 is 5 %)", nullable=True),
        Column("r2_score", "float", "coefficient of determination", nullable=True),
        Column("rmse", "float", "root mean squared error", unit="target unit", nullable=True),
        Column("prediction_count", "int", "forecasts published that day"),
        Column(
            "avg_latency_ms",
            "float",
            "mean response time of the service in the 24 hours before; empty without requests",
            unit="ms",
            nullable=True,
        ),
        Column(
            "cost_usd", "float", "equal share of the day's estimated cost, which is the sum over rows", unit="USD", nullable=True
        ),
        Column("created_at", "timestamp", "when this row was written"),
        Column("market", "string", "identifier of the market"),
        Column("horizon", "int", "horizon", unit="business days"),
        Column("naive_mape", "float", "the last price's MAPE on the same dates", nullable=True),
        Column("coverage_90", "float", "share of prices inside the 90 % interval", nullable=True),
        Column("origins", "int", "forecasts scored"),
        Column("simulated", "bool", "True when the data is simulated"),
        Column("drift_score", "float", "the market's drift, 0-1: reached by two of features, returns and errors", nullable=True),
    ),
    key=("date", "market", "horizon"),
    partition_by="date",
    cluster_by=("market",),
)

DRIFT = Table(
    name="drift",
    description="Distance of a market's last sixty trading days to the two years before, compared with earlier such distances. "
    "Only a warning.",
    columns=(
        Column("date", "date", "trading day measured: the newest one of the sixty"),
        Column("market", "string", "identifier of the market"),
        Column("subject", "string", "features, returns, errors, or all: reached by two of the three"),
        Column("wasserstein", "float", "distance in standard deviations of the two years before", nullable=True),
        Column("psi", "float", "population stability index over the deciles of the two years before", nullable=True),
        Column(
            "score", "float", "share of its earlier distances that it exceeds, 0-1; empty while these are too few", nullable=True
        ),
        Column("drifted", "bool", "True when it exceeds nearly all earlier distances"),
        Column("simulated", "bool", "True when the data is simulated"),
        Column("created_at", "timestamp", "when this row was written"),
    ),
    key=("date", "market", "subject"),
    partition_by="date",
    cluster_by=("market",),
)

SYSTEM_METRICS = Table(
    name="system_metrics",
    description="How the platform itself does: service, machine, storage and cost. A figure that nobody measured is empty.",
    columns=(
        Column("measured_at", "timestamp", "moment measured"),
        Column("date", "date", "day it belongs to, in America/Mexico_City"),
        Column("requests", "int", "requests that the service answered in the 24 hours before"),
        Column("latency_ms", "float", "mean response time of the service", unit="ms", nullable=True),
        Column("latency_p99_ms", "float", "99th percentile of the response time", unit="ms", nullable=True),
        Column("requests_per_second", "float", "throughput of the service while it ran", unit="1/s", nullable=True),
        Column("availability_share", "float", "share of the measured time in which it could answer, 0-1", nullable=True),
        Column("error_share", "float", "requests that failed, 0-1", nullable=True),
        Column("service_cpu_share", "float", "share of one processor that the service used", nullable=True),
        Column(
            "service_memory_bytes", "float", "largest resident memory of a process of the service", unit="bytes", nullable=True
        ),
        Column("cpu_share", "float", "share of this machine's processors in use, 0-1", nullable=True),
        Column("memory_share", "float", "share of its memory in use, 0-1", nullable=True),
        Column("disk_share", "float", "share of its disk in use, 0-1", nullable=True),
        Column("stored_bytes", "int", "size of lake and warehouse", unit="bytes"),
        Column("forecast_ms", "float", "mean time to produce one published forecast", unit="ms", nullable=True),
        Column("cost_day_usd", "float", "estimated cost of the day so far", unit="USD", nullable=True),
        Column("cost_month_usd", "float", "estimated cost of its month so far", unit="USD", nullable=True),
        Column("cost_projection_usd", "float", "estimated cost of a month like the last thirty days", unit="USD", nullable=True),
        Column("cost_per_prediction_usd", "float", "estimated cost of the day per published forecast", unit="USD", nullable=True),
        Column("worked_share", "float", "efficiency: share of the day's run time in which a step was executed", nullable=True),
        Column("simulated", "bool", "True when the data is simulated"),
        Column("created_at", "timestamp", "when this row was written"),
    ),
    key=("measured_at",),
    partition_by="date",
)

PREDICTIONS_VS_REALITY = Table(
    name="predictions_vs_reality",
    description="Every published forecast whose day has come, beside what happened and the last price.",
    columns=(
        Column("prediction_date", "date", "trading day that was forecast"),
        Column("predicted_price", "float", "published forecast", unit="target unit"),
        Column("actual_price", "float", "actual price", unit="target unit"),
        Column("error_absolute", "float", "|predicted - actual|", unit="target unit"),
        Column("error_percentage", "float", "100 × |predicted - actual| / actual", unit="percent"),
        Column("model_version", "string", "version that issued it"),
        Column("created_at", "timestamp", "when this row was written"),
        Column("market", "string", "identifier of the market"),
        Column("horizon", "int", "horizon", unit="business days"),
        Column("issued_date", "date", "day of issue"),
        Column("last_price", "float", "last price known at the issue (the naive forecast)", unit="target unit"),
        Column("q05", "float", "lower end of the 90 % interval", unit="target unit"),
        Column("q95", "float", "upper end of the 90 % interval", unit="target unit"),
        Column("simulated", "bool", "True when the data is simulated"),
    ),
    key=("issued_date", "market", "horizon"),
    partition_by="prediction_date",
    cluster_by=("market",),
)

ALERTS = Table(
    name="alerts",
    description="Every alert, reminder and recovery that was sent or waits to be sent.",
    columns=(
        Column("event_id", "string", "identifier of the message, the same for every channel"),
        Column("incident_id", "string", "incident that the message is about"),
        Column("kind", "string", "opened, escalated, reminder, recovered or notice"),
        Column("rule", "string", "alert rule of the catalogue"),
        Column("subject", "string", "what it is about: a market, an asset and its check, a job"),
        Column("severity", "string", "low, medium, high or critical"),
        Column("told_at", "timestamp", "when the message was due"),
        Column("since", "timestamp", "start of the incident"),
        Column("value", "float", "the figure, where there is one", nullable=True),
        Column("text", "string", "what happened, in words"),
        Column("sent_over", "string", "channels that sent it"),
        Column("waiting_for", "string", "channels that have not sent it yet", nullable=True),
        Column("refused", "string", "channels that refused it, and why", nullable=True),
        Column("simulated", "bool", "True when the data is simulated"),
        Column("created_at", "timestamp", "when this row was written"),
    ),
    key=("event_id",),
    partition_by="told_at",
    cluster_by=("rule",),
)

WAREHOUSE_TABLES: tuple[Table, ...] = (
    METRICS_DAILY,
    PREDICTIONS_VS_REALITY,
    FORECASTS,
    REPLAYED_FORECASTS,
    EXPLANATIONS,
    PROMOTIONS,
    DATA_QUALITY,
    DRIFT,
    SYSTEM_METRICS,
    ALERTS,
    EXPERIMENT_FORECASTS,
    EXPERIMENT_VERDICTS,
)
"""The tables that live in the warehouse; the others live in the lake."""
