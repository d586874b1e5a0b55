"""A platform that has published for a year, written through the real adapters: what the service is tried on."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Collection
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from steel_assets.adapters.lake.price_lookups import PriceLookup, write_lookup
from steel_assets.bootstrap import Platform, platform
from steel_assets.core.calendars import closures, issue_moments, publication_moments
from steel_assets.core.calendars import sessions as sessions_of
from steel_assets.core.experiments import Experiment
from steel_assets.core.history import build_history
from steel_assets.core.tables import (
    BACKTEST,
    DATA_QUALITY,
    DRIFT,
    EXPERIMENT_VERDICTS,
    EXPLANATIONS,
    FORECASTS,
    MARKET_DAILY,
    METRICS_DAILY,
    OBSERVATIONS,
    PREDICTIONS_VS_REALITY,
    PROMOTIONS,
)
from steel_assets.core.types import QUANTILE_COLUMNS
from steel_assets.operations import analysis, histories
from steel_assets.operations.candidates import validation_key
from steel_assets.operations.publishing import PublishingResult
from steel_assets.operations.publishing import publish as put
from steel_assets.settings import Settings
from steel_assets_tests.isolation import workplace

LEVELS = {
    "rebar_fob_turkey": 570.0,
    "rebar_shanghai": 470.0,
    "hrc_us_midwest": 820.0,
    "scrap_turkey": 360.0,
    "iron_ore_62": 104.0,
}
SCALES = np.array([-1.645, -1.282, -0.674, 0.0, 0.674, 1.282, 1.645])
DAYS = 220
WITH_A_HISTORY = "rebar_fob_turkey"
"""The market of which paths can be drawn, and whose past was analysed."""
HORIZONS = (1, 5, 21, 63)
TRIAL = Experiment.model_validate(
    {
        "id": "trial",
        "name": "A trial",
        "family": "drift",
        "markets": [WITH_A_HISTORY],
        "horizons": [1, 5],
        "start": "2026-01-01",
        "planned_days": 1500,
    }
)
"""Of which the publication tells; no key gets its forecasts."""


def publish(
    home: Path,
    today: pd.Timestamp | None = None,
    *,
    days: int = DAYS,
    markets: tuple[str, ...] = tuple(LEVELS),
    simulated: bool = True,
) -> Platform:
    """Write a year of prices, forecasts, scores, decisions and metrics under ``home``, the last issue on ``today``.

    Args:
        days: of trading, 120 at least, for decisions are that old.
        markets: the one with a history and ``scrap_turkey`` must be among them.
    """
    today = today or (pd.Timestamp.now("UTC") - pd.Timedelta(hours=8)).tz_localize(None).normalize()  # issued at 08:00
    shutil.copytree(_published_home(today, days, markets, simulated), home, dirs_exist_ok=True)
    return _opened(home, simulated=simulated)


def _opened(home: Path, *, simulated: bool) -> Platform:
    return platform(Settings(home=home, sources="sandbox" if simulated else "live"))


@lru_cache
def _published_home(today: pd.Timestamp, days: int, markets: tuple[str, ...], simulated: bool) -> Path:
    """The home of ``publish``, made once a process."""
    home = Path(tempfile.mkdtemp(prefix="steel-published-", dir=workplace()))
    parts = _opened(home, simulated=simulated)
    issued_at = (today + pd.Timedelta(hours=8)).tz_localize("UTC")
    sessions = pd.bdate_range(end=today - pd.Timedelta(days=1), periods=days)
    rng = np.random.default_rng(7)
    forecasts, reality, quality = [], [], []
    for market in markets:
        own = _sessions(parts, market, issued_at, days)
        prices = pd.Series(LEVELS[market] * np.exp(np.cumsum(rng.normal(0, 0.011, days))), index=own).round(2)
        _prices(parts, market, prices, simulated=simulated)
        issued = [
            row for place in range(days - 60, days) for row in _issue(parts, market, prices, place, rng, simulated=simulated)
        ]
        forecasts += issued
        reality.append(_reality(market, prices, rng, simulated=simulated))
        quality.append(_quality(parts, market, sessions[-1]))
        newest = FORECASTS.enforce(pd.DataFrame(issued[-len(HORIZONS) :]))
        day, moment = newest["issued_date"].iloc[0], newest["as_of"].iloc[0]
        key = f"predictions/daily/{day:%Y-%m-%d}/{market}-{moment:%Y%m%dT%H%M%SZ}.parquet"
        parts.lake.write(key, newest, FORECASTS)
        parts.lake.write(key.replace("/daily/", "/explanations/"), _explain(parts, newest, rng), EXPLANATIONS)
        if market == WITH_A_HISTORY:
            _remember(parts, market, prices, issued_at, simulated=simulated)
    parts.warehouse.upsert(DRIFT, _drift(markets, sessions, rng, simulated=simulated))
    parts.warehouse.upsert(FORECASTS, pd.DataFrame(forecasts))
    parts.warehouse.upsert(PREDICTIONS_VS_REALITY, pd.concat(reality, ignore_index=True))
    parts.warehouse.upsert(DATA_QUALITY, pd.concat(quality, ignore_index=True))
    parts.warehouse.upsert(METRICS_DAILY, _metrics(markets, sessions[-60:], rng, simulated=simulated))
    parts.warehouse.upsert(PROMOTIONS, _decide(parts, sessions))
    _collect(parts, sessions, rng, simulated=simulated)
    _try_a_variant(parts, sessions, simulated=simulated)
    put_in_force(experimenting_with(parts, TRIAL))
    return home


def experimenting_with(parts: Platform, *experiments: Experiment) -> Platform:
    """The same installation, whose catalogue declares ``experiments``."""
    declared = {experiment.id: experiment for experiment in experiments}
    return Platform(parts.settings, parts.catalog.model_copy(update={"experiments": declared}))


def put_in_force(parts: Platform) -> PublishingResult:
    """Publish what the lake and the warehouse hold now, as the last step of every job does."""
    return put(parts, parts.snapshots, pd.Timestamp.now("UTC").floor("s"))


def issue_again(parts: Platform, market: str, price: float, as_of: pd.Timestamp, *, publishing: bool = True) -> str:
    """One more forecast of ``market``, issued at ``as_of`` and published, or not yet; its key in the lake."""
    day = as_of.tz_convert("America/Mexico_City").tz_localize(None).normalize()
    prices = pd.Series([price], index=[day - pd.offsets.BDay(1)])
    rows = pd.DataFrame(_issue(parts, market, prices, 0, np.random.default_rng(1), simulated=True))
    rows["as_of"], rows["issued_date"], rows["predicted_price"] = as_of, day, rows["q50"]
    key = f"predictions/daily/{day:%Y-%m-%d}/{market}-{as_of:%Y%m%dT%H%M%SZ}.parquet"
    parts.lake.write(key, rows, FORECASTS)
    if publishing:
        put_in_force(parts)
    return key


def _sessions(parts: Platform, market: str, moment: pd.Timestamp, days: int) -> pd.DatetimeIndex:
    """The market's newest trading days whose price was published by ``moment``, and the look at them that a run keeps."""
    declared = parts.catalog.markets[market]
    every = sessions_of(declared.calendar, moment.tz_localize(None) - pd.Timedelta(days=2 * days), moment.tz_localize(None))
    known = every[_published(parts, market, every) <= moment][-days:]
    newest = f"{known[-1]:%Y-%m-%d}"
    ahead = moment.tz_localize(None).normalize() + pd.Timedelta(days=400)
    write_lookup(parts.store, market, PriceLookup(declared.calendar, *closures(declared.calendar, ahead), newest, newest))
    return known


def _published(parts: Platform, market: str, days: pd.DatetimeIndex) -> pd.DatetimeIndex:
    rule = parts.catalog.series[parts.catalog.markets[market].target.series].published
    return publication_moments(days, "daily", rule)


def _prices(parts: Platform, market: str, prices: pd.Series, *, simulated: bool) -> None:
    known = (prices.index + pd.Timedelta(hours=17)).tz_localize("UTC")
    frame = pd.DataFrame({"market": market, "date": prices.index, "price": prices.to_numpy(), "known_at": known})
    parts.lake.write(f"processed-data/daily/{market}.parquet", frame.assign(unit="USD/t", simulated=simulated), MARKET_DAILY)


def _remember(parts: Platform, market: str, prices: pd.Series, moment: pd.Timestamp, *, simulated: bool) -> None:
    """The history of ``prices`` as ``market_daily`` keeps it, and what ``market_analysis`` says of it."""
    declared, rules = parts.catalog.markets[market], parts.catalog.rules.schedules
    published = _published(parts, market, pd.DatetimeIndex(prices.index))
    rows = pd.DataFrame({"period": prices.index, "value": prices.to_numpy(), "published_at": published})
    rows = rows.assign(series=declared.target.series, collected_at=published, source="file-import", simulated=simulated)
    known = parts.catalog.market_series(market)
    history = build_history(OBSERVATIONS.enforce(rows), declared, known, moment, rules.issue_time, rules.tzinfo)
    histories.save(parts.lake, history)
    parts.lake.write(validation_key(market), walk_forward(market, prices, 0.4), BACKTEST)
    analysis.save(parts.lake, analysis.analysis(parts.catalog, history))


def walk_forward(market: str, prices: pd.Series, knows: float, seed: int = 3) -> pd.DataFrame:
    """Rows of a backtest of ``prices`` whose champion knew the share ``knows`` of what came, and was wrong beside."""
    rng, tables = np.random.default_rng(seed), []
    for horizon in HORIZONS:
        last, y = prices.to_numpy()[:-horizon], prices.to_numpy()[horizon:]
        middle = last + knows * (y - last) + rng.normal(0, 0.002 * np.sqrt(horizon), len(y)) * last
        spread = last * 0.0115 * np.sqrt(horizon)
        quantiles = {name: middle + scale * spread for name, scale in zip(QUANTILE_COLUMNS, SCALES, strict=True)}
        days = {"origin": prices.index[:-horizon], "target_date": prices.index[horizon:]}
        figures = {"y": y, "last": last, "p": middle, **quantiles}
        tables.append(pd.DataFrame({"market": market, "model": "champion", "h": horizon, "age": 0, **days, **figures}))
    return BACKTEST.enforce(pd.concat(tables))


def _issue(
    parts: Platform, market: str, prices: pd.Series, place: int, rng: np.random.Generator, *, simulated: bool
) -> list[dict[str, object]]:
    origin, last = prices.index[place], float(prices.iloc[place])
    rules = parts.catalog.rules.schedules
    published = _published(parts, market, pd.DatetimeIndex([origin]))
    as_of = issue_moments(published, rules.issue_time, rules.tzinfo)[0]
    rows = []
    for horizon in HORIZONS:
        middle = last * (1 + rng.normal(0.001, 0.004) * np.sqrt(horizon))
        spread = last * 0.0115 * np.sqrt(horizon)
        quantiles = dict(zip(QUANTILE_COLUMNS, middle + SCALES * spread, strict=True))
        rows.append(
            {
                "issued_date": as_of.tz_localize(None).normalize(),
                "as_of": as_of,
                "market": market,
                "horizon": horizon,
                "origin": origin,
                "target_date": origin + pd.offsets.BDay(horizon),
                "last_price": last,
                "predicted_price": middle,
                **quantiles,
                "unit": "USD/t",
                "model_confidence": 0.91 - 0.04 * np.log(horizon),
                "model_version": f"20260701-{market[:5]}-h{horizon}",
                "model_family": "ridge" if horizon < 20 else "roll_aware",
                "data_as_of": origin,
                "simulated": simulated,
                "created_at": as_of + pd.Timedelta(minutes=3),
            }
        )
    return rows


def _explain(parts: Platform, issued: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Ten causes of each forecast but the one 21 days ahead: some up, some down, adding up to the move."""
    market = parts.catalog.markets[str(issued["market"].iloc[0])]
    causes = ["forward_curve", "own_price", "calendar", "caution", *market.drivers[:6]]
    columns = ["issued_date", "as_of", "market", "horizon", "model_version", "model_family", "simulated", "created_at"]
    rows = []
    for row in issued[issued["horizon"] != 21].to_dict("records"):
        moved = row["predicted_price"] - row["last_price"]
        parts_of_it = rng.normal(0, 0.004 * row["last_price"], len(causes)) * np.geomspace(1.0, 0.05, len(causes))
        parts_of_it[0] += moved - parts_of_it.sum()
        about = {name: row[name] for name in columns}
        rows += [{**about, "driver": cause, "contribution": amount} for cause, amount in zip(causes, parts_of_it, strict=True)]
    return EXPLANATIONS.enforce(pd.DataFrame(rows))


def _drift(markets: Collection[str], sessions: pd.DatetimeIndex, rng: np.random.Generator, *, simulated: bool) -> pd.DataFrame:
    """Every fifth session, scrap another market for the last four of them; hrc was measured for the first time at the last."""
    rows = []
    for market in markets:
        wandering = np.cumsum(rng.normal(0, 0.06, (3, len(sessions))), axis=1)
        calm = 0.6 + 0.35 * np.sin(wandering)
        measured = range(0, len(sessions), 5)
        for place in measured[-1:] if market == "hrc_us_midwest" else measured:
            away = market == "scrap_turkey" and place >= len(sessions) - 20
            scores = dict(zip(("features", "returns", "errors"), calm[:, place], strict=True))
            scores |= {"features": 0.997, "returns": 0.999} if away else {}
            scores["all"] = sorted(scores.values())[1]
            rows += [
                {
                    "date": sessions[place],
                    "market": market,
                    "subject": subject,
                    "wasserstein": 0.3 + score / 2,
                    "psi": 0.1 + score / 4,
                    "score": score,
                    "drifted": away and subject != "errors",
                    "simulated": simulated,
                    "created_at": sessions[place].tz_localize("UTC"),
                }
                for subject, score in scores.items()
            ]
    return DRIFT.enforce(pd.DataFrame(rows))


def _reality(market: str, prices: pd.Series, rng: np.random.Generator, *, simulated: bool) -> pd.DataFrame:
    rows = []
    for horizon in HORIZONS:
        for place in range(20, len(prices) - horizon):
            last, actual = float(prices.iloc[place]), float(prices.iloc[place + horizon])
            predicted = last + 0.25 * (actual - last) + rng.normal(0, 0.003) * last
            spread = 1.645 * last * 0.0115 * np.sqrt(horizon)
            error = abs(predicted - actual)
            rows.append(
                {
                    "prediction_date": prices.index[place + horizon],
                    "predicted_price": predicted,
                    "actual_price": actual,
                    "error_absolute": error,
                    "error_percentage": 100 * error / actual,
                    "model_version": f"20260701-{market[:5]}-h{horizon}",
                    "created_at": (prices.index[place + horizon] + pd.Timedelta(days=1)).tz_localize("UTC"),
                    "market": market,
                    "horizon": horizon,
                    "issued_date": prices.index[place] + pd.Timedelta(days=1),
                    "last_price": last,
                    "q05": predicted - spread,
                    "q95": predicted + spread,
                    "simulated": simulated,
                }
            )
    return PREDICTIONS_VS_REALITY.enforce(pd.DataFrame(rows))


def _quality(parts: Platform, market: str, day: pd.Timestamp) -> pd.DataFrame:
    declared = parts.catalog.markets[market]
    rows = []
    for place, series in enumerate(declared.series_ids):
        completeness = 0.99 - 0.004 * place
        rows.append(
            {
                "date": day,
                "market": market,
                "series": series,
                "critical": place < 2,
                "completeness_score": completeness,
                "freshness_score": 1.0,
                "validity_score": 1.0,
                "consistency_score": 1.0,
                "outlier_score": 0.998,
                "quality_score": completeness * 0.998,
                "newest_period": day,
                "created_at": day.tz_localize("UTC"),
            }
        )
    return DATA_QUALITY.enforce(pd.DataFrame(rows))


def _try_a_variant(parts: Platform, sessions: pd.DatetimeIndex, *, simulated: bool) -> None:
    """Forty looks at an experiment whose evidence grows, in the market with a history."""
    looks = sessions[-40:]
    better = 1.06 ** np.arange(len(looks))
    rows = pd.DataFrame({"date": looks, "n": np.arange(len(looks)) + 10, "evidence_better": better, "evidence_worse": 1 / better})
    rows = rows.assign(experiment=TRIAL.id, state="collecting", family=TRIAL.family, metric=TRIAL.metric, threshold=40.0)
    rows = rows.assign(mean_gain=0.0004, gain_share=0.031, simulated=simulated, created_at=looks.tz_localize("UTC"))
    parts.warehouse.upsert(EXPERIMENT_VERDICTS, EXPERIMENT_VERDICTS.enforce(rows))


def _metrics(markets: Collection[str], days: pd.DatetimeIndex, rng: np.random.Generator, *, simulated: bool) -> pd.DataFrame:
    rows = [
        {
            "date": day,
            "model_version": f"20260701-{market[:5]}-h{horizon}",
            "mape": 0.0075 * np.sqrt(horizon) * rng.uniform(0.9, 1.1),
            "r2_score": 0.97 - 0.02 * np.log(horizon),
            "rmse": 7.5 * np.sqrt(horizon),
            "prediction_count": 1,
            "avg_latency_ms": 12.0,
            "cost_usd": rng.uniform(0.10, 0.13) / (len(markets) * len(HORIZONS)),
            "created_at": day.tz_localize("UTC") + pd.Timedelta(days=1),
            "market": market,
            "horizon": horizon,
            "naive_mape": 0.009 * np.sqrt(horizon),
            "coverage_90": 0.9,
            "origins": 250,
            "drift_score": 0.6,
            "simulated": simulated,
        }
        for day in days
        for market in markets
        for horizon in HORIZONS
    ]
    return METRICS_DAILY.enforce(pd.DataFrame(rows))


def _decide(parts: Platform, sessions: pd.DatetimeIndex) -> pd.DataFrame:
    """Two promotions, a rejection and a rollback at every horizon of two markets, in the ledger and in the model store."""
    rows = []
    moments = [(sessions[place] + pd.Timedelta(hours=9)).tz_localize("UTC") for place in (-120, -80, -40, -15)]
    steps = ("promoted", "promoted", "rejected", "rolled_back")
    for market in ("rebar_fob_turkey", "scrap_turkey"):
        for horizon in HORIZONS:
            first, second = f"20260601-{market[:5]}-h{horizon}", f"20260701-{market[:5]}-h{horizon}"
            names = (second, first, f"20260801-{market[:5]}-h{horizon}", second)
            for moment, step, name in zip(moments, steps, names, strict=True):
                pointer = parts.models.production(market, horizon)
                if step == "promoted":
                    parts.models.save_candidate(market, horizon, name, {"model.json": b"{}"}, {"family": "ridge"})
                    parts.models.promote(market, horizon, name, pointer, moment.to_pydatetime())
                elif step == "rolled_back" and pointer is not None:
                    parts.models.rollback(market, horizon, pointer, moment.to_pydatetime(), name)
                rows.append(
                    {
                        "decided_at": moment,
                        "market": market,
                        "horizon": horizon,
                        "candidate_version": name,
                        "candidate_family": "ridge",
                        "champion_version": pointer.version if pointer else None,
                        "champion_family": "ridge" if pointer else None,
                        "decision": step,
                        "reason": {
                            "promoted": "9 % smaller error than the last price on 250 days, and than the champion",
                            "rejected": "error 2.1 % larger than the champion's on the same 250 days",
                            "rolled_back": "coverage fell to 78 % after the promotion",
                        }[step],
                        "candidate_mae": 6.1,
                        "champion_mae": 6.3 if pointer else None,
                        "naive_mae": 6.9,
                        "created_at": moment,
                    }
                )
    return PROMOTIONS.enforce(pd.DataFrame(rows))


def _collect(parts: Platform, sessions: pd.DatetimeIndex, rng: np.random.Generator, *, simulated: bool) -> None:
    for place, source in enumerate(source for source in parts.catalog.sources.values() if source.kind == "api"):
        collected = (sessions[-1] + pd.Timedelta(days=1, hours=8, minutes=place)).tz_localize("UTC")
        series = parts.catalog.series_of(source.id)
        rows = [
            {
                "series": declared.id,
                "period": sessions[-1],
                "value": 18.42 if declared.id == "usdmxn" else float(rng.uniform(50, 150)),
                "published_at": collected - pd.Timedelta(hours=1),
                "collected_at": collected,
                "source": source.id,
                "simulated": simulated,
            }
            for declared in series
        ]
        for group in source.groups:
            mine = [row for row, entry in zip(rows, series, strict=True) if entry.group == group]
            if mine:
                parts.lake.append_observations(OBSERVATIONS.enforce(pd.DataFrame(mine)), source.folder, group)
