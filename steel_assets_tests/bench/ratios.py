"""Ratios that ``make bench`` measures: what something costs here over what a peer, or the machine, takes for the same.

Seconds are those of a machine and of its neighbours; a ratio of two measurements in turns is of the programs alone. Each is a
cost: the smaller, the better. They are kept in docs/performance.json, beside the page that is made from them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from steel_assets_tests.isolation import ROOT

PAGE, KEPT = ROOT / "docs" / "performance.md", ROOT / "docs" / "performance.json"
BEGIN, END = "<!-- measured -->", "<!-- /measured -->"
"""Between these lines the page is made by the bench."""

COLLECTED = "BENCH_RATIOS"
"""Names the file into which this process and those that it starts write what they measure."""


@dataclass(frozen=True)
class Ratio:
    """What ``name`` costs over what ``against`` does, measured as ``how`` says."""

    name: str
    against: str
    value: float
    how: str

    @property
    def row(self) -> tuple[str, str]:
        """What is compared: by this a ratio is found again."""
        return self.name, self.against


def record(name: str, against: str, value: float, how: str) -> None:
    """Keep a ratio for the table, where one is being made."""
    if COLLECTED in os.environ:
        with Path(os.environ[COLLECTED]).open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(Ratio(name, against, value, how))) + "\n")


@contextmanager
def collecting() -> Iterator[list[Ratio]]:
    """Inside, what is recorded is kept; the list is filled at the end."""
    found: list[Ratio] = []
    with TemporaryDirectory() as folder:
        os.environ[COLLECTED] = str(Path(folder) / "ratios")
        Path(os.environ[COLLECTED]).touch()
        try:
            yield found
            lines = Path(os.environ[COLLECTED]).read_text("utf-8").splitlines()
            found.extend(Ratio(**json.loads(line)) for line in lines)
        finally:
            del os.environ[COLLECTED]


def table(ratios: list[Ratio]) -> str:
    """The ratios as a table in Markdown."""
    rows = [f"| {ratio.name} | {ratio.against} | {ratio.value:.3g} | {ratio.how} |" for ratio in ratios]
    return "\n".join(["| what | over | ratio | measured |", "|---|---|---:|---|", *rows])


def write(ratios: list[Ratio], page: Path = PAGE, kept: Path = KEPT) -> None:
    """Put the table into the page, and the figures beside it. What was not measured this time stays as it was."""
    known = {ratio.row: ratio for ratio in read(kept.read_text("utf-8"))} if kept.exists() else {}
    known |= {ratio.row: ratio for ratio in ratios}
    kept.write_text(json.dumps([asdict(ratio) for ratio in known.values()], indent=1) + "\n", "utf-8")
    text = page.read_text("utf-8")
    before, after = text[: text.index(BEGIN) + len(BEGIN)], text[text.index(END) :]
    page.write_text(f"{before}\n{table(list(known.values()))}\n{after}", "utf-8")


def read(content: str) -> list[Ratio]:
    """The ratios that ``write`` kept."""
    rows: list[Mapping[str, str | float]] = json.loads(content)
    return [Ratio(str(row["name"]), str(row["against"]), float(row["value"]), str(row["how"])) for row in rows]
