"""``steel dev --from``: the Dagster UI over what ``steel run`` left in a lake, from elsewhere, changing nothing."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import dagster as dg
import httpx
import pandas as pd
import pytest
from typer.testing import CliRunner

from steel_assets.bootstrap import platform
from steel_assets.cli.main import app
from steel_assets.core.problem import Problem
from steel_assets.operations.instance_state import PREFIX, kept_files, restored_instance
from steel_assets.settings import Settings, settings
from steel_assets_tests.isolation import outside
from steel_assets_tests.serving.running import free_port

RUNS = "query { runsOrError { ... on Runs { results { runId status } } } }"
DELETE = 'mutation { deletePipelineRun(runId: "%s") { __typename } }'

PICTURE = "pictures/2026-03-18/rebar_fob_turkey-forecast.svg"


@pytest.fixture
def lake(tmp_path: Path) -> tuple[Path, str]:
    """A lake with a picture, in which the instance of one run is kept, and the run."""

    @dg.op
    def nothing() -> None: ...

    @dg.job
    def some_job() -> None:
        nothing()

    parts = platform(Settings(home=tmp_path / "home", lake=str(tmp_path / "lake")))
    state = restored_instance(kept_files(parts.store, parts.signing_key), parts.home, tmp_path / "instance")
    with dg.DagsterInstance.from_config(str(tmp_path / "instance")) as instance:
        run = some_job.execute_in_process(instance=instance).run_id
        state.put_back(pd.Timestamp("2026-03-18T08:00:00Z"), lambda: None)
    parts.store.put(PICTURE, b"<svg/>")
    return tmp_path / "lake", run


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.slow
def test_its_runs_are_shown_and_nothing_can_be_changed(lake: tuple[Path, str], tmp_path: Path) -> None:
    folder, run = lake
    before, port = files(folder), free_port()
    (tmp_path / "elsewhere").mkdir()
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [f"{sys.prefix}/bin/steel", "dev", "--from", str(folder), "--port", str(port)],
            cwd=tmp_path / "elsewhere",
            env=outside() | {"STEEL_HOME": str(tmp_path / "elsewhere" / "home")},
            stdout=log,
            stderr=log,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        until_up(url, process, tmp_path / "log")

        def asked(question: str) -> str:
            return httpx.post(f"{url}/graphql", json={"query": question}, timeout=120, trust_env=False).text

        assert run in asked(RUNS)
        assert httpx.get(f"{url}/lake/{PICTURE}", timeout=120, trust_env=False).content == b"<svg/>"
        assert "Unauthorized" in asked(DELETE % run)
        assert run in asked(RUNS)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=120)
    assert files(folder) == before
    assert "The state of 2026-03-18 08:00 UTC, read-only" in (tmp_path / "log").read_text()


def until_up(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(3000):
        assert process.poll() is None, log.read_text()
        try:
            if httpx.get(f"{url}/server_info", trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError(log.read_text())


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("nowhere", "is not a folder"),
        ("empty", "is empty: steel run never ended there"),
        ("damaged", "is damaged"),
        ("s3://bucket/lake", "no bucket address"),
        ("gs://", "no bucket address"),
    ],
)
def test_where_there_is_nothing_to_look_at_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    settings.cache_clear()
    (tmp_path / "empty").mkdir()
    (tmp_path / "damaged" / PREFIX).mkdir(parents=True)
    (tmp_path / "damaged" / PREFIX / "current.json").write_bytes(b"{}")
    before = files(tmp_path)
    refused = CliRunner().invoke(app, ["dev", "--from", place])
    assert isinstance(refused.exception, Problem)
    assert told in str(refused.exception)
    assert files(tmp_path) == before
