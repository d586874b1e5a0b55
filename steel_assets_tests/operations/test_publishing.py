"""Publishing: one snapshot with all that the service answers from, whole or not at all, whatever breaks meanwhile."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
from pydantic import SecretStr

from steel_assets.adapters.lake.snapshots import FOLDER, KEPT, POINTER, PublishedPart, SnapshotDamaged, SnapshotStore, parsed
from steel_assets.adapters.objects.object_store import LocalFolder, ObjectStoreError
from steel_assets.bootstrap import Platform, platform
from steel_assets.core.publication_parts import GONE
from steel_assets.core.tables import FORECASTS, METRICS_DAILY, PROMOTIONS
from steel_assets.operations.publishing import PublishingResult, publish
from steel_assets.settings import Settings
from steel_assets_tests.damages import DAMAGES
from steel_assets_tests.serving.sample import TRIAL, experimenting_with, issue_again
from steel_assets_tests.serving.sample import publish as lived_through

MARKET, OTHER = "rebar_fob_turkey", "scrap_turkey"
NOW = pd.Timestamp.now("UTC").floor("s")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which two markets were published; not to be changed."""
    home = tmp_path_factory.mktemp("whole") / "home"
    lived_through(home, days=120, markets=(MARKET, OTHER))
    return home


@pytest.fixture(scope="module")
def once_more(whole: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The same with one more published forecast of the market, and that one's key; not to be changed."""
    home = Path(shutil.copytree(whole, tmp_path_factory.mktemp("once-more") / "home"))
    return home, issue_again(at(home), MARKET, 571.0, NOW - pd.Timedelta(minutes=1))


@pytest.fixture(scope="module")
def many_times(whole: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with as many snapshots as are kept, and a forecast that is not published yet; not to be changed."""
    home = Path(shutil.copytree(whole, tmp_path_factory.mktemp("many-times") / "home"))
    for count in range(KEPT):
        issue_again(at(home), MARKET, 560.0 + count, NOW - pd.Timedelta(minutes=10 - count), publishing=False)
        published_now(at(home), later(count))
    issue_again(at(home), MARKET, 571.0, NOW - pd.Timedelta(minutes=1), publishing=False)
    return home


@pytest.fixture
def parts(whole: Path, tmp_path: Path) -> Platform:
    return at(Path(shutil.copytree(whole, tmp_path / "home")))


def at(home: Path, **more: Any) -> Platform:
    """The installation of ``home``, whose catalogue declares the experiment of which something was published."""
    return experimenting_with(platform(Settings(home=home, sources="sandbox", **more)), TRIAL)


def in_force(parts: Platform) -> dict[str, PublishedPart]:
    """The parts that are in force, as whoever has no key reads them."""
    snapshots = SnapshotStore(parts.store, None)
    pointer = snapshots.pointer()
    assert pointer is not None
    return parsed(snapshots.content(pointer))


def price(parts: Platform) -> float:
    return float(in_force(parts)["latest"].content[MARKET]["rows"][0]["predicted_price"])


def files(parts: Platform) -> dict[str, bytes]:
    return {key: parts.store.get(key) for key in parts.store.list(FOLDER)}


def later(hours: int) -> pd.Timestamp:
    return NOW + pd.Timedelta(hours=hours)


def published_now(parts: Platform, moment: pd.Timestamp) -> PublishingResult:
    """Everything of a home, published at ``moment``."""
    return publish(parts, parts.snapshots, moment)


def test_what_is_published_is_what_the_warehouse_holds_for_analysts(parts: Platform) -> None:
    published = in_force(parts)
    table = parts.warehouse.read(FORECASTS).sort_values("as_of").drop_duplicates(["market", "horizon"], keep="last")
    mine = {(row["market"], row["horizon"]): row for entry in published["latest"].content.values() for row in entry["rows"]}
    assert len(mine) == len(table)
    for row in table.to_dict("records"):
        told = mine[row["market"], row["horizon"]]
        assert [told[name] for name in ("predicted_price", "q05", "q95", "model_version")] == [
            row[name] for name in ("predicted_price", "q05", "q95", "model_version")
        ]
    assert len(published["metrics"].content) == parts.warehouse.count(METRICS_DAILY)
    assert len(published["ledger"].content) == parts.warehouse.count(PROMOTIONS)


def test_publishing_again_with_nothing_new_writes_nothing(parts: Platform) -> None:
    before = files(parts)
    done = published_now(parts, later(1))
    assert not done.changed
    assert done.failed is None
    assert files(parts) == before


def test_a_new_forecast_is_a_new_version_and_a_few_old_ones_are_kept(parts: Platform) -> None:
    versions = []
    for number in range(KEPT + 2):
        issue_again(parts, MARKET, 570.0 + number, NOW - pd.Timedelta(minutes=10 - number), publishing=False)
        done = published_now(parts, later(number))
        assert done.changed
        versions.append(done.pointer.version)
    kept = [f"{FOLDER}{version}.json" for version in versions[-KEPT:]]
    assert list(files(parts)) == [*kept, POINTER]
    assert done.pointer.former == tuple(reversed(versions[-KEPT:-1]))


def test_a_snapshot_that_another_process_is_about_to_put_in_force_is_not_pruned(parts: Platform) -> None:
    coming = f"{FOLDER}{later(100):%Y%m%dT%H%M%SZ}-{'a' * 12}.json"
    parts.store.put(coming, b"{}")
    issue_again(parts, MARKET, 571.0, NOW - pd.Timedelta(minutes=1))
    assert coming in files(parts)


class Dying(LocalFolder):
    """A folder whose process dies at the writing number ``at``, just before it or just after."""

    def __init__(self, root: Path, at: int, *, after: bool) -> None:
        super().__init__(root)
        self.left, self.after = at, after

    def put(self, key: str, content: bytes) -> None:
        self._perhaps(lambda: super(Dying, self).put(key, content))

    def delete(self, key: str) -> None:
        self._perhaps(lambda: super(Dying, self).delete(key))

    def _perhaps(self, write: Callable[[], None]) -> None:
        self.left -= 1
        if self.left or self.after:
            write()
        if not self.left:
            raise KeyboardInterrupt


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_process_that_dies_leaves_the_former_one_or_the_new_one_in_force_and_both_are_whole(
    many_times: Path, tmp_path: Path, number: int, after: bool
) -> None:
    parts = at(Path(shutil.copytree(many_times, tmp_path / "home")))
    before = price(parts)
    dying = at(parts.settings.home)
    dying.__dict__["store"] = Dying(parts.settings.lake_path, number, after=after)
    with pytest.raises(KeyboardInterrupt):
        published_now(dying, later(KEPT))
    switched = number > 2 or (number == 2 and after)
    assert (price(parts) != before) is switched
    assert published_now(at(parts.settings.home), later(KEPT + 1)).failed is None
    assert price(parts) != before
    assert len(files(parts)) <= KEPT + 2, "what was left lying is pruned, now or after the next one"


class Overtaken(LocalFolder):
    """A folder in which somebody else publishes just before our pointer is switched."""

    def __init__(self, root: Path, other: Callable[[], object]) -> None:
        super().__init__(root)
        self.other: Callable[[], object] | None = other

    def put_if(self, key: str, content: bytes, version: str | None) -> None:
        if self.other is not None:
            other, self.other = self.other, None
            other()
        super().put_if(key, content, version)


def test_who_is_overtaken_reads_again_so_that_nothing_newer_is_undone(parts: Platform) -> None:
    home = parts.settings.home
    issue_again(parts, MARKET, 571.0, NOW - pd.Timedelta(minutes=2), publishing=False)

    def other() -> None:
        issue_again(at(home), MARKET, 575.0, NOW - pd.Timedelta(minutes=1), publishing=False)
        published_now(at(home), later(2))

    slow = at(home)
    slow.__dict__["store"] = Overtaken(parts.settings.lake_path, other)
    done = published_now(slow, later(1))
    assert not done.changed, "read again, it is what the other one published"
    assert done.pointer == parts.snapshots.pointer()
    newest = max((home / "lake" / "predictions" / "daily").glob(f"*/{MARKET}-*.parquet"))
    assert price(parts) == pd.read_parquet(newest).sort_values("horizon")["predicted_price"].iloc[0]


def test_a_warehouse_that_is_held_costs_its_parts_their_news_and_says_so(parts: Platform) -> None:
    before = in_force(parts)
    issue_again(parts, MARKET, 571.0, NOW - pd.Timedelta(minutes=1), publishing=False)
    busy = at(parts.settings.home)
    busy.warehouse.retry_seconds = 0.1  # type: ignore[attr-defined]
    with duckdb.connect(parts.settings.warehouse_path):
        done = published_now(busy, later(1))
    assert {"ledger", "metrics", "scorecards", "quality"} <= set(done.problems)
    assert "latest" not in done.problems
    after = in_force(parts)
    assert price(parts) != before["latest"].content[MARKET]["rows"][0]["predicted_price"]
    assert after["metrics"].content == before["metrics"].content
    assert after["metrics"].read_at is not None
    assert "WarehouseBusy" in str(after["metrics"].problem)
    healed = published_now(parts, later(2))
    assert healed.failed is None
    assert in_force(parts)["metrics"].problem is None


def test_what_a_store_has_lost_stays_published_with_the_reason(parts: Platform) -> None:
    before = in_force(parts)
    (parts.settings.warehouse_path).unlink()
    done = published_now(at(parts.settings.home), later(1))
    assert done.problems["metrics"] == GONE
    assert in_force(parts)["metrics"].content == before["metrics"].content
    first = in_force(parts)["metrics"].read_at
    issue_again(parts, MARKET, 571.0, NOW - pd.Timedelta(minutes=1), publishing=False)
    published_now(at(parts.settings.home), later(2))
    assert in_force(parts)["metrics"].read_at == first, "when it was read last, however often it was published since"


@pytest.mark.parametrize("damage", [name for name in DAMAGES if name not in ("duplicate", "other encoding")])
def test_a_forecast_that_was_published_outlives_damage_to_its_file_but_not_its_removal(
    once_more: tuple[Path, str], tmp_path: Path, damage: str
) -> None:
    home, key = once_more
    parts = at(Path(shutil.copytree(home, tmp_path / "home")))
    path = parts.settings.lake_path / key
    published = price(parts)
    path.write_bytes(DAMAGES[damage](path.read_bytes()))
    done = published_now(parts, later(1))
    assert price(parts) == published
    assert path.name in done.passed_over[MARKET][0]
    assert path.name in str(done.failed)
    path.unlink()
    assert published_now(parts, later(2)).failed is None
    assert price(parts) != published


def test_a_forecast_of_later_than_now_is_not_published(parts: Platform) -> None:
    before = price(parts)
    key = issue_again(parts, MARKET, 571.0, NOW + pd.Timedelta(hours=3), publishing=False)
    done = published_now(parts, NOW)
    assert price(parts) == before
    assert key in done.passed_over[MARKET][0]
    assert "after now" in done.passed_over[MARKET][0]


@pytest.mark.parametrize("damage", [name for name in DAMAGES if name != "other encoding"])
@pytest.mark.parametrize("which", ["the pointer", "the snapshot"])
def test_a_damaged_publication_is_refused_by_name_and_published_again(parts: Platform, which: str, damage: str) -> None:
    pointer = parts.snapshots.pointer()
    assert pointer is not None
    before, path = in_force(parts), parts.settings.lake_path / (POINTER if which == "the pointer" else pointer.key)
    path.write_bytes(DAMAGES[damage](path.read_bytes()))
    with pytest.raises(SnapshotDamaged, match=rf"{path.name}.*steel publish"):
        in_force(parts)
    damaged = path.read_bytes()
    done = published_now(at(parts.settings.home), later(1))
    assert done.failed is None
    assert in_force(parts) == before
    kept = [parts.store.get(damage.kept) for damage in parts.lake.damaged.all() if damage.key == POINTER]
    assert kept == ([damaged] if which == "the pointer" else [])


def test_with_a_key_what_nobody_signed_is_neither_read_nor_handed_on(parts: Platform) -> None:
    key = SecretStr("a key of this installation")
    signing = at(parts.settings.home, signing_key=key)
    with pytest.raises(SnapshotDamaged, match=r"not signed.*steel publish"):
        signing.snapshots.pointer()
    done = published_now(signing, later(1))
    assert "is not signed" in str(done.passed_over[MARKET][0]), "the forecasts of before the key, too"
    assert MARKET not in done.forecasts
    assert signing.snapshots.pointer() == done.pointer == parts.snapshots.pointer()
    forged = json.loads(parts.store.get(POINTER))
    parts.store.put(POINTER, json.dumps(forged | {"version": done.pointer.version[:-1] + "0"}).encode())
    with pytest.raises(SnapshotDamaged):
        signing.snapshots.pointer()


def test_a_store_that_takes_nothing_says_so_and_the_former_one_stays(parts: Platform) -> None:
    before = files(parts)

    class Full(LocalFolder):
        def put(self, key: str, content: bytes) -> None:
            raise ObjectStoreError(f"{key} could not be written: No space left on device", "full")

    issue_again(parts, MARKET, 571.0, NOW - pd.Timedelta(minutes=1), publishing=False)
    full = at(parts.settings.home)
    full.__dict__["store"] = Full(parts.settings.lake_path)
    with pytest.raises(ObjectStoreError, match="No space left"):
        published_now(full, later(1))
    assert files(parts) == before


def test_nothing_at_all_can_be_published_and_says_what_is_missing_to_nobody(tmp_path: Path) -> None:
    done: PublishingResult = published_now(at(tmp_path / "home"), NOW)
    assert done.failed is None
    assert dict(done.forecasts) == {}
