"""Whether the tests would notice: twenty one-line mistakes, one at a time, each to be found by the test that stands beside it.

``python -m steel_assets_tests.mutations`` prints the table of docs/testing.md; with words behind it, the rows of files whose path
has one of them. Each mistake is made in a temporary copy of the checkout, never in the checkout itself. A line that is not there
any more is an error, as is a test that fails anyway.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from steel_assets_tests.isolation import INSIDE, ROOT, outside

LEFT_OUT = shutil.ignore_patterns(".*", "build", "dist", "__pycache__")
TESTS_FAILED = 1
"""pytest's exit code where tests ran and failed; others say that none ran."""

LIMIT = 900
"""Seconds after which a test hangs instead of failing, which is an error too."""


@dataclass(frozen=True)
class Mutation:
    """A mistake that a person could make, and who notices.

    Attributes:
        what: the mistake in words.
        path: of the file, below ``steel_assets``.
        line: a part of one of its lines that stands in it once.
        wrong: what stands there instead.
        test: a file below ``steel_assets_tests``, and a test in it.
    """

    what: str
    path: str
    line: str
    wrong: str
    test: str

    def row(self, *, found: bool = True) -> str:
        """Its row of the table."""
        return f"| {self.what} | `{self.path}` | {f'`{self.test}`' if found else '**nothing**'} |"


MUTATIONS = (
    Mutation(
        "what was published later is known before",
        "core/asof.py",
        "[known <= moment]",
        "[known <= known.max()]",
        "core/test_asof.py::test_a_revision_replaces_a_value_only_from_its_own_moment_on",
    ),
    Mutation(
        "a candidate may be twice as wrong as the last price",
        "core/promotion.py",
        "return mae > than * (1 + TIE)",
        "return mae > than * (2 + TIE)",
        "core/test_promotion.py::test_the_first_model_needs_only_to_be_no_worse_than_the_last_price",
    ),
    Mutation(
        "the oldest error weighs most",
        "core/intervals.py",
        "np.arange(count)[::-1]",
        "np.arange(count)",
        "core/test_intervals.py::test_recent_errors_count_most_and_longer_ago_the_longer_the_horizon",
    ),
    Mutation(
        "what was perhaps sent is sent again without saying so",
        "core/alerts/alert_state.py",
        "repeat = bool(undecided) and (state.perhaps_sent or state.lease_until is not None)",
        "repeat = False",
        "core/alerts/test_alert_state.py::test_what_was_perhaps_sent_is_sent_again_as_the_same_parcel_and_says_so",
    ),
    Mutation(
        "a figure released today was known when it came",
        "core/quarantine.py",
        ".assign(published_at=moment, collected_at=moment)",
        "",
        "operations/test_collecting.py::test_a_released_figure_is_known_from_its_release_and_changes_no_past",
    ),
    Mutation(
        "FRED's empty value is a price of zero",
        "sources/fred_api.py",
        "return frame.dropna()",
        'return frame.dropna(subset=["period"]).fillna(0.0)',
        "sources/test_fred_api.py::test_parse_reads_the_wire_and_counts_what_it_leaves_out",
    ),
    Mutation(
        "a file is written in its place instead of beside it",
        "adapters/machine/disk.py",
        "Path(temporary).replace(path)",
        "path.write_bytes(content), Path(temporary).unlink()",
        "adapters/test_object_store.py::test_who_is_reading_a_file_reads_it_to_its_end_though_it_is_written_anew_meanwhile",
    ),
    Mutation(
        "a model's bytes are counted and not compared",
        "adapters/models/files.py",
        "if len(content) != size or _sha256(content) != checksum:",
        "if len(content) != size:",
        "adapters/test_model_store.py::test_every_single_byte_changed_cut_or_added_is_refused",
    ),
    Mutation(
        "any key opens the dashboard",
        "serving/access.py",
        'return self.sessions.begin(key.id, now) if key is not None and "read" in key.scopes else None',
        "return self.sessions.begin(key.id, now) if key is not None else None",
        "serving/test_keys.py::test_only_a_key_that_may_read_opens_the_dashboard",
    ),
    Mutation(
        "a caller is counted and never stopped",
        "adapters/callers/local_counts.py",
        "granted = max(0, min(calls, limit - count))",
        "granted = calls",
        "adapters/test_rate_limit.py::test_four_processes_without_redis_share_one_limit_through_the_folder",
    ),
    Mutation(
        "an answer is kept beyond its time",
        "adapters/cache/sqlite_store.py",
        'ALIVE = "expires > :now AND',
        'ALIVE = "expires > 0 AND',
        "adapters/test_cache.py::test_an_entry_that_is_older_than_its_time_is_a_miss_and_one_that_is_not_is_there",
    ),
    Mutation(
        "a backup with one changed file is whole",
        "adapters/backup_archive.py",
        "    if wrong:",
        "    if len(wrong) > 1:",
        "operations/test_backup.py::test_a_file_that_was_changed_added_or_taken_out_is_noticed",
    ),
    Mutation(
        "an upgrade leaves tables as an older release made them",
        "assets/upgrade.py",
        'UpgradeStep("tables", lambda: _tables(warehouse), lambda: _add_columns(warehouse)),',
        'UpgradeStep("tables", lambda: [], lambda: _add_columns(warehouse)),',
        "cli/test_upgrade.py::test_what_would_change_is_said_part_by_part_and_nothing_is_changed",
    ),
    Mutation(
        "a price on the level is above it",
        "core/odds.py",
        "return values > level if",
        "return values >= level if",
        "core/test_odds.py::test_the_chance_is_the_share_of_paths_beyond_the_level_and_on_it_is_neither",
    ),
    Mutation(
        "a late price counts as nothing in its month's average",
        "core/averages.py",
        "before = float(prices.sum() + carried * outlook.last)",
        "before = float(prices.sum())",
        "core/test_averages.py::test_a_session_without_a_price_is_left_out_and_a_late_price_counts_as_the_last_one",
    ),
    Mutation(
        "candidates grow without anybody knowing how",
        "operations/growth.py",
        '("models/staging/",)',
        '("models/candidates/",)',
        "operations/test_growth.py::test_every_file_that_the_platform_writes_is_of_a_kind_with_a_law",
    ),
    Mutation(
        "a secret is printed with the other settings",
        "settings.py",
        "keys: dict[str, SecretStr] =",
        "keys: dict[str, str] =",
        "test_settings.py::test_a_secret_is_not_in_what_settings_print",
    ),
    Mutation(
        "two tables in the drop folder share a mapping that is for one",
        "operations/drop_mapping.py",
        "if len(shared[mapping]) == 1}",
        "if shared[mapping]}",
        "operations/test_dropping.py::test_everything_that_lies_there_gets_a_word_once_and_loses_it_with_its_cause",
    ),
    Mutation(
        "what cannot be read any more is published as empty",
        "operations/publishing.py",
        "return part if problem is None else PublishedPart(former.content, problem, former.read_at)",
        "return part",
        "operations/test_publishing.py::test_what_a_store_has_lost_stays_published_with_the_reason",
    ),
    Mutation(
        "a run whose process is gone is still running",
        "assets/run_launcher.py",
        "if process is not None and process.alive:",
        "if process is not None:",
        "assets/test_run_launcher.py::test_a_run_lives_as_long_as_its_process",
    ),
)


class Unusable(Exception):
    """A mutation cannot be made, or its test says nothing about it."""


def mutated(mutation: Mutation, text: str) -> str:
    """The file's text with the mistake. Raises Unusable where its line is not there, or more than once."""
    if text.count(mutation.line) != 1:
        raise Unusable(f"steel_assets/{mutation.path} holds {text.count(mutation.line)} times, not once: {mutation.line}")
    return text.replace(mutation.line, mutation.wrong)


def check_all(mutations: Iterable[Mutation]) -> None:
    """Raises Unusable unless every mistake can be made."""
    for mutation in mutations:
        mutated(mutation, (ROOT / "steel_assets" / mutation.path).read_text())


def main(*words: str) -> int:
    """0 where every mistake was found. ``words`` choose some of them by their paths."""
    check_all(MUTATIONS)
    chosen = [mutation for mutation in MUTATIONS if not words or any(word in mutation.path for word in words)]
    with tempfile.TemporaryDirectory(prefix="steel-mutations-") as folder:
        copy = Path(shutil.copytree(ROOT, Path(folder) / "copy", ignore=LEFT_OUT))
        healthy = ran(copy, *(mutation.test for mutation in chosen))
        if healthy.returncode != 0:
            raise Unusable(f"without any mistake these tests do not pass:\n{healthy.stdout[-4000:]}{healthy.stderr[-2000:]}")
        print("| mistake | in | found by |\n|---|---|---|")  # noqa: T201 - what a command says
        unseen = 0
        for mutation in chosen:
            found = finds(copy, mutation)
            unseen += not found
            print(mutation.row(found=found), flush=True)  # noqa: T201 - what a command says
    print(f"\n{len(chosen) - unseen} of {len(chosen)} mistakes were found")  # noqa: T201 - what a command says
    return 1 if unseen else 0


def finds(copy: Path, mutation: Mutation) -> bool:
    """Whether the test fails while the mistake is in ``copy``. Raises Unusable where it did not even run."""
    path = copy / "steel_assets" / mutation.path
    before = path.read_text()
    path.write_text(mutated(mutation, before))
    try:
        said = ran(copy, mutation.test)
    finally:
        path.write_text(before)
    if said.returncode not in (0, TESTS_FAILED) or not re.search(r"\d+ (passed|failed)", said.stdout):
        raise Unusable(f"{mutation.test} did not run:\n{said.stdout[-4000:]}{said.stderr[-2000:]}")
    return said.returncode == TESTS_FAILED


def ran(copy: Path, *tests: str) -> subprocess.CompletedProcess[str]:
    """What pytest says of these tests in ``copy``, whose package stands before the installed one."""
    command = [sys.executable, "-m", "pytest", "-x", *(f"steel_assets_tests/{test}" for test in tests)]
    environment = {name: value for name, value in outside().items() if name != INSIDE}
    return subprocess.run(
        command,
        cwd=copy,
        env=environment | {"PYTHONPATH": str(copy)},
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT,
    )


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
