"""Stage 1, raw: the values that each provider sent, with the time at which they became known; append-only.

A provider is one step: its groups are asked one after another, so that what the first request shows (the provider is down, or
blocks us) is used for the next. A group that did not answer is not materialised; its check fails, and later stages use what was
stored of it before.
"""

import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg

from steel_assets.adapters.lake.import_ledger import ImportLedger
from steel_assets.adapters.lake.lake import Lake
from steel_assets.assets.checking import Verdict, result
from steel_assets.assets.declare import Installation
from steel_assets.assets.metadata import counts, listed, preview, schema_of, summary
from steel_assets.assets.moment import Clock, since_of
from steel_assets.catalog import Source
from steel_assets.core.problem import Problem
from steel_assets.core.tables import OBSERVATIONS
from steel_assets.operations import collecting
from steel_assets.operations.importing import turn
from steel_assets.operations.repairs import mend_imports
from steel_assets.providers import Providers

COLLECTED = "collected"
IMPORTED = dg.AssetKey(["raw", "file_import", "files"])


def key_of_group(source: str, group: str) -> dg.AssetKey:
    """The asset key of one endpoint group of one provider."""
    return dg.AssetKey(["raw", source, group])


def providers(here: Installation) -> list[dg.AssetsDefinition]:
    """One multi-asset per provider of the catalogue, with an asset per endpoint group."""
    return [_provider(here, source) for source in here.catalog.sources.values() if source.kind == "api"]


def _provider(here: Installation, source: Source) -> dg.AssetsDefinition:
    groups = {key_of_group(source.id, group): group for group in source.groups}
    shared = here.stage("raw", "parquet")

    @dg.multi_asset(
        name=f"collect_{source.id}",
        can_subset=True,
        pool=source.id,
        specs=[
            dg.AssetSpec(
                key,
                skippable=True,
                description=f"{group.replace('_', ' ')} from {source.name} ({source.homepage}). Each collection adds one "
                "immutable file that holds only what is new or changed.",
                metadata=schema_of(OBSERVATIONS),
                **shared,
            )
            for key, group in groups.items()
        ],
        check_specs=[
            dg.AssetCheckSpec(COLLECTED, asset=key, description=f"{source.name} answered for every series of {group}.")
            for key, group in groups.items()
        ],
        description=f"Collects new data from {source.name}, one endpoint group after the other.",
    )
    def collected(
        context: dg.AssetExecutionContext,
        lake: dg.ResourceParam[Lake],
        providers: dg.ResourceParam[Providers],
        home: dg.ResourceParam[Path],
        clock: dg.ResourceParam[Clock],
    ) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        moment, since = clock.moment(context), since_of(context)
        for key in sorted(context.selected_asset_keys):
            try:
                done = collecting.collect(providers.catalog, lake, providers, home, source, groups[key], moment, since)
            except Exception as error:  # noqa: BLE001 - any error of one group is reported, and the other groups are asked
                context.log.error(f"{key.to_user_string()}: {traceback.format_exc()}")
                yield result(here.catalog.rules, key, COLLECTED, Verdict(False, _in_words(error)))
                continue
            if done.answered:
                yield dg.MaterializeResult(
                    asset_key=key, metadata=_metadata(here, lake, len(providers.catalog.series_of(source.id, groups[key])), done)
                )
            yield result(here.catalog.rules, key, COLLECTED, _verdict(done))

    return collected


def _in_words(error: Exception) -> str:
    """What is said of an error: its message, where one was written for people, else its type too."""
    if isinstance(error, Problem) and str(error):
        return str(error)
    return f"{type(error).__name__}: {error} (where: see this run's log)"


def _verdict(done: collecting.Collected) -> Verdict:
    problems = "; ".join(f"{name}: {problem}" for name, problem in done.problems.items())
    return Verdict(not done.problems, problems or done.skipped or "every series answered")


def _metadata(here: Installation, lake: Lake, requested: int, done: collecting.Collected) -> dict[str, Any]:
    metadata = summary(
        done.observations,
        file=lake.store.uri(done.stored) if done.stored else "nothing new, nothing written",
        state=str(done.source_status),
        series_asked=requested,
        oddities=counts(done.notes),
        quarantined=len(done.held),
        unreadable_answers=len(done.rejected),
        data=here.nature,
    )
    if done.remarks:
        metadata["remarks"] = listed(done.remarks)
    if done.damaged:
        metadata["damaged_files"] = dg.MetadataValue.text("; ".join(done.damaged))
    if len(done.held):
        metadata["quarantine"] = preview(done.held[["id", "series", "period", "value", "reason"]])
    if done.rejected:
        metadata["rejected_answers"] = listed({lake.store.uri(key): why for key, why in done.rejected.items()})
    return metadata


def imported_files(here: Installation) -> dg.AssetsDefinition:
    """The asset that counts what was imported from the user's own files."""

    @dg.asset(
        key=IMPORTED,
        description="History from your own files, imported with `steel import` into the same raw storage. Materialising this "
        "asset counts what was imported; it imports nothing.",
        metadata=schema_of(OBSERVATIONS),
        **here.stage("raw", "parquet"),
    )
    def files(
        lake: dg.ResourceParam[Lake], imports: dg.ResourceParam[ImportLedger], home: dg.ResourceParam[Path]
    ) -> dg.MaterializeResult:
        observations = lake.observations()
        mended: list[str] = []
        if imports.without_rows():
            with turn(home):
                mended = mend_imports(lake, imports)
            observations = lake.observations()
        imported = observations[observations["source"] == "file_import"]
        return dg.MaterializeResult(
            metadata=summary(imported, series=counts({str(k): int(v) for k, v in imported["series"].value_counts().items()}))
            | ({"damaged_files": dg.MetadataValue.text(f"worked out again: {', '.join(mended)}")} if mended else {})
        )

    return files
