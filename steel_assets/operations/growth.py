"""Every kind of file that an installation stores, what makes it grow, and what limits it. docs/operations.md has the same table.

A file of the lake belongs to the first kind with a matching place. A key that matches none is of a kind that was added without an
entry here.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path

from steel_assets.adapters.objects.object_store import ObjectStore

OTHER = "anything else"


@dataclass(frozen=True)
class Kind:
    """A kind of file.

    Attributes:
        places: patterns of the first three folders of its keys, ``*`` for any text; empty if it is not in the lake.
        law: what makes it grow.
        bound: what limits it, or "ever".
    """

    name: str
    places: tuple[str, ...]
    law: str
    bound: str


KINDS = (
    Kind(
        "figures held, refused answers",
        ("raw-data/*/quarantine", "raw-data/*/rejected"),
        "by what a provider does: a file per collection with doubtful figures, one per answer that could not be read",
        "ever: they wait for a person (`steel quarantine`)",
    ),
    Kind(
        "imports",
        ("raw-data/file-import/",),
        "by what people do: the rows of a file, a line of the ledger and its claims per import",
        "ever; its rows are compacted like others",
    ),
    Kind(
        "raw figures",
        ("raw-data/", "raw-copies/"),
        "a row per series and period that is news; a file per group and day with news",
        "rows ever; files: compacted, one object, its copy and about a week's per group",
    ),
    Kind(
        "analyses",
        ("processed-data/analysis/",),
        "a file per market: the same ones, written anew by each run",
        "the catalogue",
    ),
    Kind(
        "finished folds of walk-forwards",
        ("processed-data/folds/",),
        "a file per market and horizon, written anew by each retraining",
        "the folds that the last retraining used: a row per family and origin that a validation looks back at",
    ),
    Kind(
        "histories and features",
        ("processed-data/",),
        "a row per market and trading day; the same files, written anew by each run",
        "a market's history",
    ),
    Kind(
        "models in force, former ones",
        ("models/production/", "models/backups/"),
        "a model per market, horizon and promotion",
        "`model_backups`: the newest 5 and those in force in the last 180 days; each switch is a line of the pointer",
    ),
    Kind(
        "candidates",
        ("models/staging/",),
        "a model per market, horizon and retraining",
        "`retention.candidate_days`: 30 days",
    ),
    Kind(
        "models of experiments",
        ("experiments/",),
        "a model per experiment, market, horizon and week",
        "the newest 2 of each",
    ),
    Kind(
        "forecasts",
        ("predictions/daily/",),
        "a file per market and issue",
        "ever; a publication lists three months of them",
    ),
    Kind(
        "explanations",
        ("predictions/explanations/",),
        "a file per market and issue",
        "ever; a publication lists three months of them",
    ),
    Kind(
        "pictures",
        ("pictures/",),
        "a file of some kilobytes per market and issue, one per market and retraining",
        "`retention.run_days`: 90 days",
    ),
    Kind(
        "answers bought of AutoML",
        ("predictions/automl/",),
        "a row per market, horizon and origin that was paid for",
        "what the catalogue declares; none are shipped",
    ),
    Kind(
        "walk-forwards and their scores",
        ("predictions/validation/",),
        "two files per market, written anew by each retraining",
        "the origins that a validation looks back at",
    ),
    Kind(
        "what the service answers from", ("published/",), "a snapshot per publication", "the newest 5; each holds a bounded time"
    ),
    Kind(
        "the alert state",
        ("alerts/state.json", "alerts/book.json"),
        "what is open, waits to be sent, or is silenced",
        "what is over and was told leaves it",
    ),
    Kind(
        "price watches",
        ("watches/",),
        "a file per key that has any, at most 200; 20 watches in each",
        "by what people do: `steel watch remove`",
    ),
    Kind("alerts told", ("alerts/history/",), "a file per alert", "`retention.alert_days`: 800 days"),
    Kind(
        "who answered which alert",
        ("alerts/audit/", "alerts/acknowledge/"),
        "by what people do: a line per acknowledgement and silence",
        "ever",
    ),
    Kind(
        "measurements of the service",
        ("service/",),
        "a file per process and hour, a line per minute with requests",
        "`retention.measurement_days`: 90 days",
    ),
    Kind(
        "which mornings were mailed",
        ("state/morning-mail.json",),
        "a line per language and day: the same file, written anew",
        "the last 7 days",
    ),
    Kind(
        "notes of runs",
        ("state/", "lake.json"),
        "one per group of a provider, market, drop folder: the same files, written anew",
        "the catalogue",
    ),
    Kind(
        "damaged files",
        ("damaged/", "alerts/damaged/"),
        "by what happens: a damaged file and a note",
        "ever: for whoever wants to look; delete them by hand",
    ),
)
"""All kinds in the lake."""

WAREHOUSE = Kind(
    "the warehouse",
    (),
    "rows per market and day: a forecast, its score and a metric per horizon, a drift per subject, a quality per series; "
    "a verdict per experiment, a forecast per horizon of it",
    "ever; what is read of it each day is bounded",
)
EVENTS = Kind(
    "Dagster's runs and their events",
    (),
    "a file and rows of an index per run",
    "`retention.run_days`: 90 days, but for what is needed",
)
TICKS = Kind(
    "Dagster's ticks",
    (),
    "a row per tick of a sensor or schedule",
    "`dagster.yaml`: skipped 2 days, others 30, schedules 90",
)
LOGS = Kind("logs of steps", (), "two files per step of a run", "go with their run")
CACHE = Kind("answers kept of providers", (), "an answer per question", "two hours, 200 MiB; the least lasting leaves first")

ELSEWHERE = (WAREHOUSE, EVENTS, TICKS, LOGS, CACHE)
"""All kinds outside the lake."""


@dataclass(frozen=True)
class Size:
    """The size of a kind; ``files`` is None if they are not counted."""

    kind: str
    files: int | None
    bytes: int


def of_lake(store: ObjectStore) -> list[Size]:
    """The size of each kind in the lake, from one listing; no file is read.

    Raises:
        ObjectStoreError: the lake cannot be listed.
    """
    found = {kind.name: [0, 0] for kind in KINDS} | {OTHER: [0, 0]}
    for key, size in store.sizes():
        mine = found[kind_of(key)]
        mine[0] += 1
        mine[1] += size
    return [Size(name, files, size) for name, (files, size) in found.items() if files or name != OTHER]


def of_folders(places: Mapping[str, Path | None]) -> Iterator[Size]:
    """The sizes of other kinds by name, from their folders or files; those not on this machine are left out."""
    for name, place in places.items():
        if place is not None:
            sizes = list(_sizes(place))
            yield Size(name, len(sizes), sum(sizes))


def kind_of(key: str) -> str:
    """The name of the kind that a key of the lake belongs to."""
    return _kind_of("/".join(key.split("/")[:3]))


@lru_cache(maxsize=65536)
def _kind_of(begun: str) -> str:
    return next((kind.name for kind in KINDS if any(fnmatchcase(begun, f"{place}*") for place in kind.places)), OTHER)


def _sizes(place: Path) -> Iterable[int]:
    if place.is_file():
        yield place.stat().st_size
    for folder, _, names in os.walk(place):
        for name in names:
            try:
                yield Path(folder, name).stat().st_size
            except FileNotFoundError:  # deleted since it was listed
                continue
