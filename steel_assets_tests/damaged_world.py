"""A platform in which every kind of file was written once, to be damaged."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta
from email.message import EmailMessage
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from steel_assets.adapters.alerts.acknowledgements import Acknowledging
from steel_assets.adapters.alerts.watches import WatchStore
from steel_assets.adapters.http.quota import FileLedger, Quota, RateLimits
from steel_assets.adapters.lake.quarantine import QuarantineStore
from steel_assets.adapters.lake.raw_compaction import compact
from steel_assets.assets.pictures import kept
from steel_assets.bootstrap import Platform, catalog
from steel_assets.catalog import Catalog
from steel_assets.core.alerts.conditions import Condition
from steel_assets.core.alerts.incidents import Silence
from steel_assets.core.alerts.tokens import token
from steel_assets.core.blocks import Block
from steel_assets.core.calendars import local_day
from steel_assets.core.fold_digests import SIZE
from steel_assets.core.forecast import bundle_to_files
from steel_assets.core.intervals import NORMAL_QUANTILES
from steel_assets.core.kept_folds import KeptFold
from steel_assets.core.models._search import EmbeddedSearch
from steel_assets.core.quarantine import held
from steel_assets.core.service_use import LATENCY_BUCKETS_MS, Minute, measurement_key, to_line
from steel_assets.core.tables import BACKTEST, EXPLANATIONS, FORECASTS
from steel_assets.core.training import baseline
from steel_assets.core.types import Search, VertexJobs
from steel_assets.operations import (
    automl,
    drop_state,
    experiment_switch,
    experimenting,
    feature_store,
    histories,
    issuing,
    kept_folds,
    panel,
)
from steel_assets.operations.candidates import CANDIDATES, validation_key
from steel_assets.operations.collection_records import note, note_block
from steel_assets.operations.importing import FileToImport, import_table, turn
from steel_assets.operations.mailing import send
from steel_assets.operations.publishing import publish
from steel_assets.operations.rewriting import set_aside
from steel_assets.operations.settled import note_settled
from steel_assets.settings import Settings
from steel_assets_tests.assets.measured_world import MARKET, lived, made_of
from steel_assets_tests.core.synthetic import synthetic
from steel_assets_tests.operations.experiment_world import TRIAL
from steel_assets_tests.watched import REBAR
from steel_assets_tests.watched import published as in_two_markets

NOW = pd.Timestamp("2026-11-20T18:00:00Z")
LINKS = b"signs links in messages"
IMPORTED, WITHDRAWN = "lme_scrap_m01", "lme_rebar_m01"
DAYS = pd.bdate_range("2024-01-02", periods=30)
ROW = {"string": "naive", "float": 1.0, "int": 1, "date": pd.Timestamp("2021-01-04")}
STOPPED = "another_trial"
VERSION = "20210101T0900Z-naive-0123abcd"


def copied(whole: Path, folder: Path) -> Path:
    """A home of one's own like ``whole``, that may be damaged."""
    home = Path(shutil.copytree(whole, folder / "home"))
    parts = platform_at(home)
    drop_state.save(parts.store, parts.drop_box, drop_state.DropState(notes={"x.csv": "no mapping"}), drop_state.DropState())
    return home


def lived_through(folder: Path) -> Path:
    """A home below ``folder`` in which one of every kind of file was written by the platform itself."""
    made = synthetic(count=300, lived=0)
    parts = lived(folder, made=made)
    rows = made.observations.assign(simulated=True, source="fred_api")
    parts.lake.append_observations(rows, "fred-api", "macro")
    other = rows[rows["series"] == "scrap"].assign(series="another", source="yahoo_finance")
    parts.lake.append_observations(other, "yahoo-finance", "steel_futures")
    _compacted(parts, rows)
    _imports(parts)
    history = histories.build(parts.catalog, parts.lake, MARKET, synthetic(count=300, lived=0).history().as_of)
    histories.save(parts.lake, history)
    made_of(parts, "market_features", "market_analysis")
    _models(parts, history)
    panel.rows_of(parts.catalog, parts.lake, MARKET, history.as_of.normalize().replace(day=1))
    shadowed(parts)
    _bought(parts, history)
    experiment_switch.stop(parts.store, STOPPED, NOW)
    _published(parts, history)
    _states(parts)
    publish(parts, parts.snapshots, NOW)
    return folder / "home"


def _compacted(parts: Platform, rows: pd.DataFrame) -> None:
    """Eight days of one provider, as one file."""
    row = rows[rows["series"] == "scrap"].head(1).assign(series="compacted", source="trading_economics")
    for number, day in enumerate(pd.date_range("2021-02-01", periods=8)):
        at = (day + pd.Timedelta(hours=8)).tz_localize("UTC")
        one = row.assign(period=day - pd.Timedelta(days=1), value=float(number), published_at=at, collected_at=at)
        parts.lake.append_observations(one, "trading-economics", "commodity_prices")
    for later in (0, 2):
        compact(parts.lake, (NOW + pd.Timedelta(hours=later)).to_pydatetime(), least=8)


def _bought(parts: Platform, history: Any) -> None:
    """A year's answers one day ahead, of a search on this machine."""
    terms = VertexJobs(horizons=(1,), since=history.origins[270].date(), budget_usd=1)
    search = EmbeddedSearch(Search(trials=1))
    plan = automl.planned(history, terms, search)
    automl.buy(parts.lake, history, feature_store.load(parts.lake, history), plan, search, lambda line: None)


def _models(parts: Platform, history: Any) -> None:
    known = feature_store.load(parts.lake, history)
    for horizon in history.market.horizons:
        files = bundle_to_files(baseline(history, known, horizon))
        about = {"family": "naive", "trained_as_of": history.as_of.isoformat()}
        parts.models.save_candidate(MARKET, horizon, VERSION, files, about)
        parts.models.promote(MARKET, horizon, VERSION, None, (history.as_of - pd.Timedelta(days=1)).to_pydatetime())
    said = {
        "market": MARKET,
        "as_of": history.as_of.isoformat(),
        "versions": dict.fromkeys(map(str, history.market.horizons), VERSION),
    }
    parts.store.put(f"{CANDIDATES}/{MARKET}.json", json.dumps(said).encode())
    walked = {column.name: ROW[column.dtype] for column in BACKTEST.columns}
    parts.lake.write(validation_key(MARKET), pd.DataFrame([walked]), BACKTEST)
    kept_folds.save(parts.lake, MARKET, 1, {b"a" * SIZE: KeptFold(NORMAL_QUANTILES, {b"b" * SIZE: 1.0}, b"{}")})
    scores = pd.DataFrame({"model": "champion", "h": [1, 5], "mae_ratio": [0.9, 0.8], "coverage_90": [0.9, 0.91]})
    parts.lake.write(f"predictions/validation/scores/{MARKET}.parquet", scores)


def shadowed(parts: Platform) -> list[tuple[int, str, float]]:
    """What the variant says from the stored history."""
    history = histories.load(parts.catalog, parts.lake, MARKET)
    day = local_day(history.as_of, parts.catalog.rules.schedules.tzinfo)
    begun = TRIAL.model_copy(update={"start": history.origins[0].date(), "planned_days": 1500, "horizons": (1,)})
    rows = experimenting.shadow(parts.catalog, parts.lake, parts.warehouse, parts.models, begun, MARKET, day).rows
    return [(int(row.horizon), str(row.model_version), round(float(row.predicted_price), 6)) for row in rows.itertuples()]


def _published(parts: Platform, history: Any) -> None:
    issued = issuing.issue_from(parts.catalog, parts.models, history, feature_store.load(parts.lake, history))
    for day in ("2021-01-04", "2021-01-05"):
        file = f"{day}/{MARKET}-{day.replace('-', '')}T080000Z.parquet"
        parts.published.write(f"predictions/daily/{file}", issued.forecasts, FORECASTS)
        parts.lake.write(f"predictions/explanations/{file}", issued.explanations, EXPLANATIONS)


def _imports(parts: Platform) -> None:
    for number, series in enumerate((IMPORTED, WITHDRAWN), 1):
        prices = pd.DataFrame({"period": DAYS, "value": [400.0 + day % 7 for day in range(30)]})
        offered = FileToImport(
            file=f"{number}.csv", sha256=f"{number:064d}", figures={series: prices}, by="ana", believe=True, simulated=True
        )  # fmt: skip
        done = import_table(parts.catalog, parts.lake, parts.imports, parts.home, offered, NOW + pd.Timedelta(minutes=number))
    with turn(parts.home):
        set_aside(
            parts.catalog, parts.lake, parts.imports, done.entry, "withdrawal", "wrong", "ana", NOW + pd.Timedelta(minutes=9)
        )


def _states(parts: Platform) -> None:
    source = parts.catalog.sources["fred_api"]
    note(parts.store, source, source.groups[0], NOW, ["x"], {}, {})
    send(parts.store, Taking(), lambda language, names: EmailMessage(), "2026-11-20", "es", NOW.to_pydatetime())
    note_settled(parts.catalog, parts.lake, parts.warehouse, MARKET, NOW)
    note_block(parts.store, source, Block(NOW, 1, NOW + pd.Timedelta(hours=9), "blocked"))
    at = f"{NOW - pd.Timedelta(minutes=5):%Y-%m-%dT%H:%MZ}"
    minute = Minute(at, "p", 5, 5, 0, 10.0, 4.0, (0,) * len(LATENCY_BUCKETS_MS) + (5,), 60.0, 1.0, 1)
    parts.store.put(measurement_key(at, "p"), (to_line(minute) + "\n").encode())
    condition = Condition(rule="test_message", subject="x", firing=True, moment=NOW.to_pydatetime(), text="A test.")
    parts.outbox.report([condition], NOW.to_pydatetime())
    parts.outbox.deliver({"log": parts.notifiers["log"]}, lambda: NOW.to_pydatetime(), "http://localhost")
    now = NOW.to_pydatetime()
    silence = Silence(id="s1", rule="drift", subject="*", start=now, until=now + timedelta(hours=1), reason="a test")
    parts.outbox.silence(silence, now, "ana")
    WatchStore(parts.store).add("local", {"kind": "level", "market": REBAR, "above": 640}, in_two_markets(), now)
    Acknowledging(parts.store, LINKS).leave(token(LINKS, "0" * 12, "slack", now), "ana", now)
    kept(parts.lake, NOW, parts.catalog.markets[MARKET], "forecast", "<svg/>")
    figure = parts.lake.observations(["another"]).head(1)
    QuarantineStore(parts.store).hold(held(figure, pd.Series(["odd"], index=figure.index)), "yahoo-finance", NOW)
    Quota(RateLimits(25), FileLedger(parts.settings.home / "quota" / "alpha_vantage.json"), clock=NOW.timestamp).wait()


class Taking:
    """A mail server that takes everything."""

    def readers(self, language: str) -> dict[str, tuple[str, ...]]:
        return {language: ("ana@example.com",)}

    def post(self, mail: EmailMessage, names: tuple[str, ...]) -> dict[str, str]:
        return {}


@cache
def declared() -> Catalog:
    """The shipped catalogue, in which one market is the synthetic one."""
    made, shipped = synthetic(count=300, lived=0), catalog()
    markets = {**shipped.markets, MARKET: made.market.model_copy(update={"id": MARKET})}
    return shipped.model_copy(update={"markets": markets, "series": {**shipped.series, **made.series}})


def platform_at(home: Path) -> Platform:
    """A platform of a new process."""
    return Platform(Settings(home=home), declared())


def figures(parts: Platform) -> dict[str, int]:
    """How many rows of each source there are."""
    return {str(name): int(count) for name, count in parts.lake.observations()["source"].value_counts().items()}


def issued(parts: Platform) -> list[tuple[int, str, float]]:
    history = histories.load(parts.catalog, parts.lake, MARKET)
    rows = issuing.issue_from(parts.catalog, parts.models, history, feature_store.load(parts.lake, history)).forecasts
    return [(int(row.horizon), str(row.model_version), round(float(row.predicted_price), 6)) for row in rows.itertuples()]
