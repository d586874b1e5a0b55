"""The last asset of every job: what the service answers from, and red where not all of it is whole."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest

from steel_assets.adapters.alerts.watches import WatchStore
from steel_assets.adapters.lake.snapshots import parsed
from steel_assets.assets.jobs import FOLLOWED, WRAP_UP
from steel_assets.assets.publication import KEY
from steel_assets.assets.watches import KEY as WATCHES
from steel_assets.bootstrap import Platform
from steel_assets.core.tables import MARKET_DAILY
from steel_assets.operations.watching import in_force
from steel_assets_tests.assets.measured_world import MARKET, lived, made_of
from steel_assets_tests.watched import watch as declared


@pytest.fixture
def parts(tmp_path: Path) -> Platform:
    found = lived(tmp_path)
    assert made_of(found, "forecasts").success
    return found


def published(parts: Platform) -> dg.ExecuteInProcessResult:
    return made_of(parts, "publication")


def test_the_asset_says_what_it_put_in_force(parts: Platform) -> None:
    done = published(parts)
    assert done.success
    pointer = parts.snapshots.pointer()
    assert pointer is not None
    [told] = done.asset_materializations_for_node("publication")
    assert told.metadata["version"].value == pointer.version
    assert told.metadata["bytes"].value == pointer.bytes == len(parts.snapshots.content(pointer))
    assert MARKET in str(told.metadata["forecasts in force"].value)
    assert list(parsed(parts.snapshots.content(pointer))["latest"].content) == [MARKET]
    assert pd.Timestamp.now("UTC") - pointer.as_of < timedelta(minutes=5), "by the clock, whichever day the run replays"


def test_what_cannot_be_read_makes_the_run_fail_by_name_and_the_rest_is_in_force(parts: Platform) -> None:
    published(parts)
    path = next(parts.settings.lake_path.glob(f"predictions/daily/*/{MARKET}-*.parquet"))
    path.write_bytes(b"garbage")
    done = published(parts)
    assert not done.success
    [failure] = [event for event in done.all_events if event.is_step_failure]
    assert path.name in str(failure.step_failure_data.error)
    pointer = parts.snapshots.pointer()
    assert pointer is not None
    assert parsed(parts.snapshots.content(pointer))["latest"].content[MARKET]["rows"], "as it was published"


def test_watches_are_looked_at_after_it_and_what_became_true_waits_to_be_told_once(parts: Platform) -> None:
    published(parts)
    _, before = in_force(parts.snapshots)
    price = before.read(declared(above=1)).value
    watches = WatchStore(parts.store)
    for side, level in (("above", price + 1), ("below", price + 1)):
        watches.add("local", {"kind": "level", "market": MARKET, side: level}, before, datetime.now(UTC))
    parts.outbox.channels = frozenset({"log"})
    key = f"processed-data/daily/{MARKET}.parquet"
    daily = parts.lake.read(key, MARKET_DAILY.enforce)
    for expected in (0, 1, 0):
        [told] = made_of(parts, "price_watches").asset_materializations_for_node("price_watches")
        assert (told.metadata["watches"].value, told.metadata["notified"].value) == (2, expected)
        daily.loc[daily.index[-1], "price"] = price + 2
        parts.lake.write(key, daily, MARKET_DAILY)
        published(parts)
    [waiting] = parts.outbox.alert_state().queue
    assert waiting.event.subject == watches.of("local")[0].id
    assert waiting.event.simulated


def test_what_wraps_up_every_job_publishes_last() -> None:
    from steel_assets.definitions import defs

    loaded = defs()
    graph = loaded.resolve_asset_graph()
    assert KEY in loaded.resolve_job_def(WRAP_UP).asset_layer.executable_asset_keys
    assert graph.get(KEY).child_keys == {WATCHES}
    assert not graph.get(WATCHES).child_keys
    assert WATCHES in loaded.resolve_job_def(WRAP_UP).asset_layer.executable_asset_keys
    parents = {key.path[-1] for key in graph.get(KEY).parent_keys}
    assert parents == {"market_analysis", "forecasts", "metrics_daily"}
    for name in FOLLOWED:
        assert KEY not in loaded.resolve_job_def(name).asset_layer.executable_asset_keys, "a market that failed must not stop it"
