"""What became slower is said, and only that, on invented tables."""

import json
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path

import psutil
import pytest

from steel_assets_tests.bench import __main__ as bench
from steel_assets_tests.bench import ratios
from steel_assets_tests.bench.ratios import BEGIN, END, Ratio
from steel_assets_tests.bench.slower import slower

BEFORE = [Ratio("training", "Prophet", 0.20, "20 folds"), Ratio("reads", "their bytes", 3.0, "one market")]


def test_a_ratio_that_grew_by_more_than_a_tenth_is_named_with_both_figures() -> None:
    now = [replace(BEFORE[0], value=0.23), replace(BEFORE[1], value=3.2)]
    assert slower(BEFORE, now) == ["training: 0.2 → 0.23 × Prophet (+15%)"]


def test_what_became_faster_or_is_new_or_was_not_measured_is_no_loss() -> None:
    assert slower(BEFORE, [replace(BEFORE[0], value=0.1), Ratio("new", "nothing", 9.0, "")]) == []


def test_the_same_work_beside_two_peers_is_two_ratios() -> None:
    now = [*BEFORE, replace(BEFORE[0], against="statsforecast", value=0.9)]
    assert slower(BEFORE, now) == []


def git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=test", "-c", "user.email=test@example.invalid"]
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A repository whose last commit holds the figures of BEFORE."""
    path = tmp_path / "performance.json"
    git(tmp_path, "init", "-q")
    path.write_text(json.dumps([asdict(ratio) for ratio in BEFORE]))
    git(tmp_path, "add", path.name)
    git(tmp_path, "commit", "-q", "-m", "figures")
    return path


@pytest.mark.parametrize(
    ("value", "code", "said"),
    [(0.20, 0, "no older figures"), (0.21, 0, "nothing became slower"), (0.30, 1, "training: 0.2 → 0.3 × Prophet (+50%)")],
)
def test_the_command_compares_with_the_last_other_figures_in_git(kept: Path, value: float, code: int, said: str) -> None:
    kept.write_text(json.dumps([asdict(ratio) for ratio in [replace(BEFORE[0], value=value), BEFORE[1]]]))
    command = [sys.executable, "-m", "steel_assets_tests.bench.slower", "--file", str(kept)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, said in done.stdout) == (code, True), done.stdout + done.stderr


def test_what_is_recorded_becomes_a_table_and_what_was_not_measured_again_stays(tmp_path: Path) -> None:
    page, kept = tmp_path / "page.md", tmp_path / "kept.json"
    page.write_text(f"Before.\n{BEGIN}\nold\n{END}\nAfter.\n")
    ratios.write(BEFORE, page, kept)
    with ratios.collecting() as found:
        ratios.record("reads", "their bytes", 2.0, "one market")
    ratios.write(found, page, kept)
    assert [ratio.value for ratio in ratios.read(kept.read_text())] == [0.20, 2.0]
    assert page.read_text().startswith("Before.\n")
    assert "| reads | their bytes | 2 | one market |" in page.read_text()
    assert page.read_text().endswith("After.\n")


def test_a_subject_of_the_bench_that_fails_is_named_and_costs_no_other(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bench, "WHOLE", {"no_such_subject": (), "ratios": ()})
    monkeypatch.setattr(sys, "argv", ["bench"])
    assert bench.main() == 1
    assert capsys.readouterr().out.endswith("not measured, because they failed or did not end: no_such_subject\n")


def test_a_subject_that_does_not_end_is_killed_with_what_it_started(tmp_path: Path) -> None:
    child = tmp_path / "child"
    for longest in (0.5, 2, 8, 32, 128):  # until the shell had the time to begin
        assert bench.ended(["sh", "-c", f"sleep 86400 & echo $! > {child}; wait"], longest) is None
        if child.exists() and child.read_text():
            break
    with suppress(psutil.NoSuchProcess):
        while psutil.Process(int(child.read_text())).status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.05)
    assert bench.ended([sys.executable, "-c", "raise SystemExit(3)"], 600) == 3
