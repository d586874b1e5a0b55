"""A tick of a schedule as several runs: six markets, two a run, give what one run of all gives; each is asked for once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest

from steel_assets.assets.jobs import WRAP_UP
from steel_assets.assets.resources import resources
from steel_assets.assets.runs import run_job
from steel_assets.assets.sensors import failed_runs
from steel_assets.assets.shards import (
    COLLECTION,
    LATEST,
    PART_TAG,
    PARTS_TAG,
    PLACES_TAG,
    TICK_TAG,
    WILL_RETRY_TAG,
    due_after_collection,
    shards,
)
from steel_assets.assets.system import runs_of
from steel_assets.bootstrap import Platform, catalog
from steel_assets.core.tables import FORECASTS, METRICS_DAILY, WAREHOUSE_TABLES
from steel_assets.definitions import definitions
from steel_assets.settings import Settings
from steel_assets_tests.assets.measured_world import installation
from steel_assets_tests.assets.sensors.world import materialise
from steel_assets_tests.core.synthetic import synthetic

MADE = synthetic(count=160, lived=0).of(curve=(), roll="none", drivers=("scrap",))
NOW = MADE.history().as_of
TICK = NOW.tz_convert(catalog().rules.schedules.zone).normalize().to_pydatetime()
MARKETS = ("f", "b", "d", "a", "c", "e")
JOB = "daily_data_update"
MEASURED = {"avg_latency_ms", "cost_usd"}
"""Columns that hold how long this very run took, and what that costs."""


@dataclass
class World:
    """A platform of six markets, of which so many are one run."""

    parts: Platform
    instance: dg.DagsterInstance

    def __post_init__(self) -> None:
        self.defs = definitions(installation(self.parts).reaching(NOW))
        self.repository = self.defs.get_repository_def()

    def ticked(self, job: str = JOB, tick: datetime = TICK) -> list[dg.RunRequest]:
        """What the schedule asks for at a tick."""
        context = dg.build_schedule_context(self.instance, tick, repository_def=self.repository)
        return list(self.repository.get_schedule_def(job).evaluate_tick(context).run_requests or [])

    def looked(self, sensor: str) -> list[dg.RunRequest]:
        """What the sensor asks for now."""
        context = dg.build_sensor_context(self.instance, repository_def=self.repository, sensor_name=sensor)
        return list(self.repository.get_sensor_def(sensor).evaluate_tick(context).run_requests or [])

    def run(self, job: str, request: dg.RunRequest) -> dict[str, str]:
        """One run as it was asked for; what failed in it."""
        report = run_job(
            self.defs,
            job,
            self.instance,
            resources(self.parts),
            NOW,
            only=request.asset_selection,
            given=dict(request.tags),
        )
        return report.failed_steps

    def wrap_up(self) -> bool:
        """Whether what sums up all markets was due; it was run then."""
        requests = self.looked(WRAP_UP)
        return [self.run(WRAP_UP, request) for request in requests] == [{}]


def world(home: Path, instance: dg.DagsterInstance, per_run: int | None) -> World:
    shipped = catalog()
    markets = {name: MADE.market.model_copy(update={"id": name, "name": name, "horizons": (1,)}) for name in MARKETS}
    schedules = shipped.rules.schedules.model_copy(update={"markets_per_run": per_run, "first_day": NOW.date()})
    rules = shipped.rules.model_copy(update={"schedules": schedules, "default_market": "a"})
    known = shipped.model_copy(update={"markets": markets, "series": {**shipped.series, **MADE.series}, "rules": rules})
    parts = Platform(Settings(home=home, sources="files"), known)
    parts.lake.append_observations(MADE.observations, "file-import", "files")
    return World(parts, instance)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as one:
        yield one


def test_six_markets_two_a_run_give_the_tables_of_one_run(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    with dg.DagsterInstance.ephemeral() as other:
        whole = world(tmp_path / "whole", other, None)
        [request] = whole.ticked()
        assert request.asset_selection is None
        assert run_job(whole.defs, JOB, other, resources(whole.parts), NOW).success
    parted = world(tmp_path / "parted", instance, 2)
    [collection] = parted.ticked()
    assert parted.looked(f"{JOB}_markets") == [], "nothing before the collection has ended"
    assert parted.run(JOB, collection) == {}
    assert not parted.wrap_up()
    requests = parted.looked(f"{JOB}_markets")
    assert [request.tags[PLACES_TAG] for request in requests] == ["a,b", "c,d", "e,f"]
    assert {key.path[0] for key in requests[0].asset_selection or ()} == {"a", "b"}
    for request in requests:
        assert not parted.wrap_up(), "what sums up all markets waits for the last of them"
        assert parted.run(JOB, request) == {}
    assert parted.wrap_up()
    assert not parted.wrap_up()
    assert (parted.looked(f"{JOB}_markets"), parted.ticked()) == ([], [collection]), "asked again, it asks for the same runs"
    measuring = parted.ticked("performance_monitoring")
    assert [request.tags[PLACES_TAG] for request in measuring] == ["a,b", "c,d", "e,f"], "it waits for no collection"
    assert len({request.run_key for request in [*measuring, *requests]}) == 3, "of one tick and the same markets"
    for table in WAREHOUSE_TABLES:
        one, three = (parts.warehouse.read(table) for parts in (whole.parts, parted.parts))
        kept = list(table.key) if table.name == "system_metrics" else [name for name in one if name not in MEASURED]
        order = list(table.key)
        one, three = (frame.sort_values(order).reset_index(drop=True) for frame in (one, three))
        pd.testing.assert_frame_equal(one[kept], three[kept], check_exact=True)
    for table in (FORECASTS, METRICS_DAILY):
        assert set(parted.parts.warehouse.read(table)["market"]) == set(MARKETS)
    lakes = [{key: parts.store.get(key) for key in parts.store.list("processed-data/")} for parts in (whole.parts, parted.parts)]
    assert lakes[0] == lakes[1] != {}


def ended(instance: dg.DagsterInstance, markets: tuple[str, ...], broken: str = "", tick: str = "2026-03-18") -> dg.DagsterRun:
    """A run of some markets that ended: each of two groups of assets, the market ``broken`` failed."""
    assets = [_prices(market, broken) for market in MARKETS]
    job = dg.Definitions(assets, jobs=[dg.define_asset_job(JOB)]).resolve_job_def(JOB)
    part = job.get_subset(asset_selection={dg.AssetKey([market, "market_daily"]) for market in markets})
    tags = {TICK_TAG: tick, PART_TAG: "+".join(markets), PARTS_TAG: "3", PLACES_TAG: ",".join(markets)}
    done = part.execute_in_process(instance=instance, tags=tags, raise_on_error=False)
    return done.dagster_run


def _prices(market: str, broken: str) -> dg.AssetsDefinition:
    @dg.asset(key=[market, "market_daily"])
    def prices() -> None:
        if market == broken:
            raise ValueError("the disk ate it")

    return prices


def test_a_market_that_failed_is_over_with_a_run_of_its_own_and_with_no_other(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    outbox = world(tmp_path, instance, 2).parts.outbox

    def wrong() -> list[str]:
        failed_runs.evaluate(instance, outbox, datetime.now(UTC) + timedelta(minutes=5))
        return [incident.subject for incident in outbox.alert_state().open_incidents]

    ended(instance, ("a", "b"), broken="b")
    assert wrong() == [f"{JOB}: b"]
    ended(instance, ("c", "d"))
    assert wrong() == [f"{JOB}: b"]
    ended(instance, ("b", "c"), tick="2026-03-19")
    assert wrong() == [], "the catalogue may have changed meanwhile: what counts is the market"
    ended(instance, ("a", "b"), broken="a", tick="2026-03-20")
    ended(instance, ("c", "d"), tick="2026-03-20")
    assert wrong() == [f"{JOB}: a"], "read late, after another run of the job succeeded"


def test_the_markets_of_a_collection_that_is_long_ago_or_was_cancelled_are_not_run(instance: dg.DagsterInstance) -> None:
    tags = {TICK_TAG: "2026-03-18", PART_TAG: COLLECTION}
    wanted = [dg.RunRequest(run_key=part, tags={PART_TAG: part}) for part in ("one", "two")]

    def asked(now: datetime) -> list[str | None]:
        found = due_after_collection(instance, JOB, lambda tick: wanted, now)
        return [request.run_key for request in found.run_requests or []] if isinstance(found, dg.SensorResult) else []

    materialise(instance, "raise", JOB, **tags)
    now = datetime.now(UTC)
    assert asked(now) == ["one", "two"], "a provider that failed stops no market"
    assert asked(now + LATEST + timedelta(minutes=1)) == []
    materialise(instance, "", JOB, **{TICK_TAG: "2026-03-18", PART_TAG: "one"})
    assert asked(now) == ["two"], "what a daemon that died had launched is not launched again"
    materialise(instance, "raise", JOB, **tags, **{WILL_RETRY_TAG: "true"})
    assert asked(now) == [], "its retry comes first"


@pytest.mark.parametrize(("count", "per_run", "sizes"), [(6, 2, [2, 2, 2]), (7, 3, [3, 3, 1]), (2, 5, [2])])
def test_shards_hold_each_market_once_and_are_named_by_what_they_hold(count: int, per_run: int, sizes: list[int]) -> None:
    markets = [f"market_{number}" for number in range(count)]
    found = shards(markets, per_run)
    assert [len(group) for group in found.values()] == sizes
    assert sorted(market for group in found.values() for market in group) == markets
    assert shards(reversed(markets), per_run) == found
    later = shards([*markets, "zinc"], per_run)
    assert {part for part, group in later.items() if "zinc" in group}.isdisjoint(found), "one that grew is another run"


def test_the_runs_of_a_day_are_all_counted_however_many_there_are(instance: dg.DagsterInstance) -> None:
    for _ in range(5):
        materialise(instance)
    zone = catalog().rules.schedules.tzinfo
    today = pd.Timestamp(datetime.now(zone).date())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("steel_assets.assets.system.PAGE", 2)
        assert len(list(runs_of(instance, today, zone))) == 5
