"""The model store: whole or refused, one winner, and a history that answers for every past day."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from steel_assets.adapters.models.files import MAX_BYTES, MAX_FILES
from steel_assets.adapters.models.store import Conflict, ModelDamaged, ModelNotFound, ModelStore, ModelStoreError
from steel_assets.adapters.objects.checksummed import Damaged, checksummed, unseal
from steel_assets.adapters.objects.object_store import LocalFolder

MONDAY = datetime(2024, 6, 3, 9, tzinfo=UTC)
WEEK = timedelta(days=7)
FILES = {"model.json": b'{"weights": [1, 2, 3]}', "trees.skops": bytes(range(256))}
MANIFEST = {"family": "ridge", "mae": 4.25, "note": "Barra de refuerzo ø 12"}


@pytest.fixture
def models(tmp_path: Path) -> ModelStore:
    return ModelStore(LocalFolder(tmp_path / "lake"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "lake" / "models"


def stage(models: ModelStore, version: str, *, horizon: int = 5) -> str:
    files = {"model.json": f'{{"version": "{version}"}}'.encode(), "trees.skops": bytes(range(256))}
    models.save_candidate("rebar", horizon, version, files, MANIFEST | {"name": version})
    return version


def promote(models: ModelStore, version: str, moment: datetime) -> None:
    models.promote("rebar", 5, stage(models, version), models.production("rebar", 5), moment)


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_candidate_comes_back_as_it_was_saved(models: ModelStore):
    where = models.save_candidate("rebar", 5, "v1", FILES, MANIFEST)
    manifest, files = models.load("staging", "rebar", 5, "v1")
    assert files == FILES
    assert {key: manifest[key] for key in MANIFEST} == MANIFEST
    assert (manifest["market"], manifest["horizon"], manifest["version"]) == ("rebar", 5, "v1")
    assert where.endswith("models/staging/rebar/h5/v1")


def test_saving_again_changes_nothing_and_other_content_is_refused(models: ModelStore, folder: Path):
    models.save_candidate("rebar", 5, "v1", FILES, MANIFEST)
    before = snapshot(folder)
    models.save_candidate("rebar", 5, "v1", dict(reversed(FILES.items())), MANIFEST)
    for files, manifest in ((FILES | {"model.json": b"{}"}, MANIFEST), (FILES, MANIFEST | {"mae": 1.0})):
        with pytest.raises(ModelStoreError, match="never change"):
            models.save_candidate("rebar", 5, "v1", files, manifest)
    assert snapshot(folder) == before


def test_a_save_that_died_half_way_is_no_version_and_can_be_repeated(models: ModelStore, folder: Path):
    torn = folder / "staging" / "rebar" / "h5" / "v1"
    torn.mkdir(parents=True)
    (torn / "leftover.bin").write_bytes(b"half")
    with pytest.raises(ModelNotFound, match="manifest"):
        models.load("staging", "rebar", 5, "v1")
    models.save_candidate("rebar", 5, "v1", FILES, MANIFEST)
    assert models.load("staging", "rebar", 5, "v1")[1] == FILES


def test_a_promotion_puts_the_candidate_in_force_and_backs_up_the_one_before(models: ModelStore, folder: Path):
    assert models.production("rebar", 5) is None
    first = models.promote("rebar", 5, stage(models, "v1"), None, MONDAY)
    second = models.promote("rebar", 5, stage(models, "v2"), first, MONDAY + WEEK)
    assert (first.version, second.version, second.since) == ("v1", "v2", MONDAY + WEEK)
    assert models.load("production", "rebar", 5)[0]["name"] == "v2"
    assert models.load("production", "rebar", 5, "v1")[0]["name"] == "v1"
    assert models.load("backups", "rebar", 5, "v1")[0]["name"] == "v1"
    places = {path.relative_to(folder).as_posix() for path in folder.rglob("manifest.json")}
    assert places == {
        "staging/rebar/h5/v1/manifest.json",
        "staging/rebar/h5/v2/manifest.json",
        "production/rebar/h5/versions/v1/manifest.json",
        "production/rebar/h5/versions/v2/manifest.json",
        "backups/rebar/h5/v1/manifest.json",
    }


def test_a_platform_has_production_models_only_after_a_promotion(models: ModelStore):
    assert not models.has_production()
    stage(models, "v1")
    assert not models.has_production()
    promote(models, "v1", MONDAY)
    assert models.has_production()


def test_every_past_day_knows_its_champion(models: ModelStore):
    for week, version in enumerate(("v1", "v2", "v3")):
        promote(models, version, MONDAY + week * WEEK)
    second = timedelta(seconds=1)
    moments = [MONDAY - second, MONDAY, MONDAY + WEEK - second, MONDAY + WEEK, MONDAY + 9 * WEEK]
    assert [models.version_at("rebar", 5, moment) for moment in moments] == [None, "v1", "v1", "v2", "v3"]
    assert models.version_at("rebar", 5, pd.Timestamp("2024-06-10 04:00", tz="America/Mexico_City")) == "v2"
    assert models.version_at("scrap", 5, MONDAY) is None


def test_promoting_what_is_in_force_changes_no_byte(models: ModelStore, folder: Path):
    promote(models, "v1", MONDAY)
    promote(models, "v2", MONDAY + WEEK)
    before = snapshot(folder)
    promote(models, "v2", MONDAY + WEEK)
    promote(models, "v1", MONDAY)  # a replay of the week before
    assert models.promote("rebar", 5, "v2", None, MONDAY + 2 * WEEK).version == "v2"
    assert snapshot(folder) == before


def test_a_switch_in_the_past_is_refused_because_it_would_change_what_was_true(models: ModelStore):
    promote(models, "v1", MONDAY)
    promote(models, "v2", MONDAY + WEEK)
    with pytest.raises(ModelStoreError, match="would change the past"):
        promote(models, "v3", MONDAY + WEEK / 2)
    with pytest.raises(ModelStoreError, match="time zone"):
        promote(models, "v3", datetime(2024, 7, 1))  # noqa: DTZ001  the point of the test
    assert models.load("production", "rebar", 5)[0]["name"] == "v2"


def test_a_decision_made_against_an_old_pointer_is_a_conflict(models: ModelStore):
    first = models.promote("rebar", 5, stage(models, "v1"), None, MONDAY)
    models.promote("rebar", 5, stage(models, "v2"), first, MONDAY + WEEK)
    for expected in (first, None):
        with pytest.raises(Conflict, match="run promotions again"):
            models.promote("rebar", 5, stage(models, "v3"), expected, MONDAY + 2 * WEEK)
    assert models.load("production", "rebar", 5)[0]["name"] == "v2"


def test_a_rollback_returns_to_the_version_before_and_is_remembered(models: ModelStore):
    promote(models, "v1", MONDAY)
    promote(models, "v2", MONDAY + WEEK)
    pointer = models.production("rebar", 5)
    assert pointer is not None
    back = models.rollback("rebar", 5, pointer, MONDAY + 2 * WEEK)
    assert back.version == "v1"
    assert [switch.action for switch in back.switches] == ["promoted", "promoted", "rolled_back"]
    assert models.version_at("rebar", 5, MONDAY + WEEK) == "v2"
    assert models.load("production", "rebar", 5)[0]["name"] == "v1"
    with pytest.raises(ModelNotFound, match="v9 was never in production"):
        models.rollback("rebar", 5, back, MONDAY + 3 * WEEK, "v9")
    only = models.promote("rebar", 21, stage(models, "v1", horizon=21), None, MONDAY)
    with pytest.raises(ModelNotFound, match="no earlier version"):
        models.rollback("rebar", 21, only, MONDAY)


def test_a_rollback_to_a_damaged_version_takes_it_from_its_backup(models: ModelStore, folder: Path):
    promote(models, "v1", MONDAY)
    promote(models, "v2", MONDAY + WEEK)
    (folder / "production/rebar/h5/versions/v1/model.json").write_bytes(b"rot")
    pointer = models.production("rebar", 5)
    assert pointer is not None
    models.rollback("rebar", 5, pointer, MONDAY + 2 * WEEK)
    assert models.load("production", "rebar", 5)[0]["name"] == "v1"


def test_a_damaged_champion_is_refused_and_does_not_stand_in_the_way_of_its_successor(models: ModelStore, folder: Path):
    promote(models, "v1", MONDAY)
    (folder / "production/rebar/h5/versions/v1/model.json").write_bytes(b"rot")
    with pytest.raises(ModelDamaged, match=r"model\.json"):
        models.load("production", "rebar", 5)
    promote(models, "v2", MONDAY + WEEK)
    assert models.load("production", "rebar", 5)[0]["name"] == "v2"


def test_a_damaged_candidate_is_not_promoted(models: ModelStore, folder: Path):
    promote(models, "v1", MONDAY)
    stage(models, "v2")
    (folder / "staging/rebar/h5/v2/trees.skops").write_bytes(b"rot")
    with pytest.raises(ModelDamaged):
        models.promote("rebar", 5, "v2", models.production("rebar", 5), MONDAY + WEEK)
    with pytest.raises(ModelNotFound):
        models.promote("rebar", 5, "v3", models.production("rebar", 5), MONDAY + WEEK)
    assert models.load("production", "rebar", 5)[0]["name"] == "v1"


def test_every_single_byte_changed_cut_or_added_is_refused(models: ModelStore, folder: Path):
    promote(models, "v1", MONDAY)
    random = np.random.default_rng(0)
    places = [
        folder / "staging/rebar/h5/v1",
        folder / "production/rebar/h5/versions/v1",
        folder / "production/rebar/h5/pointer.json",
    ]
    paths = [path for place in places for path in (sorted(place.iterdir()) if place.is_dir() else [place])]
    for path in paths:
        original = path.read_bytes()
        stage_name = "staging" if "staging" in path.parts else "production"
        spots = random.choice(len(original), size=min(60, len(original)), replace=False)
        damaged = [original[:i] + bytes([original[i] ^ int(random.integers(1, 256))]) + original[i + 1 :] for i in spots]
        for content in (*damaged, original[:-1], original + b"\n", b"", original + original):
            path.write_bytes(content)
            with pytest.raises(ModelDamaged):
                models.load(stage_name, "rebar", 5, "v1")
        path.write_bytes(original)
    assert models.load("production", "rebar", 5)[0]["name"] == "v1"


def test_a_missing_and_an_extra_file_are_refused_by_name(models: ModelStore, folder: Path):
    stage(models, "v1")
    place = folder / "staging/rebar/h5/v1"
    (place / "extra.bin").write_bytes(b"")
    with pytest.raises(ModelDamaged, match=r"extra\.bin"):
        models.load("staging", "rebar", 5, "v1")
    (place / "extra.bin").unlink()
    (place / "trees.skops").unlink()
    with pytest.raises(ModelDamaged, match=r"trees\.skops"):
        models.load("staging", "rebar", 5, "v1")


def test_the_model_of_another_version_market_or_horizon_does_not_pass_for_this_one(models: ModelStore, folder: Path):
    stage(models, "v1")
    for other in ("staging/rebar/h5/v2", "staging/rebar/h21/v1", "staging/scrap/h5/v1"):
        (folder / other).parent.mkdir(parents=True, exist_ok=True)
        (folder / "staging/rebar/h5/v1").rename(folder / other)
        market, horizon, version = other.split("/")[1:]
        with pytest.raises(ModelDamaged, match="not of"):
            models.load("staging", market, int(horizon[1:]), version)
        (folder / other).rename(folder / "staging/rebar/h5/v1")


def test_a_resealed_manifest_does_not_pass_in_production(models: ModelStore, folder: Path):
    promote(models, "v1", MONDAY)
    path = folder / "production/rebar/h5/versions/v1/manifest.json"
    path.write_bytes(checksummed(unseal(path.read_bytes()) | {"mae": 0.1}))
    with pytest.raises(ModelDamaged, match="not the one that was promoted"):
        models.load("production", "rebar", 5)


@pytest.mark.parametrize(
    "name", ["../evil", "a/b", "/etc/passwd", "..", ".hidden", "", "manifest.json", "a\x00b", "a\n", "x" * 200]
)
def test_a_file_name_that_could_lead_elsewhere_is_refused(models: ModelStore, folder: Path, name: str):
    with pytest.raises(ModelStoreError, match="plain names"):
        models.save_candidate("rebar", 5, "v1", {name: b"x"}, {})
    assert not folder.exists()


def test_a_stored_manifest_that_names_files_elsewhere_is_refused(models: ModelStore, folder: Path):
    stage(models, "v1")
    (folder.parent / "secret").write_bytes(b"secret")
    path = folder / "staging/rebar/h5/v1/manifest.json"
    evil = unseal(path.read_bytes())
    evil["files"] = {"../../../../../secret": {"sha256": "0" * 64, "bytes": 6}}
    path.write_bytes(checksummed(evil))
    with pytest.raises(ModelStoreError, match="plain names"):
        models.load("staging", "rebar", 5, "v1")


@pytest.mark.parametrize(
    ("market", "horizon", "version"),
    [
        ("../rebar", 5, "v1"),
        ("Rebar", 5, "v1"),
        ("rebar", 0, "v1"),
        ("rebar", True, "v1"),
        ("rebar", 5, "../v1"),
        ("rebar", 5, ""),
    ],
)
def test_an_address_that_could_lead_elsewhere_is_refused(models: ModelStore, market: str, horizon: int, version: str):
    with pytest.raises(ModelStoreError, match=r"market|horizon|version"):
        models.save_candidate(market, horizon, version, FILES, {})


def test_no_file_too_many_files_and_too_many_bytes_are_refused(models: ModelStore, monkeypatch: pytest.MonkeyPatch):
    for files in ({}, {f"f{i}": b"" for i in range(MAX_FILES + 1)}):
        with pytest.raises(ModelStoreError, match="1 to"):
            models.save_candidate("rebar", 5, "v1", files, {})
    assert MAX_BYTES == 256 * 2**20
    monkeypatch.setattr("steel_assets.adapters.models.files.MAX_BYTES", 100)
    with pytest.raises(ModelStoreError, match="at most 100"):
        models.save_candidate("rebar", 5, "v1", {"big": b"x" * 101}, {})


@pytest.mark.parametrize(
    "manifest", [{"mae": float("nan")}, {"when": MONDAY}, {1: "x"}, {"sha256": "x"}, {"version": "v2"}, {"t": (1,)}]
)
def test_a_manifest_that_would_not_come_back_the_same_is_refused(models: ModelStore, manifest: dict):
    with pytest.raises(ModelStoreError, match="manifest"):
        models.save_candidate("rebar", 5, "v1", FILES, manifest)


@pytest.mark.parametrize(
    "content", [b"", b"null", b"[]", b"{}", b"\xff\xfe", b'{"sha256": 1}', b"[" * 100_000, b'{"sha256": NaN}']
)
def test_what_was_never_sealed_is_never_unsealed(content: bytes):
    with pytest.raises(Damaged):
        unseal(content)
    assert unseal(checksummed({"ø": [1, 2.5, None]})) == {"ø": [1, 2.5, None]}


def test_of_racing_promotions_exactly_one_wins_each_time(models: ModelStore):
    wins = []
    for turn in range(12):
        names = [stage(models, f"t{turn}-{i}") for i in range(4)]
        seen = models.production("rebar", 5)
        barrier = threading.Barrier(4)

        def race(version: str, turn: int = turn, seen: object = seen, barrier: threading.Barrier = barrier) -> str | None:
            barrier.wait()
            try:
                models.promote("rebar", 5, version, seen, MONDAY + turn * WEEK)  # type: ignore[arg-type]
            except Conflict:
                return None
            return version

        with ThreadPoolExecutor(4) as pool:
            winners = [name for name in pool.map(race, names) if name]
        assert len(winners) == 1
        wins += winners
    pointer = models.production("rebar", 5)
    assert pointer is not None
    assert [switch.version for switch in pointer.switches] == wins


SCRIPT = """
    import os, sys
    from datetime import timedelta
    from pathlib import Path
    from steel_assets.adapters.models.store import Conflict, ModelStore
    from steel_assets.adapters.objects.object_store import LocalFolder
    from steel_assets_tests.adapters.test_model_store import MONDAY, stage
    models = ModelStore(LocalFolder(Path(sys.argv[1])))
    for name in sys.stdin:
        child = os.fork()
        if child == 0:
            break
        print(child, flush=True)
        print(os.waitpid(child, 0)[1], flush=True)
    else:
        sys.exit()
    for i in range(int(sys.argv[2])):
        pointer = models.production("rebar", 5)
        moment = pointer.since + timedelta(seconds=1) if pointer else MONDAY
        try:
            models.promote("rebar", 5, stage(models, f"{name.strip()}-{i}"), pointer, moment)
        except Conflict:
            pass
    os._exit(0)
"""
"""For each name that it is told, a process that promotes versions of it; forked, since importing takes longer than the test."""


def promoter(root: Path, turns: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", textwrap.dedent(SCRIPT), str(root), str(turns)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def told(process: subprocess.Popen[str], name: str) -> int:
    """Start to promote versions of ``name``; the number of the process that does it, until it has done all its turns."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{name}\n")
    process.stdin.flush()
    return int(process.stdout.readline())


def test_a_reader_never_sees_half_a_promotion(tmp_path: Path):
    models = ModelStore(LocalFolder(tmp_path))
    promote(models, "v0", MONDAY)
    processes = [promoter(tmp_path, 60) for _ in range(2)]
    for name, process in zip("ab", processes, strict=True):
        told(process, name)
        assert process.stdin is not None
        process.stdin.close()
    loads = 0
    while any(process.poll() is None for process in processes):
        manifest, files = models.load("production", "rebar", 5)
        assert json.loads(files["model.json"]) == {"version": manifest["version"]}
        loads += 1
    assert [process.wait() for process in processes] == [0, 0]
    pointer = models.production("rebar", 5)
    assert pointer is not None
    assert len(pointer.switches) > 20
    assert loads > 50
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.read() == "0\n"
        process.stdout.close()


def test_a_promoter_killed_at_any_moment_leaves_a_valid_pointer_and_whole_models(tmp_path: Path):
    models = ModelStore(LocalFolder(tmp_path))
    promote(models, "v0", MONDAY)
    random = np.random.default_rng(0)
    process = promoter(tmp_path, 1000)
    assert process.stdout is not None
    for turn in range(8):
        child = told(process, f"k{turn}")
        time.sleep(random.uniform(0.005, 0.08))
        os.kill(child, signal.SIGKILL)
        assert os.WTERMSIG(int(process.stdout.readline())) == signal.SIGKILL
        models.load("production", "rebar", 5)
        pointer = models.production("rebar", 5)
        assert pointer is not None
        for switch in pointer.switches[:-1]:
            models.load("backups", "rebar", 5, switch.version)
        next_one = models.promote("rebar", 5, stage(models, f"after{turn}"), pointer, pointer.since + timedelta(seconds=1))
        assert next_one.version == f"after{turn}"
    process.communicate()
