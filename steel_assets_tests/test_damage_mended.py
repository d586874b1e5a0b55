"""What follows from a damaged file: what is asked for again, what stands in, what is begun anew, and who is told."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pandas as pd
import pytest

from steel_assets.adapters.lake.damaged import Damage
from steel_assets.adapters.lake.damaged import Damaged as SetAside
from steel_assets.adapters.lake.snapshots import PublishedPart
from steel_assets.adapters.objects.checksummed import Damaged
from steel_assets.adapters.objects.object_store import ObjectStoreError
from steel_assets.assets.forecast import COMPLETE
from steel_assets.assets.sensors import damaged_files
from steel_assets.bootstrap import Platform
from steel_assets.bootstrap import platform as platform_of
from steel_assets.cli import health
from steel_assets.core.alerts.conditions import Condition
from steel_assets.core.plausible import BASELINE
from steel_assets.core.tables import FORECASTS
from steel_assets.operations import histories, issuing
from steel_assets.operations.candidates import family_of
from steel_assets.operations.collecting import collect
from steel_assets.operations.publication.parts import read_parts
from steel_assets.operations.repairs import refill
from steel_assets.serving.snapshot import Snapshot
from steel_assets.settings import Settings
from steel_assets_tests.assets.measured_world import checks, made_of
from steel_assets_tests.damaged_world import (
    MARKET,
    NOW,
    VERSION,
    copied,
    figures,
    issued,
    lived_through,
    platform_at,
)
from steel_assets_tests.damages import DAMAGES
from steel_assets_tests.loopback import Reply
from steel_assets_tests.operations.yahoo import GROUP, LATER, MOMENT, world
from steel_assets_tests.serving.sample import publish
from steel_assets_tests.steel import Steel


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that is not to be changed."""
    return lived_through(tmp_path_factory.mktemp("whole"))


@pytest.fixture
def home(whole: Path, tmp_path: Path) -> Path:
    return copied(whole, tmp_path)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which several markets were published; not to be changed."""
    home = tmp_path_factory.mktemp("published") / "home"
    publish(home)
    return home


def look_for_damage(parts: Platform) -> None:
    damaged_files.evaluate(parts.lake, parts.warehouse, parts.outbox, NOW.to_pydatetime())


@pytest.mark.parametrize("damage", [name for name in DAMAGES if name != "duplicate"])
def test_a_damaged_warehouse_is_begun_anew_told_and_filled_from_the_lake(home: Path, damage: str) -> None:
    parts = platform_at(home)
    parts.warehouse.upsert(FORECASTS, FORECASTS.enforce(parts.published.read(next(parts.store.list("predictions/daily/")))))
    before = parts.warehouse.count(FORECASTS)
    path = home / "warehouse.duckdb"
    path.write_bytes(DAMAGES[damage](path.read_bytes()))
    damaged = path.read_bytes()
    assert platform_at(home).warehouse.read(FORECASTS).empty
    [kept] = home.glob("warehouse.duckdb.damaged-*")
    assert kept.read_bytes() == damaged
    assert str(path) in str(platform_at(home).warehouse.lost())
    look_for_damage(platform_at(home))
    [incident] = platform_at(home).outbox.alert_state().open_incidents
    assert (incident.rule, incident.subject) == ("file_set_aside", "warehouse")
    begun = platform_at(home)
    assert "were written again" in str(refill(begun.lake, begun.warehouse, begun.published))
    assert platform_at(home).warehouse.count(FORECASTS) == before
    look_for_damage(platform_at(home))
    assert not platform_at(home).outbox.alert_state().open_incidents


def test_a_pointer_without_a_copy_and_a_model_without_another_cost_their_horizon_only(home: Path) -> None:
    before = issued(platform_at(home))
    for path in home.glob(f"lake/models/*/{MARKET}/h1/**/model.json"):
        path.write_bytes(DAMAGES["garbage"](b""))
    for path in home.glob(f"lake/models/production/{MARKET}/h5/pointer*.json"):
        path.write_bytes(DAMAGES["truncated"](path.read_bytes()))
    parts = platform_at(home)
    after = issued(parts)
    assert [(horizon, version) for horizon, version, _ in after] == [(1, BASELINE), (5, BASELINE)]
    history = histories.load(parts.catalog, parts.lake, MARKET)
    told = issuing.damaged_models(parts.models, history)
    assert "model.json" in told[1]
    assert "pointer.json" in told[5]
    assert family_of(parts.models, MARKET, 1, VERSION) == "naive", "its name says what it was"
    parts.models.give_up(MARKET, 5)
    assert parts.models.production(MARKET, 5) is None, "the next promotion is a first one"
    assert [damage.key for damage in parts.lake.damaged.all("models/")] == [f"models/production/{MARKET}/h5/pointer.json"]
    assert [price for *_, price in after] == [price for *_, price in before], "these champions say the last price too"


def test_a_damaged_market_leaves_the_pages_of_the_others_as_they_were(published: Path, tmp_path: Path) -> None:
    home = Path(shutil.copytree(published, tmp_path / "home"))
    before = pages(home)
    for name in ("processed-data/daily/scrap_turkey.parquet", "processed-data/daily/history/scrap_turkey/looked.json"):
        (home / "lake" / name).write_bytes(DAMAGES["garbage"](b""))
    after = pages(home)
    assert {part: told.problem for part, told in after.items() if told.problem} == {}
    assert "scrap_turkey" not in after["prices"].content
    for part in ("latest", "prices", "issues", "champions"):
        for market in ("rebar_fob_turkey", "iron_ore_62"):
            assert of_market(before[part].content, market) == of_market(after[part].content, market)


def of_market(content: Any, market: str) -> Any:
    return content[market] if isinstance(content, dict) else [row for row in content if row["market"] == market]


def pages(home: Path) -> dict[str, PublishedPart]:
    moment = pd.Timestamp.now("UTC").timestamp()
    return read_parts(platform_of(Settings(home=home)), moment, {})


@pytest.mark.parametrize("damage", ["truncated", "garbage", "wrong type", "empty"])
def test_what_a_damaged_raw_file_held_is_asked_for_again_and_told_once(tmp_path: Path, damage: str) -> None:
    with world(tmp_path) as market:
        first = collect(
            market.platform.catalog,
            market.platform.lake,
            market.platform.providers,
            market.platform.home,
            market.source,
            GROUP,
            MOMENT,
        )
        for closes in market.yahoo.closes.values():
            closes.loc[pd.Timestamp("2026-03-04")] = closes.iloc[-1]
        second = collect(
            market.platform.catalog,
            market.platform.lake,
            market.platform.providers,
            market.platform.home,
            market.source,
            GROUP,
            LATER,
        )
        whole = values(market.platform)
        for done, held in ((first, len(first.observations)), (second, len(second.observations))):
            path = tmp_path / "lake" / str(done.stored)
            path.write_bytes(DAMAGES[damage](path.read_bytes()))
            assert len(market.platform.lake.observations()) == len(whole) - held
            [open_one] = market.platform.lake.damaged.open()
            assert open_one.key == done.stored
            [told] = health.damaged(market.platform.store, market.platform.warehouse_lost, Snapshot(), pd.Timestamp.now("UTC"))
            assert str(done.stored) in told.text
            again = collect(
                market.platform.catalog,
                market.platform.lake,
                market.platform.providers,
                market.platform.home,
                market.source,
                GROUP,
                LATER + pd.Timedelta(hours=held % 7 + 1),
            )
            assert len(again.observations) == held
            assert f"{held} rows that were not known came" in again.damaged[0]
            assert values(market.platform) == whole
            assert market.platform.lake.damaged.open() == []
            for note in market.platform.lake.damaged.all():
                market.platform.store.delete(f"{note.kept}.json")
        assert collect(
            market.platform.catalog,
            market.platform.lake,
            market.platform.providers,
            market.platform.home,
            market.source,
            GROUP,
            LATER + pd.Timedelta(days=1),
        ).observations.empty


def test_a_provider_that_fails_is_asked_again_for_what_was_lost_until_it_answers(tmp_path: Path) -> None:
    with world(tmp_path) as market:
        done = collect(
            market.platform.catalog,
            market.platform.lake,
            market.platform.providers,
            market.platform.home,
            market.source,
            GROUP,
            MOMENT,
        )
        (tmp_path / "lake" / str(done.stored)).write_bytes(b"garbage")
        market.yahoo.bodies["HRC=F"] = Reply(b"no answer", 500)
        failed = collect(
            market.platform.catalog,
            market.platform.lake,
            market.platform.providers,
            market.platform.home,
            market.source,
            GROUP,
            LATER,
        )
        assert "asked for again at the next collection" in failed.damaged[0]
        assert [damage.key for damage in market.platform.lake.damaged.open()] == [done.stored]
        [open_one] = market.platform.lake.damaged.open()
        market.platform.store.put(f"{open_one.kept}.json", b"the note is damaged too")
        assert [damage.key for damage in market.platform.lake.damaged.open()] == [done.stored]
        del market.yahoo.bodies["HRC=F"]
        collect(
            market.platform.catalog,
            market.platform.lake,
            market.platform.providers,
            market.platform.home,
            market.source,
            GROUP,
            LATER + pd.Timedelta(hours=2),
        )
        assert market.platform.lake.damaged.open() == []


def test_damage_of_one_source_does_not_touch_the_collection_of_another(tmp_path: Path) -> None:
    with world(tmp_path) as market:
        stranger = "raw-data/fred-api/macro_us/2026/2026-03-01T080000Z-0123456789ab.parquet"
        market.platform.store.put(stranger, b"twelve bytes")
        (tmp_path / "lake" / stranger).with_name("a copy (1).parquet").write_bytes(b"twelve bytes")
        done = collect(
            market.platform.catalog,
            market.platform.lake,
            market.platform.providers,
            market.platform.home,
            market.source,
            GROUP,
            MOMENT,
        )
        assert done.problems == {}
        assert done.damaged == ()
        assert [damage.key for damage in market.platform.lake.damaged.open()] == [stranger]


def values(parts: Platform) -> dict[tuple[str, pd.Timestamp], float]:
    rows = parts.lake.observations()
    return dict(zip(zip(rows["series"], rows["period"], strict=True), rows["value"], strict=True))


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_book_of_alerts_is_begun_anew_and_says_so(home: Path, damage: str) -> None:
    parts = platform_at(home)
    path = home / "lake" / "alerts" / "state.json"
    path.write_bytes(DAMAGES[damage](path.read_bytes()))
    damaged = path.read_bytes()
    with pytest.raises(Damaged, match=r"state\.json"):
        parts.outbox.alert_state()
    condition = Condition(rule="failed_run", subject="x", firing=True, moment=NOW.to_pydatetime(), text="It failed.")
    parts.outbox.report([condition], NOW.to_pydatetime())
    assert {incident.rule for incident in parts.outbox.alert_state().open_incidents} == {"failed_run"}
    [kept] = parts.store.list("alerts/damaged/")
    assert parts.store.get(kept) == damaged


def test_a_store_that_does_not_let_a_damaged_file_go_is_told_once(home: Path, caplog: pytest.LogCaptureFixture) -> None:
    [path] = home.glob("lake/raw-data/fred-api/macro/*/*.parquet")
    path.write_bytes(b"twelve bytes")
    parts = platform_at(home)
    parts.lake.damaged = Undeleting(parts.store)  # type: ignore[misc]
    assert figures(parts) == figures(parts)
    assert path.exists()
    assert caplog.text.count("was damaged") == 1
    [one] = parts.lake.damaged.open()
    parts.lake.damaged.mend(one, NOW.to_pydatetime(), "asked again")
    assert "fred_api" not in figures(parts)
    assert parts.lake.damaged.open() == []


class Undeleting(SetAside):
    """What a bucket does whose raw data nobody may delete."""

    def set_aside(self, key: str, content: bytes, why: str) -> Damage | None:
        with patch.object(self._store, "delete", side_effect=ObjectStoreError("may not be deleted")):
            return super().set_aside(key, content, why)


def test_twelve_bytes_of_garbage_end_no_command(published: Path, tmp_path: Path) -> None:
    steel = Steel(tmp_path)
    shutil.copytree(published, tmp_path / ".steel")
    path = sorted((tmp_path / ".steel" / "lake" / "raw-data").glob("*/*/*/*.parquet"))[0]
    path.write_bytes(b"garbage here")
    key = path.relative_to(steel.lake).as_posix()
    issued = pd.Timestamp.now("UTC") - pd.Timedelta(hours=8)
    forecast = steel("forecast", "scrap_turkey", "--as-of", f"{issued:%Y-%m-%d}")  # computed, whatever is published
    assert f"{key} was damaged" in forecast.stderr
    status = steel("status", "--json")
    assert "Traceback" not in forecast.stderr + status.stderr
    told = [entry for area in json.loads(status.stdout)["areas"] for entry in area["why"]]
    assert [contribution["state"] for contribution in told if f"{key} was damaged" in contribution["text"]] == ["yellow"]


def test_a_damaged_model_fails_its_check_and_every_horizon_is_published(home: Path) -> None:
    for path in home.glob(f"lake/models/*/{MARKET}/h1/**/model.json"):
        path.write_bytes(DAMAGES["garbage"](b""))
    parts = platform_at(home)
    done = made_of(parts, "forecasts")
    assert done.success
    failed = {name: check.description for name, check in checks(done).items() if not check.passed}
    assert set(failed) == {f"forecasts: {COMPLETE}"}
    assert all("1 days ahead the last price stands in" in str(told) and "model.json" in str(told) for told in failed.values())
    rows = parts.warehouse.read(FORECASTS)
    assert dict(zip(rows["horizon"], rows["model_version"], strict=True)) == {1: BASELINE, 5: VERSION}
