"""Ten damages × every kind of file of the lake: it is named, set aside, told, and costs only itself."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from steel_assets.adapters.alerts.acknowledgements import left
from steel_assets.adapters.alerts.watches import WatchStore
from steel_assets.adapters.lake.lake import LakeError
from steel_assets.adapters.lake.price_lookups import read_lookup
from steel_assets.adapters.lake.quarantine import QuarantineStore
from steel_assets.adapters.lake.snapshots import parsed
from steel_assets.bootstrap import Platform
from steel_assets.cli.published import champions_scores
from steel_assets.core.service_use import summary
from steel_assets.operations import analysis, automl, drop_state, histories, kept_folds, panel
from steel_assets.operations.candidates import CANDIDATES, announced, backtest
from steel_assets.operations.collection_records import block, record
from steel_assets.operations.experiment_switch import stopped_since
from steel_assets.operations.importing import turn
from steel_assets.operations.mailing import deliveries
from steel_assets.operations.market_tables import read_daily
from steel_assets.operations.publication import explanations, forecasts
from steel_assets.operations.publication.warehouse import Tables
from steel_assets.operations.publishing import publish
from steel_assets.operations.repairs import mend_imports
from steel_assets.operations.service_measurements import service_minutes
from steel_assets.operations.settled import settled_until
from steel_assets_tests.assets.test_pictures import asked
from steel_assets_tests.damaged_world import (
    IMPORTED,
    LINKS,
    MARKET,
    NOW,
    STOPPED,
    WITHDRAWN,
    copied,
    figures,
    issued,
    lived_through,
    platform_at,
    shadowed,
)
from steel_assets_tests.damages import DAMAGES


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that is not to be changed."""
    return lived_through(tmp_path_factory.mktemp("whole"))


@pytest.fixture
def home(whole: Path, tmp_path: Path) -> Path:
    return copied(whole, tmp_path)


def frame(rows: pd.DataFrame) -> Any:
    return json.loads(rows.to_json(orient="split", date_format="iso"))


def history_of(parts: Platform) -> Any:
    found = histories.load(parts.catalog, parts.lake, MARKET)
    return [
        f"{found.as_of}",
        len(found.origins),
        frame(found.known),
        frame(found.periods),
        frame(found.newest),
        frame(found.prices),
    ]


def taught(parts: Platform) -> Any:
    """What a market lets the models of others learn from it."""
    month = histories.load(parts.catalog, parts.lake, MARKET).as_of.normalize().replace(day=1)
    rows = panel.rows_of(parts.catalog, parts.lake, MARKET, month)
    return rows and [[figure, *rows.inputs.sum(axis=1)] for figure in (len(rows.origins), float(np.nansum(rows.returns[1])))]


def daily(parts: Platform) -> Any:
    """A market's daily prices."""
    return frame(read_daily(parts.catalog, parts.lake, MARKET))


def drop_notes(parts: Platform) -> Any:
    """What is remembered of files in the drop folder."""
    return dict(drop_state.load(parts.store, parts.drop_box).notes)


def latest(parts: Platform) -> Any:
    found = forecasts.latest(parts, Tables(parts.warehouse, NOW.timestamp()))[MARKET]
    return found["rows"] and [row["predicted_price"] for row in found["rows"]]


def published_again(parts: Platform) -> Any:
    done = publish(parts, parts.snapshots, NOW + pd.Timedelta(hours=1))
    return list(done.forecasts), parsed(parts.snapshots.content(done.pointer))["latest"].content


def told_by_latest(parts: Platform) -> str:
    return " ".join(forecasts.latest(parts, Tables(parts.warehouse, NOW.timestamp()))[MARKET]["problems"])


def refused(read: Callable[[], Any]) -> str | None:
    """What an error says of a file that is written again by the next run; None when there is none."""
    try:
        read()
    except LakeError as error:
        return str(error).partition(":")[0]
    return None


def imported(parts: Platform) -> Any:
    with turn(parts.home):
        parts.lake.observations()
        mend_imports(parts.lake, parts.imports)
    return [sorted(parts.imports.imports()), frame(parts.lake.observations([IMPORTED, WITHDRAWN]).sort_values("period"))]


@dataclass(frozen=True)
class Kind:
    """A kind of file.

    Attributes:
        where: which files below the home, as a pattern; the first one is damaged.
        read: what is made of it.
        without: what is made of it where it is lost; None: the same as before, for it is worked out or fetched again.
        told: where else than among what was set aside the damage is told.
    """

    where: str
    read: Callable[[Platform], Any]
    without: Callable[[Any], Any] | None = None
    told: Callable[[Platform], str] | None = None


def less(source: str) -> Callable[[Any], Any]:
    return lambda before: {name: count for name, count in before.items() if name != source}


H = f"lake/processed-data/daily/history/{MARKET}"
P = f"lake/models/production/{MARKET}/h1"
NOTHING: Callable[[Any], Any] = lambda before: None  # noqa: E731
KINDS = {
    "raw figures": Kind("lake/raw-data/fred-api/macro/*/*.parquet", figures, less("fred_api")),
    "compacted figures": Kind("lake/raw-data/trading-economics/*/compacted/*.parquet", figures),
    "a note of what was scored": Kind("lake/state/scored/*.json", lambda parts: settled_until(
        parts.catalog, parts.lake, parts.warehouse, MARKET, NOW) and 1, NOTHING),
    "what the lake holds": Kind("lake/lake.json", lambda parts: parts.lake.simulated),
    "a market's values": Kind(f"{H}/known.parquet", history_of),
    "a market's periods": Kind(f"{H}/periods.parquet", history_of),
    "a market's newest values": Kind(f"{H}/newest.parquet", history_of),
    "a market's prices": Kind(f"{H}/prices.parquet", history_of),
    "withdrawals seen": Kind(f"{H}/withdrawals.json", history_of),
    "a look at prices": Kind(f"{H}/looked.json", lambda parts: read_lookup(parts.store, MARKET) and 1, NOTHING),
    "daily prices": Kind(f"lake/processed-data/daily/{MARKET}.parquet", daily),
    "an analysis": Kind("lake/processed-data/analysis/*.json", lambda parts: analysis.read(parts.store, MARKET) and 1, NOTHING),
    "features": Kind(f"lake/processed-data/daily/features/{MARKET}.parquet", issued),
    "kept folds": Kind(f"lake/{kept_folds.FOLDER}/{MARKET}/1.parquet", lambda parts: len(kept_folds.load(parts.lake, MARKET, 1)),
                       lambda _: 0),
    "what others learn from a market": Kind(f"lake/processed-data/monthly/panel/{MARKET}.parquet", taught),
    "a pointer": Kind(f"{P}/pointer.json", issued),
    "a model": Kind(f"{P}/versions/*/model.json", issued, told=lambda parts: "restored"),
    "a manifest": Kind(f"{P}/versions/*/manifest.json", issued, told=lambda parts: "restored"),
    "a variant's model": Kind("lake/experiments/*/*/1/*/model.json", shadowed, told=lambda parts: "fitted again"),
    "a variant's manifest": Kind("lake/experiments/*/*/1/*/manifest.json", shadowed, told=lambda parts: "fitted again"),
    "who stopped an experiment": Kind(
        "lake/state/experiments/*.json", lambda parts: stopped_since(parts.store, STOPPED) and 1, NOTHING),
    "a publication": Kind("lake/predictions/daily/2021-01-05/*", latest, told=told_by_latest),
    "an explanation": Kind(
        "lake/predictions/explanations/2021-01-05/*",
        lambda parts: explanations.read(parts, Tables(parts.warehouse)),
        told=lambda parts: "an older one explains",
    ),
    "which snapshot is in force": Kind("lake/published/current.json", published_again),
    "a published snapshot": Kind("lake/published/2*.json", published_again, told=lambda parts: "published again"),
    "an announcement of candidates": Kind(
        f"lake/{CANDIDATES}/{MARKET}.json",
        lambda parts: refused(lambda: announced(parts.lake, MARKET)),
        lambda before: f"{CANDIDATES}/{MARKET}.json is damaged",
        told=lambda parts: "in the error",
    ),
    "a walk-forward": Kind(
        "lake/predictions/validation/backtest/*",
        lambda parts: refused(lambda: backtest(parts.lake, MARKET)),
        lambda before: f"predictions/validation/backtest/{MARKET}.parquet is damaged",
        told=lambda parts: "in the error",
    ),
    "bought answers": Kind(
        "lake/predictions/automl/*", lambda parts: {h: len(found) for h, found in automl.load(parts.lake, parts.catalog.markets[
            MARKET]).items()}, lambda _: {}),
    "scores": Kind("lake/predictions/validation/scores/*", lambda parts: champions_scores(parts.store, MARKET) != {},
                   lambda _: False, told=lambda parts: "on stderr"),
    "a picture": Kind("lake/pictures/*/*.svg", lambda parts: [asked(parts.store, f"/lake/{key}").status_code for key in
                      parts.store.list("pictures/")], told=lambda parts: "shown as it is"),
    "raw figures of an import": Kind("lake/raw-data/file-import/files/*/*.parquet", imported),
    "claims of an import": Kind("lake/raw-data/file-import/imports/claims/*/*", lambda parts: [
        frame(parts.imports.claims(imported)) for imported in parts.imports.imports().values()]),
    "a withdrawal": Kind("lake/raw-data/file-import/imports/rewritten/*.json", imported),
    "held figures": Kind("lake/raw-data/yahoo-finance/quarantine/held/*",
                         lambda parts: len(QuarantineStore(parts.store).held("yahoo-finance")), lambda _: 0),
    "how a collection went": Kind("lake/state/collections/*/*.json", lambda parts: record(
        parts.store, parts.catalog.sources["fred_api"], parts.catalog.sources["fred_api"].groups[0]) and 1, NOTHING),
    "who blocks us": Kind("lake/state/blocks/*.json",
                          lambda parts: block(parts.store, parts.catalog.sources["fred_api"]) and 1, NOTHING),
    "which mails were sent": Kind("lake/state/morning-mail.json", lambda parts: deliveries(parts.store) and 1, NOTHING),
    "the drop folder's memory": Kind("lake/state/drop/*.json", drop_notes, lambda _: {}),
    "alerts told": Kind("lake/alerts/history/*/*.json", lambda parts: len(parts.outbox.history()), lambda _: 0),
    "what people did about alerts": Kind("lake/alerts/audit/*/*.json", lambda parts: len(parts.outbox.audit()), lambda _: 0),
    "who answered an alert": Kind("lake/alerts/acknowledge/*.json",
                                  lambda parts: len(list(left(parts.store, LINKS, NOW.to_pydatetime()))), lambda _: 0),
    "somebody's watches": Kind("lake/watches/*.json", lambda parts: len(WatchStore(parts.store).all()), lambda _: 0),
    "measurements": Kind(
        "lake/service/measurements/*/*.jsonl",
        lambda parts: summary(service_minutes(parts.store, NOW - pd.Timedelta(hours=1), NOW)).requests,
        lambda _: 0,
        told=lambda parts: "lines are left out",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def read_before(whole: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[Path, Any]]:
    """A home in which the files of a kind were read once, not to be changed, and what was made of them."""

    @cache
    def read(kind: str) -> tuple[Path, Any]:
        home = copied(whole, tmp_path_factory.mktemp("read"))
        made = KINDS[kind].read(platform_at(home))
        shutil.rmtree(home / "lake" / "state" / "drop")  # of this home's folder; ``copied`` writes what each copy remembers
        return home, made

    return read


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_file_costs_only_itself_and_is_named(
    read_before: Callable[[str], tuple[Path, Any]], tmp_path: Path, kind: str, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    case = KINDS[kind]
    read, before = read_before(kind)
    home = copied(read, tmp_path)
    path = sorted(home.glob(case.where))[0]
    whole = path.read_bytes()
    path.write_bytes(DAMAGES[damage](whole))
    bytes_then = path.read_bytes()
    after = case.read(platform_at(home))
    harmless = damage in ("duplicate", "other encoding") and after == before and not caplog.text
    assert harmless or after == (case.without(before) if case.without else before)
    assert after == case.read(platform_at(home)), "whoever reads it next sees the same"
    if case.told is not None:
        assert harmless or case.told(platform_at(home))
        return
    parts, key = platform_at(home), path.relative_to(home / "lake").as_posix()
    notes = [damage for damage in parts.lake.damaged.all() if damage.key == key]
    assert harmless or [parts.store.get(damage.kept) for damage in notes] == [bytes_then], "its bytes are kept"
    assert harmless or key in caplog.text
    assert caplog.text.count(f"{key} was damaged") <= 1, "told once"
