"""What each file of tests costs: ``pytest -n 0 -p steel_assets_tests.file_costs FILE…`` prints it at the end, costliest first.

Processor time in seconds, of the process and of those that it started and that have ended. What commands take in the prepared
process (``prepared.py``) is in no file's figure, for that process ends after the last one.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Generator

import pytest

costs: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0, 0])
"""Processor time, time and number of tests, by file."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Add what a test took, with the fixtures that it was the first to ask for."""
    before = os.times()
    done = yield
    spent = [now - then for now, then in zip(os.times(), before, strict=True)]
    found = costs[item.nodeid.partition("::")[0]]
    found[:] = found[0] + sum(spent[:4]), found[1] + spent[4], found[2] + 1
    return done


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table."""
    terminalreporter.write_line("processor s      s  tests  file")
    for file, (processor, whole, tests) in sorted(costs.items(), key=lambda each: -each[1][0]):
        terminalreporter.write_line(f"{processor:11.1f} {whole:6.1f} {tests:6.0f}  {file}")
