"""Checks of a market's assets, one per file, found by the file's name. Copy ``mape_increase`` to write one.

A check is a module with three names. ``ASSET`` is the name of one of a market's assets, ``DESCRIPTION`` one sentence that holds
when the check passes, and ``check(market, …) -> Verdict`` runs after each materialisation of that asset. The further parameters
of ``check`` name the resources that it reads (``catalog, lake, warehouse, …``: ``assets/resources.py``). The severity of a
failure, and the alert that it triggers, stand in the catalogue under the check's name (``checks:`` in ``rules.yaml``);
definitions with a check without a rule, or a rule without a check, are refused. A check that must stop the assets behind it
belongs into its asset's body instead, where the step can fail.
"""

from collections.abc import Callable, Iterable
from inspect import signature
from types import ModuleType

import dagster as dg

from steel_assets.assets.checking import Verdict, result
from steel_assets.assets.declare import Installation, key_of
from steel_assets.assets.resources import PARTS
from steel_assets.core.open_sets import PluginError, members
from steel_assets.core.types import Market


def checks_of(here: Installation, market: Market, assets: Iterable[dg.AssetKey]) -> list[dg.AssetChecksDefinition]:
    """Every check of this folder and of the plugin folders, on ``market``.

    Args:
        assets: the keys of all assets that exist.

    Raises:
        PluginError: a check names an asset that no market has, or lacks one of the three names.
    """
    known = list(assets)
    there, mine = ({key.path[-1] for key in known if key.path[0] in owners} for owners in (here.catalog.markets, (market.id,)))
    found = []
    for name, module in members(__name__).items():
        missing = [part for part in ("ASSET", "DESCRIPTION", "check") if not hasattr(module, part)]
        if missing:
            raise PluginError(f"{module.__file__}: a check must define {', '.join(missing)}")
        if module.ASSET not in there:
            raise PluginError(
                f"{module.__file__}: ASSET is {module.ASSET!r}, which no market has; use one of {', '.join(sorted(there))}"
            )
        if module.ASSET in mine:
            found.append(_check(here, market, name, module))
    return found


def _check(here: Installation, market: Market, name: str, module: ModuleType) -> dg.AssetChecksDefinition:
    key = key_of(market.id, module.ASSET)
    evaluate: Callable[..., Verdict] = module.check
    parts = [part for part in signature(evaluate).parameters if part != "market"]
    if unknown := [part for part in parts if part not in PARTS]:
        raise PluginError(
            f"{module.__file__}: check() has unknown parameters {', '.join(unknown)}; use market, {', '.join(PARTS)}"
        )

    @dg.asset_check(asset=key, name=name, description=module.DESCRIPTION, required_resource_keys=set(parts))
    def checked(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
        verdict = evaluate(market=market, **{part: getattr(context.resources, part) for part in parts})
        return result(here.catalog.rules, key, name, verdict)

    return checked
