"""Stage 1, raw: what each provider sent, as it was known when; append-only."""

import dagster as dg

from steel_assets.assets import collecting
from steel_assets.assets.asking import asked
from steel_assets.assets.declare import nature, stage
from steel_assets.assets.metadata import counts, listed, preview, schema_of, summary
from steel_assets.assets.moment import moment_of
from steel_assets.bootstrap import Platform, catalog
from steel_assets.catalog import Source
from steel_assets.core.tables import OBSERVATIONS

COLLECTED = "collected"
GROUPS = [(source, group) for source in catalog().sources.values() if source.kind == "api" for group in source.groups]


def _collected_asset(source: Source, group: str) -> dg.AssetsDefinition:
    """The asset of one endpoint group of one provider."""
    key = dg.AssetKey(["raw", source.id, group])

    @dg.asset(
        key=key,
        pool=source.id,
        description=f"{group.replace('_', ' ')} from {source.name} ({source.homepage}). Each collection adds one immutable file "
        "that holds only what is new or changed.",
        check_specs=[dg.AssetCheckSpec(COLLECTED, asset=key, description=f"{source.name} answered for every series of {group}.")],
        metadata=schema_of(OBSERVATIONS),
        **stage("raw", "parquet"),
    )
    def collected(context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform]) -> dg.MaterializeResult:
        answer = asked(context, platform, source, group, GROUPS)
        done = collecting.store(platform, source, group, moment_of(context), answer)
        return dg.MaterializeResult(
            metadata=summary(
                done.observations,
                file=platform.lake.store.uri(done.stored) if done.stored else "nothing new, nothing written",
                state=str(done.standing),
                series_asked=len(platform.catalog.series_of(source.id, group)),
                oddities=counts(done.notes),
                quarantined=len(done.held),
                unreadable_answers=len(done.rejected),
                data=nature(),
            )
            | ({"quarantine": preview(done.held[["id", "series", "period", "value", "reason"]])} if len(done.held) else {})
            | (
                {"rejected_answers": listed({platform.store.uri(key): why for key, why in done.rejected.items()})}
                if done.rejected
                else {}
            ),
            check_results=[
                dg.AssetCheckResult(
                    check_name=COLLECTED,
                    passed=not done.problems,
                    metadata={"state": str(done.standing)},
                    description="; ".join(f"{name}: {problem}" for name, problem in done.problems.items())
                    or done.skipped
                    or "every series answered",
                )
            ],
        )

    return collected


collected_assets = [_collected_asset(source, group) for source, group in GROUPS]


@dg.asset(
    key=["raw", "file_import", "files"],
    description="History of your own, imported with `steel import` into the same raw storage. Materialising it takes stock.",
    metadata=schema_of(OBSERVATIONS),
    **stage("raw", "parquet"),
)
def imported_files(platform: dg.ResourceParam[Platform]) -> dg.MaterializeResult:
    observations = platform.lake.observations()
    imported = observations[observations["source"] == "file_import"]
    return dg.MaterializeResult(
        metadata=summary(imported, series=counts({str(k): int(v) for k, v in imported["series"].value_counts().items()}))
    )
