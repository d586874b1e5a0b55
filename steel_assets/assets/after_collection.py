"""An asset that runs once its upstream steps have ended, also where some of them materialised nothing.

Dagster skips a step if one of its inputs was skipped. A step with several sources for one input is skipped only if all of them
were. The asset is therefore a graph of one op with a single input to which all upstream assets are connected: a provider's
group that did not answer is not materialised, and the market is still built from the other groups and from what was stored
before.
"""

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import dagster as dg

Body = Callable[[dg.OpExecutionContext], Iterator[dg.Output[None] | dg.AssetCheckResult]]

OUT = "made"


def after_collection(
    key: dg.AssetKey,
    upstream: Iterable[dg.AssetKey],
    body: Body,
    *,
    description: str,
    metadata: Mapping[str, Any],
    resources: set[str],
    **shared: Any,
) -> dg.AssetsDefinition:
    """The asset ``key``, whose step runs ``body`` after all of ``upstream`` that are in the same run.

    Args:
        body: yields one output ``OUT``, or none where there is nothing to materialise.
        resources: keys of the resources that ``body`` reads from its context.
        shared: group_name, kinds, owners and tags of the asset.
    """
    name = key.to_python_identifier()
    inputs = {f"after_{upstream_key.to_python_identifier()}": upstream_key for upstream_key in upstream}
    step = dg.op(
        name=f"make_{name}",
        description=description,
        ins={"after": dg.In(dg.Nothing)},
        out={OUT: dg.Out(dg.Nothing, is_required=False)},
        required_resource_keys=resources,
    )(body)

    def composed(**parts: Any) -> Any:
        return step(list(parts.values()))

    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    composed.__signature__ = inspect.Signature([inspect.Parameter(name, kind) for name in inputs])  # type: ignore[attr-defined]
    graph = dg.graph(name=name, description=description, out=dg.GraphOut())(composed)
    asset = dg.AssetsDefinition.from_graph(graph, keys_by_input_name=inputs, keys_by_output_name={"result": key})

    def described(spec: dg.AssetSpec) -> dg.AssetSpec:
        return spec.replace_attributes(description=description, metadata=metadata, skippable=True, **shared)

    return next(iter(dg.map_asset_specs(described, [asset])))
